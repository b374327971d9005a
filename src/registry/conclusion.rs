//! How a proof ends: a reason, which carries its verdict, and the words of whoever refused.

use super::exchange::{ProxyErrorKind, Reply, WireError, WireErrorKind};
use crate::{
    domain::verdict::Verdict,
    support::{
        text::{Cleaner, Foreign, Quoted},
        tls::TlsError,
    },
};

/// The end of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// Why, in a stable word (docs/verdicts.md).
    pub reason: Reason,
    /// The words that go with it.
    pub words: Option<Words>,
    /// Status of the answer that decided.
    pub http_status: Option<u16>,
    /// Digest of the image.
    pub digest: Option<String>,
}

/// Words that go with a conclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// Words of others, as they came.
    Foreign(Speaker, Foreign),
    /// The same as they may be shown.
    Quoted(Speaker, Quoted),
    /// A detail in the words of this program.
    Own(String),
}

/// Whose words are quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The server's, out of the body of its answer.
    Server,
    /// The system's, or those of this program with a name in them that the server chose.
    System,
}

/// What a conclusion holds for beyond the image that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nothing else.
    Image,
    /// Every image that the same login asks for on the server. Asking again would count as another failed
    /// login.
    Login,
    /// Everything that takes the same route to the server, with the same demands on TLS. Asking again
    /// would take the whole time once more.
    Route,
}

