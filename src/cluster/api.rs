//! The handle on an API server: one runtime, one client, a time limit on every request, and the
//! translation of what kube reports into what a user can act upon.

use std::{error::Error, fmt, future::Future, path::Path, sync::atomic::AtomicU64, time::Duration};

use http_body_util::LengthLimitError;
use kube::{Client, core::Status};
use tokio::runtime::{Builder, Runtime};

use super::{
    client::LARGEST_ANSWER,
    connect::{Connection, connect},
    error::{ClusterError, Endpoint},
};
use crate::support::{
    text::{Cleaner, Foreign, Quoted},
    tls::{TlsError, describe, find_tls_error},
};

/// How long the server may take to answer one request.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How many requests are on their way at once.
pub(super) const PARALLEL: usize = 16;

/// An API server.
pub struct Cluster {
    runtime: Runtime,
    connection: Connection,
    limit: Duration,
    cleaner: Cleaner,
}

/// A call of the API, for messages.
#[derive(Clone, Debug)]
pub(super) struct ApiCall<'a> {
    verb: &'static str,
    resource: &'static str,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> ApiCall<'a> {
    pub(super) fn new(verb: &'static str, resource: &'static str) -> Self {
        Self {
            verb,
            resource,
            namespace: None,
            name: None,
        }
    }

    pub(super) fn within(mut self, namespace: &'a str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    pub(super) fn named(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }
}

/// `update secrets imagestreamsecret in namespace openshift`
impl fmt::Display for ApiCall<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.resource)?;
        if let Some(name) = self.name {
            write!(formatter, " {name}")?;
        }
        self.namespace.map_or(Ok(()), |namespace| {
            write!(formatter, " in namespace {namespace}")
        })
    }
}

impl Cluster {
    /// Makes a handle from a kubeconfig, for its current context or for `context`. It may be spread
    /// over several files, some of which may be missing. The server is not asked yet.
    ///
    /// # Errors
    /// [`ClusterError`] when the files cannot be used.
    pub fn connect(kubeconfig: &[&Path], context: Option<&str>) -> Result<Self, ClusterError> {
        let runtime = runtime()?;
        let connection = {
            let _entered = runtime.enter();
            connect(kubeconfig, context)?
        };
        let cleaner = Cleaner::new(connection.secrets.clone());
        Ok(Self {
            runtime,
            connection,
            limit: ANSWER_LIMIT,
            cleaner,
        })
    }

    /// Cleans the server's texts of what `cleaner` knows and learns, too.
    #[must_use]
    pub fn with_cleaner(mut self, cleaner: &Cleaner) -> Self {
        let secrets = self.cleaner.secrets();
        self.cleaner = cleaner.child();
        self.cleaner.learn(secrets);
        self
    }

