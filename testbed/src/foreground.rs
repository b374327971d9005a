//! Runs a command in the foreground so that the test bed is cleaned up whatever happens to it.
//!
//! The terminal sends an interrupt to both; the command decides what it means, as under a shell.
//! Requests to end that only this process got are passed on.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use testbed::{namespaces, tools};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// Runs a command with these variables and returns its exit status, as a shell would put it.
pub(crate) fn run(command: &[OsString], variables: Vec<(&str, OsString)>) -> Result<ExitCode> {
    // Without its components the command is of no use: it is told to end when this process is killed.
    let mut wrapped = Command::new(tools::find("setpriv")?);
    wrapped
        .args(["--pdeathsig", "TERM", "--"])
        .args(command)
        .envs(variables);
    run_to_end(wrapped, |signal| signal)
}

/// Runs a program inside namespaces of its own and returns its exit status.
pub(crate) fn run_inside(program: &Path, args: impl Iterator<Item = OsString>) -> Result<ExitCode> {
    let mut entrance = namespaces::entrance(program)?;
    entrance.command.args(args);
    // What makes the namespaces is deaf to all else, and its end is the end of all in them.
    run_to_end(entrance.command.into(), |_| Signal::KILL)
}

fn run_to_end(mut command: Command, translate: fn(Signal) -> Signal) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let status = runtime.block_on(async {
        let child = command.spawn().context("cannot start the command")?;
        wait(child, translate).await
    })?;
    Ok(exit_code(status))
}

async fn wait(mut child: Child, translate: fn(Signal) -> Signal) -> Result<ExitStatus> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            status = child.wait() => return status.context("the command got lost"),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => pass_on(&child, translate(Signal::TERM)),
            _ = hangup.recv() => pass_on(&child, translate(Signal::HUP)),
        }
    }
}

fn pass_on(child: &Child, signal: Signal) {
    let id = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    if let Some(id) = id {
        // A child that ended in the meantime is what is wanted.
        let _ = kill_process(id, signal);
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}
