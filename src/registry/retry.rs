//! When to ask once more: after a fault on the way, a 5xx or a 429, within tries and time. A refused
//! login is never repeated: accounts are locked after a few (registries count them).

use std::time::Duration;

use super::exchange::{Answer, FaultKind, TlsFault};

/// How often and how long to try.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Tries after the first.
    pub retries: u32,
    /// Time between tries, where the server names none.
    pub delay: Duration,
}

impl RetryPolicy {
    /// Returns how long to wait before asking again after `answer` to try number `tried` (from 1),
    /// or `None` when the answer stands or the wait does not fit into `remaining`.
    #[must_use]
    pub fn wait(&self, answer: &Answer, tried: u32, remaining: Duration) -> Option<Duration> {
        if tried > self.retries {
            return None;
        }
        let wait = match answer {
            Answer::Fault(fault) => is_passing(fault.kind).then_some(self.delay),
            Answer::Reply(reply) => match reply.status {
                429 if reply.envelope().says("failed login") => None,
                429 | 500..=599 => Some(reply.retry_after.unwrap_or(self.delay)),
                _ => None,
            },
        };
        wait.filter(|wait| *wait < remaining)
    }
}

/// TLS and proxy faults are settings, not weather.
fn is_passing(kind: FaultKind) -> bool {
    match kind {
        FaultKind::Dns | FaultKind::Refused | FaultKind::Timeout | FaultKind::Lost => true,
        FaultKind::Tls(fault) => fault == TlsFault::Other,
        FaultKind::Garbage | FaultKind::Proxy(_) => false,
    }
}
