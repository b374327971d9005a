//! Child processes that cannot outlive the test bed.
//!
//! A child is killed and waited for when its [`Process`] is dropped. For all other ends of the
//! parent (killed, aborted, a value in a `static`) the kernel kills it: it is started through
//! `setpriv --pdeathsig KILL`, which replaces itself by the program and so keeps its process id.

mod spawner;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::tools;
use crate::wait;

/// How long a log file has to stay as it is before it counts as complete.
const SETTLED: Duration = Duration::from_millis(20);
const TAIL_LINES: usize = 20;

/// A running server with its log files.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    stderr: PathBuf,
}

/// Where a process writes to.
#[derive(Debug, Clone)]
pub struct Logs {
    /// The file that gets what the process prints.
    pub stdout: PathBuf,
    /// The file that gets its messages; quoted when it fails.
    pub stderr: PathBuf,
}

impl Process {
    /// Starts a program in the background.
    ///
    /// # Errors
    /// When it cannot be started or a log file cannot be created.
    pub fn start<A: AsRef<OsStr>>(
        program: &Path,
        args: impl IntoIterator<Item = A>,
        logs: &Logs,
    ) -> Result<Self> {
        let name = program
            .file_name()
            .unwrap_or(program.as_os_str())
            .to_string_lossy()
            .into();
        let mut command = bound_to_parent(program)?;
        command.args(args).stdin(Stdio::null());
        command
            .stdout(create(&logs.stdout)?)
            .stderr(create(&logs.stderr)?);
        let child = spawner::spawn(command).with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            child,
            name,
            stderr: logs.stderr.clone(),
        })
    }

    /// Returns the process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process has written `text` to its messages.
    ///
    /// # Errors
    /// When it ends before, or does not within `bound`; the message holds the end of its log.
    pub fn wait_for_message(&mut self, text: &str, bound: Duration) -> Result<()> {
        let stderr = self.stderr.clone();
        self.wait_until(bound, || read(&stderr).contains(text))
    }

    /// Waits until `ready` says so.
    ///
    /// # Errors
    /// When the process ends before, or is not ready within `bound`; the message holds the end of
    /// its log.
    pub fn wait_until(&mut self, bound: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let is_ready = wait::until_some(bound, || {
            if ready() {
                return Ok(Some(()));
            }
            self.require_alive().map(|()| None)
        })?;
        is_ready.with_context(|| {
            let (name, tail) = (&self.name, self.tail());
            format!("{name} is not ready after {bound:?}:\n{tail}")
        })
    }

    /// Makes sure that the process runs.
    ///
    /// # Errors
    /// When it has ended; the message holds the end of its log.
    pub fn require_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended with {status}:\n{}", self.name, self.tail());
        }
        Ok(())
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Errors
    /// When it does not within `bound`.
    pub fn wait_for_end(&mut self, bound: Duration) -> Result<()> {
        let ended = wait::until_some(bound, || self.child.try_wait())?;
        ended.with_context(|| format!("{} has not ended after {bound:?}", self.name))?;
        Ok(())
    }

    fn tail(&self) -> String {
        let log = read(&self.stderr);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a child that has been waited for, which is what they are to bring about.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a command for `program` that the kernel kills together with the thread that spawns it.
pub(crate) fn bound_to_parent(program: &Path) -> Result<Command> {
    let mut command = Command::new(tools::find("setpriv")?);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    Ok(command)
}

/// Reads a log file that is still being written, once it has stopped growing for a moment.
///
/// Servers write the line of a request after they have answered it.
pub(crate) fn read_settled(log: &Path) -> String {
    let mut text = read(log);
    loop {
        thread::sleep(SETTLED);
        let later = read(log);
        if later == text {
            return text;
        }
        text = later;
    }
}

fn read(log: &Path) -> String {
    fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

fn create(log: &Path) -> Result<File> {
    File::create(log).with_context(|| format!("cannot create {}", log.display()))
}
