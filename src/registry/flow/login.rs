//! Are user and password good? By `/v2/` with Basic, or by a token without scope: a token for an image
//! proves less, because some realms (Harbor) issue it to anybody.

use super::{Flow, Login, Ping, Step, done, failed};
use crate::{
    domain::verdict::Verdict,
    registry::{
        conclusion::{Conclusion, Reason},
        exchange::{Purpose, Reply},
        token::{Token, read_token},
    },
};

/// Registries known to answer 401 to a bad login at their realm, even where images are public
/// (registry-1.docker.io, quay.io, registry.redhat.io).
const EXAMINES_LOGINS: [&str; 3] = ["docker.io", "quay.io", "registry.redhat.io"];

impl Flow {
    pub(super) fn on_basic_ping(&mut self, reply: &Reply) -> Step {
        match reply.status {
            200..=299 if reply.is_html() && !reply.api_version => done(Conclusion::from_reply(
                Verdict::NotARegistry,
                Reason::WebPage,
                reply,
            )),
            200..=299 => self.on_basic_login(reply),
            400 | 401 | 403 if reply.envelope().says_expired() => {
                done(refused(Reason::Expired, reply))
            }
            401 | 403 => done(turned_away(Reason::NoPullAccess, reply)),
            _ => done(failed(Reason::UnexpectedAnswer, reply)),
        }
    }

    fn on_basic_login(&mut self, reply: &Reply) -> Step {
        let open = self.known.ping == Ping::Open;
        self.known.login = if open { Login::Accepted } else { Login::Proven };
        match (self.has_image(), open) {
            (true, true) => self.ask(Purpose::AnonymousManifest),
            (true, false) => self.ask(Purpose::Manifest),
            (false, false) => done(logged_in(reply)),
            (false, true) => done(Conclusion::from_reply(
                Verdict::NotProven,
                Reason::OpenRegistry,
                reply,
            )),
        }
    }

    pub(super) fn on_login_token(&mut self, reply: &Reply) -> Step {
        match reply.status {
            200..=299 => self.on_login(reply),
            401 if self.known.token_redirected => done(failed(Reason::RedirectElsewhere, reply)),
            400..=403 if reply.envelope().says_expired() => done(refused(Reason::Expired, reply)),
            401 | 403 => done(turned_away(Reason::NoPullToken, reply)),
            404 if self.known.basic_offered => {
                self.known.realm = None;
                self.log_in_with_basic()
            }
            // Some realms issue nothing without a scope.
            400..=499 if self.has_image() => self.ask(Purpose::PullToken),
            _ => done(failed(Reason::UnexpectedAnswer, reply)),
        }
    }

    fn on_login(&mut self, reply: &Reply) -> Step {
        let Some(token) = self.issued_by(reply) else {
            return done(failed(Reason::NoToken, reply));
        };
        self.known.login = self.login_shown_by(&token);
        if self.has_image() {
            self.ask(Purpose::PullToken)
        } else {
            self.prove(logged_in(reply))
        }
    }

    /// Reads a token, and remembers it as a secret.
    pub(super) fn issued_by(&mut self, reply: &Reply) -> Option<Token> {
        let token = read_token(&reply.body)?;
        let secrets = token.second.iter().chain([&token.first]);
        self.cleaner.learn(secrets.cloned());
        Some(token)
    }

    fn login_shown_by(&self, token: &Token) -> Login {
        if self.known.token_redirected {
            return Login::Unknown;
        }
        let known_server = EXAMINES_LOGINS.contains(&self.target.host.authority());
        if known_server || token.names_subject {
            Login::Proven
        } else {
            Login::Accepted
        }
    }

    pub(super) fn on_pull_token(&mut self, reply: &Reply) -> Step {
        let accepted = self.known.login != Login::Unknown;
        match reply.status {
            200..=299 => self.on_pull_token_issued(reply),
            401 if self.known.token_redirected => done(failed(Reason::RedirectElsewhere, reply)),
            400..=403 if reply.envelope().says_expired() => done(refused(Reason::Expired, reply)),
            401 | 403 if accepted || is_about_image(reply) => {
                done(denied_or_missing(Reason::NoPullToken, reply))
            }
            401 | 403 => done(turned_away(Reason::NoPullToken, reply)),
            _ => done(failed(Reason::UnexpectedAnswer, reply)),
        }
    }

    fn on_pull_token_issued(&mut self, reply: &Reply) -> Step {
        let Some(token) = self.issued_by(reply) else {
            return done(failed(Reason::NoToken, reply));
        };
        if self.known.login == Login::Unknown && token.names_subject && !self.known.token_redirected
        {
            self.known.login = Login::Proven;
        }
        self.known.token = Some(token);
        self.ask(Purpose::Manifest)
    }
}

pub(super) fn refused(reason: Reason, reply: &Reply) -> Conclusion {
    Conclusion::from_reply(Verdict::InvalidCredentials, reason, reply)
}

fn logged_in(reply: &Reply) -> Conclusion {
    Conclusion {
        words: None,
        ..Conclusion::from_reply(Verdict::Valid, Reason::LoggedIn, reply)
    }
}

/// What 401 or 403 means to a login of which nothing is known yet: registries answer either to a
/// wrong password. `hidden` is the reason where one tells that it hides an image (Google Artifact
/// Registry), which is no word on the login.
fn turned_away(hidden: Reason, reply: &Reply) -> Conclusion {
    let envelope = reply.envelope();
    let is_about_rights = ["permission", "forbidden", "not authorized to"]
        .iter()
        .any(|words| envelope.says(words));
    match reply.status {
        403 if envelope.says("may not exist") => denied_or_missing(hidden, reply),
        _ if is_about_rights => refused(Reason::RejectedOrNoPermission, reply),
        _ => refused(Reason::Rejected, reply),
    }
}

pub(super) fn denied_or_missing(reason: Reason, reply: &Reply) -> Conclusion {
    Conclusion::from_reply(Verdict::DeniedOrMissing, reason, reply)
}

/// `DENIED` to a scope speaks of the image, not of the login (Google Artifact Registry, GitLab).
fn is_about_image(reply: &Reply) -> bool {
    let envelope = reply.envelope();
    envelope.code == "DENIED" || envelope.says("may not exist")
}
