//! Asks credential helpers, as docker and podman do (docker/docker-credential-helpers): the program
//! `docker-credential-NAME` gets the registry on standard input and answers with JSON.
//!
//! Only the command asks them. A helper may want to talk to its user, so it has a time limit.

use std::{
    io::{self, Read, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde::Deserialize;
use thiserror::Error;

use crate::domain::{
    credential::{Credential, TOKEN_USER},
    secret::Secret,
};

/// Enough for a helper that asks a password manager, not for one that waits for nobody.
const PATIENCE: Duration = Duration::from_secs(20);

/// A longer answer is not a credential.
const MAX_BYTES: u64 = 1 << 20;

/// What helpers print when they have nothing (docker-credential-helpers `credentials/error.go`).
const NOT_FOUND: &str = "credentials not found in native keychain";

/// Why a helper gave nothing.
#[derive(Debug, Error)]
pub enum HelperError {
    /// A name that would lead elsewhere than to a program of that name.
    #[error(
        "the name of the credential helper holds other characters than letters, digits, - _ and ."
    )]
    Name,
    /// It cannot be started.
    #[error("cannot run docker-credential-{0}: {1}")]
    Start(String, #[source] io::Error),
    /// It did not answer.
    #[error("docker-credential-{name} did not answer within {} seconds: unlock what it reads, and try again", PATIENCE.as_secs())]
    Timeout {
        /// The helper.
        name: String,
    },
    /// It failed.
    #[error("docker-credential-{0} failed: run `docker-credential-{0} get` by hand to see why")]
    Failed(String),
    /// It has no credential.
    #[error("docker-credential-{0} has no credential for it")]
    NotFound(String),
    /// Its answer is not of the protocol.
    #[error("the answer of docker-credential-{0} is not of the credential helper protocol")]
    Answer(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks the helper `name` for what it has for `server`, a key as in `auths`.
///
/// # Errors
/// [`HelperError`], without anything of the helper's answer.
pub fn get(name: &str, server: &str) -> Result<Credential, HelperError> {
    let name = checked(name)?;
    let (text, is_success) = run(name, "get", server)?;
    if !is_success {
        return Err(match text.expose().trim() {
            NOT_FOUND => HelperError::NotFound(name.to_owned()),
            _ => HelperError::Failed(name.to_owned()),
        });
    }
    let malformed = || HelperError::Answer(name.to_owned());
    let answer: Answer = serde_json::from_str(text.expose()).map_err(|_| malformed())?;
    let secret = Secret::new(answer.secret);
    if secret.is_empty() {
        return Err(HelperError::NotFound(name.to_owned()));
    }
    if answer.username == TOKEN_USER {
        return Ok(Credential::identity_token(secret));
    }
    Credential::new(answer.username, secret).map_err(|_| malformed())
}

/// Lists the registries for which the helper `name` has something.
///
/// # Errors
/// [`HelperError`]; older helpers do not know the request.
pub fn list(name: &str) -> Result<Vec<String>, HelperError> {
    let name = checked(name)?;
    let (text, is_success) = run(name, "list", "")?;
    if !is_success {
        return Err(HelperError::Failed(name.to_owned()));
    }
    let users: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text.expose()).map_err(|_| HelperError::Answer(name.to_owned()))?;
    Ok(users.into_iter().map(|(server, _)| server).collect())
}

/// The name comes from a file: with a slash in it, any program could be meant.
fn checked(name: &str) -> Result<&str, HelperError> {
    let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_good = !name.is_empty() && name.chars().all(is_known);
    if is_good {
        Ok(name)
    } else {
        Err(HelperError::Name)
    }
}

/// Returns what the helper printed, and whether it succeeded.
fn run(name: &str, request: &str, input: &str) -> Result<(Secret, bool), HelperError> {
    let mut child = Command::new(format!("docker-credential-{name}"))
        .arg(request)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| HelperError::Start(name.to_owned(), error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper may answer without having read.
        let _ = stdin.write_all(input.as_bytes());
    }
    let answer = child.stdout.take().and_then(read_in_time);
    let Some(answer) = answer else {
        end(&mut child);
        return Err(HelperError::Timeout {
            name: name.to_owned(),
        });
    };
    let status = child.wait();
    let is_success = status.is_ok_and(|status| status.success());
    Ok((answer, is_success))
}

/// Reads until the helper closes its output; `None` when that takes too long.
fn read_in_time(stdout: ChildStdout) -> Option<Secret> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let _ = stdout.take(MAX_BYTES).read_to_string(&mut text);
        // Nobody receives after the time is over.
        let _ = sender.send(Secret::new(text));
    });
    receiver.recv_timeout(PATIENCE).ok()
}

fn end(child: &mut Child) {
    // It may have ended by itself meanwhile.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", "../evil", "/bin/sh", "a b", "a;b", "a\nb"] {
            assert!(
                matches!(get(name, "r.io"), Err(HelperError::Name)),
                "{name}"
            );
        }
    }

    #[test]
    fn a_helper_that_is_not_there_is_named() {
        let error = get("surely-not-there", "r.io").unwrap_err().to_string();
        assert!(
            error.contains("docker-credential-surely-not-there"),
            "{error}"
        );
    }
}
