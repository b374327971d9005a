//! Are user and password good? By `/v2/` with Basic, or by a token without scope: a token for an image
//! proves less, because some realms (Harbor) issue it to anybody.

use super::{
    Flow, Login, Ping, Step, conclude, done,
    phase::{Phase, Pull, TokenRequest},
};
use crate::{
    domain::image::ImageReference,
    registry::{
        conclusion::{Conclusion, Reason},
        exchange::Reply,
        token::{Token, read_token},
    },
};

/// Registries known to answer 401 to a bad login at their realm, even where images are public
/// (registry-1.docker.io, quay.io, registry.redhat.io).
const EXAMINES_LOGINS: [&str; 3] = ["docker.io", "quay.io", "registry.redhat.io"];

/// What an answer other than success says about a login.
enum Refusal {
    /// The login, or the caller, is locked: it must not be sent again.
    LockedOut,
    /// User or password are wrong, or have expired.
    Refused(Reason),
    /// 401 or 403: about the login, where nothing says otherwise.
    Unauthorized,
    /// Something else.
    Other,
}

impl Flow {
    pub(super) fn on_basic_ping(&mut self, reply: &Reply) -> Step {
        match (reply.status, refusal(reply)) {
            (200..=299, _) if reply.is_html() && !reply.api_version => {
                done(conclude(Reason::WebPage, reply))
            }
            (200..=299, _) => self.on_basic_login(reply),
            (_, Refusal::LockedOut) => done(conclude(Reason::LoginLockout, reply)),
            (_, Refusal::Refused(reason)) => done(conclude(reason, reply)),
            (_, Refusal::Unauthorized) => done(turned_away(Reason::NoPullAccess, reply)),
            (_, Refusal::Other) => done(conclude(Reason::UnexpectedAnswer, reply)),
        }
    }

    fn on_basic_login(&mut self, reply: &Reply) -> Step {
        let open = self.ping == Ping::Open;
        self.login = if open { Login::Accepted } else { Login::Proven };
        match self.target.image.clone() {
            // Before the credential is shown: the image may ask for a token.
            Some(image) if open => self.ask(Phase::Probe(image)),
            Some(image) => self.ask(Phase::Manifest(Pull::new(image, None))),
            None if open => done(conclude(Reason::OpenRegistry, reply)),
            None => done(logged_in(reply)),
        }
    }

    /// Reads a token, and remembers it as a secret.
    pub(super) fn read_token(&mut self, reply: &Reply) -> Option<Token> {
        let token = read_token(&reply.body)?;
        let secrets = token.second.iter().chain([&token.first]);
        self.cleaner.learn(secrets.cloned());
        Some(token)
    }

    pub(super) fn on_login_issued(
        &mut self,
        request: TokenRequest,
        token: Option<&Token>,
        reply: &Reply,
    ) -> Step {
        if token.is_none() {
            return done(conclude(Reason::NoToken, reply));
        }
        self.login = match request.redirected {
            // The server that issued it was not sent the credential.
            true => Login::Unknown,
            false if EXAMINES_LOGINS.contains(&self.target.host.authority()) => Login::Proven,
            false => Login::Accepted,
        };
        match self.target.image.clone() {
            Some(image) => self.ask_pull_token(request, image),
            None => self.prove(logged_in(reply)),
        }
    }

    pub(super) fn on_login_refused(&mut self, request: TokenRequest, reply: &Reply) -> Step {
        match refusal(reply) {
            Refusal::LockedOut => done(conclude(Reason::LoginLockout, reply)),
            // Whoever refused had not been sent the credential.
            _ if request.redirected && matches!(reply.status, 400..=403) => {
                done(conclude(Reason::TokenRedirect, reply))
            }
            Refusal::Refused(reason) => done(conclude(reason, reply)),
            Refusal::Unauthorized => done(turned_away(Reason::NoPullToken, reply)),
            Refusal::Other => self.on_login_unanswered(request, reply),
        }
    }

    fn on_login_unanswered(&mut self, request: TokenRequest, reply: &Reply) -> Step {
        match (reply.status, self.target.image.clone()) {
            (404, _) if self.basic_offered => {
                self.realm = None;
                self.log_in_with_basic()
            }
            // Some realms issue nothing without a scope.
            (400 | 404 | 405 | 422, Some(image)) => self.ask_pull_token(request, image),
            _ => done(conclude(Reason::UnexpectedAnswer, reply)),
        }
    }

    fn ask_pull_token(&mut self, request: TokenRequest, image: ImageReference) -> Step {
        self.ask(Phase::PullToken(TokenRequest::new(request.realm), image))
    }

    pub(super) fn on_pull_issued(
        &mut self,
        request: &TokenRequest,
        image: ImageReference,
        token: Option<Token>,
        reply: &Reply,
    ) -> Step {
        let Some(token) = token else {
            return done(conclude(Reason::NoToken, reply));
        };
        if request.redirected {
            self.login = Login::Unknown;
        }
        self.ask(Phase::Manifest(Pull::new(image, Some(token))))
    }

    pub(super) fn on_pull_refused(&mut self, request: &TokenRequest, reply: &Reply) -> Step {
        let about_image = self.login != Login::Unknown || is_about_image(reply);
        match refusal(reply) {
            Refusal::LockedOut => done(conclude(Reason::LoginLockout, reply)),
            _ if request.redirected && matches!(reply.status, 400..=403) => {
                done(conclude(Reason::TokenRedirect, reply))
            }
            Refusal::Unauthorized | Refusal::Refused(Reason::Rejected) if about_image => {
                done(conclude(Reason::NoPullToken, reply))
            }
            Refusal::Refused(reason) => done(conclude(reason, reply)),
            Refusal::Unauthorized => done(turned_away(Reason::NoPullToken, reply)),
            Refusal::Other => done(conclude(Reason::UnexpectedAnswer, reply)),
        }
    }
}

fn refusal(reply: &Reply) -> Refusal {
    let envelope = reply.envelope();
    match reply.status {
        // 423: locked (RFC 4918 §11.3), which servers have for accounts.
        423 => Refusal::LockedOut,
        400..=499 if envelope.says_locked_out() => Refusal::LockedOut,
        400..=403 if envelope.says_expired() => Refusal::Refused(Reason::Expired),
        401 | 403 => Refusal::Unauthorized,
        // RFC 6749 §5.2 has 400 for a wrong login.
        400..=499 if envelope.says_wrong_login() => Refusal::Refused(Reason::Rejected),
        _ => Refusal::Other,
    }
}

fn logged_in(reply: &Reply) -> Conclusion {
    Conclusion {
        words: None,
        ..Conclusion::from_reply(Reason::LoggedIn, reply)
    }
}

/// The meaning of 401 or 403 for a login that nothing is known about yet: registries answer either to a
/// wrong password. `hidden` is the reason where the registry says that it hides an image (Google Artifact
/// Registry), which says nothing about the login.
fn turned_away(hidden: Reason, reply: &Reply) -> Conclusion {
    let envelope = reply.envelope();
    let is_about_rights = ["permission", "forbidden", "not authorized to"]
        .iter()
        .any(|words| envelope.says(words));
    let reason = match reply.status {
        403 if envelope.says("may not exist") => hidden,
        _ if is_about_rights => Reason::RejectedOrNoPermission,
        _ => Reason::Rejected,
    };
    conclude(reason, reply)
}

/// `DENIED` to a scope speaks of the image, not of the login (Google Artifact Registry, GitLab).
fn is_about_image(reply: &Reply) -> bool {
    let envelope = reply.envelope();
    envelope.code == "DENIED" || envelope.says("may not exist")
}
