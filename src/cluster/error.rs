//! What can go wrong with the cluster or the manifests, one variant for each thing a user can act
//! upon. Texts of the server are cut, cleaned and marked as the server's; nothing of a kubeconfig's
//! content and nothing of a secret is ever in a message.

use std::{fmt, io, path::PathBuf, time::Duration};

use thiserror::Error;

use super::names::ObjectName;
use crate::support::{files::FileError, proxies::ProxyError, text::Quoted};

const TOO_MANY_REQUESTS: u16 = 429;

/// Which server was asked, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The server's URL.
    pub server: String,
    /// The context of the kubeconfig.
    pub context: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (context {})", self.server, self.context)
    }
}

/// A fault of the cluster side.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// No such file.
    #[error("kubeconfig {path} does not exist: set `kubeconfig`, or run on the first master")]
    KubeconfigMissing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read kubeconfig {path}")]
    KubeconfigUnreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file holds something that cannot be used.
    #[error("kubeconfig {path}: {fault}")]
    KubeconfigInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, without any of the content.
        fault: String,
    },
    /// No such context.
    #[error("kubeconfig {path} has no context {context}; it has {}", list(known))]
    UnknownContext {
        /// The file.
        path: PathBuf,
        /// The context wanted.
        context: String,
        /// The contexts there are.
        known: Vec<String>,
    },
    /// Nobody said which context.
    #[error(
        "kubeconfig {path} names no current context: set `context` to one of {}",
        list(known)
    )]
    NoContext {
        /// The file.
        path: PathBuf,
        /// The contexts there are.
        known: Vec<String>,
    },
    /// A variable of the environment cannot be used.
    #[error("{variable} in the environment {fault}")]
    ProxyInvalid {
        /// The variable.
        variable: &'static str,
        /// What is wrong, without any of its content.
        fault: ProxyError,
    },
    /// No connection.
    #[error("cannot reach the API server {endpoint}: {cause}")]
    Unreachable {
        /// The server.
        endpoint: Endpoint,
        /// What the operating system or the HTTP layer says.
        cause: String,
    },
    /// No answer in time.
    #[error("the API server {endpoint} did not answer within {} s to: {request}", limit.as_secs())]
    TimedOut {
        /// The server.
        endpoint: Endpoint,
        /// What was asked.
        request: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// No trust.
    #[error("TLS with the API server {endpoint} failed: {cause}")]
    Tls {
        /// The server.
        endpoint: Endpoint,
        /// What is wrong with whose certificate.
        cause: String,
    },
    /// Not known to the server.
    #[error(
        "the API server {endpoint} does not accept the credentials of user {user} in the \
         kubeconfig: the client certificate or token has expired, was revoked, or is another \
         cluster's"
    )]
    Unauthorized {
        /// The server.
        endpoint: Endpoint,
        /// The name of the user in the kubeconfig.
        user: String,
    },
    /// Known, but not allowed.
    #[error("user {user} may not {request} on {endpoint}; the server says: {message}")]
    Forbidden {
        /// The server.
        endpoint: Endpoint,
        /// The user as the server knows it.
        user: String,
        /// Verb, resource and namespace.
        request: String,
        /// The server's text.
        message: Quoted,
    },
    /// No such namespace.
    #[error("namespace {namespace} does not exist on {endpoint}")]
    NamespaceMissing {
        /// The server.
        endpoint: Endpoint,
        /// The namespace.
        namespace: String,
    },
    /// A namespace on its way out.
    #[error(
        "namespace {namespace} on {endpoint} is being deleted and takes nothing new: wait until it is \
         gone and make it again, or leave it out"
    )]
    NamespaceTerminating {
        /// The server.
        endpoint: Endpoint,
        /// The namespace.
        namespace: String,
    },
    /// The namespace may not hold more.
    #[error(
        "the API server {endpoint} refuses to {request}, because the quota of the namespace is used up: \
         raise it, or remove what is not needed; the server says: {message}"
    )]
    QuotaExceeded {
        /// The server.
        endpoint: Endpoint,
        /// What was asked.
        request: String,
        /// The server's text.
        message: Quoted,
    },
    /// A secret on its way out.
    #[error(
        "secret {secret} is being deleted, and its finalizers hold it (finalizers: {finalizers}): have \
         them let it go, or wait until it is gone; until then it can be neither changed nor made anew"
    )]
    BeingDeleted {
        /// The secret.
        secret: ObjectName,
        /// Its finalizers.
        finalizers: String,
    },
    /// A secret that would stay after its deletion.
    #[error(
        "secret {secret} cannot be replaced: once deleted, it would stay until its finalizers let it go \
         (finalizers: {finalizers}): remove them first"
    )]
    HeldByFinalizers {
        /// The secret.
        secret: ObjectName,
        /// Its finalizers.
        finalizers: String,
    },
    /// A secret whose content cannot be changed.
    #[error("secret {secret} is immutable: set `recreate: true` to have it replaced")]
    Immutable {
        /// The secret.
        secret: ObjectName,
    },
    /// No such service account.
    #[error("service account {account} does not exist")]
    AccountMissing {
        /// The account.
        account: ObjectName,
    },
    /// Somebody else changed the object between our reading and our writing, as often as we tried.
    #[error("{object} is being changed by someone else again and again: run this again later")]
    Contended {
        /// The object.
        object: String,
    },
    /// The server has too much to do, or trouble of its own.
    #[error("the API server {endpoint} cannot {request} just now; the server says: {message}")]
    Busy {
        /// The server.
        endpoint: Endpoint,
        /// What was asked.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The server's text.
        message: Quoted,
    },
    /// The server does not know the resource: an API server that starts, or something else.
    #[error(
        "{endpoint} does not know how to {request}: the API server is starting, or this is no API server; \
         the server says: {message}"
    )]
    NotServed {
        /// The server.
        endpoint: Endpoint,
        /// What was asked.
        request: String,
        /// The server's text.
        message: Quoted,
    },
    /// A secret of another type has our name, and types cannot be changed.
    #[error(
        "secret {secret} exists with type {found} instead of kubernetes.io/dockerconfigjson, and \
         the type of a secret cannot be changed: delete it, or set `recreate: true` to have it \
         replaced"
    )]
    WrongType {
        /// The secret.
        secret: ObjectName,
        /// Its type.
        found: String,
    },
    /// A secret with our name holds a document that we cannot read; what others read there would be
    /// lost.
    #[error(
        "secret {secret} holds a docker config that cannot be read ({fault}); it is left as it is, \
         because what others read in it would be lost: repair it, or set `recreate: true` to have it \
         replaced"
    )]
    Malformed {
        /// The secret.
        secret: ObjectName,
        /// What is wrong, and where.
        fault: String,
    },
    /// More than the server stores.
    #[error("secret {secret} would hold {bytes} bytes; Kubernetes stores 1048576 at most")]
    TooLarge {
        /// The secret.
        secret: ObjectName,
        /// Its size.
        bytes: usize,
    },
    /// The secret was deleted to be replaced, and is not there again.
    #[error("secret {secret} was deleted to be replaced but could not be created: run this again")]
    LeftDeleted {
        /// The secret.
        secret: ObjectName,
        /// Why it could not be created.
        source: Box<ClusterError>,
    },
    /// The server does not take the object.
    #[error("the API server {endpoint} refuses to {request}; the server says: {message}")]
    Refused {
        /// The server.
        endpoint: Endpoint,
        /// What was asked.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The server's text.
        message: Quoted,
    },
    /// More than is read.
    #[error("the answer of the API server {endpoint} to {request} has more than {limit} bytes")]
    AnswerTooLarge {
        /// The server.
        endpoint: Endpoint,
        /// What was asked.
        request: String,
        /// How much is read.
        limit: usize,
    },
    /// Something answers that is not a Kubernetes API.
    #[error("{endpoint} does not answer as a Kubernetes API server does: {fault}")]
    NotAnApi {
        /// The server.
        endpoint: Endpoint,
        /// What is odd, without any of the content.
        fault: String,
    },
    /// The module itself cannot work.
    #[error("cannot {attempt}")]
    Local {
        /// What was attempted, on what.
        attempt: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A manifest cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that somebody else made has the name of a manifest.
    #[error(
        "{path} exists and is not a manifest that oreg made: move it away, or set \
         `recreate: true` to have it replaced"
    )]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },
}

