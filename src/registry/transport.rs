//! Sends the flow's requests. The only file that names `reqwest`.
//!
//! Redirects, proxies from the environment and decompression are off: what the flow does not decide
//! does not happen. What is read of an answer is bounded.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use reqwest::{
    Client, Response,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use url::Url;

use super::{
    conclusion::Conclusion,
    exchange::{
        Accept, Answer, Authorization, Fault, FaultKind, Method, ProxyFault, Purpose, Reply,
        Request, Target,
    },
    fault::{self, Via},
    flow::{Flow, Step},
    retry::RetryPolicy,
    trust::Trust,
    tunnel::connect_status,
    verifier::Seen,
};
use crate::{
    domain::{registry_credential::TransportSecurity, registry_host::RegistryHost},
    support::proxies::Proxies,
};

/// Kinds of manifest that registries know (OCI image spec; docker distribution spec v2, v1).
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws";

/// Bytes that are read of a token response.
const TOKEN_BYTES: usize = 1 << 20;
/// Bytes that are read of any other body: it is only wanted for what it says.
const TEXT_BYTES: usize = 64 << 10;

/// How long and through what.
#[derive(Clone, Debug)]
pub struct Network {
    /// Time for one connection.
    pub connect_timeout: Duration,
    /// Time for one registry, retries included.
    pub timeout: Duration,
    /// Tries.
    pub retry: RetryPolicy,
    /// Proxies.
    pub proxies: Proxies,
}

/// The end of a proof and what it took.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// The host that issues tokens, if any.
    pub realm_host: Option<String>,
    /// How many requests were sent.
    pub requests: u32,
    /// How long it took.
    pub elapsed: Duration,
}

impl Proof {
    /// Concludes without having asked anybody.
    #[must_use]
    pub fn without_request(conclusion: Conclusion) -> Self {
        Self {
            conclusion,
            realm_host: None,
            requests: 0,
            elapsed: Duration::ZERO,
        }
    }
}

/// Proves one credential within the time limits of `network`.
pub async fn prove(
    target: Target,
    security: &TransportSecurity,
    trust: &Trust,
    network: &Network,
) -> Proof {
    if target.base_url("https").is_none() {
        let fault = nameless(&target.host);
        let conclusion = Conclusion::from_fault(&fault).saying(fault.detail);
        return Proof::without_request(conclusion);
    }
    let begin = Instant::now();
    let wire = Wire::new(&target.host, security, trust, network);
    let (mut flow, mut step) = Flow::start(target, network.retry, network.proxies.secrets());
    let conclusion = loop {
        match step {
            Step::Done(conclusion) => break conclusion,
            Step::Send { request, after } => {
                tokio::time::sleep(after).await;
                let remaining = network.timeout.saturating_sub(begin.elapsed());
                let answer = match &wire {
                    Ok(wire) => wire.send_within(&request, remaining).await,
                    Err(fault) => Answer::Fault(fault.clone()),
                };
                step = flow.next(&answer, network.timeout.saturating_sub(begin.elapsed()));
            }
        }
    };
    let (realm_host, requests) = (
        flow.realm_host(),
        if wire.is_ok() { flow.requests() } else { 0 },
    );
    Proof {
        conclusion,
        realm_host,
        requests,
        elapsed: begin.elapsed(),
    }
}

/// A client for one registry: its connections are kept for all steps of the proof.
struct Wire {
    client: Client,
    seen: Arc<Seen>,
    proxies: Proxies,
}

