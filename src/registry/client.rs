//! One registry's HTTP client: a connection for each server, kept for all steps of the proof.
//!
//! Nothing happens that the flow does not decide: no redirect, no login, no proxy of the environment. What
//! is read of an answer is bounded, and sloppy headers are tolerated as Go's client tolerates them
//! (docs/decisions/0017).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, header};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1::{Builder, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use url::{Origin, Url};

use super::{
    address::is_internal_result,
    body::read_body,
    connect::{
        Addresses, Connection, open, open_proxy, open_tunnel, place, plain, resolve, secure,
        tls_error,
    },
    exchange::{Method, Reply, Request, Site, WireError, WireErrorKind},
    network::Shared,
    proxy_login::Turn,
    trust::TlsSettings,
    tunnel::{answer_of_proxy, refused_tunnel},
    verifier::HandshakeRecord,
    wire::{Way, wire_form},
};
use crate::support::proxies::Proxy;

/// Lines of a header that are read.
const MAX_HEADERS: usize = 500;
/// Bytes of a header that are read.
const MAX_HEADER_BYTES: usize = 256 << 10;

/// A client for one registry and its realm.
pub(super) struct Client<'run> {
    shared: &'run Shared,
    /// For the registry and its realm.
    own_tls: Result<TlsSettings, WireError>,
    registry: Url,
    /// The addresses that the registry itself may have.
    own_addresses: Addresses,
    resolved: HashMap<String, Vec<IpAddr>>,
    open: HashMap<Origin, Open>,
}

/// A connection that waits for requests.
struct Open {
    sender: SendRequest<Full<Bytes>>,
    record: Arc<HandshakeRecord>,
    way: Way,
}

impl<'run> Client<'run> {
    /// Makes a client for `registry`, whose own TLS settings these are.
    pub(super) fn new(
        shared: &'run Shared,
        own_tls: Result<TlsSettings, WireError>,
        registry: Url,
        own_addresses: Addresses,
    ) -> Self {
        Self {
            shared,
            own_tls,
            registry,
            own_addresses,
            resolved: HashMap::new(),
            open: HashMap::new(),
        }
    }

    /// Sends a request and reads the answer.
    pub(super) async fn send(&mut self, request: &Request) -> Result<Reply, WireError> {
        // Servers close connections between two requests: one that was closed is replaced, not reported.
        let connection = self.connection(request).await?;
        let proxy = self.shared.network.proxies.proxy_for(&request.url);
        let proxy = proxy.filter(|_| connection.way == Way::ByProxy);
        let turn = match proxy {
            Some(proxy) => Some(self.turn(proxy).await?),
            None => None,
        };
        self.exchange(request, connection, turn).await
    }

    async fn turn(&self, proxy: &Proxy) -> Result<Turn, WireError> {
        let turn = self.shared.proxy_logins.turn(proxy).await;
        turn.ok_or_else(|| refused_tunnel(407))
    }

    async fn exchange(
        &mut self,
        request: &Request,
        mut connection: Open,
        turn: Option<Turn>,
    ) -> Result<Reply, WireError> {
        let login = turn.as_ref().and_then(Turn::login);
        let wire = wire_form(request, connection.way, login);
        let failed = |error: &hyper::Error, record: &HandshakeRecord| {
            http_error(error, &place(&request.url), record)
        };
        let sent = connection.sender.send_request(wire).await;
        let response = sent.map_err(|error| failed(&error, &connection.record))?;
        let (head, body) = response.into_parts();
        let (status, headers) = (head.status.as_u16(), head.headers);
        if let Some(turn) = turn {
            let error = answer_of_proxy(status, &headers);
            // What the registry answers says that the proxy let the request pass.
            turn.settle(error.as_ref().map_or(200, |_| status)).await;
            if let Some(error) = error {
                return Err(error);
            }
        }
        let reply = read(status, &headers, body, request).await;
        let (reply, complete) = reply.map_err(|error| failed(&error, &connection.record))?;
        // What is left of an unread body would be taken for the next answer.
        if complete {
            self.open.insert(request.url.origin(), connection);
        }
        Ok(reply)
    }

    async fn connection(&mut self, request: &Request) -> Result<Open, WireError> {
        if let Some(mut open) = self.open.remove(&request.url.origin())
            && open.sender.ready().await.is_ok()
        {
            return Ok(open);
        }
        let limit = self.shared.network.connect_timeout;
        match timeout(limit, self.connect(request)).await {
            Ok(connected) => connected,
            Err(_) => {
                let proxy = self.shared.network.proxies.proxy_for(&request.url);
                let through = proxy.map_or_else(String::new, |proxy| {
                    format!(" through the proxy {}", place(proxy.address()))
                });
                let details = format!("{}{through}: no connection in time", place(&request.url));
                Err(WireErrorKind::Timeout.because(details))
            }
        }
    }

