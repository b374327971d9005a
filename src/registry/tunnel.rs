//! Why a proxy opened no tunnel. The HTTP library reads the proxy's answer to CONNECT and tells only that
//! it was none, so the proxy is asked once more, by hand, for the status alone.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

use crate::support::proxies::Proxy;

/// A status line is shorter.
const LONGEST_LINE: usize = 1024;

/// Returns the status with which `proxy` answers the wish for a tunnel to `destination`; `None` where it
/// gives none, or is spoken to by TLS.
pub(super) async fn connect_status(proxy: &Proxy, destination: &Url) -> Option<u16> {
    let at = proxy.address();
    if at.scheme() != "http" {
        return None;
    }
    let host = at.host_str()?.trim_matches(['[', ']']);
    let address = (host, at.port_or_known_default()?);
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream
        .write_all(request(proxy, destination)?.as_bytes())
        .await
        .ok()?;
    let mut answer = Vec::new();
    while !answer.contains(&b'\n') && answer.len() < LONGEST_LINE {
        if stream.read_buf(&mut answer).await.ok()? == 0 {
            break;
        }
    }
    status(&answer)
}

fn request(proxy: &Proxy, destination: &Url) -> Option<String> {
    let (host, port) = (
        destination.host_str()?,
        destination.port_or_known_default()?,
    );
    let login = proxy.login().map_or_else(String::new, |pair| {
        format!("Proxy-Authorization: Basic {}\r\n", pair.expose())
    });
    Some(format!(
        "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}\r\n"
    ))
}

/// `HTTP/1.1 503 Service Unavailable`.
fn status(answer: &[u8]) -> Option<u16> {
    let line = String::from_utf8_lossy(answer);
    let mut words = line.strip_prefix("HTTP/1.")?.split_ascii_whitespace();
    words.nth(1)?.parse().ok()
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
    fn the_login_of_the_address_is_sent() {
        let to = Url::parse("https://registry.example.com/v2/").unwrap();
        let asked = |proxy| request(&Proxy::parse(proxy).unwrap(), &to).unwrap();
        let line =
            "CONNECT registry.example.com:443 HTTP/1.1\r\nHost: registry.example.com:443\r\n";
        assert_eq!(asked("http://p:3128"), format!("{line}\r\n"));
        assert_eq!(
            asked("http://u:s%40cret@p:3128"),
            format!("{line}Proxy-Authorization: Basic dTpzQGNyZXQ=\r\n\r\n")
        );
    }
}
