//! From a target to a client whose connections send at once, and whose answers have an end.
//!
//! kube's own client leaves Nagle's algorithm on. When the TLS session of a connection is resumed, the
//! server has nothing to say after the handshake, so the first request would wait for a delayed
//! acknowledgement, 40 ms. kube has no option for it, so its parts are put together here, without those
//! that trace, repeat, or unpack answers (docs/decisions/0015).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt, Limited};
use hyper::{
    body::Incoming,
    rt::{Read, Write},
};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{
        Client as HttpClient,
        connect::{Connection, HttpConnector, proxy::Tunnel},
    },
    rt::TokioExecutor,
};
use kube::{
    Client,
    client::{Body, middleware::BaseUriLayer},
};
use rustls::ClientConfig;
use tower::{BoxError, Service, ServiceBuilder, layer::layer_fn, util::MapRequest};

use super::{
    kubeconfig::{Target, User},
    proxy::ClusterProxy,
    tls,
};
use crate::support::header::authorization;

/// How long a connection, with its TLS, may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Bytes of the largest answer: a page of a list of secrets, each of which has 1 MiB at most.
pub(super) const LARGEST_ANSWER: usize = 64 << 20;

/// Where requests that name no namespace would go; none does.
const NAMESPACE: &str = "default";

/// A client and the bytes that it has received.
#[derive(Clone)]
pub(super) struct CountingClient {
    pub(super) client: Client,
    pub(super) received: Arc<AtomicU64>,
}

/// Returns a client for the server and user of `target`, by way of `proxy`. Must be called in a runtime.
pub(super) fn client(target: &Target, proxy: Option<&ClusterProxy>) -> CountingClient {
    let Some(proxy) = proxy else {
        return through(target, tcp());
    };
    // `insecure-skip-tls-verify` and the client certificate are for the API server alone.
    let config = tls::for_proxy(&target.server, proxy);
    let to_proxy = HttpsConnectorBuilder::new().with_tls_config(config);
    let to_proxy = to_proxy
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp());
    through(target, tunnel(proxy, to_proxy))
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp
}

fn tunnel<C>(proxy: &ClusterProxy, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(uri(proxy.proxy.address()), connector);
    match proxy.proxy.login() {
        Some(pair) => {
            let header = authorization("Basic", pair);
            tunnel.with_auth(header.expect("base64 is a header value"))
        }
        None => tunnel,
    }
}

fn through<C>(target: &Target, connector: C) -> CountingClient
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    let config = tls::for_server(&target.server, &target.user);
    let mut connector = TimeoutConnector::new(https(target, config, connector));
    connector.set_connect_timeout(Some(CONNECT_LIMIT));
    let received = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&received);
    let service = ServiceBuilder::new()
        .layer(BaseUriLayer::new(uri(&target.server.url)))
        .layer(layer_fn(|inner| {
            MapRequest::new(inner, signed(&target.user))
        }))
        .map_response(move |answer: Response<Incoming>| bounded(answer, Arc::clone(&count)))
        .map_err(BoxError::from)
        .service(HttpClient::builder(TokioExecutor::new()).build(connector));
    CountingClient {
        client: Client::new(service, NAMESPACE),
        received,
    }
}

fn https<C>(target: &Target, config: ClientConfig, connector: C) -> HttpsConnector<C> {
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http();
    match &target.server.name {
        Some(name) => builder
            .with_server_name_resolver(FixedServerNameResolver::new(name.clone()))
            .enable_http1()
            .wrap_connector(connector),
        None => builder.enable_http1().wrap_connector(connector),
    }
}

/// Puts the user's headers on a request.
fn signed(user: &User) -> impl FnMut(Request<Body>) -> Request<Body> + Clone + use<> {
    let (authorization, others) = (user.authorization.clone(), user.impersonation.clone());
    move |mut request| {
        let headers = request.headers_mut();
        headers.extend(others.clone());
        if let Some(value) = authorization.header() {
            headers.insert(header::AUTHORIZATION, value);
        }
        request
    }
}

/// Ends an answer that is too large, and counts what is received.
fn bounded(
    answer: Response<Incoming>,
    received: Arc<AtomicU64>,
) -> Response<impl hyper::body::Body<Data = hyper::body::Bytes, Error = BoxError>> {
    answer.map(|body| {
        let counted = body.map_frame(move |frame| {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            received.fetch_add(bytes, Ordering::Relaxed);
            frame
        });
        Limited::new(counted, LARGEST_ANSWER)
    })
}

fn uri(url: &url::Url) -> Uri {
    let uri = url.as_str().parse();
    uri.expect("what a URL may hold, a URI may")
}
