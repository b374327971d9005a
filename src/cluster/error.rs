//! What can go wrong with the cluster or the manifests, one variant for each thing a user can act
//! upon. Texts of the server are cut, cleaned and marked as the server's; nothing of a kubeconfig's
//! content and nothing of a secret is ever in a message.

mod classes;

use std::{fmt, io, path::PathBuf, time::Duration};

use thiserror::Error;

use super::names::ObjectName;
use crate::support::{errors::join_first, files::FileError, proxies::ProxyError, text::Quoted};

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

/// An error of the cluster side.
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
    #[error("kubeconfig {path}: {problem}")]
    KubeconfigInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, without any of the content.
        problem: String,
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
    #[error("{variable} in the environment {error}")]
    ProxyInvalid {
        /// The variable.
        variable: &'static str,
        /// What is wrong, without any of its content.
        error: ProxyError,
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
    /// A cluster without the global pull secret.
    #[error(
        "secret {secret} does not exist: `global` is for OKD 4 and OpenShift 4, which have it; on \
         OpenShift 3.11 leave `global` out (playbook registry_auth.yml)"
    )]
    GlobalSecretMissing {
        /// The secret.
        secret: ObjectName,
    },
    /// A global pull secret that cannot be merged into.
    #[error(
        "secret {secret} {problem}; it is left as it is: every node pulls with it, so repair it by hand"
    )]
    GlobalSecretUnusable {
        /// The secret.
        secret: ObjectName,
        /// What is wrong, without any of the content.
        problem: String,
    },
    /// A controller merges labelled secrets.
    #[error(
        "secret {secret} is made of the secrets with the label \
         config.openshift.io/global-pull-secret=true ({}), and changes to it are not supported: put the \
         credentials into one of those, or remove the label from all of them",
        labelled.join(", ")
    )]
    GlobalSecretsLabelled {
        /// The secret.
        secret: ObjectName,
        /// The secrets with the label.
        labelled: Vec<String>,
    },
    /// A hosted cluster.
    #[error(
        "the control plane of this cluster is hosted elsewhere and writes openshift-config/pull-secret \
         over: set `global_secret: kube-system/additional-pull-secret`, which is merged with it on every \
         node"
    )]
    HostedControlPlane,
    /// A cluster that does not read the additional secret.
    #[error(
        "kube-system/additional-pull-secret is read on hosted control planes only, and this cluster has \
         its own: leave `global_secret` out"
    )]
    OwnControlPlane,
    /// A cluster without `MachineConfigPools`.
    #[error(
        "{endpoint} has no MachineConfigPools, which OKD 4 and OpenShift 4 have: on OpenShift 3.11 leave \
         `pools` out"
    )]
    NoPools {
        /// The server.
        endpoint: Endpoint,
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
        "secret {secret} holds a docker config that cannot be read ({problem}); it is left as it is, \
         because what others read in it would be lost: repair it, or set `recreate: true` to have it \
         replaced"
    )]
    Malformed {
        /// The secret.
        secret: ObjectName,
        /// What is wrong, and where.
        problem: String,
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
    #[error("{endpoint} does not answer as a Kubernetes API server does: {problem}")]
    NotAnApi {
        /// The server.
        endpoint: Endpoint,
        /// What is odd, without any of the content.
        problem: String,
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

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        join_first(names, ", ")
    }
}
