//! What a proof ended with.

use super::exchange::{Fault, FaultKind, ProxyFault, Reply, TlsFault};
use crate::{
    domain::verdict::Verdict,
    support::text::{Cleaner, Foreign, Quoted},
};

/// The end of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in a stable word (docs/verdicts.md).
    pub reason: Reason,
    /// What goes with it.
    pub words: Option<Words>,
    /// Status of the answer that decided.
    pub http_status: Option<u16>,
    /// Digest of the image.
    pub digest: Option<String>,
}

/// Words that go with a conclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// What the server or the system said, as it came.
    Foreign(Foreign),
    /// The same as it may be shown.
    Quoted(Quoted),
    /// A detail in the words of this program.
    Own(String),
}

macro_rules! reasons {
    ($($(#[$doc:meta])+ $name:ident = $word:literal,)+) => {
        /// Why a verdict was given. The words are part of the module's contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])+ $name,)+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Returns the word by which the reason is known.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

reasons! {
    /// The image was seen with the credential.
    Pulled = "pulled",
    /// The login was accepted; no image was asked for.
    LoggedIn = "logged_in",
    /// User or password refused.
    Rejected = "rejected",
    /// User or password refused, or no permission: the server does not tell.
    RejectedOrNoPermission = "rejected_or_no_permission",
    /// The credential has run out.
    Expired = "expired",
    /// The registry answered 403 to the image.
    Forbidden = "forbidden",
    /// The realm issues no token for the image.
    NoPullToken = "no_pull_token",
    /// The token does not allow the image.
    NoPullAccess = "no_pull_access",
    /// No such tag or repository.
    NoImage = "no_image",
    /// No such project.
    NoProject = "no_project",
    /// Anybody may pull the image.
    PublicImage = "public_image",
    /// The registry asks nobody for a credential.
    OpenRegistry = "open_registry",
    /// The realm gives everybody a token, and the image is not there to tell the difference.
    ImageMissing = "image_missing",
    /// The realm gives everybody a token.
    OpenRealm = "open_realm",
    /// The same request without the credential failed.
    ComparisonFailed = "comparison_failed",
    /// Too many failed logins.
    LoginLockout = "login_lockout",
    /// Too many requests.
    TooManyRequests = "too_many_requests",
    /// The name does not resolve.
    Dns = "dns",
    /// Nothing listens, or no route.
    Refused = "refused",
    /// No answer in time.
    Timeout = "timeout",
    /// The connection broke.
    ConnectionLost = "connection_lost",
    /// No known authority signed the certificate.
    UnknownIssuer = "unknown_issuer",
    /// The certificate is not valid now.
    CertificateExpired = "certificate_expired",
    /// The certificate is for another name.
    WrongName = "wrong_name",
    /// The certificate has no name in `subjectAltName`.
    NoAlternativeName = "no_alternative_name",
    /// The certificate was signed with another key than that of the trusted authority of its name.
    BadSignature = "bad_signature",
    /// The certificate is not fit for a server.
    UnsuitableCertificate = "unsuitable_certificate",
    /// The server does not speak TLS.
    SpeaksHttp = "speaks_http",
    /// No common TLS version or cipher.
    TlsProtocol = "tls_protocol",
    /// The server wants a client certificate.
    ClientCertificate = "client_certificate_required",
    /// The files for TLS cannot be used.
    TlsFiles = "tls_files",
    /// TLS failed otherwise.
    TlsOther = "tls_other",
    /// The proxy wants a user and a password.
    ProxyAuthentication = "proxy_authentication",
    /// The proxy does not pass us on.
    ProxyDenied = "proxy_denied",
    /// The proxy is not there.
    ProxyUnreachable = "proxy_unreachable",
    /// No trusted TLS connection to the proxy.
    ProxyUntrusted = "proxy_untrusted",
    /// `/v2/` is not there.
    NoApi = "no_api",
    /// A page for people where the API should be.
    WebPage = "web_page",
    /// The registry sends us to another host.
    RedirectElsewhere = "redirect_elsewhere",
    /// The registry sends us to plain HTTP.
    RedirectToHttp = "redirect_to_http",
    /// Redirects without end.
    RedirectLoop = "redirect_loop",
    /// The challenge names no usable realm.
    MalformedChallenge = "malformed_challenge",
    /// The credential must not go to the realm.
    UnsafeRealm = "unsafe_realm",
    /// No scheme that a user and a password fit.
    UnsupportedScheme = "unsupported_scheme",
    /// The realm accepted the login and gave no token.
    NoToken = "no_token",
    /// The registry does not accept the token that its realm issued.
    TokenRejected = "token_rejected",
    /// Something before the registry refuses everybody.
    Blocked = "blocked",
    /// The server failed (5xx).
    ServerError = "server_error",
    /// An answer that means nothing here.
    UnexpectedAnswer = "unexpected_answer",
    /// What came is not HTTP, or is too large.
    Garbage = "garbage",
    /// No test was asked for.
    NotTested = "not_tested",
    /// The options do not name the registry of a stored credential.
    Unlisted = "unlisted",
}

impl Conclusion {
    /// Concludes without an answer to point at.
    #[must_use]
    pub fn new(verdict: Verdict, reason: Reason) -> Self {
        Self {
            verdict,
            reason,
            words: None,
            http_status: None,
            digest: None,
        }
    }

    /// Concludes from an answer.
    #[must_use]
    pub fn from_reply(verdict: Verdict, reason: Reason, reply: &Reply) -> Self {
        Self {
            verdict,
            reason,
            words: reply.envelope().words().map(Words::Foreign),
            http_status: Some(reply.status),
            digest: None,
        }
    }

    /// Concludes from the lack of one.
    #[must_use]
    pub fn from_fault(fault: &Fault) -> Self {
        let (verdict, reason) = verdict_of(fault.kind);
        let words =
            (!fault.detail.is_empty()).then(|| Words::Foreign(Foreign::new(fault.detail.as_str())));
        Self {
            words,
            ..Self::new(verdict, reason)
        }
    }

    /// Adds a detail in the words of this program.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.words = Some(Words::Own(detail.into()));
        self
    }

    /// Adds what the server said.
    #[must_use]
    pub fn quoting(mut self, words: impl Into<String>) -> Self {
        self.words = Some(Words::Foreign(Foreign::new(words)));
        self
    }

    /// Returns the conclusion as it may be shown.
    #[must_use]
    pub(super) fn shown(mut self, cleaner: &Cleaner) -> Self {
        self.words = match self.words {
            Some(Words::Foreign(words)) => Some(cleaner.quote(&words))
                .filter(|words| !words.is_empty())
                .map(Words::Quoted),
            shown => shown,
        };
        self
    }
}

fn verdict_of(kind: FaultKind) -> (Verdict, Reason) {
    match kind {
        FaultKind::Dns => (Verdict::Unreachable, Reason::Dns),
        FaultKind::Refused => (Verdict::Unreachable, Reason::Refused),
        FaultKind::Timeout => (Verdict::Unreachable, Reason::Timeout),
        FaultKind::Lost => (Verdict::Unreachable, Reason::ConnectionLost),
        FaultKind::Garbage => (Verdict::RegistryError, Reason::Garbage),
        FaultKind::Tls(fault) => (Verdict::TlsFailure, tls_reason(fault)),
        FaultKind::Proxy(fault) => (Verdict::ProxyFailure, proxy_reason(fault)),
    }
}

fn tls_reason(fault: TlsFault) -> Reason {
    match fault {
        TlsFault::UnknownIssuer => Reason::UnknownIssuer,
        TlsFault::Expired => Reason::CertificateExpired,
        TlsFault::WrongName => Reason::WrongName,
        TlsFault::NoAlternativeName => Reason::NoAlternativeName,
        TlsFault::BadSignature => Reason::BadSignature,
        TlsFault::UnsuitableCertificate => Reason::UnsuitableCertificate,
        TlsFault::SpeaksHttp => Reason::SpeaksHttp,
        TlsFault::Protocol => Reason::TlsProtocol,
        TlsFault::ClientCertificate => Reason::ClientCertificate,
        TlsFault::Files => Reason::TlsFiles,
        TlsFault::Other => Reason::TlsOther,
    }
}

fn proxy_reason(fault: ProxyFault) -> Reason {
    match fault {
        ProxyFault::Authentication => Reason::ProxyAuthentication,
        ProxyFault::Denied => Reason::ProxyDenied,
        ProxyFault::Unreachable => Reason::ProxyUnreachable,
        ProxyFault::Untrusted => Reason::ProxyUntrusted,
    }
}
