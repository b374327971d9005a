//! When to ask once more: after an error on the way, a 5xx or a 429, within tries and time. A refused
//! login is never repeated: accounts are locked after a few (registries count them).

use std::time::Duration;

use super::exchange::{Answer, WireErrorKind};
use crate::support::tls::TlsError;

/// How often and how long to try.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Tries after the first.
    pub retries: u32,
    /// Time between tries, where the server names none.
    pub delay: Duration,
}

impl RetryPolicy {
    /// How long to wait before asking again after `answer` to try number `tried` (from 1); `None` when
    /// the answer stands, or the wait does not fit into `remaining`.
    pub fn wait(&self, answer: &Answer, tried: u32, remaining: Duration) -> Option<Duration> {
        let (retries, wait) = match answer {
            Answer::Error(error) => (self.retries_after(error.kind), self.delay),
            Answer::Reply(reply) => {
                let wait = reply.retry_after.unwrap_or(self.delay);
                let retries = match reply.status {
                    429 if reply.envelope().says_locked_out() => 0,
                    // Not implemented: it will not be in five seconds.
                    501 => 0,
                    429 | 500..=599 => self.retries,
                    _ => 0,
                };
                (retries, wait)
            }
        };
        // A wait that does not fit would end in `timeout`, which hides that the server said 429.
        (tried <= retries && wait < remaining).then_some(wait)
    }

    /// TLS and proxy errors are settings, not weather.
    fn retries_after(&self, kind: WireErrorKind) -> u32 {
        match kind {
            // Resolvers have retried already; once more is for a cache that was being filled.
            WireErrorKind::Dns => self.retries.min(1),
            WireErrorKind::Refused
            | WireErrorKind::Timeout
            | WireErrorKind::Lost
            | WireErrorKind::Tls(TlsError::Other) => self.retries,
            WireErrorKind::Garbage
            | WireErrorKind::UnsafeAddress
            | WireErrorKind::TlsFiles
            | WireErrorKind::Tls(_)
            | WireErrorKind::Proxy(_) => 0,
        }
    }
}
