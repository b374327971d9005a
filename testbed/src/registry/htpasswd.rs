//! The password file of a registry.
//!
//! docker-registry takes bcrypt entries only, and reads the file again when it has changed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};

use crate::scratch;
use crate::tools;

/// The cheapest bcrypt that is taken: these passwords live for seconds.
const COST: &str = "5";

/// A password file with what is in it.
pub(super) struct Htpasswd {
    path: PathBuf,
    lines: Mutex<BTreeMap<String, String>>,
}

impl Htpasswd {
    /// Writes a file with these users and passwords.
    pub(super) fn create(path: PathBuf, users: &[(&str, &str)]) -> Result<Self> {
        let file = Self {
            path,
            lines: Mutex::default(),
        };
        for (user, password) in users {
            file.set(user, password)?;
        }
        Ok(file)
    }

    /// Adds a user or changes the password of one.
    pub(super) fn set(&self, user: &str, password: &str) -> Result<()> {
        let line = hash(user, password)?;
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.insert(user.to_owned(), line);
        let text: String = lines.values().map(String::as_str).collect();
        scratch::replace(&self.path, text.as_bytes())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// Lets htpasswd make an entry, with its line end. The password goes through its stdin: arguments are public.
fn hash(user: &str, password: &str) -> Result<String> {
    let mut child = Command::new(tools::find("htpasswd")?)
        .args(["-niBC", COST, user])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start htpasswd")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(password.as_bytes())
            .context("htpasswd does not listen")?;
    }
    let output = child.wait_with_output().context("htpasswd got lost")?;
    if !output.status.success() {
        bail!(
            "htpasswd failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(format!(
        "{}\n",
        String::from_utf8_lossy(&output.stdout).trim()
    ))
}
