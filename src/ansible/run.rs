//! Drives one call of a module, and is the only place that writes to standard output.
//!
//! Whatever happens, Ansible gets exactly one JSON object: a panic becomes a failure that names the
//! place in our source and nothing of the data.

use std::{
    ffi::OsStr,
    io::Write,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

use super::{
    help::{help_of, version_of},
    invocation::read_call,
    module::Module,
    path::Lookup,
    redact::printed,
    response::Failure,
};
use crate::support::process;

static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Runs `module` on the arguments file that `argument` names, prints the answer, and returns 0, or 1
/// for a failure. Paths may contain the variables that `lookup` knows.
#[must_use]
pub fn run(module: &'static Module, argument: Option<&OsStr>, lookup: Lookup) -> ExitCode {
    // First of all: a panic message could quote a password, and Ansible would print it.
    process::report_panics_by(print_panic);
    match argument.and_then(OsStr::to_str) {
        Some("--help" | "-h") => return say(&help_of(module)),
        Some("--version" | "-V") => return say(&version_of(module)),
        _ => {}
    }
    let (response, secrets, plain) = match read_call(argument, module, lookup) {
        // Messages about options hold no value.
        Err(failure) => (failure.into_response(), Vec::new(), Vec::new()),
        Ok(call) => {
            let response = (module.run)(&call).unwrap_or_else(Failure::into_response);
            (response, call.cleaner.secrets(), call.options.plain_texts())
        }
    };
    let (response, code) = if response.is_failure() {
        // Ansible goes by `failed`; the exit status is for people and for `raw`.
        ((module.finish_failure)(response), ExitCode::FAILURE)
    } else {
        (response, ExitCode::SUCCESS)
    };
    print(&response.into_json(secrets, plain));
    code
}

/// Writes `text` to standard output.
fn say(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The object in a line of its own: over ssh, other text may surround it.
fn print(answer: &Value) {
    // A panic while the answer is printed would add a second object, and Ansible expects one.
    if ANSWERED.swap(true, Ordering::SeqCst) {
        return;
    }
    // Where Ansible has gone away, the answer has no reader.
    let _ = say(&format!("{}\n", printed(answer)));
}

/// A panic, in the form that Ansible reads.
fn print_panic(message: &str) {
    print(&json!({"changed": false, "failed": true, "msg": message}));
}
