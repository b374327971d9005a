//! Connections: name, address, proxy, TLS. A connection goes to the addresses that were looked at, and the
//! name is not looked up again, so that a second answer of a name server changes nothing.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use ipnet::IpNet;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::{
    address::{is_internal_result, is_link_local},
    exchange::{ProxyErrorKind, WireError, WireErrorKind},
    proxy_login::{Next, ProxyLogins, Turn},
    trust::TlsSettings,
    tunnel::{read_status, refused_tunnel, request_tunnel},
    verifier::HandshakeRecord,
};
use crate::support::{
    proxies::Proxy,
    tls::{TlsError, describe, find_tls_error},
};

/// How long an address may take before the next is tried beside it (RFC 8305 §5).
const STAGGER: Duration = Duration::from_millis(250);

/// A proxy that refuses a login does so within this time.
const QUICK: Duration = Duration::from_secs(2);

/// A byte stream to a server.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open connection.
pub(super) struct Connection {
    pub(super) stream: Box<dyn Stream>,
    pub(super) record: Arc<HandshakeRecord>,
}

/// The addresses that a connection may go to.
#[derive(Clone, Debug)]
pub(super) enum Addresses {
    /// All.
    Any,
    /// Those outside of private networks.
    Public,
    /// All but those of this link, where clouds serve secrets.
    Routed,
    /// Those in the networks.
    Within(Vec<IpNet>),
}

impl Addresses {
    fn admit(&self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Public => !is_internal_result(ip),
            Self::Routed => !is_link_local(ip),
            Self::Within(networks) => {
                let ip = ip.to_canonical();
                networks.iter().any(|network| network.contains(&ip))
            }
        }
    }

    /// Leaves those that are admitted of the addresses of `url`.
    pub(super) fn filter(&self, all: &[IpAddr], url: &Url) -> Result<Vec<IpAddr>, WireError> {
        let admitted: Vec<_> = all.iter().copied().filter(|ip| self.admit(*ip)).collect();
        match all.first() {
            Some(first) if admitted.is_empty() => {
                let host = url.host_str().unwrap_or_default();
                Err(WireErrorKind::UnsafeAddress.because(format!(
                    "{host} has the address {first}, to which no credential of this registry goes"
                )))
            }
            _ => Ok(admitted),
        }
    }
}

/// Looks up the addresses of the URL's host.
pub(super) async fn resolve(url: &Url) -> Result<Vec<IpAddr>, WireError> {
    let name = match url.host() {
        Some(Host::Domain(name)) => name,
        Some(Host::Ipv4(ip)) => return Ok(vec![ip.into()]),
        Some(Host::Ipv6(ip)) => return Ok(vec![ip.into()]),
        None => return Err(WireErrorKind::Dns.because("the address names no host")),
    };
    // The port does not matter to the lookup. Addresses are judged before any is connected to.
    match lookup_host((name, 0)).await {
        Ok(found) => {
            let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
            // A hosts file can list an address twice.
            addresses.dedup();
            Ok(addresses)
        }
        Err(error) => Err(WireErrorKind::Dns.because(format!("{name}: {error}"))),
    }
}

/// `host[:port]`, for messages.
pub(super) fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Opens a TCP connection to one of `addresses`.
pub(super) async fn open(url: &Url, addresses: &[IpAddr]) -> Result<TcpStream, WireError> {
    let port = url.port_or_known_default().unwrap_or_default();
    let addresses: Vec<_> = addresses
        .iter()
        .map(|ip| SocketAddr::new(*ip, port))
        .collect();
    let stream = race(&addresses)
        .await
        .map_err(|error| WireErrorKind::Refused.because(format!("{}: {error}", place(url))))?;
    // Requests are small, and each waits for its answer.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Connects to the first that answers; each is given a head start on the next.
async fn race(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut attempts = FuturesUnordered::new();
    let mut rest = addresses.iter();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        let next = rest.next();
        attempts.extend(next.map(|address| TcpStream::connect(*address)));
        let outcome = match next {
            // Happy Eyeballs (RFC 8305 §5): a broken IPv6 route must not cost the whole connect timeout.
            Some(_) => timeout(STAGGER, attempts.next()).await,
            None => Ok(attempts.next().await),
        };
        match outcome {
            Ok(Some(Ok(stream))) => return Ok(stream),
            Ok(Some(Err(error))) => last = error,
            Ok(None) if next.is_none() => return Err(last),
            Ok(None) | Err(_) => {}
        }
    }
}

/// Opens a connection to a proxy itself.
pub(super) async fn open_proxy(
    proxy: &Proxy,
    tls: &Result<TlsSettings, WireError>,
) -> Result<Connection, WireError> {
    let url = proxy.address();
    let unreachable = |error: WireError| WireError {
        kind: WireErrorKind::Proxy(ProxyErrorKind::Unreachable),
        ..error
    };
    let addresses = resolve(url).await.map_err(unreachable)?;
    let stream = open(url, &addresses).await.map_err(unreachable)?;
    if url.scheme() == "http" {
        return Ok(plain(stream));
    }
    // An error of TLS here is about the proxy, whatever the registry is like.
    let untrusted = |error: WireError| WireError {
        kind: WireErrorKind::Proxy(ProxyErrorKind::Untrusted),
        ..error
    };
    secure(stream, url, tls).await.map_err(untrusted)
}

/// A connection without TLS.
pub(super) fn plain(stream: impl Stream + 'static) -> Connection {
    Connection {
        stream: Box::new(stream),
        record: Arc::default(),
    }
}

