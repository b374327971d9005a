//! What every program does before anything else: it keeps its memory to itself, and it reports a panic by
//! its place alone. Passwords are in the memory of all these programs.

use std::{
    io::Write,
    panic::{PanicHookInfo, set_hook},
    sync::OnceLock,
};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Prints the report of a panic.
type Reporter = fn(&str);

static REPORTER: OnceLock<Reporter> = OnceLock::new();

/// Protects the process. The first statement of every `main`.
pub fn protect() {
    set_hook(Box::new(abort));
    // Neither refuses in practice. A program that cannot be protected works all the same: to stop it would
    // leave the administrator without the tool.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    // The limit does not bind a core_pattern that is a pipe (core(5)). This does; it also keeps other processes
    // of the same user from reading the memory.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Has panics reported by `report`, in the form of the program. Standard error otherwise.
pub fn report_panics_by(report: Reporter) {
    let _ = REPORTER.set(report);
}

#[expect(
    clippy::exit,
    reason = "after a panic only the report is trusted to run"
)]
fn abort(panic: &PanicHookInfo<'_>) {
    let report = REPORTER.get().copied().unwrap_or(print);
    report(&message(panic.location().map(ToString::to_string)));
    std::process::exit(1);
}

fn print(message: &str) {
    let _ = writeln!(std::io::stderr(), "oreg: {message}");
}

/// The words of the panic are left out: they can quote data.
fn message(place: Option<String>) -> String {
    let place = place.unwrap_or_else(|| "unknown place".to_owned());
    format!(
        "internal error in oreg {} at {place}: nothing more is shown because it could hold secrets; please \
         report it with the task and the version",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Skips nothing, and marks the process in which the test below panics.
    const PANICS: &str = "--skip=nothing-of-this-name";

    #[test]
    fn a_panic_reports_its_place_and_nothing_of_the_data() {
        if std::env::args().any(|word| word == PANICS) {
            protect();
            let secret = "hunter2";
            panic!("cannot read {secret}");
        }
        let own_name = "support::process::tests::a_panic_reports_its_place_and_nothing_of_the_data";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", own_name, "--nocapture", PANICS])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("internal error in oreg"), "{text}");
        assert!(text.contains("src/support/process.rs:"), "{text}");
        assert!(
            !text.contains("hunter2") && !text.contains("cannot"),
            "{text}"
        );
    }
}
