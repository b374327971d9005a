//! A request as it goes over the wire: its line, its headers, its body.

use http::{HeaderValue, header};
use http_body_util::Full;
use hyper::body::Bytes;

use super::{
    connect::place,
    exchange::{Accept, Authorization, Method, Request},
};
use crate::{domain::secret::Secret, support::header::authorization as header_of};

/// Kinds of manifest that registries know (OCI image spec; docker distribution spec v2, v1).
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws";

/// The encoding of forms (RFC 6749 appendix B).
const FORM: &str = "application/x-www-form-urlencoded";

/// Some proxies pass on to the registry behind them what comes from a container engine, by these words.
const USER_AGENT: &str = concat!(
    "oreg/",
    env!("CARGO_PKG_VERSION"),
    " (as docker, containerd, cri-o)"
);

/// How requests travel on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To the server itself, maybe in a tunnel.
    ToServer,
    /// To a proxy, which passes them on.
    ByProxy,
}

/// Makes the request that goes over the wire; `login` is for a proxy that passes it on.
pub(super) fn wire_form(
    request: &Request,
    way: Way,
    login: Option<&Secret>,
) -> http::Request<Full<Bytes>> {
    let method = match request.method {
        Method::Head => http::Method::HEAD,
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
    };
    let target = match way {
        Way::ToServer => &request.url[url::Position::BeforePath..url::Position::AfterQuery],
        Way::ByProxy => &request.url[..url::Position::AfterQuery],
    };
    let mut wire = http::Request::new(body(&request.authorization));
    *wire.method_mut() = method;
    *wire.uri_mut() = target.parse().unwrap_or_default();
    let headers = wire.headers_mut();
    let accept = match request.accept {
        Accept::Manifest => MANIFESTS,
        Accept::Any => "*/*",
    };
    if let Authorization::Form(_) = &request.authorization {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FORM));
    }
    if let Ok(host) = HeaderValue::from_str(&place(&request.url)) {
        headers.insert(header::HOST, host);
    }
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    let own =
        credentials(&request.authorization).and_then(|(scheme, secret)| header_of(scheme, secret));
    let proxys = login.and_then(|pair| header_of("Basic", pair));
    headers.extend(own.map(|value| (header::AUTHORIZATION, value)));
    headers.extend(proxys.map(|value| (header::PROXY_AUTHORIZATION, value)));
    wire
}

fn body(authorization: &Authorization) -> Full<Bytes> {
    match authorization {
        Authorization::Form(form) => Bytes::copy_from_slice(form.expose().as_bytes()).into(),
        Authorization::Anonymous | Authorization::Basic(_) | Authorization::Bearer(_) => {
            Full::default()
        }
    }
}

fn credentials(authorization: &Authorization) -> Option<(&'static str, &Secret)> {
    match authorization {
        Authorization::Anonymous | Authorization::Form(_) => None,
        Authorization::Basic(pair) => Some(("Basic", pair)),
        Authorization::Bearer(token) => Some(("Bearer", token)),
    }
}
