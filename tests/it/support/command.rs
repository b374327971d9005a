//! Runs `oreg` as a person or a script does: in an environment of its own, without a terminal.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::scratch::Scratch;

/// A user's account: a home directory, and nothing else.
pub(crate) struct Account {
    /// The home directory, in which commands run.
    pub(crate) home: Scratch,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    /// The exit status.
    pub(crate) status: Option<i32>,
}

impl Account {
    /// Makes an account.
    pub(crate) fn new() -> Self {
        let home = Scratch::new();
        fs::create_dir(home.path("run")).unwrap();
        fs::create_dir(home.path("bin")).unwrap();
        Self { home }
    }

    /// Returns the command with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        let path = format!(
            "{}:/usr/local/bin:/usr/bin:/bin",
            self.home.path("bin").display()
        );
        command
            .args(arguments)
            .current_dir(self.home.path(""))
            .env_clear()
            .env("HOME", self.home.path(""))
            .env("XDG_RUNTIME_DIR", self.home.path("run"))
            .env("PATH", path)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    /// Runs `oreg` with these arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    /// Runs `oreg` with `input` on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Outcome {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Outcome::read(&child.wait_with_output().unwrap())
    }

    /// Writes a docker config with these entries: registry, user and password.
    pub(crate) fn config(&self, name: &str, entries: &[(&str, &str, &str)]) -> PathBuf {
        self.home.write(name, config(entries))
    }

    /// Puts a program for the user into the path.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.home.write(&format!("bin/{name}"), script);
        super::scratch::set_mode(&path, 0o755);
    }
}

impl Outcome {
    fn of(command: &mut Command) -> Self {
        Self::read(&command.output().unwrap())
    }

    fn read(output: &std::process::Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
            status: output.status.code(),
        }
    }

    /// Asserts the exit status, and returns standard output.
    pub(crate) fn ends_with(&self, status: i32) -> &str {
        assert_eq!(self.status, Some(status), "{self:#?}");
        &self.stdout
    }

    /// Returns standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{self:#?}"))
    }
}

/// Returns where the program is.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_oreg"))
}

/// Returns a docker config with these entries: registry, user and password.
pub(crate) fn config(entries: &[(&str, &str, &str)]) -> String {
    let entries = entries.iter().map(|(host, user, password)| {
        let auth = STANDARD.encode(format!("{user}:{password}"));
        ((*host).to_owned(), json!({"auth": auth}))
    });
    json!({"auths": entries.collect::<serde_json::Map<_, _>>()}).to_string()
}