    async fn connect(&mut self, request: &Request) -> Result<Open, WireError> {
        let url = &request.url;
        let others = &self.shared.tls_for_others;
        let tls = match request.site {
            Site::Registry | Site::Realm => self.own_tls.clone(),
            Site::Elsewhere => others.clone(),
        };
        let shared = self.shared;
        let (connection, way) = match shared.network.proxies.proxy_for(url) {
            None => {
                let addresses = self.addresses(request).await?;
                let stream = open(url, &addresses).await?;
                let connection = match url.scheme() {
                    "http" => plain(stream),
                    _ => secure(stream, url, &tls).await?,
                };
                (connection, Way::ToServer)
            }
            Some(proxy) if url.scheme() == "http" => {
                (open_proxy(proxy, others).await?, Way::ByProxy)
            }
            Some(proxy) => {
                let logins = &shared.proxy_logins;
                let stream = open_tunnel(proxy, others, logins, url).await?;
                let through = |error: WireError| WireError {
                    detail: format!(
                        "{} (through the proxy {})",
                        error.detail,
                        place(proxy.address())
                    ),
                    ..error
                };
                let connection = secure(stream, url, &tls).await.map_err(through)?;
                (connection, Way::ToServer)
            }
        };
        handshake(connection, way, url).await
    }

    /// The addresses that the request may go to.
    async fn addresses(&mut self, request: &Request) -> Result<Vec<IpAddr>, WireError> {
        let all = self.resolved(&request.url).await?;
        let is_public = request.site != Site::Registry && self.registry_is_public().await;
        let admitted = match request.site {
            Site::Registry => self.own_addresses.clone(),
            // A public registry that names a realm in a private network would make this host send the credential
            // there.
            Site::Realm | Site::Elsewhere if is_public => Addresses::Public,
            Site::Realm => Addresses::Routed,
            Site::Elsewhere => Addresses::Any,
        };
        admitted.filter(&all, &request.url)
    }

    async fn resolved(&mut self, url: &Url) -> Result<Vec<IpAddr>, WireError> {
        let host = url.host_str().unwrap_or_default();
        if let Some(known) = self.resolved.get(host) {
            return Ok(known.clone());
        }
        let addresses = resolve(url).await?;
        self.resolved.insert(host.to_owned(), addresses.clone());
        Ok(addresses)
    }

    /// A registry whose name does not resolve here, being reached through a proxy, counts as public.
    async fn registry_is_public(&mut self) -> bool {
        let registry = self.registry.clone();
        let addresses = self.resolved(&registry).await.unwrap_or_default();
        !addresses.into_iter().any(is_internal_result)
    }
}

/// Registries and what is in front of them send headers that are folded, have odd names, or control
/// characters in their values. Nothing that the flow reads is among them, so such lines are passed over.
async fn handshake(connection: Connection, way: Way, url: &Url) -> Result<Open, WireError> {
    let Connection { stream, record } = connection;
    let mut builder = Builder::new();
    builder
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES);
    let shaken = builder.handshake(TokioIo::new(stream)).await;
    let (sender, driver) = shaken.map_err(|error| http_error(&error, &place(url), &record))?;
    tokio::spawn(async move {
        // Its error reaches the request that it spoils.
        let _ = driver.await;
    });
    Ok(Open {
        sender,
        record,
        way,
    })
}

fn http_error(error: &hyper::Error, place: &str, record: &HandshakeRecord) -> WireError {
    if let Some(error) = tls_error(error, place, record) {
        return error;
    }
    let (kind, words) = if error.is_parse() {
        (WireErrorKind::Garbage, "the answer is not HTTP")
    } else if error.is_incomplete_message() {
        (
            WireErrorKind::Lost,
            "the connection was closed before an answer",
        )
    } else if error.is_body_write_aborted() || is_body_error(error) {
        (WireErrorKind::Garbage, "the answer is cut off")
    } else {
        (WireErrorKind::Lost, "the connection broke")
    };
    kind.because(format!("{place}: {words}"))
}

/// hyper reports a body that ends too early in words alone, without a predicate for it.
fn is_body_error(error: &hyper::Error) -> bool {
    error.to_string().contains("body")
}

/// The answer, and whether nothing of it is left on the connection.
async fn read(
    status: u16,
    headers: &HeaderMap,
    body: Incoming,
    request: &Request,
) -> hyper::Result<(Reply, bool)> {
    let mut reply = head(status, headers);
    let body = read_body(body, headers, request.purpose).await?;
    (reply.body, reply.unusable) = (body.bytes, body.unusable);
    if request.method == Method::Head {
        reply.unusable = None;
    }
    Ok((reply, body.complete))
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
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
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
