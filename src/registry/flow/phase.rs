//! The pending step of a proof, with everything that its answer will be weighed against.

use url::Url;

use super::Flow;
use crate::{
    domain::{image::ImageReference, secret::Secret},
    registry::{
        conclusion::Conclusion,
        exchange::{Accept, Authorization, Method, Purpose, Request, Site, WireError},
        realm::{is_same_origin, may_receive},
        token::{Token, token_url},
    },
};

/// A step of the proof.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// `/v2/` anonymously. `no_tunnel`: why TLS failed, where plain HTTP is tried in its place.
    Ping { no_tunnel: Option<WireError> },
    /// `/v2/` with user and password.
    BasicPing,
    /// A token without scope.
    LoginToken(TokenRequest),
    /// A token for the image.
    PullToken(TokenRequest, ImageReference),
    /// The image anonymously, before the credential is shown to the server.
    Probe(ImageReference),
    /// The image's manifest by HEAD.
    Manifest(Pull),
    /// The image's manifest by GET, after HEAD was refused.
    ManifestText(Pull),
    /// The same as an authenticated request that succeeded, without the credential.
    Compare(Comparison),
}

/// A request for a token.
#[derive(Clone, Debug)]
pub(super) struct TokenRequest {
    pub(super) realm: Realm,
    /// Whether a redirect led to another server, which was not sent the credential.
    pub(super) redirected: bool,
}

/// The source of tokens.
#[derive(Clone, Debug)]
pub(super) struct Realm {
    pub(super) url: Url,
    pub(super) service: Option<String>,
}

/// A request for the manifest.
#[derive(Clone, Debug)]
pub(super) struct Pull {
    pub(super) image: ImageReference,
    /// The token to show; `None`: user and password.
    pub(super) token: Option<Token>,
    /// Whether a redirect led to another server, which was not sent the credential.
    pub(super) redirected: bool,
}

/// The anonymous counterpart of a success.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    /// The conclusion, should the credential turn out to have been examined.
    pub(super) pending: Conclusion,
    pub(super) step: ComparisonStep,
}

/// The requests of a comparison, in their order.
#[derive(Clone, Debug)]
pub(super) enum ComparisonStep {
    LoginToken(TokenRequest),
    PullToken(TokenRequest, ImageReference),
    Manifest {
        image: ImageReference,
        bearer: Option<Secret>,
    },
}

impl TokenRequest {
    pub(super) fn new(realm: Realm) -> Self {
        Self {
            realm,
            redirected: false,
        }
    }

    fn url(&self, account: Option<&str>, scope: Option<&str>) -> Url {
        token_url(
            &self.realm.url,
            self.realm.service.as_deref(),
            account,
            scope,
        )
    }
}

impl Pull {
    pub(super) fn new(image: ImageReference, token: Option<Token>) -> Self {
        Self {
            image,
            token,
            redirected: false,
        }
    }
}

impl Phase {
    /// Notes that the pending request went on to another server without the credential.
    pub(super) fn redirected(mut self) -> Self {
        match &mut self {
            Self::LoginToken(request) | Self::PullToken(request, _) => request.redirected = true,
            Self::Manifest(pull) | Self::ManifestText(pull) => pull.redirected = true,
            Self::Compare(comparison) => match &mut comparison.step {
                ComparisonStep::LoginToken(request) | ComparisonStep::PullToken(request, _) => {
                    request.redirected = true;
                }
                ComparisonStep::Manifest { .. } => {}
            },
            Self::Ping { .. } | Self::BasicPing | Self::Probe(_) => {}
        }
        self
    }
}