impl Wire {
    fn new(
        host: &RegistryHost,
        security: &TransportSecurity,
        trust: &Trust,
        network: &Network,
    ) -> Result<Self, Fault> {
        let (tls, seen) = trust
            .client_config(host, security)
            .map_err(|error| unusable(&error))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(network.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .proxy(way("http", &network.proxies))
            .proxy(way("https", &network.proxies))
            .referer(false)
            .http1_only()
            .user_agent(concat!("oreg/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| unusable(&error))?;
        Ok(Self {
            client,
            seen,
            proxies: network.proxies.clone(),
        })
    }

    async fn send_within(&self, request: &Request, limit: Duration) -> Answer {
        match tokio::time::timeout(limit, self.send(request)).await {
            Ok(answer) => answer,
            Err(_) => Answer::Fault(Fault {
                kind: FaultKind::Timeout,
                detail: format!("no answer from {} in time", place(&request.url)),
            }),
        }
    }

    async fn send(&self, request: &Request) -> Answer {
        let outcome = match self.client.execute(wire_form(request)).await {
            Ok(response) => {
                if let Some(fault) = self.answer_of_proxy(&response, request) {
                    return Answer::Fault(fault);
                }
                read(response, request.purpose).await
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(reply) => Answer::Reply(reply),
            Err(error) => Answer::Fault(
                self.explained(self.fault_of(&error, request), request)
                    .await,
            ),
        }
    }

    /// The fault; where a proxy opened no tunnel, with the reason that it gives.
    async fn explained(&self, fault: Fault, request: &Request) -> Fault {
        let denied = fault.kind == FaultKind::Proxy(ProxyFault::Denied);
        let status = match self.proxies.proxy_for(&request.url).filter(|_| denied) {
            Some(proxy) => connect_status(proxy, &request.url).await,
            None => None,
        };
        status.map_or(fault, fault::answer_to_connect)
    }

    fn answer_of_proxy(&self, response: &Response, request: &Request) -> Option<Fault> {
        let plain = is_plain(request) && self.proxies.proxy_for(&request.url).is_some();
        fault::answer_of_proxy(response.status().as_u16(), response.headers(), plain)
    }

    fn fault_of(&self, error: &reqwest::Error, request: &Request) -> Fault {
        let via = Via {
            place: place(&request.url),
            proxy: self
                .proxies
                .proxy_for(&request.url)
                .map(|proxy| place(proxy.address())),
            plain: is_plain(request),
            seen: &self.seen,
        };
        let phase = fault::Phase {
            connecting: error.is_connect(),
            timed_out: error.is_timeout(),
            resolving: error.is_dns(),
            reading: error.is_body() || error.is_decode(),
        };
        fault::classify(error, phase, &via)
    }
}

/// The way of `scheme`, with the login of its own proxy.
fn way(scheme: &'static str, proxies: &Proxies) -> reqwest::Proxy {
    let login = proxies.login_for(scheme).and_then(|pair| {
        let mut value = HeaderValue::from_str(&format!("Basic {}", pair.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    });
    let proxies = proxies.clone();
    let way = reqwest::Proxy::custom(move |url| {
        let proxy = proxies.proxy_for(url).filter(|_| url.scheme() == scheme);
        proxy.map(|proxy| proxy.address().clone())
    });
    match login {
        Some(value) => way.custom_http_auth(value),
        None => way,
    }
}

fn wire_form(request: &Request) -> reqwest::Request {
    let method = match request.method {
        Method::Head => reqwest::Method::HEAD,
        Method::Get => reqwest::Method::GET,
    };
    let mut wire = reqwest::Request::new(method, request.url.clone());
    let accept = match request.accept {
        Accept::Manifest => MANIFESTS,
        Accept::Any => "*/*",
    };
    let headers = wire.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    if let Some(value) = authorization(&request.authorization) {
        headers.insert(header::AUTHORIZATION, value);
    }
    wire
}

fn is_plain(request: &Request) -> bool {
    request.url.scheme() == "http"
}

fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn nameless(host: &RegistryHost) -> Fault {
    Fault {
        kind: FaultKind::Dns,
        detail: format!("{} is not a valid name", host.hostname()),
    }
}

fn unusable(error: &dyn Error) -> Fault {
    Fault {
        kind: FaultKind::Tls(super::exchange::TlsFault::Files),
        detail: error.to_string(),
    }
}

/// The header is marked, so that no debug output shows it.
fn authorization(authorization: &Authorization) -> Option<HeaderValue> {
    let text = match authorization {
        Authorization::Anonymous => return None,
        Authorization::Basic(pair) => format!("Basic {}", pair.expose()),
        Authorization::Bearer(token) => format!("Bearer {}", token.expose()),
    };
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

async fn read(mut response: Response, purpose: Purpose) -> Result<Reply, reqwest::Error> {
    let limit = if purpose.asks_for_token() {
        TOKEN_BYTES
    } else {
        TEXT_BYTES
    };
    let mut reply = head(response.status().as_u16(), response.headers());
    while let Some(chunk) = response.chunk().await? {
        let room = limit - reply.body.len();
        reply
            .body
            .extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            reply.oversized = limit == TOKEN_BYTES;
            break;
        }
    }
    Ok(reply)
}

fn head(status: u16, headers: &HeaderMap) -> Reply {
    let text = |name: &HeaderName| {
        headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
    Reply {
        status,
        challenges: challenges
            .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
            .collect(),
        location: text(&header::LOCATION),
        retry_after: text(&header::RETRY_AFTER).and_then(|value| retry_after(&value)),
        content_type: text(&header::CONTENT_TYPE).unwrap_or_default(),
        digest: text(&HeaderName::from_static("docker-content-digest")),
        api_version: headers.contains_key("docker-distribution-api-version"),
        ..Reply::default()
    }
}

/// Seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}
