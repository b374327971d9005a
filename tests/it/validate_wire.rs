//! What happens on the wire: TLS, redirects, broken and endless answers, time. The servers are
//! scripted; what real registries answer is tested in `validate_real`.
#![expect(
    clippy::needless_pass_by_value,
    reason = "calls read better with a literal"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{RootCertStore, ServerConfig, crypto::ring, server::WebPkiClientVerifier};
use serde_json::{Value, json};
use testbed::pki::{Authority, Identity};

use crate::support::{
    module::{Answer, Module},
    scratch::Scratch,
    scripted::{Heard, Reaction, Scripted, head, reply},
};

const PASSWORD: &str = "s3cret-of-the-wire";
/// base64 of `somebody:s3cret-of-the-wire`.
const PAIR: &str = "c29tZWJvZHk6czNjcmV0LW9mLXRoZS13aXJl";

// Bodies and time.

#[test]
fn a_hiccup_is_tried_again() {
    let tries = AtomicUsize::new(0);
    let registry = Scripted::plain(move |request| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => reply(503, &[], "busy"),
        1 => Reaction::SayAndClose(Vec::new()),
        _ => htpasswd(request),
    });
    assert_eq!(verdict(&registry, json!({})), ("valid", "pulled"));
}

#[test]
fn retry_after_is_heeded_within_the_time() {
    let tries = AtomicUsize::new(0);
    let registry = Scripted::plain(move |request| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => reply(429, &["Retry-After: 1"], ""),
        _ => htpasswd(request),
    });
    let begin = Instant::now();
    assert_eq!(
        verdict(&registry, json!({"delay": 60})),
        ("valid", "pulled")
    );
    assert!(begin.elapsed() >= Duration::from_secs(1));

    let registry = Scripted::plain(|_| reply(429, &["Retry-After: 3600"], "toomanyrequests"));
    assert_eq!(
        verdict(&registry, json!({})),
        ("rate_limited", "too_many_requests")
    );
    assert_eq!(registry.heard().len(), 1);
}

#[test]
fn a_silent_registry_ends_with_the_timeout() {
    let registry = Scripted::plain(|_| {
        thread::sleep(Duration::from_secs(15));
        reply(200, &[], "")
    });
    let begin = Instant::now();
    let answer = validate(&registry, json!({"timeout": 1}));
    assert_eq!(outcome(&answer), ("unreachable", "timeout"));
    assert!(
        answer.failure().contains(&registry.host()),
        "{}",
        answer.failure()
    );
    assert!(begin.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_body_that_stops_is_not_waited_for() {
    let registry = Scripted::plain(|_| {
        Reaction::Say(b"HTTP/1.1 401 X\r\nContent-Length: 50\r\n\r\nhalf".to_vec())
    });
    assert_eq!(
        verdict(&registry, json!({"timeout": 1})),
        ("unreachable", "timeout")
    );
}

#[test]
fn broken_answers_are_the_registrys_fault() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nhalf",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 999999 ?\r\n\r\n",
    ] {
        let registry = Scripted::plain(move |_| Reaction::SayAndClose(bytes.to_vec()));
        assert_eq!(
            verdict(&registry, json!({})),
            ("registry_error", "garbage"),
            "{bytes:?}"
        );
    }
}

#[test]
fn endless_bodies_are_read_to_a_bound() {
    let filler = "x".repeat(3 << 20);
    let token = format!("{{\"token\":\"{filler}\"}}");
    let registry = Scripted::plain(move |request| {
        if request.path.starts_with("/token") {
            reply(200, &[], &token)
        } else {
            asks_for_token()
        }
    });
    assert_eq!(verdict(&registry, json!({})), ("registry_error", "garbage"));

    let registry = Scripted::plain(move |request| match request.authorization {
        Some(_) => reply(401, &[], &filler),
        None => asks_for_basic(),
    });
    let answer = validate(&registry, json!({}));
    assert_eq!(outcome(&answer), ("invalid_credentials", "rejected"));
    assert!(answer.stdout.len() < 4096, "the server's text is cut");
}

#[test]
fn texts_of_servers_are_cleaned() {
    let echo = format!("\u{1b}[2J {PASSWORD} {PAIR}\nPLAY RECAP\u{202e}");
    let registry = Scripted::plain(move |request| match request.authorization {
        Some(_) => reply(401, &["Content-Type: text/plain"], &echo),
        None => asks_for_basic(),
    });
    let answer = validate(&registry, json!({}));
    assert!(
        answer
            .failure()
            .contains("the server said: \"[2J ******** ******** PLAY RECAP\""),
        "{}",
        answer.failure()
    );
}

// Redirects.

#[test]
fn no_credential_follows_a_redirect_to_another_server() {
    let elsewhere = Scripted::plain(|_| reply(200, &[], "{\"token\":\"t\"}"));
    for path in ["/v2/", "/token"] {
        let location = format!("Location: http://{}/x", elsewhere.host());
        let registry = Scripted::plain(move |request| {
            if request.path.starts_with(path) {
                head(307, &[&location])
            } else {
                asks_for_token()
            }
        });
        let answer = validate(&registry, json!({}));
        assert_eq!(answer.code, Some(1), "{}", answer.stdout);
    }
    assert!(
        elsewhere
            .heard()
            .iter()
            .all(|request| request.authorization.is_none())
    );
}

