//! The proof of one credential as a state machine without I/O: each answer leads to the next request
//! or to the conclusion.
//!
//! ```text
//! Phase         asks for                       and then, if all is well                   file
//! Ping          /v2/, anonymously              BasicPing or LoginToken, as it requires    ping.rs
//! BasicPing     /v2/, with the credential      Manifest                                   login.rs
//! LoginToken    a token without scope          PullToken                                  login.rs
//! PullToken     a token for the image          Manifest                                   login.rs
//! Manifest      the image, by HEAD             Compare; ManifestText where HEAD fails     manifest.rs
//! ManifestText  the image, by GET              Compare                                    manifest.rs
//! Compare       the same again, anonymously    the conclusion                             compare.rs
//!
//! Probe         the image, anonymously, where /v2/ is open or hidden; then as after Ping   compare.rs
//! ```
//!
//! A step is a [`Phase`]: [`Flow::next`] takes the answer, the `on_…` function of the phase decides, and
//! `ask` sends the request of the next phase. `done(conclude(…))` ends the proof; `fail` ends it for an
//! answer that settles nothing, such as a timeout.
//!
//! An answer proves the credential only when something shows that it was examined: see [`compare`]. A
//! credential that was refused is not sent again, and never to another server than [`super::realm`]
//! allows. Redirects are in `redirect.rs`; `vectors.rs` has a row for each way in which a registry answers.

mod compare;
mod login;
mod manifest;
mod phase;
mod ping;
mod redirect;
mod request;
#[cfg(test)]
pub(crate) mod vectors;

use std::time::Duration;

use url::Url;

use self::phase::{Anonymous, Phase, Pull, Realm, ping};
use super::{
    conclusion::{Conclusion, Reason},
    exchange::{
        Accept, Answer, Method, ProxyErrorKind, Reply, Request, Target, Unusable, WireErrorKind,
    },
    retry::RetryPolicy,
    token::pull_scope,
};
use crate::support::{
    text::{Cleaner, Foreign},
    tls::TlsError,
};

/// More requests than any honest proof needs, repeats aside; a server that leads in circles ends here.
const MAX_REQUESTS: u32 = 24;

/// A proof under way.
#[derive(Debug)]
pub struct Flow {
    target: Target,
    policy: RetryPolicy,
    cleaner: Cleaner,
    /// The registry's address; its scheme becomes http where a registry may and does speak it.
    base: Url,
    phase: Phase,
    pending: Request,
    count: Count,

    ping: Ping,
    login: Login,
    realm: Option<Realm>,
    basic_offered: bool,
    scope: String,
    /// Second tries that were made; there is no third.
    fresh_token: bool,
    other_scope: bool,
    /// The anonymous request for the image, where it came before the authenticated one.
    probed: Option<Anonymous>,
    /// How the manifest was found.
    found_by: (Method, Accept),
}

/// Requests so far.
#[derive(Debug, Default)]
struct Count {
    /// Tries of the pending request.
    tries: u32,
    /// Redirects of the pending request.
    hops: u32,
    /// Requests, each counted once however often it was repeated.
    distinct: u32,
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send the request after the time, then come back with the answer.
    Send {
        /// The request.
        request: Request,
        /// How long to wait before.
        after: Duration,
    },
    /// The proof is over.
    Done(Conclusion),
}

/// Response of `/v2/` to an anonymous request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ping {
    /// It asked for a credential.
    Asked,
    /// It succeeded.
    Open,
    /// It showed a page for people.
    WebPage,
    /// It is not there.
    Missing,
    /// It refused without asking.
    Blocked,
}

/// How much the answers so far say about user and password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Login {
    /// Nothing.
    Unknown,
    /// A request with them succeeded, as it might have without.
    Accepted,
    /// They were examined and accepted.
    Proven,
}

impl Flow {
    /// Begins a proof, and returns it with its first step; `None` when no URL can name the registry.
    /// `cleaner` knows the other secrets of the run.
    pub fn start(target: Target, policy: RetryPolicy, cleaner: &Cleaner) -> Option<(Self, Step)> {
        let base = target.base_url("https")?;
        // What one server issues, and what it costs to search its words, concerns no other.
        let cleaner = cleaner.child();
        cleaner.learn_credential(&target.credential);
        let mut flow = Self {
            cleaner,
            scope: target.image.as_ref().map(pull_scope).unwrap_or_default(),
            pending: ping(&base),
            target,
            policy,
            base,
            phase: Phase::Ping { no_tunnel: None },
            count: Count::default(),
            ping: Ping::Asked,
            login: Login::Unknown,
            realm: None,
            basic_offered: false,
            fresh_token: false,
            other_scope: false,
            probed: None,
            found_by: (Method::Head, Accept::Manifest),
        };
        let first = flow.send(flow.pending.clone());
        Some((flow, first))
    }

    /// Takes the answer to the last request; `remaining` is the time left for the whole proof.
    pub fn next(&mut self, answer: &Answer, remaining: Duration) -> Step {
        // Before the wait: a server without TLS would be asked with TLS again and again.
        if let Some(step) = self.fall_back_to_http(answer) {
            return step;
        }
        if let Some(wait) = self.wait(answer, remaining) {
            return self.send_again(wait);
        }
        let step = match answer {
            Answer::Error(error) => self.fail(Conclusion::from_error(error)),
            Answer::Reply(reply) => self.on_reply(reply),
        };
        match step {
            Step::Done(conclusion) => {
                let conclusion = self.without_tunnel().unwrap_or(conclusion);
                done(conclusion.cleaned(&self.cleaner))
            }
            send @ Step::Send { .. } => send,
        }
    }

