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

#[test]
fn what_a_proxy_answers_to_connect_is_reported() {
    for (status, expected, asked) in [
        (503, ("unreachable", "refused"), 2),
        (403, ("proxy_failure", "proxy_denied"), 1),
        (401, ("proxy_failure", "proxy_authentication"), 1),
        (407, ("proxy_failure", "proxy_authentication"), 1),
    ] {
        let (answer, count) = answered(move |_| head(status, &[]));
        assert_eq!((outcome(&answer), count), (expected, asked), "{status}");
    }
    let (answer, _) = answered(|_| head(502, &[]));
    let status = "the proxy answered 502";
    assert!(answer.failure().contains(status), "{}", answer.failure());
}

/// The logins that a proxy is sent by a run for these many registries behind it.
fn logins_sent(registries: usize, status: u16) -> usize {
    let proxy = Scripted::plain(move |_| head(status, &[]));
    let entries: Vec<_> = (0..registries)
        .map(|n| json!({"host": format!("r{n}.example.com"), "password": PASSWORD}))
        .collect();
    let answer = Module::new("oreg_validate")
        .args(json!({
            "openshift_additional_registry_credentials": entries,
            "https_proxy": format!("http://squire:pr0xy-w0rd@{}", proxy.host()),
            "retries": 0,
        }))
        .run();
    let found = answer.json["registries"].as_array().unwrap();
    assert!(
        found.iter().all(|one| one["verdict"] == "proxy_failure"),
        "{}",
        answer.stdout
    );
    let with_login = |one: &&Heard| {
        one.text
            .to_ascii_lowercase()
            .contains("proxy-authorization:")
    };
    proxy.heard().iter().filter(with_login).count()
}

#[test]
fn a_proxys_wrong_password_is_sent_once_in_a_run() {
    for status in [407, 401, 403] {
        assert_eq!(logins_sent(12, status), 1, "{status}");
    }
}

/// The proxy is another server than the registry, also where the registry's certificate does not matter.
#[test]
fn a_waiver_for_a_registry_is_none_for_the_proxy() {
    let stranger = Authority::new().unwrap();
    let proxy = Scripted::tls(server(&stranger.server(&[]).unwrap()), |_| head(200, &[]));
    for tls_verify in [true, false] {
        let entry =
            json!({"host": "r.example.com", "password": PASSWORD, "tls_verify": tls_verify});
        let answer = Module::new("oreg_validate")
            .args(json!({
                "openshift_additional_registry_credentials": [entry],
                "https_proxy": format!("https://squire:pr0xy-w0rd@{}", proxy.host()),
                "retries": 0,
            }))
            .run();
        assert_eq!(outcome(&answer), ("proxy_failure", "proxy_untrusted"));
    }
    assert!(proxy.heard().is_empty());
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
