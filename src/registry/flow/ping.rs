//! Is it a registry, and what does it require?

use super::{
    Flow, Login, Ping, Step, conclude, done,
    phase::{Phase, Pull, Realm, TokenRequest},
};
use crate::registry::{
    challenge::{Challenge, parse_challenges},
    conclusion::{Conclusion, Reason},
    exchange::Reply,
    realm::{RealmError, realm_url},
};

/// An identity token is not a password.
const NO_TOKEN_SERVER: &str = "it names no token server, which an identity token is for";

impl Flow {
    pub(super) fn on_ping(&mut self, reply: &Reply) -> Step {
        match reply.status {
            401 => self.follow_challenges(reply),
            200..=299 if reply.is_html() && !reply.api_version => {
                self.look_behind(Ping::WebPage, reply)
            }
            200..=299 => {
                self.ping = Ping::Open;
                self.ask(Phase::BasicPing)
            }
            404 => self.look_behind(Ping::Missing, reply),
            403 if reply.is_html() => done(conclude(Reason::Blocked, reply)),
            403 => self.look_behind(Ping::Blocked, reply),
            _ => done(conclude(Reason::UnexpectedAnswer, reply)),
        }
    }

    /// Some proxies hide or decorate `/v2/` alone: the image's own address may still answer. No
    /// credential goes to something that is not known to be a registry.
    fn look_behind(&mut self, ping: Ping, reply: &Reply) -> Step {
        self.ping = ping;
        match self.target.image.clone() {
            Some(image) => self.ask(Phase::Probe(image)),
            None => done(self.no_registry(reply)),
        }
    }

    pub(super) fn no_registry(&self, reply: &Reply) -> Conclusion {
        let reason = match self.ping {
            Ping::Blocked => Reason::Blocked,
            Ping::Missing => Reason::NoApi,
            Ping::Asked | Ping::Open | Ping::WebPage => Reason::WebPage,
        };
        conclude(reason, reply)
    }

    /// Takes what the server offers: Bearer first, then Basic (RFC 9110 §11.6.1: the client picks).
    pub(super) fn follow_challenges(&mut self, reply: &Reply) -> Step {
        let challenges = parse_challenges(&reply.challenges);
        let offers = |scheme| {
            challenges
                .iter()
                .any(|challenge| challenge.scheme == scheme)
        };
        self.basic_offered = offers("basic");
        // Of several, the first that can be followed: one without realm is of no use.
        let bearer = challenges.iter().find(|challenge| {
            challenge.scheme == "bearer" && challenge.parameter("realm").is_some()
        });
        match bearer {
            Some(bearer) => self.follow_bearer(bearer, reply),
            None if self.basic_offered || challenges.is_empty() => self.log_in_with_basic(),
            None if offers("bearer") => done(conclude(Reason::MalformedChallenge, reply)),
            None => {
                let schemes: Vec<_> = challenges.iter().map(|c| c.scheme.as_str()).collect();
                let details = format!("it offers {}", schemes.join(", "));
                done(conclude(Reason::UnsupportedScheme, reply).with_details(details))
            }
        }
    }

    fn follow_bearer(&mut self, bearer: &Challenge, reply: &Reply) -> Step {
        let realm = bearer.parameter("realm").unwrap_or_default();
        let error = match realm_url(&self.base, realm) {
            Ok(url) => {
                let service = bearer.parameter("service").map(str::to_owned);
                let realm = Realm { url, service };
                self.realm = Some(realm.clone());
                return self.ask(Phase::LoginToken(TokenRequest::new(realm)));
            }
            // Basic goes to the registry itself, whatever realm it names.
            Err(_) if self.basic_offered => return self.log_in_with_basic(),
            Err(error) => error,
        };
        let reason = match error {
            RealmError::Malformed => Reason::MalformedChallenge,
            RealmError::Insecure(_)
            | RealmError::Scheme(_)
            | RealmError::UserInfo
            | RealmError::Private(_) => Reason::UnsafeRealm,
        };
        done(conclude(reason, reply).with_details(error.to_string()))
    }

    /// Where `/v2/` says nothing, or nothing more, the image itself is asked for.
    pub(super) fn log_in_with_basic(&mut self) -> Step {
        if self.target.credential.is_identity_token() {
            let conclusion = Conclusion::new(Reason::UnsupportedScheme);
            return done(conclusion.saying(NO_TOKEN_SERVER));
        }
        let ping_tells = match self.ping {
            Ping::Asked => true,
            Ping::Open => self.login == Login::Unknown,
            Ping::WebPage | Ping::Missing | Ping::Blocked => false,
        };
        match self.target.image.clone() {
            Some(image) if !ping_tells => self.ask(Phase::Manifest(Pull::new(image, None))),
            _ => self.ask(Phase::BasicPing),
        }
    }
}
