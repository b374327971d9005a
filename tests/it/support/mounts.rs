//! Runs commands in a mount name space of their own: what is mounted there is seen by nobody else,
//! and ends with them.

use std::process::Command;

use super::tools;

/// Returns `command` in such a name space, after the shell script `prepare`, which sees `words`
/// as `$1` … and `$@`.
pub(crate) fn own(prepare: &str, words: &[&str], command: &Command) -> Command {
    let mut shell = shell(&format!(
        "set -e; {prepare}; shift {}; exec \"$@\"",
        words.len()
    ));
    shell.args(words);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        shell.current_dir(directory);
    }
    shell
}

/// Returns a shell in such a name space; what is added to the command are the script's words.
pub(crate) fn shell(script: &str) -> Command {
    let mut shell = Command::new(tools::find("unshare"));
    if !rustix::process::geteuid().is_root() {
        shell.args(["--user", "--map-root-user"]);
    }
    shell.args(["--mount", "sh", "-c", script, "sh"]);
    shell
}