macro_rules! reasons {
    ($($(#[$doc:meta])+ $name:ident = $word:literal => $verdict:ident, $scope:ident;)+) => {
        /// Why a verdict was given. The words are part of the module's contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])+ $name,)+ }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word that names the reason in results and documentation.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The verdict that the reason stands for.
            pub const fn verdict(self) -> Verdict {
                match self { $(Self::$name => Verdict::$verdict,)+ }
            }

            /// What the conclusion holds for beyond the image.
            pub const fn scope(self) -> Scope {
                match self { $(Self::$name => Scope::$scope,)+ }
            }
        }
    };
}

reasons! {
    /// The image was seen with the credential.
    Pulled = "pulled" => Valid, Image;
    /// The login was accepted; no image was asked for.
    LoggedIn = "logged_in" => Valid, Image;
    /// User or password refused.
    Rejected = "rejected" => InvalidCredentials, Login;
    /// User or password refused, or no permission: the server does not say which.
    RejectedOrNoPermission = "rejected_or_no_permission" => InvalidCredentials, Login;
    /// The credential has expired.
    Expired = "expired" => InvalidCredentials, Login;
    /// The registry, or its store, answered 403 to the image.
    Forbidden = "forbidden" => Denied, Image;
    /// The realm issues no token for the image.
    NoPullToken = "no_pull_token" => DeniedOrMissing, Image;
    /// The token does not allow the image.
    NoPullAccess = "no_pull_access" => DeniedOrMissing, Image;
    /// No such tag or repository.
    NoImage = "no_image" => ImageNotFound, Image;
    /// No such project.
    NoProject = "no_project" => ImageNotFound, Image;
    /// The same image is there without the credential.
    PublicImage = "public_image" => NotProven, Image;
    /// The registry requires no credential.
    OpenRegistry = "open_registry" => NotProven, Image;
    /// The realm issues the same token without the credential.
    OpenRealm = "open_realm" => NotProven, Image;
    /// The realm issues anonymous tokens, and no image is there to compare with.
    ImageMissing = "image_missing" => NotProven, Image;
    /// The same request without the credential failed.
    ComparisonFailed = "comparison_failed" => NotProven, Image;
    /// Too many requests.
    TooManyRequests = "too_many_requests" => RateLimited, Image;
    /// Too many failed logins.
    LoginLockout = "login_lockout" => RateLimited, Login;
    /// The name does not resolve.
    Dns = "dns" => Unreachable, Route;
    /// Nothing listens, or no route.
    Refused = "refused" => Unreachable, Route;
    /// No answer in time.
    Timeout = "timeout" => Unreachable, Route;
    /// The time for the whole run was over.
    RunTimeout = "run_timeout" => Unreachable, Route;
    /// The connection broke.
    ConnectionLost = "connection_lost" => Unreachable, Route;
    /// No trusted authority signed the certificate.
    UnknownIssuer = "unknown_issuer" => TlsFailure, Route;
    /// The certificate is not valid now.
    CertificateExpired = "certificate_expired" => TlsFailure, Route;
    /// The certificate is for another name.
    WrongName = "wrong_name" => TlsFailure, Route;
    /// The certificate has no name in `subjectAltName`.
    NoAlternativeName = "no_alternative_name" => TlsFailure, Route;
    /// The certificate was signed with another key than that of the trusted authority of its name.
    BadSignature = "bad_signature" => TlsFailure, Route;
    /// The certificate is not fit for a server.
    UnsuitableCertificate = "unsuitable_certificate" => TlsFailure, Route;
    /// The server does not speak TLS.
    SpeaksHttp = "speaks_http" => TlsFailure, Route;
    /// No common TLS version or cipher.
    TlsProtocol = "tls_protocol" => TlsFailure, Route;
    /// The server requires a client certificate.
    ClientCertificate = "client_certificate_required" => TlsFailure, Route;
    /// The server does not accept the client certificate.
    ClientCertificateRefused = "client_certificate_refused" => TlsFailure, Route;
    /// The files for TLS cannot be used.
    TlsFiles = "tls_files" => TlsFailure, Route;
    /// TLS failed otherwise.
    TlsOther = "tls_other" => TlsFailure, Route;
    /// The proxy requires a user and a password, or refuses those it was sent.
    ProxyAuthentication = "proxy_authentication" => ProxyFailure, Route;
    /// The proxy does not connect to the registry.
    ProxyDenied = "proxy_denied" => ProxyFailure, Route;
    /// The proxy cannot be reached.
    ProxyUnreachable = "proxy_unreachable" => ProxyFailure, Route;
    /// No trusted TLS connection to the proxy.
    ProxyUntrusted = "proxy_untrusted" => ProxyFailure, Route;
    /// `/v2/` is not there.
    NoApi = "no_api" => NotARegistry, Image;
    /// A page for people where the API should be.
    WebPage = "web_page" => NotARegistry, Image;
    /// The registry redirects to another host.
    RedirectElsewhere = "redirect_elsewhere" => NotARegistry, Image;
    /// The credential must not go to the realm.
    UnsafeRealm = "unsafe_realm" => RegistryError, Image;
    /// The challenge names no usable realm.
    MalformedChallenge = "malformed_challenge" => RegistryError, Image;
    /// No scheme that a user and a password fit.
    UnsupportedScheme = "unsupported_scheme" => RegistryError, Image;
    /// The realm accepted the login and issued no token that can be read.
    NoToken = "no_token" => RegistryError, Image;
    /// The registry does not accept the token that its realm issued.
    TokenRejected = "token_rejected" => RegistryError, Image;
    /// Something in front of the registry refuses every request.
    Blocked = "blocked" => RegistryError, Image;
    /// The server failed (5xx).
    ServerError = "server_error" => RegistryError, Image;
    /// A redirect from https to plain HTTP.
    RedirectToHttp = "redirect_to_http" => RegistryError, Image;
    /// A redirect into a private network.
    UnsafeRedirect = "unsafe_redirect" => RegistryError, Image;
    /// The realm redirects to another host, where no credential is sent.
    TokenRedirect = "token_redirect" => RegistryError, Image;
    /// Redirects without end.
    RedirectLoop = "redirect_loop" => RegistryError, Image;
    /// An answer that means nothing here.
    UnexpectedAnswer = "unexpected_answer" => RegistryError, Image;
    /// What came is not HTTP, or is too large.
    Garbage = "garbage" => RegistryError, Image;
    /// No test was asked for.
    NotTested = "not_tested" => Skipped, Image;
    /// The options do not name the registry of a stored credential.
    Unlisted = "unlisted" => Skipped, Image;
    /// The entry holds an identity token and no password.
    IdentityToken = "identity_token" => Skipped, Image;
    /// The key of the entry is not that of a registry.
    NoRegistry = "no_registry" => Skipped, Image;
    /// The entry holds the token of Red Hat's telemetry.
    Telemetry = "telemetry" => Skipped, Image;
}

impl Conclusion {
    /// Concludes without an answer to point at.
    pub fn new(reason: Reason) -> Self {
        Self {
            reason,
            words: None,
            http_status: None,
            digest: None,
        }
    }

    /// Concludes from an answer, with what the server says in it.
    pub fn from_reply(reason: Reason, reply: &Reply) -> Self {
        Self {
            words: reply
                .envelope()
                .words()
                .map(|words| Words::Foreign(Speaker::Server, words)),
            http_status: Some(reply.status),
            ..Self::new(reason)
        }
    }

    /// Concludes from the lack of an answer.
    pub fn from_error(error: &WireError) -> Self {
        Self::new(error.kind.into()).with_details(error.detail.as_str())
    }

    /// The verdict that the reason stands for.
    pub const fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }

    /// Adds details with names in them that others chose.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        let details = Foreign::new(details);
        self.words = (!details.is_blank()).then_some(Words::Foreign(Speaker::System, details));
        self
    }

    /// Adds a detail in the words of this program.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.words = Some(Words::Own(detail.into()));
        self
    }

    /// The conclusion as it may be shown.
    #[must_use]
    pub(super) fn cleaned(mut self, cleaner: &Cleaner) -> Self {
        self.words = match self.words {
            Some(Words::Foreign(speaker, words)) => Some(cleaner.quote(&words))
                .filter(|words| !words.is_empty())
                .map(|words| Words::Quoted(speaker, words)),
            other => other,
        };
        self
    }
}

