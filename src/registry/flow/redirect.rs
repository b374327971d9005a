//! Redirects. A credential never follows one to another server (RFC 9110 §15.4 leaves it to the client).

use url::Url;

use super::{
    Flow, Step, conclude, done,
    phase::{ComparisonStep, Phase},
};
use crate::registry::{
    conclusion::{Conclusion, Reason},
    exchange::{Authorization, Method, Reply},
    realm::{is_same_origin, leads_inside, realm_url},
};

/// More than any honest server needs.
const MAX_HOPS: u32 = 5;

impl Flow {
    pub(super) fn on_redirect(&mut self, reply: &Reply) -> Step {
        // The page that accompanies a redirect says nothing about the image, and may hold a token.
        let reply = &reply.without_body();
        let Some(to) = self.destination(reply) else {
            return self.fail(conclude(Reason::UnexpectedAnswer, reply));
        };
        self.count.hops += 1;
        if self.count.hops > MAX_HOPS {
            return self.fail(conclude(Reason::RedirectLoop, reply));
        }
        if is_same_origin(&to, &self.pending.url) {
            let mut request = self.pending.clone();
            request.url = to;
            return self.send(request);
        }
        if to.scheme() == "http" && self.pending.url.scheme() == "https" {
            return self.fail(conclude(Reason::RedirectToHttp, reply));
        }
        self.on_redirect_elsewhere(to, reply)
    }

    /// The redirect's target; a user in the URL is dropped, so that it is not sent.
    fn destination(&self, reply: &Reply) -> Option<Url> {
        let mut url = self.pending.url.join(reply.location.as_deref()?).ok()?;
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_fragment(None);
        url.host_str()?;
        Some(url)
    }

    fn on_redirect_elsewhere(&mut self, to: Url, reply: &Reply) -> Step {
        match self.phase.clone() {
            // Another port counts as another server: nothing shows that the registry answers there.
            Phase::Ping { .. } | Phase::BasicPing => done(other_registry(&to, reply)),
            Phase::LoginToken(_) | Phase::PullToken(..) => self.follow_to_realm(&to, reply),
            Phase::Manifest(_) | Phase::ManifestText(_) => self.follow_to_store(to, reply),
            // An anonymous request that is sent on to a store shows that the image is public. Where it is
            // sent on to a page for signing in, this errs on the safe side.
            Phase::Probe(image) => self.on_probe(image, &found(reply)),
            Phase::Compare(comparison) => match comparison.step {
                ComparisonStep::Manifest { .. } => self.on_comparison(comparison, &found(reply)),
                ComparisonStep::LoginToken(_) | ComparisonStep::PullToken(..) => {
                    self.follow_to_realm(&to, reply)
                }
            },
        }
    }

    fn follow_to_realm(&mut self, to: &Url, reply: &Reply) -> Step {
        match realm_url(&self.base, to.as_str()) {
            Ok(url) => self.follow_without_credential(url),
            Err(error) => {
                self.fail(conclude(Reason::UnsafeRealm, reply).with_details(error.to_string()))
            }
        }
    }

    /// The manifest may lie in a store of its own: the image is there only if it is there.
    fn follow_to_store(&mut self, to: Url, reply: &Reply) -> Step {
        match to.scheme() {
            "http" | "https" if leads_inside(&to, &self.base) => {
                let details = format!("it redirects to {}", to.authority());
                done(conclude(Reason::UnsafeRedirect, reply).with_details(details))
            }
            "http" | "https" => self.follow_without_credential(to),
            _ => done(conclude(Reason::UnexpectedAnswer, reply)),
        }
    }

    fn follow_without_credential(&mut self, to: Url) -> Step {
        self.phase = self.phase.clone().redirected();
        let mut request = self.pending.clone();
        request.site = self.site(&to);
        request.url = to;
        request.authorization = Authorization::Anonymous;
        if request.method == Method::Post {
            // The form had the credential in it.
            request.method = Method::Get;
        }
        self.send(request)
    }
}

fn other_registry(to: &Url, reply: &Reply) -> Conclusion {
    let details = format!("it redirects to {}", to.authority());
    conclude(Reason::RedirectElsewhere, reply).with_details(details)
}

/// The redirect to a store as what it means for an anonymous request: the image is shown.
fn found(reply: &Reply) -> Reply {
    Reply {
        status: 200,
        ..reply.clone()
    }
}
