//! Whether a server can be trusted.

use super::*;

#[test]
fn tls_failures_name_reason_and_certificate() {
    let authority = Authority::new().unwrap();
    let stranger = Authority::new().unwrap();
    let table = [
        (stranger.server(&[]).unwrap(), "bad_signature"),
        (
            authority.server_for_only(&[]).unwrap(),
            "no_alternative_name",
        ),
        (authority.expired_server().unwrap(), "certificate_expired"),
        (
            authority
                .server_for_only(&["elsewhere.example.com"])
                .unwrap(),
            "wrong_name",
        ),
    ];
    for (identity, reason) in table {
        let registry = Scripted::tls(server(&identity), htpasswd);
        let answer = validate(&registry, trusting(&authority));
        assert_eq!(outcome(&answer), ("tls_failure", reason));
        assert!(
            answer.failure().contains("certificate of "),
            "{}",
            answer.failure()
        );
        assert!(registry.heard().is_empty());
    }
}

#[test]
fn trust_comes_from_file_directory_or_waiver() {
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(server(&authority.server(&[]).unwrap()), htpasswd);
    assert_eq!(
        verdict(&registry, trusting(&authority)),
        ("valid", "pulled")
    );
    assert_eq!(
        verdict(&registry, json!({"tls_verify": "no"})),
        ("valid", "pulled")
    );

    let scratch = Scratch::new();
    let pem = std::fs::read(authority.ca_cert()).unwrap();
    scratch.write(&format!("{}/ca.crt", registry.host()), pem);
    assert_eq!(
        verdict(&registry, json!({"cert_dir": scratch.path("")})),
        ("valid", "pulled")
    );
}

#[test]
fn a_self_signed_certificate_may_be_trusted_itself() {
    let stranger = Authority::new().unwrap();
    let identity = stranger.server(&[]).unwrap();
    let registry = Scripted::tls(server(&identity), htpasswd);
    assert_eq!(
        verdict(&registry, json!({"ca_cert": identity.cert()})),
        ("valid", "pulled")
    );
    let other = Scripted::tls(server(&stranger.server(&[]).unwrap()), htpasswd);
    assert_eq!(
        verdict(&other, json!({"ca_cert": identity.cert()})),
        ("tls_failure", "unknown_issuer")
    );
}

/// TLS 1.2 refuses within the handshake, TLS 1.3 after it.
#[test]
fn a_registry_may_want_a_certificate_of_ours() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        wants_a_certificate(version);
    }
}

fn wants_a_certificate(version: &'static SupportedProtocolVersion) {
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(mutual_server(&authority, version), htpasswd);
    assert_eq!(
        verdict(&registry, trusting(&authority)),
        ("tls_failure", "client_certificate_required")
    );
    let scratch = Scratch::new();
    let ours = authority.client("node", None).unwrap();
    let copy = |from: &std::path::Path, to: &str| {
        scratch.write(
            &format!("{}/{to}", registry.host()),
            std::fs::read(from).unwrap(),
        );
    };
    copy(&authority.ca_cert(), "ca.crt");
    copy(ours.cert(), "client.cert");
    let options = json!({"cert_dir": scratch.path("")});
    assert_eq!(
        verdict(&registry, options.clone()),
        ("tls_failure", "tls_files")
    );
    copy(ours.key(), "client.key");
    assert_eq!(verdict(&registry, options), ("valid", "pulled"));
}

#[test]
fn plain_http_only_where_it_was_asked_for() {
    let registry = Scripted::plain(htpasswd);
    let credentials = json!([credential(&registry, json!({}))]);
    let answer = Module::new("oreg_validate")
        .args(json!({"openshift_additional_registry_credentials": credentials, "delay": 0}))
        .run();
    assert_eq!(outcome(&answer), ("tls_failure", "speaks_http"));
    assert!(registry.heard().is_empty());
    assert_eq!(verdict(&registry, json!({})), ("valid", "pulled"));
}

#[test]
fn an_old_server_is_told_from_a_strange_one() {
    // A fatal alert, protocol_version (RFC 8446 §6.2).
    let registry = Scripted::raw(b"\x15\x03\x01\x00\x02\x02\x46");
    assert_eq!(
        verdict(&registry, json!({})),
        ("tls_failure", "tls_protocol")
    );
}

#[test]
fn files_for_tls_that_are_no_use_are_named() {
    let registry = Scripted::plain(htpasswd);
    let scratch = Scratch::new();
    let empty = scratch.write("ca.pem", "not a certificate");
    for path in [empty, scratch.path("none.pem")] {
        let answer = validate(
            &registry,
            json!({"ca_cert": path, "tls_verify": true, "insecure": false}),
        );
        assert_eq!(outcome(&answer), ("tls_failure", "tls_files"));
        assert!(
            answer.failure().contains(path.to_str().unwrap()),
            "{}",
            answer.failure()
        );
    }
    assert!(registry.heard().is_empty());
}