impl Flow {
    /// Makes the request of a step.
    pub(super) fn request_for(&self, phase: &Phase) -> Request {
        let user = Some(self.target.credential.user());
        let scope = Some(self.scope.as_str());
        match phase {
            Phase::Ping { .. } => ping(&self.base),
            Phase::BasicPing => self.with_basic(Purpose::BasicPing, self.api_url("")),
            Phase::LoginToken(token) => self.with_basic(Purpose::LoginToken, token.url(user, None)),
            Phase::PullToken(token, _) => {
                self.with_basic(Purpose::PullToken, token.url(user, scope))
            }
            Phase::Probe(image) => self.comparable(image, Authorization::Anonymous),
            Phase::Manifest(pull) => self.pull(Purpose::Manifest, pull),
            Phase::ManifestText(pull) => self.pull(Purpose::ManifestText, pull),
            Phase::Compare(comparison) => match &comparison.step {
                ComparisonStep::LoginToken(token) => {
                    self.anonymous(Purpose::AnonymousToken, token.url(None, None))
                }
                ComparisonStep::PullToken(token, _) => {
                    self.anonymous(Purpose::AnonymousPullToken, token.url(None, scope))
                }
                ComparisonStep::Manifest { image, bearer } => {
                    let bearer = bearer.clone().map(Authorization::Bearer);
                    self.comparable(image, bearer.unwrap_or(Authorization::Anonymous))
                }
            },
        }
    }

    fn anonymous(&self, purpose: Purpose, url: Url) -> Request {
        self.request(purpose, url, Authorization::Anonymous)
    }

    fn with_basic(&self, purpose: Purpose, url: Url) -> Request {
        let authorization = self.basic(&url);
        self.request(purpose, url, authorization)
    }

    fn pull(&self, purpose: Purpose, pull: &Pull) -> Request {
        let url = self.manifest_url(&pull.image);
        match &pull.token {
            Some(token) => {
                let bearer = Authorization::Bearer(token.first.clone());
                self.request(purpose, url, bearer)
            }
            None => self.with_basic(purpose, url),
        }
    }

    /// The manifest as it was last found: a comparison must ask alike.
    fn comparable(&self, image: &ImageReference, authorization: Authorization) -> Request {
        let url = self.manifest_url(image);
        let (method, accept) = self.found_by;
        Request {
            method,
            accept,
            ..self.request(Purpose::AnonymousManifest, url, authorization)
        }
    }

    fn request(&self, purpose: Purpose, url: Url, authorization: Authorization) -> Request {
        let (method, accept) = match purpose {
            Purpose::Manifest => (Method::Head, Accept::Manifest),
            Purpose::ManifestText => (Method::Get, Accept::Manifest),
            _ => (Method::Get, Accept::Any),
        };
        Request {
            site: self.site(&url),
            method,
            url,
            authorization,
            accept,
            purpose,
        }
    }

    /// Who answers at `url`.
    pub(super) fn site(&self, url: &Url) -> Site {
        let realm = self.realm.as_ref();
        if is_same_origin(url, &self.base) {
            Site::Registry
        } else if realm.is_some_and(|realm| is_same_origin(url, &realm.url)) {
            Site::Realm
        } else {
            Site::Elsewhere
        }
    }

    fn basic(&self, url: &Url) -> Authorization {
        let realm = self.realm.as_ref().map(|realm| &realm.url);
        if may_receive(url, &self.base, realm) {
            Authorization::Basic(self.target.credential.encode())
        } else {
            Authorization::Anonymous
        }
    }

    fn manifest_url(&self, image: &ImageReference) -> Url {
        self.api_url(&format!(
            "{}/manifests/{}",
            image.repository(),
            image.reference()
        ))
    }

    fn api_url(&self, path: &str) -> Url {
        api_url(&self.base, path)
    }
}

/// The first request of every proof.
pub(super) fn ping(base: &Url) -> Request {
    Request {
        method: Method::Get,
        url: api_url(base, ""),
        site: Site::Registry,
        authorization: Authorization::Anonymous,
        accept: Accept::Any,
        purpose: Purpose::Ping,
    }
}

fn api_url(base: &Url, path: &str) -> Url {
    base.join(&format!("/v2/{path}"))
        .expect("image references need no escapes in a path")
}
