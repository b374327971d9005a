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
fn a_registry_may_want_a_client_certificate() {
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
fn an_old_server_is_distinguished_from_a_strange_one() {
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

/// X.509 version 1 has no extensions; the server is the one to judge.
#[cfg(feature = "real")]
#[test]
fn a_client_certificate_of_version_1_is_sent() {
    let issuer = testbed::odd_certificates::OddIssuer::new().unwrap();
    let pem = |der: Vec<u8>| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let text = STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(mutual_server(&authority, &rustls::version::TLS12), htpasswd);
    let scratch = Scratch::new();
    let write = |name: &str, text: Vec<u8>| {
        scratch.write(&format!("{}/{name}", registry.host()), text);
    };
    write("ca.crt", std::fs::read(authority.ca_cert()).unwrap());
    write(
        "client.cert",
        pem(issuer.certificate(&[], "-sha256").unwrap()).into(),
    );
    write("client.key", std::fs::read(issuer.key()).unwrap());
    let options = json!({"cert_dir": scratch.path("")});
    // It is shown, and this server does not want it.
    assert_eq!(
        verdict(&registry, options),
        ("tls_failure", "client_certificate_refused")
    );
}

#[test]
fn the_environment_of_a_task_decides_no_trust() {
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(server(&authority.server(&[]).unwrap()), htpasswd);
    let file = authority.ca_cert();
    let directory = file.parent().unwrap();
    let variables = [
        format!("SSL_CERT_FILE={}", file.display()),
        format!("SSL_CERT_DIR={}", directory.display()),
    ];
    let answer = Module::new("oreg_validate")
        .args(json!({
            "openshift_additional_registry_credentials": [credential(&registry, json!({}))],
            "delay": 0,
        }))
        .under(&["env", &variables[0], &variables[1]])
        .run();
    assert_eq!(outcome(&answer), ("tls_failure", "unknown_issuer"));
    assert!(registry.heard().is_empty());
}

/// docker passes over files of other formats in `certs.d`; the file of an option must be what it is for.
#[test]
fn a_file_of_another_format_beside_an_authority_is_passed_over() {
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(server(&authority.server(&[]).unwrap()), htpasswd);
    let scratch = Scratch::new();
    let pem = std::fs::read(authority.ca_cert()).unwrap();
    scratch.write(&format!("{}/ca.crt", registry.host()), pem);
    scratch.write(&format!("{}/z.crt", registry.host()), [0x30, 0x82, 1, 2]);
    let options = json!({"cert_dir": scratch.path("")});
    assert_eq!(verdict(&registry, options), ("valid", "pulled"));
}

#[test]
fn a_waiver_for_a_registry_is_none_for_the_store_that_it_names() {
    let stranger = Authority::new().unwrap();
    let config = server(&stranger.server(&[]).unwrap());
    let store = Scripted::tls(config.clone(), |_| head(200, &[]));
    let location = format!("Location: https://{}/blob", store.host());
    let registry = Scripted::tls(config, move |request| match &request.authorization {
        Some(_) if request.path.contains("/manifests/") => head(307, &[&location]),
        _ => htpasswd(request),
    });
    let answer = validate(&registry, json!({"tls_verify": false}));
    assert_eq!(outcome(&answer), ("tls_failure", "unknown_issuer"));
    assert!(store.heard().is_empty());
}

#[test]
fn a_realm_is_trusted_as_its_registry() {
    let authority = Authority::new().unwrap();
    let config = server(&authority.server(&[]).unwrap());
    let realm = Scripted::tls(config.clone(), |request| match request.authorization {
        Some(_) => reply(200, &[], r#"{"token":"t"}"#),
        None => head(401, &[]),
    });
    let challenge = format!(
        "WWW-Authenticate: Bearer realm=\"https://{}/token\"",
        realm.host()
    );
    for options in [trusting(&authority), json!({"tls_verify": false})] {
        let challenge = challenge.clone();
        let registry = Scripted::tls(config.clone(), move |request| match request.authorization {
            Some(_) => head(200, &[]),
            None => head(401, &[&challenge]),
        });
        assert_eq!(verdict(&registry, options), ("valid", "pulled"));
    }
}
