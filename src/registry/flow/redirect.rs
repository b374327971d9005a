//! Redirects. A credential never follows one to another server (RFC 9110 §15.4 leaves it to the
//! client; docker registries redirect only blobs).

use url::Url;

use super::{Flow, Step, done, failed};
use crate::{
    domain::verdict::Verdict,
    registry::{
        conclusion::{Conclusion, Reason},
        exchange::{Authorization, Purpose, Reply},
        realm::{is_same_origin, realm_url},
    },
};

/// More than any honest server needs.
const MAX_HOPS: u32 = 5;

impl Flow {
    pub(super) fn on_redirect(&mut self, reply: &Reply) -> Step {
        let Some(to) = self.destination(reply) else {
            return self.fail(failed(Reason::UnexpectedAnswer, reply));
        };
        self.hops += 1;
        if self.hops > MAX_HOPS {
            return self.fail(failed(Reason::RedirectLoop, reply));
        }
        if is_same_origin(&to, &self.pending.url) {
            let mut request = self.pending.clone();
            request.url = to;
            return self.send(request);
        }
        match self.pending.purpose {
            // The registry has found the image and sends us to its store.
            Purpose::Manifest | Purpose::ManifestText => self.on_found(&without_body(reply)),
            Purpose::AnonymousManifest => {
                let found = Reply {
                    status: 200,
                    ..without_body(reply)
                };
                self.on_anonymous_manifest(&found)
            }
            Purpose::Ping | Purpose::BasicPing => done(other_registry(&to, reply)),
            _ => self.follow_without_credential(&to, reply),
        }
    }

    /// Where the redirect leads; a user in the URL is dropped, so that it is sent to nobody.
    fn destination(&self, reply: &Reply) -> Option<Url> {
        let mut url = self.pending.url.join(reply.location.as_deref()?).ok()?;
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_fragment(None);
        url.host_str()?;
        Some(url)
    }

    fn follow_without_credential(&mut self, to: &Url, reply: &Reply) -> Step {
        if to.scheme() == "http" && self.pending.url.scheme() == "https" {
            return self.fail(failed(Reason::RedirectToHttp, reply));
        }
        match realm_url(&self.base, to.as_str()) {
            Ok(url) => {
                self.known.token_redirected = true;
                let mut request = self.pending.clone();
                request.url = url;
                request.authorization = Authorization::Anonymous;
                self.send(request)
            }
            Err(error) => self.fail(failed(Reason::UnsafeRealm, reply).quoting(error.to_string())),
        }
    }
}

/// Another port counts as another server: who answers there is not known to be the registry.
fn other_registry(to: &Url, reply: &Reply) -> Conclusion {
    let verdict = Verdict::NotARegistry;
    Conclusion::from_reply(verdict, Reason::RedirectElsewhere, reply).quoting(to.authority())
}

/// The page that accompanies a redirect says nothing of the image.
fn without_body(reply: &Reply) -> Reply {
    Reply {
        body: Vec::new(),
        content_type: String::new(),
        ..reply.clone()
    }
}
