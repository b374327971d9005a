//! Was the credential examined at all? Where anybody gets the same answer, nothing is proven.
//!
//! Proof is any of: a token that names its subject, or a server known to examine logins; `/v2/` that
//! asks nobody in but lets this credential in; an image that is refused without it. A wrong password is
//! never sent for comparison: that would count towards a lock-out.

use super::{Flow, Login, Step, done};
use crate::{
    domain::verdict::Verdict,
    registry::{
        conclusion::{Conclusion, Reason},
        exchange::{Authorization, Purpose, Reply},
    },
};

impl Flow {
    /// Concludes, if the credential was examined; else asks for the same without it.
    pub(super) fn prove(&mut self, conclusion: Conclusion) -> Step {
        if self.known.login == Login::Proven {
            return done(conclusion);
        }
        if let Some(status) = self.known.anonymous_manifest {
            return done(judge(conclusion, status));
        }
        self.known.pending_conclusion = Some(conclusion);
        match (&self.known.realm, self.known.login) {
            (None, _) => self.ask(Purpose::AnonymousManifest),
            (Some(_), Login::Unknown) if self.has_image() => self.ask(Purpose::AnonymousPullToken),
            (Some(_), _) => self.ask(Purpose::AnonymousToken),
        }
    }

    pub(super) fn on_anonymous_token(&mut self, reply: &Reply) -> Step {
        match reply.status {
            200..=299 if self.issued_by(reply).is_some() => self.compare_pull_tokens(reply),
            // Nobody without a credential gets a token here, so ours was examined.
            200..=299 | 401 | 403 => self.examined(),
            _ => self.compare_pull_tokens(reply),
        }
    }

    fn compare_pull_tokens(&mut self, reply: &Reply) -> Step {
        if self.has_image() {
            self.ask(Purpose::AnonymousPullToken)
        } else {
            not_proven(Reason::OpenRealm, reply)
        }
    }

    pub(super) fn on_anonymous_pull_token(&mut self, reply: &Reply) -> Step {
        match (reply.status, self.issued_by(reply)) {
            (200..=299, Some(token)) => {
                let step = self.ask(Purpose::AnonymousManifest);
                self.with_bearer(step, Authorization::Bearer(token.first))
            }
            (200..=299, None) | (401 | 403, _) => self.examined(),
            _ => not_proven(Reason::OpenRealm, reply),
        }
    }

    /// The token of nobody, on the request that was just made.
    fn with_bearer(&mut self, step: Step, bearer: Authorization) -> Step {
        self.pending.authorization = bearer;
        match step {
            Step::Send { after, .. } => Step::Send {
                request: self.pending.clone(),
                after,
            },
            done @ Step::Done(_) => done,
        }
    }

    pub(super) fn on_anonymous_manifest(&mut self, reply: &Reply) -> Step {
        if let Some(conclusion) = self.known.pending_conclusion.take() {
            return done(judge(conclusion, reply.status));
        }
        self.known.anonymous_manifest = Some(reply.status);
        let is_registry = self.known.login == Login::Accepted;
        match reply.status {
            401 => self.follow_challenges(reply),
            _ if is_registry => self.ask(Purpose::Manifest),
            200..=299 if !reply.is_html() => self.ask(Purpose::Manifest),
            _ => done(self.no_registry(reply)),
        }
    }

    fn examined(&mut self) -> Step {
        let conclusion = self.known.pending_conclusion.take();
        done(conclusion.expect("proof is asked for with a conclusion at hand"))
    }
}

/// What the answer to nobody (`status`, for the image's manifest) makes of the answer to us.
fn judge(conclusion: Conclusion, status: u16) -> Conclusion {
    let examined = match conclusion.verdict {
        Verdict::Valid => matches!(status, 401 | 403 | 404),
        _ => matches!(status, 401 | 403),
    };
    let reason = match conclusion.verdict {
        Verdict::Valid => Reason::PublicImage,
        _ => Reason::ImageMissing,
    };
    if examined {
        conclusion
    } else {
        Conclusion {
            verdict: Verdict::NotProven,
            reason,
            ..conclusion
        }
    }
}

fn not_proven(reason: Reason, reply: &Reply) -> Step {
    done(Conclusion::from_reply(Verdict::NotProven, reason, reply))
}
