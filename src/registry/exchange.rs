//! What goes to a registry and what comes back, as values: the flow is made of these, and only
//! `transport.rs` turns them into bytes on a wire.

use std::time::Duration;

use url::Url;

use super::envelope::Envelope;
use crate::domain::{
    credential::Credential, image::ImageReference, registry_host::RegistryHost, secret::Secret,
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
    /// Returns the address of the registry's server; `None` where a URL cannot name it: not every label
    /// that begins with `xn--` is an international name (UTS 46).
    pub(super) fn base_url(&self, scheme: &str) -> Option<Url> {
        Url::parse(&format!("{scheme}://{}/", self.host.api_authority())).ok()
    }
}

/// A request to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// HEAD or GET.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// What is shown there.
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
}

/// The `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// None.
    Anonymous,
    /// User and password, encoded.
    Basic(Secret),
    /// An issued token.
    Bearer(Secret),
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
    /// `/v2/` without credential: is it a registry, and what does it ask for?
    Ping,
    /// `/v2/` with user and password.
    BasicPing,
    /// A token for nothing: are user and password good?
    LoginToken,
    /// A token for pulling the image.
    PullToken,
    /// The image's manifest, headers only.
    Manifest,
    /// The image's manifest again with GET, for what the registry has to say.
    ManifestText,
    /// A token for nothing, without credential: does the realm issue tokens to anybody?
    AnonymousToken,
    /// A token for pulling the image, without credential.
    AnonymousPullToken,
    /// The image's manifest, without credential: is it public?
    AnonymousManifest,
}

impl Purpose {
    /// Returns whether a token is wanted.
    #[must_use]
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
    Fault(Fault),
}

/// What of a server's answer matters.
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
    /// Whether the body was longer than what is read.
    pub oversized: bool,
}

impl Reply {
    /// Returns whether the answer is a page for people.
    #[must_use]
    pub fn is_html(&self) -> bool {
        self.content_type.to_ascii_lowercase().contains("html")
            || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// Returns what the server says.
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        Envelope::read(&self.body)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// The system's or library's words.
    pub detail: String,
}

/// What can go wrong on the way to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
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
    /// No trusted TLS connection.
    Tls(TlsFault),
    /// A proxy refused or is not there.
    Proxy(ProxyFault),
}

/// Why TLS failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsFault {
    /// No known authority signed the certificate.
    UnknownIssuer,
    /// The certificate has run out, or is not valid yet.
    Expired,
    /// The certificate is for another name.
    WrongName,
    /// The certificate names no host where names are looked for.
    NoAlternativeName,
    /// An authority with a trusted name and another key signed the certificate.
    BadSignature,
    /// The certificate, or its key, is of a kind that no server should have.
    UnsuitableCertificate,
    /// The server does not speak TLS.
    SpeaksHttp,
    /// No common version or cipher.
    Protocol,
    /// The server wants a certificate from us.
    ClientCertificate,
    /// Files for TLS cannot be used.
    Files,
    /// Anything else.
    Other,
}

/// What a proxy did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyFault {
    /// It wants a user and a password (407).
    Authentication,
    /// It does not pass us on: it does not want to, or cannot.
    Denied,
    /// It is not there.
    Unreachable,
    /// No trusted TLS connection to it.
    Untrusted,
}
