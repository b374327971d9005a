//! The login test of `docker_creds`: nothing is stored that was not proven.

use std::{net::TcpListener, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};
use testbed::{pki::Authority, proxy::beyond_loopback};

use crate::support::{
    module::Module,
    scratch::{Scratch, read},
    scripted::{Heard, Reaction, Scripted, head},
};

/// base64 of `name:s3cret-of-creds`.
const PAIR: &str = "bmFtZTpzM2NyZXQtb2YtY3JlZHM=";

fn task(directory: &Path, registry: &str) -> Module {
    Module::new("docker_creds").args(json!({
        "path": directory,
        "registry": registry,
        "username": "name",
        "password": "s3cret-of-creds",
        "test_image": "openshift3/ose-pod:v3.11",
        "proxy_vars": "",
    }))
}

fn htpasswd(request: &Heard) -> Reaction {
    if request.authorization.as_deref() == Some(&format!("Basic {PAIR}")) {
        return head(200, &[]);
    }
    head(401, &["WWW-Authenticate: Basic realm=\"registry\""])
}

fn self_signed() -> Arc<ServerConfig> {
    let identity = Authority::new().unwrap().server(&[]).unwrap();
    let chain = CertificateDer::pem_file_iter(identity.cert()).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(identity.key()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(chain, key);
    Arc::new(config.unwrap())
}

fn unverified(more: &Value) -> Value {
    let mut options = json!({"tls_verify": "False"});
    options
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    options
}

#[test]
fn a_proven_credential_is_stored() {
    let registry = Scripted::tls(self_signed(), htpasswd);
    let scratch = Scratch::new();
    let call = task(&scratch.path(""), &registry.host()).args(unverified(&json!({})));
    assert!(call.run().changed());
    assert!(read(&scratch.path("config.json")).contains(PAIR));
    assert!(registry.heard().iter().any(|request| {
        request.path == "/v2/openshift3/ose-pod/manifests/v3.11" && request.authorization.is_some()
    }));
}

#[test]
fn a_refused_credential_is_not_stored_and_sent_once() {
    let registry = Scripted::tls(self_signed(), htpasswd);
    let scratch = Scratch::new();
    let wrong = json!({"password": "wr0ng-of-creds"});
    let call = task(&scratch.path(""), &registry.host()).args(unverified(&wrong));
    let answer = call.run();
    assert!(
        answer.failure().starts_with("invalid_credentials: "),
        "{}",
        answer.stdout
    );
    let advice = "check username and password";
    assert!(answer.failure().contains(advice), "{}", answer.stdout);
    assert_eq!(answer.json["state"], "unknown");
    assert!(!answer.stdout.contains("wr0ng-of-creds"));
    let logins = registry.heard();
    assert_eq!(
        logins
            .iter()
            .filter(|request| request.authorization.is_some())
            .count(),
        1
    );
    assert!(!scratch.path("config.json").exists());
}

#[test]
fn check_mode_proves_but_does_not_store() {
    let registry = Scripted::tls(self_signed(), htpasswd);
    let scratch = Scratch::new();
    let call = task(&scratch.path(""), &registry.host()).args(unverified(&json!({})));
    assert!(call.check().run().changed());
    assert!(!registry.heard().is_empty());
    assert!(!scratch.path("config.json").exists());
}

#[test]
fn an_untrusted_certificate_is_refused_by_default() {
    let registry = Scripted::tls(self_signed(), htpasswd);
    let scratch = Scratch::new();
    let answer = task(&scratch.path(""), &registry.host()).run();
    assert!(
        answer.failure().starts_with("tls_failure: "),
        "{}",
        answer.stdout
    );
    assert!(registry.heard().is_empty());
}

#[test]
fn proxies_are_used_unless_excepted() {
    let registry = Scripted::tls(self_signed(), htpasswd);
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let scratch = Scratch::new();
    let through = |more: &str| {
        let proxies = format!("HTTPS_PROXY='http://user:pr0xy-word@{closed}' {more}");
        let options = unverified(&json!({"proxy_vars": proxies, "test_timeout": 10}));
        task(&scratch.path(""), &beyond_loopback(&registry.host()))
            .args(options)
            .run()
    };
    let answer = through("");
    assert!(
        answer.failure().starts_with("proxy_failure: "),
        "{}",
        answer.stdout
    );
    assert!(!answer.stdout.contains("pr0xy-word"));
    assert!(through("NO_PROXY=0.0.0.0,.example.com").changed());
}
