//! Was the credential examined at all? Where an anonymous request gets the same answer, nothing is proven.
//!
//! Proof is any of: a server known to examine logins; `/v2/` that refuses an anonymous request and accepts
//! this credential; a realm that issues no anonymous token; an image that is refused without the
//! credential. A subject in a token is none: real registries put random ones into anonymous tokens. A
//! wrong password is never sent for comparison: that would count towards a lock-out.

use std::time::Duration;

use super::{
    Flow, Login, Step, conclude, done,
    phase::{Anonymous, Comparison, ComparisonStep, Phase, Pull, TokenRequest},
};
use crate::{
    domain::{image::ImageReference, verdict::Verdict},
    registry::{
        conclusion::{Conclusion, Reason},
        exchange::{Answer, Reply},
        retry::RetryPolicy,
        token::Token,
    },
};

impl Flow {
    /// How long to wait before asking once more, if that is worth it. A comparison can only add to what is
    /// known: it gets a second try, and no longer wait than is usual.
    pub(super) fn wait(&self, answer: &Answer, remaining: Duration) -> Option<Duration> {
        let tries = self.count.tries;
        let Phase::Compare(_) = self.phase else {
            return self.policy.wait(answer, tries, remaining);
        };
        let policy = RetryPolicy {
            retries: self.policy.retries.min(1),
            ..self.policy
        };
        let wait = policy.wait(answer, tries, remaining);
        wait.filter(|wait| *wait <= policy.delay)
    }

    /// Concludes from an answer that settles nothing. A comparison that fails leaves the credential as it
    /// was: not proven.
    pub(super) fn fail(&mut self, conclusion: Conclusion) -> Step {
        match self.phase.clone() {
            Phase::Compare(comparison) => {
                done(weigh(comparison.pending, Anonymous::Failed(conclusion)))
            }
            Phase::Probe(image) if self.login == Login::Accepted => {
                self.probed = Some(Anonymous::Failed(conclusion));
                self.ask(Phase::Manifest(Pull::new(image, None)))
            }
            Phase::Ping { .. }
            | Phase::BasicPing
            | Phase::LoginToken(_)
            | Phase::PullToken(..)
            | Phase::Probe(_)
            | Phase::Manifest(_)
            | Phase::ManifestText(_) => done(conclusion),
        }
    }

    /// Concludes if the credential was examined; else asks for the same without it.
    pub(super) fn prove(&mut self, pending: Conclusion) -> Step {
        if self.login == Login::Proven {
            return done(pending);
        }
        // A request without a token is not the counterpart of one with a token: an anonymous token may be had.
        if self.realm.is_none()
            && let Some(anonymous) = self.probed.take()
        {
            return done(weigh(pending, anonymous));
        }
        let token = self.realm.clone().map(TokenRequest::new);
        let step = match (token, self.target.image.clone()) {
            // The realm issued nothing without a scope, so only tokens for the image can be compared.
            (Some(token), Some(image)) if self.login == Login::Unknown => {
                ComparisonStep::PullToken(token, image)
            }
            (Some(token), _) => ComparisonStep::LoginToken(token),
            (None, Some(image)) => ComparisonStep::Manifest {
                image,
                bearer: None,
            },
            (None, None) => return done(unexamined(pending, Reason::OpenRegistry)),
        };
        self.compare(pending, step)
    }

    fn compare(&mut self, pending: Conclusion, step: ComparisonStep) -> Step {
        self.ask(Phase::Compare(Comparison { pending, step }))
    }

    /// The realm's answer to an anonymous request is a success.
    pub(super) fn on_anonymous_issued(
        &mut self,
        comparison: Comparison,
        token: Option<Token>,
    ) -> Step {
        let Comparison { pending, step } = comparison;
        match (step, token) {
            (ComparisonStep::LoginToken(request), Some(_)) => {
                self.compare_pull_tokens(pending, request)
            }
            (ComparisonStep::PullToken(_, image), Some(token)) => {
                self.compare_manifests(pending, image, token)
            }
            // No token without a credential, so the credential was examined.
            (_, None) => done(examined(pending)),
            (ComparisonStep::Manifest { .. }, Some(_)) => {
                done(unexamined(pending, Reason::OpenRealm))
            }
        }
    }

