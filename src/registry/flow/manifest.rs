//! Is the image there for this credential?

use super::{
    Flow, Login, Ping, Step, conclude, done,
    phase::{Anonymous, Phase, Pull, TokenRequest},
};
use crate::registry::{
    challenge::{Challenge, parse_challenges},
    conclusion::{Conclusion, Reason},
    envelope::holds_errors,
    exchange::{Accept, Authorization, Reply},
};

/// No honest scope is longer.
const LONGEST_SCOPE: usize = 512;

impl Flow {
    pub(super) fn on_manifest(&mut self, pull: Pull, reply: &Reply) -> Step {
        let basic = matches!(self.pending.authorization, Authorization::Basic(_));
        match reply.status {
            200..=299 => self.on_found(reply),
            // A refused credential is not sent again, not even for the text.
            401 | 403 if basic => done(self.on_basic_refused(reply)),
            401 if !pull.redirected => self.on_token_refused(pull, reply),
            400 | 406 if self.pending.accept == Accept::Manifest => self.ask_for_any_kind(),
            // Some servers do not know HEAD, and its answers have no body to quote.
            400..=499 => self.ask_text(pull),
            _ => done(conclude(Reason::UnexpectedAnswer, reply)),
        }
    }

    fn ask_text(&mut self, pull: Pull) -> Step {
        self.ask(Phase::ManifestText(Pull::new(pull.image, pull.token)))
    }

    /// The same with GET: HEAD has no body, and some registries do not know it.
    pub(super) fn on_manifest_text(&mut self, pull: &Pull, reply: &Reply) -> Step {
        let envelope = reply.envelope();
        match reply.status {
            200..=299 => self.on_found(reply),
            404 if self.ping == Ping::WebPage && !pull.redirected => done(self.no_registry(reply)),
            404 => self.prove(conclude(Reason::NoImage, reply)),
            401 if pull.token.is_some() && !pull.redirected && envelope.says_bad_token() => {
                done(conclude(Reason::TokenRejected, reply))
            }
            400 | 401 | 403 if envelope.says_expired() => done(conclude(Reason::Expired, reply)),
            401 if envelope.says("project") && envelope.says("not found") => {
                self.prove(conclude(Reason::NoProject, reply))
            }
            // The registry has found the image, and sent the request on to a store that refuses it.
            401 if pull.redirected => self.prove(conclude(Reason::Forbidden, reply)),
            401 => done(conclude(Reason::NoPullAccess, reply)),
            403 => self.prove(conclude(Reason::Forbidden, reply)),
            405 if envelope.code == "DENIED" => self.prove(conclude(Reason::Forbidden, reply)),
            400 | 406 if self.pending.accept == Accept::Manifest => self.ask_for_any_kind(),
            _ => done(conclude(Reason::UnexpectedAnswer, reply)),
        }
    }

    fn on_found(&mut self, reply: &Reply) -> Step {
        if reply.is_html() {
            return done(conclude(Reason::WebPage, reply));
        }
        // Some servers report errors with status 200.
        if holds_errors(&reply.body) {
            return done(conclude(Reason::UnexpectedAnswer, reply));
        }
        self.found_by = (self.pending.method, self.pending.accept);
        self.prove(Conclusion {
            words: None,
            digest: reply.digest.clone().filter(|digest| is_digest(digest)),
            ..conclude(Reason::Pulled, reply)
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
            && let Some(Anonymous::Failed(conclusion)) = self.probed.take()
        {
            // The challenge of the image is not known; Basic was a guess.
            return conclusion;
        }
        let reason = match (self.login, reply.status) {
            (Login::Proven, 403) if reply.envelope().says_expired() => Reason::Expired,
            (Login::Proven, 403) => Reason::Forbidden,
            (Login::Proven, _) => Reason::NoPullAccess,
            (Login::Unknown | Login::Accepted, 403) => Reason::RejectedOrNoPermission,
            (Login::Unknown | Login::Accepted, _) => Reason::Rejected,
        };
        conclude(reason, reply)
    }

    fn on_token_refused(&mut self, pull: Pull, reply: &Reply) -> Step {
        let challenges = parse_challenges(&reply.challenges);
        let bearer = challenges
            .iter()
            .find(|challenge| challenge.scheme == "bearer");
        if bearer.and_then(|bearer| bearer.parameter("error")) == Some("invalid_token") {
            return self.try_another_token(pull, reply);
        }
        match (
            bearer.and_then(|bearer| self.new_scope(bearer)),
            self.realm.clone(),
        ) {
            (Some(scope), Some(realm)) => {
                self.other_scope = true;
                self.scope = scope;
                self.ask(Phase::PullToken(TokenRequest::new(realm), pull.image))
            }
            _ => self.ask_text(pull),
        }
    }

    /// The registry rejects a token of its own realm. Some realms answer with two, `token` and
    /// `access_token`: try the second, then ask once for a fresh one.
    fn try_another_token(&mut self, mut pull: Pull, reply: &Reply) -> Step {
        if let Some(token) = &mut pull.token
            && let Some(second) = token.second.take()
        {
            token.first = second;
            return self.ask(Phase::Manifest(pull));
        }
        match self.realm.clone() {
            Some(realm) if !self.fresh_token => {
                self.fresh_token = true;
                self.ask(Phase::PullToken(TokenRequest::new(realm), pull.image))
            }
            _ => done(
                conclude(Reason::TokenRejected, reply).saying("the challenge says invalid_token"),
            ),
        }
    }

    fn new_scope(&self, bearer: &Challenge) -> Option<String> {
        let scope = bearer.parameter("scope")?;
        let usable = scope.len() <= LONGEST_SCOPE && scope != self.scope;
        (usable && !self.other_scope).then(|| scope.to_owned())
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
