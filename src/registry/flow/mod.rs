//! The proof of one credential as a state machine without I/O: each answer leads to the next request
//! or to the conclusion.
//!
//! What is asked, in this order: `/v2/` anonymously (what does the registry ask for?); the login alone
//! (a token without scope, or `/v2/` with the credential); a token for the image; the image. An answer
//! counts as proof of the credential only when something shows that it was examined: see [`proof`].
//! A credential that was refused (401, 403) is not sent again, and never to another server than
//! [`super::realm`] allows.

mod login;
mod manifest;
mod ping;
mod proof;
mod redirect;
#[cfg(test)]
pub(crate) mod vectors;

use std::time::Duration;

use url::Url;

use self::proof::Comparison;
use super::{
    conclusion::{Conclusion, Reason},
    exchange::{
        Accept, Answer, Authorization, Fault, FaultKind, Method, ProxyFault, Purpose, Reply,
        Request, Target, TlsFault,
    },
    realm::may_receive,
    retry::RetryPolicy,
    token::{Token, pull_scope, token_url},
};
use crate::{
    domain::{secret::Secret, verdict::Verdict},
    support::text::{Cleaner, Foreign},
};

/// More requests than any honest proof needs, repeats aside; a server that leads in circles ends here.
const MAX_REQUESTS: u32 = 24;

/// A proof under way.
#[derive(Debug)]
pub struct Flow {
    target: Target,
    policy: RetryPolicy,
    base: Url,
    pending: Request,
    tried: u32,
    hops: u32,
    /// Requests, each counted once however often it was repeated.
    asked: u32,
    sent: u32,
    cleaner: Cleaner,
    known: Known,
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send the request after the time, then come back with the answer.
    Send {
        /// What to send.
        request: Request,
        /// How long to wait before.
        after: Duration,
    },
    /// The proof is over.
    Done(Conclusion),
}

/// What the answers so far have shown.
#[derive(Debug, Default)]
struct Known {
    ping: Ping,
    login: Login,
    /// What kept TLS away, where plain HTTP is tried in its stead.
    no_tunnel: Option<Fault>,
    realm: Option<Realm>,
    basic_offered: bool,
    scope: String,
    token: Option<Token>,
    /// The token request was led to another server and went on without credential.
    token_redirected: bool,
    spent: Spent,
    /// How the image was asked for last: the comparison without credential must ask alike.
    manifest_method: Option<(Method, Accept)>,
    /// What became of the image's manifest without credential.
    comparison: Option<Comparison>,
    /// The conclusion, if the credential turns out to have been examined.
    pending_conclusion: Option<Conclusion>,
}

/// Second tries that have been made; there is no third.
#[derive(Debug, Default)]
struct Spent {
    fresh_token: bool,
    other_scope: bool,
}

/// What `/v2/` said to nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ping {
    /// It asked for a credential.
    #[default]
    Asked,
    /// It let us in.
    Open,
    /// It showed a page for people.
    WebPage,
    /// It is not there.
    Missing,
    /// It refused without asking.
    Blocked,
}

/// What is known of user and password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Login {
    /// Nothing.
    #[default]
    Unknown,
    /// An answer was good, but it may be good for everybody.
    Accepted,
    /// They were examined and accepted.
    Proven,
}

/// Where tokens come from.
#[derive(Clone, Debug)]
struct Realm {
    url: Url,
    service: Option<String>,
}

impl Flow {
    /// Begins a proof of a target that a URL can name, and returns it with its first step. `secrets` are masked like the credential in
    /// what servers say.
    #[must_use]
    pub fn start(target: Target, policy: RetryPolicy, secrets: Vec<Secret>) -> (Self, Step) {
        let base = base_url("https", &target);
        let scope = target.image.as_ref().map(pull_scope).unwrap_or_default();
        let pending = request(Purpose::Ping, api_url(&base, ""), Authorization::Anonymous);
        let cleaner = Cleaner::new(secrets);
        cleaner.learn_credential(&target.credential);
        let known = Known {
            scope,
            ..Known::default()
        };
        let mut flow = Self {
            target,
            policy,
            base,
            pending,
            tried: 0,
            hops: 0,
            asked: 0,
            sent: 0,
            cleaner,
            known,
        };
        let first = flow.send(flow.pending.clone());
        (flow, first)
    }

