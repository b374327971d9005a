//! The pending step of a proof, with everything that its answer will be weighed against.

use url::Url;

use crate::{
    domain::{image::ImageReference, secret::Secret},
    registry::{
        conclusion::Conclusion,
        exchange::{Accept, Authorization, Method, Purpose, Request, Site, WireError},
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

/// Result of the anonymous request for the image.
#[derive(Clone, Debug)]
pub(super) enum Anonymous {
    /// The status of the answer.
    Status(u16),
    /// There was no answer to compare with.
    Failed(Conclusion),
}

impl TokenRequest {
    pub(super) fn new(realm: Realm) -> Self {
        Self {
            realm,
            redirected: false,
        }
    }

    pub(super) fn url(&self, account: Option<&str>, scope: Option<&str>) -> Url {
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

/// A URL of the registry's API.
pub(super) fn api_url(base: &Url, path: &str) -> Url {
    base.join(&format!("/v2/{path}"))
        .expect("image references need no escapes in a path")
}
