//! Proxies that open no tunnel, or none in time.

use super::*;

/// What is said of a registry with TLS behind a proxy that answers so to CONNECT, and how often the proxy
/// is asked.
fn answered(connect: impl Fn(&Heard) -> Reaction + Send + Sync + 'static) -> (Answer, usize) {
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(server(&authority.server(&[]).unwrap()), htpasswd);
    let proxy = Scripted::plain(connect);
    let options = json!({
        "ca_cert": authority.ca_cert(),
        "https_proxy": format!("http://squire:pr0xy-w0rd@{}", proxy.host()),
        "connect_timeout": 1,
        "retries": 1,
    });
    let answer = validate(&registry, options);
    assert!(registry.heard().is_empty());
    assert!(!answer.stdout.contains("pr0xy-w0rd"), "{}", answer.stdout);
    (answer, proxy.heard().len())
}

/// Each try is asked twice: the HTTP library does not tell the status.
#[test]
fn what_a_proxy_answers_to_connect_is_told() {
    for (status, expected, asked) in [
        (503, ("unreachable", "refused"), 4),
        (403, ("proxy_failure", "proxy_denied"), 2),
        (401, ("proxy_failure", "proxy_authentication"), 2),
        (407, ("proxy_failure", "proxy_authentication"), 1),
    ] {
        let (answer, count) = answered(move |_| head(status, &[]));
        assert_eq!((outcome(&answer), count), (expected, asked), "{status}");
    }
    let (answer, _) = answered(|_| head(502, &[]));
    let status = "the proxy answered 502";
    assert!(answer.failure().contains(status), "{}", answer.failure());
}

#[test]
fn a_proxy_that_hangs_up_opens_no_tunnel() {
    let (answer, _) = answered(|_| Reaction::SayAndClose(Vec::new()));
    assert_eq!(outcome(&answer), ("proxy_failure", "proxy_denied"));
}

#[test]
fn a_proxy_that_keeps_a_tunnel_waiting_is_there() {
    let (answer, _) = answered(|_| Reaction::SayAndDrip("HTTP/1.1 200 OK\r\nX: ".into()));
    assert_eq!(outcome(&answer), ("unreachable", "timeout"));
    let place = "through the proxy 127.0.0.1:";
    assert!(answer.failure().contains(place), "{}", answer.failure());
}

/// Many proxies allow tunnels to port 443 only; docker then speaks HTTP.
#[test]
fn a_registry_without_tls_needs_no_tunnel() {
    let proxy = Scripted::plain(|_| head(403, &[]));
    let registry = Scripted::plain(htpasswd);
    let options = json!({"https_proxy": format!("http://{}", proxy.host())});
    assert_eq!(verdict(&registry, options), ("valid", "pulled"));
}

#[test]
fn a_proxy_with_a_foreign_certificate_is_not_taken_for_the_registry() {
    let (authority, stranger) = (Authority::new().unwrap(), Authority::new().unwrap());
    let proxy = Scripted::tls(server(&stranger.server(&[]).unwrap()), |_| head(200, &[]));
    let registry = Scripted::tls(server(&authority.server(&[]).unwrap()), htpasswd);
    let options = json!({
        "ca_cert": authority.ca_cert(),
        "https_proxy": format!("https://{}", proxy.host()),
    });
    let answer = validate(&registry, options);
    assert_eq!(outcome(&answer), ("proxy_failure", "proxy_untrusted"));
    let place = format!("details: \"{}", proxy.host());
    assert!(answer.failure().contains(&place), "{}", answer.failure());
    assert!(proxy.heard().is_empty());
}