    /// The host (`name[:port]`) that issues tokens, once it is known.
    pub fn realm_host(&self) -> Option<String> {
        let url = &self.realm.as_ref()?.url;
        let host = url.host_str()?;
        let with_port = |port| format!("{host}:{port}");
        let host = url.port().map_or_else(|| host.to_owned(), with_port);
        Some(self.cleaner.quote_name(&Foreign::new(host)).to_string())
    }

    fn on_reply(&mut self, reply: &Reply) -> Step {
        match reply.status {
            301 | 302 | 303 | 307 | 308 => self.on_redirect(reply),
            429 => self.fail(Conclusion::from_reply(limit(reply), reply)),
            500..=599 => self.on_server_error(reply),
            200..=299 if self.pending.purpose.asks_for_token() => self.on_token_body(reply),
            200..=299 if self.pending.method == Method::Get && reply.unusable.is_some() => {
                self.fail(unusable(reply))
            }
            _ => self.on_answer(reply),
        }
    }

    /// The body of a success holds a token, also where it cannot be read. It goes no further than this.
    fn on_token_body(&mut self, reply: &Reply) -> Step {
        if reply.unusable.is_some() {
            return self.fail(unusable(&reply.without_body()));
        }
        let token = self.read_token(reply);
        // From here on nothing may quote the body: it holds the token.
        let reply = reply.without_body();
        match self.phase.clone() {
            Phase::LoginToken(request) => self.on_login_issued(request, token.as_ref(), &reply),
            Phase::PullToken(request, image) => self.on_pull_issued(&request, image, token, &reply),
            Phase::Compare(comparison) => self.on_anonymous_issued(comparison, token),
            Phase::Ping { .. }
            | Phase::BasicPing
            | Phase::Probe(_)
            | Phase::Manifest(_)
            | Phase::ManifestText(_) => self.fail(conclude(Reason::UnexpectedAnswer, &reply)),
        }
    }

    fn on_answer(&mut self, reply: &Reply) -> Step {
        match self.phase.clone() {
            Phase::Ping { .. } => self.on_ping(reply),
            Phase::BasicPing => self.on_basic_ping(reply),
            Phase::LoginToken(request) => self.on_login_refused(request, reply),
            Phase::PullToken(request, _) => self.on_pull_refused(&request, reply),
            Phase::Probe(image) => self.on_probe(image, reply),
            Phase::Manifest(pull) => self.on_manifest(pull, reply),
            Phase::ManifestText(pull) => self.on_manifest_text(&pull, reply),
            Phase::Compare(comparison) => self.on_comparison(comparison, reply),
        }
    }

    /// HEAD has no body to say what is wrong.
    fn on_server_error(&mut self, reply: &Reply) -> Step {
        let Phase::Manifest(pull) = self.phase.clone() else {
            return self.fail(conclude(Reason::ServerError, reply));
        };
        let step = self.ask(Phase::ManifestText(Pull::new(pull.image, pull.token)));
        // HEAD was tried as often as it may be, unless the server does not know it (501).
        if reply.status != 501 {
            self.count.tries += self.policy.retries;
        }
        step
    }

    /// A registry that was declared insecure may speak plain HTTP, as docker tries it.
    fn fall_back_to_http(&mut self, answer: &Answer) -> Option<Step> {
        let (Answer::Error(error), Phase::Ping { .. }) = (answer, &self.phase) else {
            return None;
        };
        // Proxies often allow tunnels to port 443 only.
        let no_tunnel = error.kind == WireErrorKind::Proxy(ProxyErrorKind::Denied);
        let no_tls = matches!(
            error.kind,
            WireErrorKind::Refused | WireErrorKind::Tls(TlsError::NotTls)
        );
        let may = self.target.plain_http && self.base.scheme() == "https";
        if !(may && (no_tls || no_tunnel)) {
            return None;
        }
        self.base = self.target.base_url("http")?;
        Some(self.ask(Phase::Ping {
            no_tunnel: no_tunnel.then(|| error.clone()),
        }))
    }

    /// Where no tunnel was opened and plain HTTP leads nowhere, the tunnel is what is missing.
    fn without_tunnel(&self) -> Option<Conclusion> {
        let Phase::Ping { no_tunnel } = &self.phase else {
            return None;
        };
        no_tunnel.as_ref().map(Conclusion::from_error)
    }

    /// Sends the request of a step.
    fn ask(&mut self, phase: Phase) -> Step {
        let request = self.request_for(&phase);
        self.phase = phase;
        // A proof may be redirected at every step; what must not happen is a circle within one.
        self.count.hops = 0;
        self.send(request)
    }

    fn send(&mut self, request: Request) -> Step {
        if self.count.distinct == MAX_REQUESTS {
            return done(Conclusion::new(Reason::RedirectLoop));
        }
        self.pending = request.clone();
        self.count.tries = 1;
        self.count.distinct += 1;
        Step::Send {
            request,
            after: Duration::ZERO,
        }
    }

    fn send_again(&mut self, after: Duration) -> Step {
        self.count.tries += 1;
        Step::Send {
            request: self.pending.clone(),
            after,
        }
    }
}

fn limit(reply: &Reply) -> Reason {
    if reply.envelope().says_locked_out() {
        Reason::LoginLockout
    } else {
        Reason::TooManyRequests
    }
}

fn unusable(reply: &Reply) -> Conclusion {
    let details = match reply.unusable {
        Some(Unusable::TooLarge) => "the answer is larger than 1 MiB",
        Some(Unusable::Encoding) | None => "the answer has an encoding that was not asked for",
    };
    conclude(Reason::Garbage, reply).saying(details)
}

fn done(conclusion: Conclusion) -> Step {
    Step::Done(conclusion)
}

fn conclude(reason: Reason, reply: &Reply) -> Conclusion {
    Conclusion::from_reply(reason, reply)
}
