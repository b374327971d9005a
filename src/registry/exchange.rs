//! What goes to a registry and what comes back, as values. The flow is made of these; `client.rs` alone
//! turns them into bytes on a wire.

use std::time::Duration;

use url::Url;

use super::envelope::Envelope;
use crate::{
    domain::{
        credential::Credential, image::ImageReference, registry_host::RegistryHost, secret::Secret,
    },
    support::tls::TlsError,
};

/// What is to be proven.
#[derive(Clone, Debug)]
pub struct Target {
    /// The registry.
    pub host: RegistryHost,
    /// User and password.
    pub credential: Credential,
    /// The image that must be there; `None`: only the login is examined.
    pub image: Option<ImageReference>,
    /// Whether plain HTTP may be used when the server does not speak TLS.
    pub plain_http: bool,
}

impl Target {
    /// The address of the registry's server; `None` where a URL cannot name it: not every label that
    /// begins with `xn--` is an international name (UTS 46).
    pub(super) fn base_url(&self, scheme: &str) -> Option<Url> {
        server_url(scheme, &self.host)
    }
}

/// The address of the server of `host`, as [`Target::base_url`] returns it.
pub fn server_url(scheme: &str, host: &RegistryHost) -> Option<Url> {
    Url::parse(&format!("{scheme}://{}/", host.api_authority())).ok()
}

/// A request to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// HEAD, GET or POST.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Who answers there.
    pub site: Site,
    /// The credential that is sent along.
    pub authorization: Authorization,
    /// Which kinds of manifest are welcome.
    pub accept: Accept,
    /// Why it is sent.
    pub purpose: Purpose,
}

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Headers only.
    Head,
    /// Headers and body.
    Get,
    /// The same, for a form that is sent along.
    Post,
}

/// Who answers a request: the demands on TLS that the user made hold for the registry and its realm, and
/// for nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Site {
    /// The registry.
    Registry,
    /// The realm that the registry named.
    Realm,
    /// A server that a redirect named.
    Elsewhere,
}

/// How the credential is sent along: in the `Authorization` header, or in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// None.
    Anonymous,
    /// User and password, encoded.
    Basic(Secret),
    /// An issued token.
    Bearer(Secret),
    /// An identity token in a form, encoded.
    Form(Secret),
}

/// The `Accept` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Anything.
    Any,
    /// The known kinds of manifest. Without it some registries convert or deny the image.
    Manifest,
}

/// The steps of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `/v2/` without credential: is it a registry, and what does it require?
    Ping,
    /// `/v2/` with user and password.
    BasicPing,
    /// A token without scope: are user and password good?
    LoginToken,
    /// A token for pulling the image.
    PullToken,
    /// The image's manifest, headers only.
    Manifest,
    /// The image's manifest again with GET, for the words of a refusal.
    ManifestText,
    /// A token without scope and without credential: does the realm issue anonymous tokens?
    AnonymousToken,
    /// A token for pulling the image, without credential.
    AnonymousPullToken,
    /// The image's manifest, without credential: is it public?
    AnonymousManifest,
}

impl Purpose {
    /// Whether a token is asked for. The body of a success is then a secret, whatever its form.
    pub const fn asks_for_token(self) -> bool {
        matches!(
            self,
            Self::LoginToken | Self::PullToken | Self::AnonymousToken | Self::AnonymousPullToken
        )
    }
}

/// What came of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The server answered.
    Reply(Reply),
    /// It did not.
    Error(WireError),
}

/// The parts of a server's answer that matter.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `WWW-Authenticate`, each header.
    pub challenges: Vec<String>,
    /// `Location`.
    pub location: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// `Content-Type`.
    pub content_type: String,
    /// `Docker-Content-Digest`.
    pub digest: Option<String>,
    /// Whether `Docker-Distribution-Api-Version` is there.
    pub api_version: bool,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// Why the whole body cannot be used.
    pub unusable: Option<Unusable>,
}

/// What keeps a body from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is longer than what is read.
    TooLarge,
    /// Its encoding was not asked for and is not known, or is broken.
    Encoding,
}

impl Reply {
    /// Whether the answer is a page for people.
    pub fn is_html(&self) -> bool {
        self.content_type.to_ascii_lowercase().contains("html")
// Portals often send pages without a content type.
            || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// What the server says.
    pub fn envelope(&self) -> Envelope {
        Envelope::read(&self.body)
    }

    /// The answer without what accompanies it for people.
    pub(super) fn without_body(&self) -> Self {
        Self {
            body: Vec::new(),
            // Without a body its type says nothing, and `is_html` must not go by it.
            content_type: String::new(),
            ..self.clone()
        }
    }
}

/// The reason why no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// What went wrong.
    pub kind: WireErrorKind,
    /// The system's or library's words.
    pub detail: String,
}

/// What can go wrong on the way to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WireErrorKind {
    /// The name does not resolve.
    Dns,
    /// Nothing listens, or no route.
    Refused,
    /// No answer in time.
    Timeout,
    /// The connection broke.
    Lost,
    /// What came is not HTTP.
    Garbage,
    /// The realm's name leads into a private network.
    UnsafeAddress,
    /// Files for TLS cannot be used.
    TlsFiles,
    /// No trusted TLS connection.
    Tls(TlsError),
    /// A proxy refused, or cannot be reached.
    Proxy(ProxyErrorKind),
}

/// What a proxy did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyErrorKind {
    /// It requires a user and a password (407), or refuses those it was sent.
    Authentication,
    /// It does not connect: it does not want to, or cannot.
    Denied,
    /// It cannot be reached.
    Unreachable,
    /// No trusted TLS connection to it.
    Untrusted,
}

impl WireErrorKind {
    /// Adds the words that go with it.
    pub(super) fn because(self, detail: impl Into<String>) -> WireError {
        WireError {
            kind: self,
            detail: detail.into(),
        }
    }
}