    /// Shortens the time that the server may take to answer a request.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = self.limit.min(limit);
        self
    }

    pub(super) fn client(&self) -> Client {
        self.connection.client.client.clone()
    }

    /// Returns how many bytes the answers so far had.
    pub(super) fn received(&self) -> &AtomicU64 {
        &self.connection.client.received
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Returns what cleans the server's texts. It learns every secret that is sent or read.
    pub(super) fn cleaner(&self) -> &Cleaner {
        &self.cleaner
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.connection.endpoint
    }

    pub(super) fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Waits for the answer to a request, but not longer than the limit.
    pub(super) async fn ask<T>(
        &self,
        call: &ApiCall<'_>,
        answer: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, ClusterError> {
        match tokio::time::timeout(self.limit, answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.explain(call, &error)),
            Err(_) => Err(self.timed_out(call, self.limit)),
        }
    }

    pub(super) fn timed_out(&self, call: &ApiCall<'_>, limit: Duration) -> ClusterError {
        ClusterError::TimedOut {
            endpoint: self.endpoint().clone(),
            request: call.to_string(),
            limit,
        }
    }

    fn explain(&self, call: &ApiCall<'_>, error: &kube::Error) -> ClusterError {
        let endpoint = self.endpoint().clone();
        match error {
            kube::Error::Api(status) => self.explain_status(call, status),
            // A parser quotes what it stumbles over, and that may be a secret: position only.
            kube::Error::SerdeError(error) => ClusterError::NotAnApi {
                endpoint,
                problem: format!(
                    "the answer to {call} cannot be read (line {} column {})",
                    error.line(),
                    error.column()
                ),
            },
            kube::Error::FromUtf8(_) => ClusterError::NotAnApi {
                endpoint,
                problem: format!("the answer to {call} is not text"),
            },
            error if innermost(error).is::<LengthLimitError>() => ClusterError::AnswerTooLarge {
                endpoint,
                request: call.to_string(),
                limit: LARGEST_ANSWER,
            },
            error => match find_tls_error(error) {
                Some(error) => ClusterError::Tls {
                    endpoint,
                    cause: self.with_proxy(self.describe_tls(error)),
                },
                None => ClusterError::Unreachable {
                    endpoint,
                    cause: self.with_proxy(self.quote(&innermost(error).to_string())),
                },
            },
        }
    }

    fn describe_tls(&self, error: &rustls::Error) -> String {
        match TlsError::of(error) {
            TlsError::UnknownIssuer | TlsError::BadSignature => {
                unknown_authority(self.connection.has_authority).to_owned()
            }
            _ => self.quote(&describe(error)),
        }
    }

    fn quote(&self, text: &str) -> String {
        self.cleaner.quote(&Foreign::new(text)).to_string()
    }

    /// The proxy may be at fault.
    fn with_proxy(&self, cause: String) -> String {
        match self.connection.via {
            Some(origin) => format!("{cause} (by way of {origin})"),
            None => cause,
        }
    }

    fn explain_status(&self, call: &ApiCall<'_>, status: &Status) -> ClusterError {
        let endpoint = self.endpoint().clone();
        // An admission webhook explains itself here.
        let message = Foreign::new(&status.message);
        let message = self.cleaner.quote_explanation(&message);
        let asked = call.to_string();
        let object = || format!("{} {}", call.resource, call.name.unwrap_or_default());
        match status.code {
            401 => ClusterError::Unauthorized {
                endpoint,
                user: self.connection.user.clone(),
            },
            403 => self.explain_refusal(call, status, message),
            404 if is_about_namespace(status) => ClusterError::NamespaceMissing {
                endpoint,
                namespace: call.namespace.unwrap_or_default().to_owned(),
            },
            404 | 409 if call.name.is_some() && is_status(status) => {
                ClusterError::Contended { object: object() }
            }
            404 => ClusterError::NotServed {
                endpoint,
                request: asked,
                message,
            },
            status @ (429 | 500..=599) => ClusterError::Busy {
                endpoint,
                request: asked,
                status,
                message,
            },
            status => ClusterError::Refused {
                endpoint,
                request: asked,
                status,
                message,
            },
        }
    }

    /// Tells the refusals that share the status 403 apart: more rights help against one of them only.
    fn explain_refusal(
        &self,
        call: &ApiCall<'_>,
        status: &Status,
        message: Quoted,
    ) -> ClusterError {
        let endpoint = self.endpoint().clone();
        let says = |words: &str| status.message.contains(words);
        if is_terminating(status) {
            return ClusterError::NamespaceTerminating {
                endpoint,
                namespace: call.namespace.unwrap_or_default().to_owned(),
            };
        }
        if says("exceeded quota") || says("failed quota") {
            return ClusterError::QuotaExceeded {
                endpoint,
                request: call.to_string(),
                message,
            };
        }
        if says("admission webhook") {
            return ClusterError::Refused {
                endpoint,
                request: call.to_string(),
                status: status.code,
                message,
            };
        }
        ClusterError::Forbidden {
            endpoint,
            user: quoted_user(message.as_str())
                .unwrap_or(&self.connection.user)
                .to_owned(),
            request: call.to_string(),
            message,
        }
    }

    /// Makes a handle on a server that answers as `service` does.
    #[cfg(test)]
    pub(super) fn scripted<S>(service: S) -> Self
    where
        S: tower::Service<
                http::Request<kube::client::Body>,
                Response = http::Response<kube::client::Body>,
            > + Send
            + 'static,
        S::Future: Send + 'static,
        S::Error: Into<tower::BoxError>,
    {
        let runtime = runtime().unwrap();
        let client = runtime.block_on(async { Client::new(service, "default") });
        let endpoint = Endpoint {
            server: "https://scripted".to_owned(),
            context: "test".to_owned(),
        };
        let connection = Connection {
            client: super::client::CountingClient {
                client,
                received: std::sync::Arc::default(),
            },
            endpoint,
            user: "tester".to_owned(),
            via: None,
            has_authority: true,
            secrets: Vec::new(),
        };
        Self {
            runtime,
            connection,
            limit: ANSWER_LIMIT,
            cleaner: Cleaner::default(),
        }
    }
}

fn runtime() -> Result<Runtime, ClusterError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| ClusterError::Local {
        attempt: "start the runtime for network requests".to_owned(),
        source,
    })
}