    fn compare_pull_tokens(&mut self, pending: Conclusion, request: TokenRequest) -> Step {
        // Whether an image is forbidden or missing is not worth more requests.
        let forbidden = pending.verdict() == Verdict::Denied;
        match self.target.image.clone() {
            Some(image) if !forbidden => {
                let request = TokenRequest::new(request.realm);
                self.compare(pending, ComparisonStep::PullToken(request, image))
            }
            _ => done(unexamined(pending, Reason::OpenRealm)),
        }
    }

    fn compare_manifests(
        &mut self,
        pending: Conclusion,
        image: ImageReference,
        token: Token,
    ) -> Step {
        if pending.verdict() == Verdict::Denied {
            return done(unexamined(pending, Reason::OpenRealm));
        }
        let bearer = Some(token.first);
        self.compare(pending, ComparisonStep::Manifest { image, bearer })
    }

    /// Any other answer to an anonymous request, or that of the image.
    pub(super) fn on_comparison(&mut self, comparison: Comparison, reply: &Reply) -> Step {
        let Comparison { pending, step } = comparison;
        match step {
            ComparisonStep::Manifest { .. } => {
                done(weigh(pending, Anonymous::Status(reply.status)))
            }
            // A lock-out, and a server that was never sent the credential, refuse for reasons of their own.
            ComparisonStep::LoginToken(request) | ComparisonStep::PullToken(request, _)
                if request.redirected || reply.envelope().says_locked_out() =>
            {
                done(weigh(
                    pending,
                    Anonymous::Failed(conclude(Reason::ComparisonFailed, reply)),
                ))
            }
            // The same request succeeded with the credential, so 400 is not about its form: Keycloak answers
            // so to a token request without `Authorization`.
            _ if matches!(reply.status, 400 | 401 | 403) => done(examined(pending)),
            ComparisonStep::LoginToken(request) => self.compare_pull_tokens(pending, request),
            ComparisonStep::PullToken(..) => done(unexamined(pending, Reason::OpenRealm)),
        }
    }

    /// The image was asked for before the credential was shown.
    pub(super) fn on_probe(&mut self, image: ImageReference, reply: &Reply) -> Step {
        self.probed = Some(Anonymous::Status(reply.status));
        let is_registry = self.login == Login::Accepted;
        match reply.status {
            401 => self.follow_challenges(reply),
            _ if is_registry => self.ask(Phase::Manifest(Pull::new(image, None))),
            200..=299 if !reply.is_html() => self.ask(Phase::Manifest(Pull::new(image, None))),
            _ => done(self.no_registry(reply)),
        }
    }
}

/// Weighs the authenticated result against the anonymous one.
fn weigh(pending: Conclusion, anonymous: Anonymous) -> Conclusion {
    let status = match anonymous {
        Anonymous::Status(status) => status,
        Anonymous::Failed(_) if pending.verdict() == Verdict::Denied => {
            return unexamined(pending, Reason::ComparisonFailed);
        }
        Anonymous::Failed(failure) => {
            return Conclusion {
                reason: Reason::ComparisonFailed,
                digest: pending.digest,
                ..failure
            };
        }
    };
    let was_pulled = pending.verdict() == Verdict::Valid;
    // A registry may hide from anonymous requests what it shows to the credential.
    let is_hidden = was_pulled && status == 404;
    if is_hidden || matches!(status, 401 | 403) {
        return examined(pending);
    }
    let reason = if was_pulled {
        Reason::PublicImage
    } else {
        Reason::ImageMissing
    };
    unexamined(pending, reason)
}

fn examined(pending: Conclusion) -> Conclusion {
    pending
}

/// The conclusion where the credential may not have been examined. A refusal of the image stays one, but
/// says nothing about the login.
fn unexamined(pending: Conclusion, reason: Reason) -> Conclusion {
    let reason = if pending.verdict() == Verdict::Denied {
        Reason::NoPullAccess
    } else {
        reason
    };
    Conclusion { reason, ..pending }
}
