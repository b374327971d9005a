//! docker-registry behind a proxy that ends TLS, with a certificate of a private authority.

use std::fs;

use serde_json::{Value, json};
use testbed::{
    bed::DEVELOPER,
    pki::{Authority, Identity},
    registry::Registry,
    tls_proxy::TlsProxy,
};

use super::{Answer, asked, entry, plain_registry, started, validate, verdicts, with};
use crate::support::scratch::Scratch;

#[test]
fn the_authority_may_be_named_in_the_entry() {
    let authority = Authority::new().unwrap();
    let site = Site::new(&authority.server(&[]).unwrap());
    let answer = site.prove(json!({"ca_cert": authority.ca_cert()}), json!({}));
    assert_eq!(verdicts(&answer.ok()), ["valid/pulled"]);
    assert_eq!(asked(&site.registry).len(), 3);
}

#[test]
fn the_authority_may_be_where_docker_looks_for_it() {
    let authority = Authority::new().unwrap();
    let site = Site::new(&authority.server(&[]).unwrap());
    let certs = Scratch::new();
    let pem = fs::read(authority.ca_cert()).unwrap();
    certs.write(&format!("{}/ca.crt", site.proxy.host()), pem);
    let answer = site.prove(json!({}), json!({"cert_dir": certs.path("")}));
    assert_eq!(verdicts(&answer.ok()), ["valid/pulled"]);
}

#[test]
fn an_unknown_authority_is_refused_with_the_certificates_name() {
    let site = Site::new(&Authority::new().unwrap().server(&[]).unwrap());
    let answer = site.prove(json!({}), json!({}));
    assert_refused(&site, &answer, "tls_failure/unknown_issuer");
}

#[test]
fn verification_can_be_switched_off() {
    let site = Site::new(&Authority::new().unwrap().server(&[]).unwrap());
    let answer = site.prove(json!({"tls_verify": false}), json!({}));
    assert_eq!(verdicts(&answer.ok()), ["valid/pulled"]);
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new().unwrap();
    let site = Site::new(&authority.expired_server().unwrap());
    let answer = site.prove(json!({"ca_cert": authority.ca_cert()}), json!({}));
    assert_refused(&site, &answer, "tls_failure/certificate_expired");
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new().unwrap();
    let identity = authority.server_for_only(&["registry.example.com"]);
    let site = Site::new(&identity.unwrap());
    let answer = site.prove(json!({"ca_cert": authority.ca_cert()}), json!({}));
    assert_refused(&site, &answer, "tls_failure/wrong_name");
}

/// A registry with its proxy.
struct Site {
    registry: Registry,
    proxy: TlsProxy,
    password: String,
}

impl Site {
    fn new(identity: &Identity) -> Self {
        let (registry, password) = plain_registry();
        let proxy = started(TlsProxy::start(identity, registry.host()));
        Self {
            registry,
            proxy,
            password,
        }
    }

    /// Proves the good password; `more` are members of the entry.
    fn prove(&self, more: Value, options: Value) -> Answer {
        let entry = entry(self.proxy.host(), DEVELOPER, &self.password);
        validate(&[with(entry, more)], options)
    }
}

/// The certificate is named, and the registry was not asked anything.
fn assert_refused(site: &Site, answer: &Answer, verdict: &str) {
    assert_eq!(verdicts(answer), [verdict]);
    let subject = "(certificate of CN=testbed server)";
    assert!(answer.failure().contains(subject), "{}", answer.failure());
    assert_eq!(asked(&site.registry), [""; 0]);
}