    /// Takes the answer to the last request; `remaining` is the time left for the whole proof.
    pub fn next(&mut self, answer: &Answer, remaining: Duration) -> Step {
        if let Some(step) = self.fall_back_to_http(answer) {
            return step;
        }
        if let Some(wait) = self.wait(answer, remaining) {
            return self.send_again(wait);
        }
        let step = match answer {
            Answer::Fault(fault) => self.fail(Conclusion::from_fault(fault)),
            Answer::Reply(reply) => self.on_reply(reply),
        };
        match step {
            Step::Done(conclusion) => {
                let conclusion = self.without_tunnel().unwrap_or(conclusion);
                done(conclusion.shown(&self.cleaner))
            }
            send @ Step::Send { .. } => send,
        }
    }

    /// Returns the host (`name[:port]`) that issues tokens, once it is known.
    #[must_use]
    pub fn realm_host(&self) -> Option<String> {
        let url = &self.known.realm.as_ref()?.url;
        let host = url.host_str()?;
        let host = url
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Some(self.cleaner.quote_name(&Foreign::new(host)).to_string())
    }

    /// Returns how many requests were sent.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.sent
    }

    fn on_reply(&mut self, reply: &Reply) -> Step {
        match reply.status {
            301 | 302 | 303 | 307 | 308 => self.on_redirect(reply),
            429 => self.fail(Conclusion::from_reply(
                Verdict::RateLimited,
                limit(reply),
                reply,
            )),
            500..=599 => self.fail(failed(Reason::ServerError, reply)),
            _ if reply.oversized && self.pending.method == Method::Get && reply.status < 300 => {
                self.fail(failed(Reason::Garbage, reply).saying("the answer is larger than 1 MiB"))
            }
            _ => self.on_answer(reply),
        }
    }

    fn on_answer(&mut self, reply: &Reply) -> Step {
        match self.pending.purpose {
            Purpose::Ping => self.on_ping(reply),
            Purpose::BasicPing => self.on_basic_ping(reply),
            Purpose::LoginToken => self.on_login_token(reply),
            Purpose::PullToken => self.on_pull_token(reply),
            Purpose::Manifest => self.on_manifest(reply),
            Purpose::ManifestText => self.on_manifest_text(reply),
            Purpose::AnonymousToken => self.on_anonymous_token(reply),
            Purpose::AnonymousPullToken => self.on_anonymous_pull_token(reply),
            Purpose::AnonymousManifest => self.on_anonymous_manifest(reply),
        }
    }

    /// A registry that was declared insecure may speak plain HTTP, as docker tries it.
    fn fall_back_to_http(&mut self, answer: &Answer) -> Option<Step> {
        let Answer::Fault(fault @ Fault { kind, .. }) = answer else {
            return None;
        };
        // Proxies often allow tunnels to port 443 only.
        let no_tunnel = *kind == FaultKind::Proxy(ProxyFault::Denied);
        let no_tls = matches!(
            kind,
            FaultKind::Refused | FaultKind::Tls(TlsFault::SpeaksHttp)
        );
        let first = self.pending.purpose == Purpose::Ping && self.base.scheme() == "https";
        if !((no_tls || no_tunnel) && first && self.target.plain_http) {
            return None;
        }
        self.known.no_tunnel = no_tunnel.then(|| fault.clone());
        self.base = base_url("http", &self.target);
        Some(self.ask(Purpose::Ping))
    }

    /// Where no tunnel was opened and plain HTTP leads nowhere, the tunnel is what is missing.
    fn without_tunnel(&mut self) -> Option<Conclusion> {
        let first = self.pending.purpose == Purpose::Ping;
        let fault = self.known.no_tunnel.take().filter(|_| first)?;
        Some(Conclusion::from_fault(&fault))
    }

    fn send(&mut self, request: Request) -> Step {
        if self.asked == MAX_REQUESTS {
            let endless = Conclusion::new(Verdict::RegistryError, Reason::RedirectLoop);
            return done(endless);
        }
        self.pending = request.clone();
        self.tried = 1;
        self.asked += 1;
        self.sent += 1;
        Step::Send {
            request,
            after: Duration::ZERO,
        }
    }

    fn send_again(&mut self, after: Duration) -> Step {
        self.tried += 1;
        self.sent += 1;
        Step::Send {
            request: self.pending.clone(),
            after,
        }
    }

    /// Sends the request that serves `purpose`.
    fn ask(&mut self, purpose: Purpose) -> Step {
        let url = self.url_for(purpose);
        let authorization = self.authorization_for(purpose, &url);
        let mut request = request(purpose, url, authorization);
        if purpose == Purpose::AnonymousManifest
            && let Some((method, accept)) = self.known.manifest_method
        {
            (request.method, request.accept) = (method, accept);
        }
        self.hops = 0;
        self.send(request)
    }

    fn url_for(&self, purpose: Purpose) -> Url {
        let user = Some(self.target.credential.user());
        let scope = Some(self.known.scope.as_str());
        match purpose {
            Purpose::Ping | Purpose::BasicPing => api_url(&self.base, ""),
            Purpose::LoginToken => self.token_request(user, None),
            Purpose::PullToken => self.token_request(user, scope),
            Purpose::AnonymousToken => self.token_request(None, None),
            Purpose::AnonymousPullToken => self.token_request(None, scope),
            Purpose::Manifest | Purpose::ManifestText | Purpose::AnonymousManifest => {
                let image = self
                    .target
                    .image
                    .as_ref()
                    .expect("asked for only with an image");
                api_url(
                    &self.base,
                    &format!("{}/manifests/{}", image.repository(), image.reference()),
                )
            }
        }
    }

    fn token_request(&self, account: Option<&str>, scope: Option<&str>) -> Url {
        let realm = self
            .known
            .realm
            .as_ref()
            .expect("asked for only with a realm");
        token_url(&realm.url, realm.service.as_deref(), account, scope)
    }

    fn authorization_for(&self, purpose: Purpose, url: &Url) -> Authorization {
        match purpose {
            Purpose::BasicPing | Purpose::LoginToken | Purpose::PullToken => self.basic(url),
            Purpose::Manifest | Purpose::ManifestText => match &self.known.token {
                Some(token) => Authorization::Bearer(token.first.clone()),
                None => self.basic(url),
            },
            _ => Authorization::Anonymous,
        }
    }

    fn basic(&self, url: &Url) -> Authorization {
        let realm = self.known.realm.as_ref().map(|realm| &realm.url);
        if may_receive(url, &self.base, realm) {
            Authorization::Basic(self.target.credential.encode())
        } else {
            Authorization::Anonymous
        }
    }

    fn has_image(&self) -> bool {
        self.target.image.is_some()
    }
}

fn done(conclusion: Conclusion) -> Step {
    Step::Done(conclusion)
}

fn failed(reason: Reason, reply: &Reply) -> Conclusion {
    Conclusion::from_reply(Verdict::RegistryError, reason, reply)
}

fn limit(reply: &Reply) -> Reason {
    if reply.envelope().says("failed login") {
        Reason::LoginLockout
    } else {
        Reason::TooManyRequests
    }
}

fn base_url(scheme: &str, target: &Target) -> Url {
    let url = target.base_url(scheme);
    url.expect("only a target with a URL is asked for")
}

fn api_url(base: &Url, path: &str) -> Url {
    base.join(&format!("/v2/{path}"))
        .expect("image references need no escapes in a path")
}

fn request(purpose: Purpose, url: Url, authorization: Authorization) -> Request {
    let (method, accept) = match purpose {
        Purpose::Manifest | Purpose::AnonymousManifest => (Method::Head, Accept::Manifest),
        Purpose::ManifestText => (Method::Get, Accept::Manifest),
        _ => (Method::Get, Accept::Any),
    };
    Request {
        method,
        url,
        authorization,
        accept,
        purpose,
    }
}
