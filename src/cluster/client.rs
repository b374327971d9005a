//! From kube's configuration to a client whose connections send at once.
//!
//! kube's own client leaves Nagle's algorithm on. When the TLS session of a connection is resumed, the
//! server has nothing to say after the handshake, so the first request would wait for a delayed
//! acknowledgement, 40 ms. There is no way to tell kube, so its parts are put together here, without those
//! that trace, repeat, or unpack answers (docs/decisions/0015).

use http::{HeaderValue, Uri, uri::Scheme};
use hyper::rt::{Read, Write};
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{
        Client as HttpClient,
        connect::{Connection, HttpConnector, proxy::Tunnel},
    },
    rt::TokioExecutor,
};
use kube::{Client, Config, client::ConfigExt};
use percent_encoding::percent_decode_str;
use tower::{BoxError, Service, ServiceBuilder};

use crate::domain::credential::encode;

/// Returns a client for the server, proxy, credential and time limits of `config`. Must be called in a
/// runtime.
///
/// # Errors
/// [`kube::Error`] when certificates, keys or tokens cannot be used.
pub(super) fn client(config: &Config) -> Result<Client, kube::Error> {
    match &config.proxy_url {
        None => through(config, tcp()),
        Some(proxy) if proxy.scheme() == Some(&Scheme::HTTPS) => {
            let tls = config.rustls_https_connector_with_connector(tcp())?;
            through(config, tunnel(proxy, tls))
        }
        Some(proxy) => through(config, tunnel(proxy, tcp())),
    }
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp
}

fn tunnel<C>(proxy: &Uri, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.clone(), connector);
    match login(proxy) {
        Some(login) => tunnel.with_auth(login),
        None => tunnel,
    }
}

/// What the proxy is sent for user and password of its URL, which are percent-encoded there (RFC 7617).
fn login(proxy: &Uri) -> Option<HeaderValue> {
    let (pair, _) = proxy.authority()?.as_str().rsplit_once('@')?;
    let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
    let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
    let pair = encode(&decoded(user), &decoded(password));
    HeaderValue::try_from(format!("Basic {}", pair.expose())).ok()
}

fn through<C>(config: &Config, connector: C) -> Result<Client, kube::Error>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    let tls = config.rustls_https_connector_with_connector(connector)?;
    let mut connector = TimeoutConnector::new(tls);
    connector.set_connect_timeout(config.connect_timeout);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(HttpClient::builder(TokioExecutor::new()).build(connector));
    Ok(Client::new(service, config.default_namespace.clone()))
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn a_proxy_gets_the_login_of_its_url() {
        let table = [
            ("http://proxy:3128", None),
            ("http://user:pa%40ss%3Aword@proxy", Some("user:pa@ss:word")),
            ("https://user@proxy:3128", Some("user:")),
        ];
        for (url, expected) in table {
            let login = login(&url.parse().unwrap());
            let expected = expected.map(|pair| format!("Basic {}", STANDARD.encode(pair)));
            let login = login.as_ref().map(|value| value.to_str().unwrap());
            assert_eq!(login, expected.as_deref(), "{url}");
        }
    }
}
