//! Is it a registry, and what does it ask for?

use super::{Flow, Login, Ping, Realm, Step, done, failed};
use crate::{
    domain::verdict::Verdict,
    registry::{
        challenge::{Challenge, parse_challenges},
        conclusion::{Conclusion, Reason},
        exchange::{Purpose, Reply},
        realm::realm_url,
    },
};

impl Flow {
    pub(super) fn on_ping(&mut self, reply: &Reply) -> Step {
        match reply.status {
            401 => self.follow_challenges(reply),
            200..=299 if reply.is_html() && !reply.api_version => {
                self.look_behind(Ping::WebPage, reply)
            }
            200..=299 => {
                self.known.ping = Ping::Open;
                self.ask(Purpose::BasicPing)
            }
            404 => self.look_behind(Ping::Missing, reply),
            403 if reply.is_html() => done(failed(Reason::Blocked, reply)),
            403 => self.look_behind(Ping::Blocked, reply),
            _ => done(failed(Reason::UnexpectedAnswer, reply)),
        }
    }

    /// Some proxies hide or decorate `/v2/` alone: the image's own address may still tell. No
    /// credential goes to something that is not known to be a registry.
    fn look_behind(&mut self, ping: Ping, reply: &Reply) -> Step {
        self.known.ping = ping;
        if self.has_image() {
            self.ask(Purpose::AnonymousManifest)
        } else {
            done(self.no_registry(reply))
        }
    }

    pub(super) fn no_registry(&self, reply: &Reply) -> Conclusion {
        let (verdict, reason) = match self.known.ping {
            Ping::Blocked => (Verdict::RegistryError, Reason::Blocked),
            Ping::Missing => (Verdict::NotARegistry, Reason::NoApi),
            _ => (Verdict::NotARegistry, Reason::WebPage),
        };
        Conclusion::from_reply(verdict, reason, reply)
    }

    /// Takes what the server asks for: Bearer first, then Basic (RFC 9110 §11.6.1: the client picks).
    pub(super) fn follow_challenges(&mut self, reply: &Reply) -> Step {
        let challenges = parse_challenges(&reply.challenges);
        let offered = |scheme: &str| {
            challenges
                .iter()
                .find(|challenge| challenge.scheme == scheme)
        };
        self.known.basic_offered = offered("basic").is_some();
        match (offered("bearer"), self.known.basic_offered) {
            (Some(bearer), _) if bearer.parameter("realm").is_some() => {
                self.follow_bearer(bearer, reply)
            }
            (_, true) => self.log_in_with_basic(),
            (Some(_), false) => done(failed(Reason::MalformedChallenge, reply)),
            (None, false) if challenges.is_empty() => self.log_in_with_basic(),
            (None, false) => {
                let schemes: Vec<_> = challenges.iter().map(|c| c.scheme.as_str()).collect();
                done(failed(Reason::UnsupportedScheme, reply).quoting(schemes.join(", ")))
            }
        }
    }

    fn follow_bearer(&mut self, bearer: &Challenge, reply: &Reply) -> Step {
        let realm = bearer.parameter("realm").unwrap_or_default();
        match realm_url(&self.base, realm) {
            Ok(url) => {
                let service = bearer.parameter("service").map(str::to_owned);
                self.known.realm = Some(Realm { url, service });
                self.ask(Purpose::LoginToken)
            }
            Err(_) if self.known.basic_offered => self.log_in_with_basic(),
            Err(error) => done(failed(Reason::UnsafeRealm, reply).quoting(error.to_string())),
        }
    }

    /// Where `/v2/` tells nothing, or nothing more, the image itself is asked for.
    pub(super) fn log_in_with_basic(&mut self) -> Step {
        let ping_tells = match self.known.ping {
            Ping::Asked => true,
            Ping::Open => self.known.login == Login::Unknown,
            Ping::WebPage | Ping::Missing | Ping::Blocked => false,
        };
        self.ask(if ping_tells {
            Purpose::BasicPing
        } else {
            Purpose::Manifest
        })
    }
}
