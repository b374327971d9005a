//! Passwords that are made anew for every run, so that none is ever committed.

use anyhow::{Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Returns a password of 32 characters; bcrypt ignores what is beyond 72.
///
/// # Errors
/// When the system gives no random bytes.
pub fn short() -> Result<String> {
    random(24)
}

/// Returns a password of 760 characters, as long as the tokens of Red Hat's service accounts.
///
/// # Errors
/// When the system gives no random bytes.
pub fn long() -> Result<String> {
    random(570)
}

fn random(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    SystemRandom::new()
        .fill(&mut buffer)
        .map_err(|_| anyhow!("no random bytes"))?;
    Ok(URL_SAFE_NO_PAD.encode(buffer))
}
