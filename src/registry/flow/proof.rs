//! Was the credential examined at all? Where anybody gets the same answer, nothing is proven.
//!
//! Proof is any of: a token that names its subject, or a server known to examine logins; `/v2/` that
//! asks nobody in but lets this credential in; an image that is refused without it. A wrong password is
//! never sent for comparison: that would count towards a lock-out.

use std::time::Duration;

use super::{Flow, Login, Step, done};
use crate::{
    domain::verdict::Verdict,
    registry::{
        conclusion::{Conclusion, Reason},
        exchange::{Answer, Authorization, Purpose, Reply},
        retry::RetryPolicy,
    },
};

/// What the image's manifest is to nobody.
#[derive(Debug)]
pub(super) enum Comparison {
    /// The status of the answer.
    Status(u16),
    /// There was no answer to compare with.
    Failed(Conclusion),
}

impl Flow {
    /// Returns how long to wait before asking once more, if that is worth it. A comparison can only add
    /// to what is known: it gets a second try, and no longer wait than is usual.
    pub(super) fn wait(&self, answer: &Answer, remaining: Duration) -> Option<Duration> {
        if self.known.pending_conclusion.is_none() {
            return self.policy.wait(answer, self.tried, remaining);
        }
        let retries = self.policy.retries.min(1);
        let policy = RetryPolicy {
            retries,
            ..self.policy
        };
        let wait = policy.wait(answer, self.tried, remaining);
        wait.filter(|wait| *wait <= policy.delay)
    }

    /// Concludes from an answer that settles nothing. A comparison that fails leaves the credential as it
    /// was: not proven.
    pub(super) fn fail(&mut self, conclusion: Conclusion) -> Step {
        if let Some(pending) = self.known.pending_conclusion.take() {
            return done(judge(pending, Comparison::Failed(conclusion)));
        }
        let compares = self.pending.purpose == Purpose::AnonymousManifest;
        if compares && self.known.login == Login::Accepted {
            self.known.comparison = Some(Comparison::Failed(conclusion));
            return self.ask(Purpose::Manifest);
        }
        done(conclusion)
    }

    /// Concludes, if the credential was examined; else asks for the same without it.
    pub(super) fn prove(&mut self, conclusion: Conclusion) -> Step {
        if self.known.login == Login::Proven {
            return done(conclusion);
        }
        if let Some(comparison) = self.known.comparison.take() {
            return done(judge(conclusion, comparison));
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
            return done(judge(conclusion, Comparison::Status(reply.status)));
        }
        self.known.comparison = Some(Comparison::Status(reply.status));
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

/// What the answer to nobody makes of the answer to us.
fn judge(conclusion: Conclusion, comparison: Comparison) -> Conclusion {
    let status = match comparison {
        Comparison::Status(status) => status,
        Comparison::Failed(failure) => {
            return Conclusion {
                verdict: Verdict::NotProven,
                reason: Reason::ComparisonFailed,
                digest: conclusion.digest,
                ..failure
            };
        }
    };
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