impl From<WireErrorKind> for Reason {
    fn from(kind: WireErrorKind) -> Self {
        match kind {
            WireErrorKind::Dns => Self::Dns,
            WireErrorKind::Refused => Self::Refused,
            WireErrorKind::Timeout => Self::Timeout,
            WireErrorKind::Lost => Self::ConnectionLost,
            WireErrorKind::Garbage => Self::Garbage,
            WireErrorKind::UnsafeAddress => Self::UnsafeRealm,
            WireErrorKind::TlsFiles => Self::TlsFiles,
            WireErrorKind::Tls(error) => error.into(),
            WireErrorKind::Proxy(error) => error.into(),
        }
    }
}

impl From<TlsError> for Reason {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::UnknownIssuer => Self::UnknownIssuer,
            TlsError::Expired => Self::CertificateExpired,
            TlsError::WrongName => Self::WrongName,
            TlsError::NoAlternativeName => Self::NoAlternativeName,
            TlsError::BadSignature => Self::BadSignature,
            TlsError::UnsuitableCertificate => Self::UnsuitableCertificate,
            TlsError::NotTls => Self::SpeaksHttp,
            TlsError::Protocol => Self::TlsProtocol,
            TlsError::ClientCertificateRequired => Self::ClientCertificate,
            TlsError::ClientCertificateRefused => Self::ClientCertificateRefused,
            TlsError::UnknownName | TlsError::Other => Self::TlsOther,
        }
    }
}

impl From<ProxyErrorKind> for Reason {
    fn from(error: ProxyErrorKind) -> Self {
        match error {
            ProxyErrorKind::Authentication => Self::ProxyAuthentication,
            ProxyErrorKind::Denied => Self::ProxyDenied,
            ProxyErrorKind::Unreachable => Self::ProxyUnreachable,
            ProxyErrorKind::Untrusted => Self::ProxyUntrusted,
        }
    }
}