/// Asks the proxy for tunnels to `url` until it opens one, or its answer stands.
pub(super) async fn open_tunnel(
    proxy: &Proxy,
    tls: &Result<TlsSettings, WireError>,
    logins: &ProxyLogins,
    url: &Url,
) -> Result<Box<dyn Stream>, WireError> {
    loop {
        let mut stream = open_proxy(proxy, tls).await?.stream;
        let turn = logins
            .turn(proxy)
            .await
            .ok_or_else(|| refused_tunnel(407))?;
        let (status, next) = ask_for_tunnel(&mut stream, turn, url).await?;
        match (status, next) {
            (200..=299, _) => return Ok(stream),
            (_, Next::AskAgain) => {}
            (status, Next::Take) => return Err(refused_tunnel(status)),
        }
    }
}

async fn ask_for_tunnel(
    stream: &mut Box<dyn Stream>,
    mut turn: Turn,
    url: &Url,
) -> Result<(u16, Next), WireError> {
    let denied = || {
        let details = "the proxy closed the connection";
        WireErrorKind::Proxy(ProxyErrorKind::Denied).because(details)
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let authority = format!("{host}:{port}");
    let asked = request_tunnel(stream, &authority, turn.login()).await;
    asked.map_err(|_| denied())?;
    let answer = read_status(stream);
    tokio::pin!(answer);
    let status = match timeout(QUICK, &mut answer).await {
        Ok(status) => status,
        Err(_) => {
            turn.let_others_go_on();
            answer.await
        }
    };
    let status = status.ok_or_else(denied)?;
    Ok((status, turn.settle(status).await))
}

/// Makes a TLS connection to the host of `url`.
pub(super) async fn secure(
    stream: impl Stream + 'static,
    url: &Url,
    tls: &Result<TlsSettings, WireError>,
) -> Result<Connection, WireError> {
    let tls = tls.as_ref().map_err(Clone::clone)?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| WireErrorKind::Dns.because(format!("{host} is not a valid name")))?;
    let (config, record) = tls.for_connection(&name);
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Connection {
            stream: Box::new(Lenient(stream)),
            record,
        }),
        Err(error) => Err(handshake_error(&error, &place(url), &record)),
    }
}

fn handshake_error(error: &io::Error, place: &str, record: &HandshakeRecord) -> WireError {
    tls_error(error, place, record).unwrap_or_else(|| {
        let details = format!("{place}: the connection was closed in the TLS handshake ({error})");
        WireErrorKind::Refused.because(details)
    })
}

/// The TLS error among the causes of `error`, if that is what is wrong.
pub(super) fn tls_error(
    error: &(dyn std::error::Error + 'static),
    place: &str,
    record: &HandshakeRecord,
) -> Option<WireError> {
    let found = find_tls_error(error);
    let kind = match found {
        // Servers report a missing client certificate in many ways, closing the connection included.
        None | Some(rustls::Error::AlertReceived(_)) if record.wanted_client_certificate() => {
            TlsError::ClientCertificateRequired
        }
        // The certificate was good; what the server signed with its key cannot be verified.
        Some(error)
            if TlsError::of(error) == TlsError::BadSignature
                && record.refused_subject().is_none() =>
        {
            TlsError::UnsuitableCertificate
        }
        Some(error) => TlsError::of(error),
        None => return None,
    };
    let words = found.map_or_else(|| error.to_string(), describe);
    let detail = match record.refused_subject() {
        Some(subject) => format!("{place}: {words} (certificate of {subject})"),
        None => format!("{place}: {words}"),
    };
    Some(WireErrorKind::Tls(kind).because(detail))
}

/// Takes the end of the connection for the end of the stream, also where the server leaves out TLS's own
/// (`close_notify`), as Go and OpenSSL do. HTTP notices what is cut off, where it knows the length.
struct Lenient<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Lenient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.0).poll_read(context, buffer) {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lenient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(addresses: &Addresses, all: &[&str]) -> Option<Vec<String>> {
        let all: Vec<IpAddr> = all.iter().map(|ip| ip.parse().unwrap()).collect();
        let url = Url::parse("https://realm.example.com/").unwrap();
        let left = addresses.filter(&all, &url).ok()?;
        Some(left.iter().map(ToString::to_string).collect())
    }

    /// A name server of the realm's owner may answer with any address.
    #[test]
    fn of_a_realms_addresses_those_outside_of_private_networks_are_left() {
        let public = |all: &[&str]| filtered(&Addresses::Public, all);
        let one = |ip: &str| Some(vec![ip.to_owned()]);
        assert_eq!(public(&["8.8.8.8", "10.0.0.1"]), one("8.8.8.8"));
        assert_eq!(public(&["64:ff9b::808:808"]), one("64:ff9b::808:808"));
        for ip in [
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert_eq!(public(&[ip]), None, "{ip}");
        }
    }

    #[test]
    fn a_private_registry_may_have_a_private_realm_but_none_on_the_link() {
        let routed = |ip: &str| filtered(&Addresses::Routed, &[ip]).is_some();
        assert!(routed("10.0.0.1") && routed("127.0.0.1"));
        assert!(!routed("169.254.169.254") && !routed("fe80::1"));
    }

    #[test]
    fn a_registry_that_a_network_makes_insecure_stays_in_it() {
        let within = Addresses::Within(vec!["172.30.0.0/16".parse().unwrap()]);
        assert!(filtered(&within, &["172.30.1.1"]).is_some());
        assert_eq!(filtered(&within, &["10.0.0.1"]), None);
        assert_eq!(filtered(&within, &[]), Some(Vec::new()));
    }
}
