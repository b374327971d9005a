//! Drives one call of a module, and is the only place that writes to standard output.
//!
//! Whatever happens, Ansible gets exactly one JSON object: a panic becomes a failure that names the
//! place in our source and nothing of the data.

use std::{
    io::Write,
    panic::PanicHookInfo,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

use super::{
    invocation::{Call, read_call},
    option::OptionSpec,
    response::{Failure, Response},
};

/// A module: its name, its option table and what it does.
#[derive(Debug)]
pub struct Module {
    /// The name under which Ansible finds it.
    pub name: &'static str,
    /// What it takes.
    pub options: &'static [OptionSpec],
    run: fn(&Call) -> Result<Response, Failure>,
    finish_failure: fn(Response) -> Response,
}

impl Module {
    /// Makes a module that does `run`.
    #[must_use]
    pub const fn new(
        name: &'static str,
        options: &'static [OptionSpec],
        run: fn(&Call) -> Result<Response, Failure>,
    ) -> Self {
        Self {
            name,
            options,
            run,
            finish_failure: std::convert::identity,
        }
    }

    /// Has `finish` add what every failure of this module returns, also one of its options.
    #[must_use]
    pub const fn finishing_failures(self, finish: fn(Response) -> Response) -> Self {
        Self {
            finish_failure: finish,
            ..self
        }
    }
}

static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Runs `module` on the arguments file named by the first argument of the process, prints the
/// answer, and returns 0, or 1 for a failure.
#[must_use]
pub fn run(module: &'static Module) -> ExitCode {
    std::panic::set_hook(Box::new(abort));
    let path = std::env::args_os().nth(1);
    let (response, secrets, plain) = match read_call(path.as_deref(), module.options) {
        // Messages about options hold no value.
        Err(failure) => (failure.into_response(), Vec::new(), Vec::new()),
        Ok(call) => {
            let response = (module.run)(&call).unwrap_or_else(Failure::into_response);
            (response, call.cleaner.secrets(), call.options.plain_texts())
        }
    };
    let (response, code) = if response.is_failure() {
        ((module.finish_failure)(response), ExitCode::FAILURE)
    } else {
        (response, ExitCode::SUCCESS)
    };
    print(&response.into_json(secrets, plain));
    code
}

/// The object in a line of its own: over ssh, other text may surround it.
fn print(answer: &Value) {
    if ANSWERED.swap(true, Ordering::SeqCst) {
        return;
    }
    let mut stdout = std::io::stdout().lock();
    // If Ansible has gone away there is nobody left to tell.
    let _ = writeln!(stdout, "{answer}").and_then(|()| stdout.flush());
}

#[expect(
    clippy::exit,
    reason = "after a panic nothing but the answer is trusted to run"
)]
fn abort(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map_or_else(|| "unknown place".to_owned(), ToString::to_string);
    let message = format!(
        "internal error in oreg {} at {place}: nothing more is shown because it could hold \
         secrets; please report it with the task and the version",
        env!("CARGO_PKG_VERSION")
    );
    print(&json!({"changed": false, "failed": true, "msg": message}));
    std::process::exit(1);
}
