//! One login for a proxy in a run: a wrong password is sent to it once, however many registries lie behind
//! it. Proxies lock accounts, too.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use tokio::sync::{Mutex, OwnedMutexGuard};
use url::Url;

use crate::{domain::secret::Secret, support::proxies::Proxy};

/// How the proxies of a run took their logins.
#[derive(Debug, Default)]
pub(super) struct ProxyLogins {
    by_address: std::sync::Mutex<HashMap<Url, Arc<Mutex<Standing>>>>,
}

/// How a proxy took its login so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    /// It was not sent yet.
    #[default]
    Unknown,
    /// It was accepted, or there is none.
    Accepted,
    /// It was refused.
    Refused,
    /// The proxy forbade a host, which may have meant the login. The next request goes without it, to see
    /// whether the proxy asks for one: then it had examined the login, and forbidden the host alone.
    Doubtful,
}

/// A request's turn to be sent to a proxy.
pub(super) struct Turn {
    login: Option<Secret>,
    standing: Arc<Mutex<Standing>>,
    /// Held while the answer decides for all requests that wait.
    first: Option<OwnedMutexGuard<Standing>>,
}

/// What follows from a proxy's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The answer stands.
    Take,
    /// The same request is sent again, with the login.
    AskAgain,
}

impl ProxyLogins {
    /// Waits until a request may be sent. While it is not known how the proxy takes the login, one request
    /// goes first. `None`: the login was refused, and is not sent again.
    pub(super) async fn turn(&self, proxy: &Proxy) -> Option<Turn> {
        let standing = self.standing(proxy.address());
        let login = proxy.login().cloned();
        if login.is_none() {
            return Some(Turn {
                login,
                standing,
                first: None,
            });
        }
        // All requests wait for the first: sixteen at once with a wrong password would lock the account of the
        // proxy.
        let now = standing.clone().lock_owned().await;
        match *now {
            Standing::Refused => None,
            Standing::Accepted => Some(Turn {
                login,
                standing,
                first: None,
            }),
            Standing::Unknown => Some(Turn {
                login,
                standing,
                first: Some(now),
            }),
            // The proxy refused something, with the login. Without it the answer shows whether it was the login.
            Standing::Doubtful => Some(Turn {
                login: None,
                standing,
                first: Some(now),
            }),
        }
    }

    fn standing(&self, address: &Url) -> Arc<Mutex<Standing>> {
        let mut all = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.entry(address.clone()).or_default().clone()
    }
}

impl Turn {
    /// The header `Proxy-Authorization`, after `Basic `.
    pub(super) fn login(&self) -> Option<&Secret> {
        self.login.as_ref()
    }

    /// Lets the others go on, because the proxy takes its time: it refuses a login at once, and is
    /// busy with connecting when it does not.
    pub(super) fn let_others_go_on(&mut self) {
        if let Some(mut standing) = self.first.take()
            && self.login.is_some()
        {
            *standing = Standing::Accepted;
        }
    }

    /// Draws the conclusion for all requests from the status of the proxy's answer.
    pub(super) async fn settle(self, status: u16) -> Next {
        let with_login = self.login.is_some();
        let standing = match status {
            401 | 407 if with_login => Some(Standing::Refused),
            // Refused only where the login was missing, so the login makes the difference.
            401 | 407 => Some(Standing::Accepted),
            200..=299 | 500..=599 if with_login => Some(Standing::Accepted),
            _ if with_login => Some(Standing::Doubtful),
            _ => None,
        };
        let decides = self.first.is_some();
        match (self.first, standing) {
            (Some(mut first), Some(standing)) => *first = standing,
            // A login that was accepted before may be locked by now.
            (None, Some(Standing::Refused)) => *self.standing.lock().await = Standing::Refused,
            _ => {}
        }
        match standing {
            Some(Standing::Accepted) if decides && !with_login => Next::AskAgain,
            _ => Next::Take,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each of the requests in a row sent, and the last standing, at a proxy that answers so.
    fn sent(answers: impl Fn(bool) -> u16) -> Vec<bool> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let proxy = Proxy::parse("http://u:pw@p.example.com:3128").unwrap();
        let logins = ProxyLogins::default();
        let mut sent = Vec::new();
        for _ in 0..3 {
            runtime.block_on(async {
                while let Some(turn) = logins.turn(&proxy).await {
                    let with_login = turn.login().is_some();
                    sent.push(with_login);
                    if turn.settle(answers(with_login)).await == Next::Take {
                        break;
                    }
                }
            });
        }
        sent
    }

    #[test]
    fn a_wrong_login_is_sent_once_whatever_the_proxy_answers() {
        assert_eq!(sent(|_| 407), [true]);
        assert_eq!(sent(|_| 401), [true]);
        assert_eq!(sent(|_| 403), [true, false, false]);
    }

    #[test]
    fn a_host_that_is_forbidden_does_not_spoil_a_good_login() {
        let forbids = |with_login| if with_login { 403 } else { 407 };
        assert_eq!(sent(forbids), [true, false, true, true]);
        assert_eq!(sent(|_| 200), [true, true, true]);
        assert_eq!(sent(|_| 503), [true, true, true]);
    }
}