/// An answer of an API server, not of a web server in its place.
fn is_status(status: &Status) -> bool {
    status.details.is_some() || ["Conflict", "AlreadyExists", "NotFound"].contains(&&*status.reason)
}

fn is_about_namespace(status: &Status) -> bool {
    let details = status.details.as_ref();
    details.is_some_and(|details| details.kind == "namespaces")
}

/// Kubernetes names the cause since 1.13; before, the message alone does.
fn is_terminating(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let is_named = causes
        .into_iter()
        .any(|cause| cause.reason == "NamespaceTerminating");
    is_named || status.message.contains("because it is being terminated")
}

/// The name in `User "system:admin" cannot …`.
fn quoted_user(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("User \"")?;
    rest.split_once('"').map(|(user, _)| user)
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error.source().map_or(error, innermost)
}

/// A renewed cluster has another authority, and the kubeconfig may be a copy of before.
fn unknown_authority(has_authority: bool) -> &'static str {
    if has_authority {
        "the server's certificate is not issued by the certificate authority in the kubeconfig (the \
         wrong CA, or the cluster's certificates were renewed)"
    } else {
        "the server's certificate is not issued by an authority that this host trusts, and the \
         kubeconfig names no certificate-authority"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scripted::{self, Scripted};

    /// The error that an answer to `call` becomes.
    fn error_of(call: &ApiCall<'_>, code: u16, body: &[u8]) -> ClusterError {
        let server = Scripted::with_bodies([(code, body.to_owned())]);
        let cluster = &server.cluster;
        let answer = async {
            let request = http::Request::get("/").body(Vec::new()).unwrap();
            cluster.client().request_text(request).await
        };
        let error = cluster.wait_for(cluster.ask(call, answer));
        error.unwrap_err()
    }

    fn status(code: u16, reason: &str) -> String {
        scripted::status(code, reason).1.to_string()
    }

    #[test]
    fn answers_of_a_server_that_starts_are_no_refusals() {
        let list = ApiCall::new("list", "nodes");
        let update = ApiCall::new("update", "secrets").named("s");
        let html = "<html><h1>502 Bad Gateway</h1></html>";
        let table = [
            (&list, 404, status(404, "NotFound"), "not_served"),
            (&list, 404, "404 page not found".to_owned(), "not_served"),
            (&list, 409, status(409, "Conflict"), "refused"),
            (&list, 410, status(410, "Expired"), "refused"),
            (&list, 429, status(429, "TooManyRequests"), "busy"),
            (&list, 500, status(500, "InternalError"), "busy"),
            (&list, 502, html.to_owned(), "busy"),
            (&list, 503, status(503, "ServiceUnavailable"), "busy"),
            (&update, 404, status(404, "NotFound"), "conflict"),
            (&update, 409, status(409, "Conflict"), "conflict"),
            (&update, 404, "404 page not found".to_owned(), "not_served"),
            (&update, 422, status(422, "Invalid"), "refused"),
            (&update, 403, status(403, "Forbidden"), "forbidden"),
            (
                &update,
                403,
                status(403, "Forbidden").replace("\"m\"", "\"is forbidden: exceeded quota: q\""),
                "quota_exceeded",
            ),
            (
                &update,
                403,
                status(403, "Forbidden").replace("\"m\"", "\"admission webhook v denied it\""),
                "refused",
            ),
            (
                &update,
                403,
                status(403, "Forbidden").replace("\"m\"", "\"unable to create new content in namespace n because it is being terminated\""),
                "namespace_terminating",
            ),
        ];
        for (request, code, body, reason) in table {
            let error = error_of(request, code, body.as_bytes());
            assert_eq!(error.reason(), reason, "{request} {code} {body}");
            let is_outage = ["busy", "not_served"].contains(&reason);
            assert_eq!(error.is_outage(), is_outage, "{request} {code} {body}");
        }
        let no_text = error_of(&list, 502, b"passerelle d\xe9faillante");
        assert_eq!(no_text.reason(), "not_an_api");
        assert!(no_text.is_outage());
    }

    #[test]
    fn the_user_is_found_in_a_refusal() {
        let message = "secrets is forbidden: User \"limited\" cannot list secrets";
        assert_eq!(quoted_user(message), Some("limited"));
        assert_eq!(quoted_user("no"), None);
    }

    #[test]
    fn requests_read_as_sentences() {
        let request = ApiCall::new("update", "secrets")
            .within("openshift")
            .named("x");
        assert_eq!(
            request.to_string(),
            "update secrets x in namespace openshift"
        );
        assert_eq!(ApiCall::new("list", "nodes").to_string(), "list nodes");
    }
}
