//! Is the image there for this credential?

use super::{
    Flow, Login, Ping, Step, done, failed,
    login::{denied_or_missing, refused},
    proof::Comparison,
};
use crate::{
    domain::verdict::Verdict,
    registry::{
        challenge::{Challenge, parse_challenges},
        conclusion::{Conclusion, Reason},
        exchange::{Accept, Authorization, Purpose, Reply},
    },
};

/// No honest scope is longer.
const LONGEST_SCOPE: usize = 512;

impl Flow {
    pub(super) fn on_manifest(&mut self, reply: &Reply) -> Step {
        let basic = matches!(self.pending.authorization, Authorization::Basic(_));
        match reply.status {
            200..=299 => self.on_found(reply),
            // A refused credential is not sent again, not even for the text.
            401 | 403 if basic => done(self.on_basic_refused(reply)),
            401 => self.on_token_refused(reply),
            400 | 406 if self.pending.accept == Accept::Manifest => self.ask_for_any_kind(),
            400 | 403 | 404 | 405 => self.ask(Purpose::ManifestText),
            _ => done(failed(Reason::UnexpectedAnswer, reply)),
        }
    }

    /// The same with GET: HEAD has no body, and some registries do not know it.
    pub(super) fn on_manifest_text(&mut self, reply: &Reply) -> Step {
        let envelope = reply.envelope();
        match reply.status {
            200..=299 => self.on_found(reply),
            404 if self.known.ping == Ping::WebPage => done(self.no_registry(reply)),
            404 => self.prove(missing(Reason::NoImage, reply)),
            400 | 401 | 403 if envelope.says_expired() => done(refused(Reason::Expired, reply)),
            401 if envelope.says("project") && envelope.says("not found") => {
                self.prove(missing(Reason::NoProject, reply))
            }
            401 => done(denied_or_missing(Reason::NoPullAccess, reply)),
            403 => done(forbidden(reply)),
            405 if envelope.code == "DENIED" => done(forbidden(reply)),
            400 | 406 if self.pending.accept == Accept::Manifest => self.ask_for_any_kind(),
            _ => done(failed(Reason::UnexpectedAnswer, reply)),
        }
    }

    pub(super) fn on_found(&mut self, reply: &Reply) -> Step {
        if reply.is_html() {
            return done(Conclusion::from_reply(
                Verdict::NotARegistry,
                Reason::WebPage,
                reply,
            ));
        }
        self.known.manifest_method = Some((self.pending.method, self.pending.accept));
        self.prove(Conclusion {
            words: None,
            digest: reply.digest.clone().filter(|digest| is_digest(digest)),
            ..Conclusion::from_reply(Verdict::Valid, Reason::Pulled, reply)
        })
    }

    fn ask_for_any_kind(&mut self) -> Step {
        let mut request = self.pending.clone();
        request.accept = Accept::Any;
        self.send(request)
    }

    /// After a proven login a refusal is about the image. Where `/v2/` was open or hidden, this was the
    /// first look at user and password.
    fn on_basic_refused(&mut self, reply: &Reply) -> Conclusion {
        if !offers_basic(reply)
            && let Some(Comparison::Failed(conclusion)) = self.known.comparison.take()
        {
            // Nobody could tell what the image asks for; Basic was a guess.
            return conclusion;
        }
        match (self.known.login, reply.status) {
            (Login::Proven, 403) => forbidden(reply),
            (Login::Proven, _) => denied_or_missing(Reason::NoPullAccess, reply),
            (_, 403) => refused(Reason::RejectedOrNoPermission, reply),
            _ => refused(Reason::Rejected, reply),
        }
    }

    fn on_token_refused(&mut self, reply: &Reply) -> Step {
        let challenges = parse_challenges(&reply.challenges);
        let bearer = challenges
            .iter()
            .find(|challenge| challenge.scheme == "bearer");
        if bearer.and_then(|bearer| bearer.parameter("error")) == Some("invalid_token") {
            return self.try_another_token(reply);
        }
        if let Some(scope) = bearer.and_then(|bearer| self.other_scope(bearer)) {
            self.known.spent.other_scope = true;
            self.known.scope = scope;
            return self.ask(Purpose::PullToken);
        }
        self.ask(Purpose::ManifestText)
    }

    /// The registry does not know its realm's token: the other name's, then a fresh one.
    fn try_another_token(&mut self, reply: &Reply) -> Step {
        if let Some(token) = &mut self.known.token
            && let Some(second) = token.second.take()
        {
            token.first = second;
            return self.ask(Purpose::Manifest);
        }
        if !self.known.spent.fresh_token {
            self.known.spent.fresh_token = true;
            return self.ask(Purpose::PullToken);
        }
        done(failed(Reason::TokenRejected, reply).quoting("invalid_token"))
    }

    fn other_scope(&self, bearer: &Challenge) -> Option<String> {
        let scope = bearer.parameter("scope")?;
        let usable = scope.len() <= LONGEST_SCOPE && scope != self.known.scope;
        (usable && !self.known.spent.other_scope).then(|| scope.to_owned())
    }
}

/// A server that names no scheme may mean Basic.
fn offers_basic(reply: &Reply) -> bool {
    let challenges = parse_challenges(&reply.challenges);
    challenges.is_empty() || challenges.iter().any(|one| one.scheme == "basic")
}

/// `algorithm:hex` (OCI image spec, descriptors); any other text could be anything.
fn is_digest(text: &str) -> bool {
    let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let halves = text.split_once(':');
    halves.is_some_and(|(algorithm, hex)| {
        ["sha256", "sha512"].contains(&algorithm)
            && [64, 128].contains(&hex.len())
            && hex.chars().all(is_hex)
    })
}

fn forbidden(reply: &Reply) -> Conclusion {
    if reply.envelope().says_expired() {
        return refused(Reason::Expired, reply);
    }
    Conclusion::from_reply(Verdict::Denied, Reason::Forbidden, reply)
}

fn missing(reason: Reason, reply: &Reply) -> Conclusion {
    Conclusion::from_reply(Verdict::ImageNotFound, reason, reply)
}
