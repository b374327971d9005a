//! What a proxy answers: to the request for a tunnel (CONNECT), and in place of a registry.

use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::exchange::{ProxyErrorKind, WireError, WireErrorKind};
use crate::domain::secret::Secret;

/// Bytes of the longest answer to CONNECT that is read.
const LONGEST_ANSWER: usize = 64 << 10;

/// Asks the proxy at the other end of `stream` for a tunnel to `authority` (`host:port`).
pub(super) async fn request_tunnel(
    stream: &mut (impl AsyncWrite + Unpin),
    authority: &str,
    login: Option<&Secret>,
) -> std::io::Result<()> {
    let request = connect_request(authority, login);
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await
}

/// Reads the status of the answer; `None` when it is not HTTP, or cut off.
pub(super) async fn read_status(stream: &mut (impl AsyncRead + Unpin)) -> Option<u16> {
    let mut answer = Vec::new();
    // Byte by byte: what follows belongs to the server at the other end of the tunnel.
    while !answer.ends_with(b"\r\n\r\n") && !answer.ends_with(b"\n\n") {
        let byte = stream.read_u8().await.ok();
        match byte {
            Some(byte) if answer.len() < LONGEST_ANSWER => answer.push(byte),
            _ => break,
        }
    }
    status(&answer)
}

fn connect_request(authority: &str, login: Option<&Secret>) -> String {
    let login = login.map_or_else(String::new, |pair| {
        format!("Proxy-Authorization: Basic {}\r\n", pair.expose())
    });
    // Nothing but what RFC 9110 §9.3.6 requires.
    format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{login}\r\n")
}

/// `HTTP/1.1 503 Service Unavailable`.
fn status(answer: &[u8]) -> Option<u16> {
    let line = String::from_utf8_lossy(answer);
    // 1.0 or 1.1; old proxies answer with the former.
    let mut words = line.strip_prefix("HTTP/1.")?.split_ascii_whitespace();
    words.nth(1)?.parse().ok()
}

/// The meaning of the status with which a proxy refused a tunnel.
pub(super) fn refused_tunnel(status: u16) -> WireError {
    let kind = match status {
        401 | 407 => WireErrorKind::Proxy(ProxyErrorKind::Authentication),
        // The proxy would, but the server behind it does not answer, or has no address.
        500..=599 => WireErrorKind::Refused,
        _ => WireErrorKind::Proxy(ProxyErrorKind::Denied),
    };
    kind.because(format!("the proxy answered {status}"))
}

/// A proxy's own answer to a plain request that it should have passed on; `None` when the registry
/// answered.
///
/// Only marks distinguish them: those of RFC 9209, squid and tinyproxy. The last answers 401 to a wrong
/// password of its own, which must not be mistaken for the registry's word on the credential.
pub(super) fn answer_of_proxy(status: u16, headers: &HeaderMap) -> Option<WireError> {
    // A registry never sends 407. Any other status may be its own.
    let is_proxys = status == 407 || (status >= 400 && is_marked(headers));
    is_proxys.then(|| refused_tunnel(status))
}

fn is_marked(headers: &HeaderMap) -> bool {
    let says = |name: &str, text: &str| {
        let values = headers.get_all(name).iter();
        values
            .flat_map(|value| value.to_str())
            .any(|value| value.contains(text))
    };
    says("proxy-status", "error=") || says("x-squid-error", "") || says("server", "tinyproxy/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_the_second_word() {
        for (answer, expected) in [
            (
                &b"HTTP/1.1 503 Service Unavailable\r\nX: y\r\n"[..],
                Some(503),
            ),
            (b"HTTP/1.0 403\n", Some(403)),
            (b"HTTP/1.1 ", None),
            (b"SSH-2.0 200 x", None),
            (b"", None),
        ] {
            assert_eq!(status(answer), expected);
        }
    }

    #[test]
    fn the_login_is_sent_in_its_header() {
        let line = "CONNECT r.example.com:443 HTTP/1.1\r\nHost: r.example.com:443\r\n";
        assert_eq!(
            connect_request("r.example.com:443", None),
            format!("{line}\r\n")
        );
        assert_eq!(
            connect_request("r.example.com:443", Some(&Secret::new("dTpw"))),
            format!("{line}Proxy-Authorization: Basic dTpw\r\n\r\n")
        );
    }
}
