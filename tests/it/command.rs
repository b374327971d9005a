//! The command `oreg`, as scripts see it: exit statuses, what goes over the wire, what is stored, and
//! that no password shows.

mod check;
mod files;
mod helpers;
mod login;
mod names;
mod sessions;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::support::scripted::{Heard, Reaction, Scripted};

const USER: &str = "1234567|installer";
const PASSWORD: &str = "hunter2-of-the-registry";

/// Starts a registry with HTTP Basic that knows [`USER`].
fn registry() -> Scripted {
    Scripted::plain(|heard| match &heard.authorization {
        Some(login) if *login == basic(USER, PASSWORD) => answer(heard, 200, ""),
        _ => answer(heard, 401, "WWW-Authenticate: Basic realm=\"r\"\r\n"),
    })
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn answer(_: &Heard, status: u16, headers: &str) -> Reaction {
    let version = "Docker-Distribution-Api-Version: registry/2.0\r\n";
    Reaction::Say(
        format!("HTTP/1.1 {status} X\r\n{version}{headers}Content-Length: 2\r\n\r\n{{}}")
            .into_bytes(),
    )
}

/// Returns how many requests carried a login.
fn logins(registry: &Scripted) -> usize {
    let heard = registry.heard();
    heard
        .iter()
        .filter(|heard| heard.authorization.is_some())
        .count()
}

/// Asserts that no form of the password is in the texts.
fn assert_hidden(password: &str, user: &str, texts: &[&str]) {
    for secret in [
        password.to_owned(),
        STANDARD.encode(password),
        STANDARD.encode(format!("{user}:{password}")),
    ] {
        for text in texts {
            assert!(!text.contains(&secret), "{text}");
        }
    }
}
