//! Errors as text.

use std::{error::Error, fmt::Write as _};

/// Returns the message of `error` and of all its causes, joined by colons.
#[must_use]
pub fn join_causes(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string cannot fail.
        let _ = write!(message, ": {error}");
        cause = error.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use std::io;

    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("cannot read {0}")]
    struct Unreadable(&'static str, #[source] io::Error);

    #[test]
    fn causes_follow_their_error() {
        let error = Unreadable("config.json", io::Error::other("disk on fire"));
        assert_eq!(join_causes(&error), "cannot read config.json: disk on fire");
    }
}