#[test]
fn an_image_in_a_store_counts_and_the_store_is_not_asked() {
    let store = Scripted::plain(|_| reply(200, &[], ""));
    let location = format!("Location: http://{}/blob", store.host());
    let registry = Scripted::plain(move |request| match &request.authorization {
        Some(_) if request.path.contains("/manifests/") => head(307, &[&location]),
        _ => htpasswd(request),
    });
    assert_eq!(verdict(&registry, json!({})), ("valid", "pulled"));
    assert!(store.heard().is_empty());
}

#[test]
fn a_realm_elsewhere_in_clear_gets_nothing() {
    let thief = Scripted::plain(|_| reply(200, &[], "{\"token\":\"t\"}"));
    let challenge = format!(
        "WWW-Authenticate: Bearer realm=\"http://{}/token\"",
        thief.host()
    );
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(server(&authority.server(&[]).unwrap()), move |_| {
        head(401, &[&challenge])
    });
    let answer = validate(&registry, trusting(&authority));
    assert_eq!(outcome(&answer), ("registry_error", "unsafe_realm"));
    assert!(thief.heard().is_empty());
}

// TLS.

#[test]
fn tls_failures_name_reason_and_certificate() {
    let authority = Authority::new().unwrap();
    let stranger = Authority::new().unwrap();
    let table = [
        (stranger.server(&[]).unwrap(), "unknown_issuer"),
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

#[test]
fn a_registry_may_want_a_certificate_of_ours() {
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(mutual_server(&authority), htpasswd);
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

// Helpers.

/// A registry with one account, and one image.
fn htpasswd(request: &Heard) -> Reaction {
    match request.authorization.as_deref() {
        Some(authorization) if authorization == format!("Basic {PAIR}") => head(200, &[]),
        _ => asks_for_basic(),
    }
}

fn asks_for_basic() -> Reaction {
    head(401, &["WWW-Authenticate: Basic realm=\"registry\""])
}

fn asks_for_token() -> Reaction {
    head(
        401,
        &["WWW-Authenticate: Bearer realm=\"/token\",service=\"s\""],
    )
}

/// The registry in the list, with `more` in its entry.
fn credential(registry: &Scripted, more: Value) -> Value {
    let mut entry = json!({"host": registry.host(), "user": "somebody", "password": PASSWORD});
    entry
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().cloned().unwrap());
    entry
}

/// Validates the one registry. Members of `more` go to its entry or to the module; unless they make
/// demands on TLS, the registry counts as insecure.
fn validate(registry: &Scripted, more: Value) -> Answer {
    let Value::Object(more) = more else {
        panic!("options are an object")
    };
    let (entry, mut options): (serde_json::Map<_, _>, serde_json::Map<_, _>) = more
        .into_iter()
        .partition(|(name, _)| ["ca_cert", "tls_verify"].contains(&name.as_str()));
    let strict = options.remove("insecure").is_some()
        || !entry.is_empty()
        || options.contains_key("cert_dir");
    let mut module = Module::new("oreg_validate").args(json!({
        "openshift_additional_registry_credentials": [credential(registry, Value::Object(entry))],
        "delay": 0,
    }));
    if !strict {
        module = module.args(json!({"openshift_docker_insecure_registries": [registry.host()]}));
    }
    let answer = module.args(Value::Object(options)).run();
    assert!(
        !answer.stdout.contains(PASSWORD) && !answer.stdout.contains(PAIR),
        "{}",
        answer.stdout
    );
    answer
}

fn verdict(registry: &Scripted, more: Value) -> (&'static str, &'static str) {
    outcome(&validate(registry, more))
}

/// Verdict and reason of the one registry; leaked, which a test can afford.
fn outcome(answer: &Answer) -> (&'static str, &'static str) {
    let registry = &answer.json["registries"][0];
    let word = |name: &str| {
        let word = registry[name]
            .as_str()
            .unwrap_or_else(|| panic!("{}", answer.stdout));
        &*word.to_owned().leak()
    };
    (word("verdict"), word("reason"))
}

fn trusting(authority: &Authority) -> Value {
    json!({"ca_cert": authority.ca_cert()})
}

fn server(identity: &Identity) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    let (chain, key) = chain_and_key(identity);
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

/// A server that wants a certificate of `authority` from its clients.
fn mutual_server(authority: &Authority) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(authority.ca_cert()).unwrap();
    roots.add(ca).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .build()
        .unwrap();
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let (chain, key) = chain_and_key(&authority.server(&[]).unwrap());
    Arc::new(
        builder
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .unwrap(),
    )
}

fn chain_and_key(identity: &Identity) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_file_iter(identity.cert())
        .unwrap()
        .collect::<Result<_, _>>();
    (
        chain.unwrap(),
        PrivateKeyDer::from_pem_file(identity.key()).unwrap(),
    )
}