impl ClusterError {
    /// Returns a stable word for the kind of fault.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::KubeconfigMissing { .. } => "kubeconfig_missing",
            Self::KubeconfigUnreadable { .. } => "kubeconfig_unreadable",
            Self::KubeconfigInvalid { .. } => "kubeconfig_invalid",
            Self::UnknownContext { .. } => "unknown_context",
            Self::NoContext { .. } => "no_context",
            Self::ProxyInvalid { .. } => "proxy_invalid",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::Tls { .. } => "tls_failure",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::NamespaceMissing { .. } => "namespace_missing",
            Self::NamespaceTerminating { .. } => "namespace_terminating",
            Self::QuotaExceeded { .. } => "quota_exceeded",
            Self::BeingDeleted { .. } => "being_deleted",
            Self::HeldByFinalizers { .. } => "held_by_finalizers",
            Self::Immutable { .. } => "immutable",
            Self::AccountMissing { .. } => "service_account_missing",
            Self::Contended { .. } => "conflict",
            Self::Busy { .. } => "busy",
            Self::NotServed { .. } => "not_served",
            Self::WrongType { .. } => "wrong_type",
            Self::Malformed { .. } => "malformed",
            Self::File(error) => error.reason(),
            Self::TooLarge { .. } => "too_large",
            Self::LeftDeleted { .. } => "left_deleted",
            Self::Refused { .. } => "refused",
            Self::AnswerTooLarge { .. } => "answer_too_large",
            Self::NotAnApi { .. } => "not_an_api",
            Self::Local { .. } => "local_failure",
            Self::ForeignFile { .. } => "foreign_file",
        }
    }

    /// Returns whether the same request may well succeed in a moment, after reading again.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Contended { .. } | Self::Busy { .. })
    }

    /// Returns whether a write may have been carried out all the same: a gateway gave up waiting, or
    /// the server lost its store after it had written. A 429 guarantees that the request was not processed.
    #[must_use]
    pub fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Busy { status, .. } if *status != TOO_MANY_REQUESTS)
    }

    /// Returns whether the server could not be spoken to, as while it restarts and a load balancer
    /// speaks in its place.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::TimedOut { .. }
                | Self::Busy { .. }
                | Self::NotServed { .. }
                | Self::NotAnApi { .. }
        )
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
