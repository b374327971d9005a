//! Errors as text.

use std::{error::Error, fmt::Write as _};

/// The message of `error` and of all its causes, joined by colons.
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

/// How many of a list a message names.
pub const MOST_NAMED: usize = 20;

/// Joins the first `items`, and counts the rest: a list that another system or a mistake makes long must
/// not make the answer long. Ansible prints a message of megabytes once for each host.
pub fn join_first<T: ToString>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    let mut items = items.into_iter();
    let mut named: Vec<_> = items
        .by_ref()
        .take(MOST_NAMED)
        .map(|one| one.to_string())
        .collect();
    // Counted without being made into text.
    let more = items.count();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    named.join(separator)
}

#[cfg(test)]
mod tests {
    use std::io;

    use thiserror::Error;

    use super::*;

    #[test]
    fn a_long_list_is_counted() {
        assert_eq!(join_first(["a", "b"], "; "), "a; b");
        let long = join_first(0..100_000, "; ");
        assert!(
            long.starts_with("0; 1; ") && long.ends_with("; 19; and 99980 more"),
            "{long}"
        );
    }

    #[derive(Debug, Error)]
    #[error("cannot read {0}")]
    struct Unreadable(&'static str, #[source] io::Error);

    #[test]
    fn causes_follow_their_error() {
        let error = Unreadable("config.json", io::Error::other("disk on fire"));
        assert_eq!(join_causes(&error), "cannot read config.json: disk on fire");
    }
}
