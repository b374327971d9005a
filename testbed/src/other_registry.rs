//! A registry of another lineage: go-containerregistry's, which keeps everything in memory, speaks
//! plain HTTP and lets everybody in. `testbed/setup` builds it from `other-registry/`.

use std::iter::empty;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::process::{Logs, Process, read_settled};
use crate::scratch::Scratch;
use crate::tools;

const BOUND: Duration = Duration::from_secs(10);
const LISTENING: &str = "listening on ";

/// A running registry; it stops when dropped, and its contents are gone.
pub struct OtherRegistry {
    host: String,
    _process: Process,
    logs: Logs,
    _files: Scratch,
}

impl OtherRegistry {
    /// Starts an empty registry and waits until it answers.
    ///
    /// # Errors
    /// When it was not built or does not start; the message holds the end of its log.
    pub fn start() -> Result<Self> {
        let program = tools::other_registry()?;
        let files = Scratch::new()?;
        let logs = Logs {
            stdout: files.file("stdout.log"),
            stderr: files.file("requests.log"),
        };
        let mut process = Process::start(&program, empty::<&str>(), &logs)?;
        process.wait_for_message("\n", BOUND)?;
        let host = read_settled(&logs.stderr)
            .lines()
            .find_map(|line| line.strip_prefix(LISTENING).map(str::to_owned))
            .context("the other registry does not say where it listens")?;
        Ok(Self {
            host,
            _process: process,
            logs,
            _files: files,
        })
    }

    /// Returns `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns every request so far, oldest first: method, path, and ` with credential` where there
    /// was one.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let log = read_settled(&self.logs.stderr);
        let lines = log.lines().filter(|line| !line.starts_with(LISTENING));
        lines.map(str::to_owned).collect()
    }
}
