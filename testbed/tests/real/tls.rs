//! Good certificates and odd ones.

use std::error::Error;
use std::time::{Duration, Instant};

use testbed::bed::{Bed, Wanted};
use testbed::pki::{Authority, Identity};
use testbed::registry::TokenIssuer as _;
use testbed::slow_registries::{Behind, SlowRegistries};
use testbed::token_server::TokenServer;

use crate::client;

/// Returns why a client that trusts `authority` does not talk to a server with this certificate.
fn complaint(authority: &Authority, identity: &Identity) -> Option<String> {
    let server = TokenServer::start(identity, Vec::new()).unwrap();
    let error = client::trusting(&authority.ca_cert())
        .get(server.realm())
        .send()
        .err()?;
    let mut cause: &dyn Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Some(cause.to_string())
}

#[test]
fn a_good_certificate_is_taken() {
    let authority = Authority::new().unwrap();
    assert_eq!(complaint(&authority, &authority.server(&[]).unwrap()), None);
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new().unwrap();
    let complaint = complaint(&authority, &authority.expired_server().unwrap()).unwrap();
    assert!(complaint.contains("expired"), "{complaint}");
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new().unwrap();
    let identity = authority
        .server_for_only(&["registry.example.com"])
        .unwrap();
    let complaint = complaint(&authority, &identity).unwrap();
    assert!(complaint.contains("not valid for name"), "{complaint}");
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    let identity = Authority::new().unwrap().server(&[]).unwrap();
    let complaint = complaint(&Authority::new().unwrap(), &identity).unwrap();
    assert!(
        complaint.contains("invalid peer certificate"),
        "{complaint}"
    );
}

#[test]
fn slow_registries_hand_on_the_challenge_and_take_their_time() {
    let bed = Bed::start(Wanted::default()).unwrap();
    let behind = Behind {
        registry: bed.token_registry.host(),
        realm: &bed.token_server.realm(),
    };
    let delay = Duration::from_millis(300);
    let slow = SlowRegistries::start(2, delay, &behind).unwrap();
    let before = bed.token_server.requests().len();
    for host in slow.hosts() {
        let client = client::trusting(&slow.cert_dir().join(host).join("ca.crt"));
        let begin = Instant::now();
        let answer = client.get(format!("https://{host}/v2/")).send().unwrap();
        assert!(begin.elapsed() >= delay);
        assert_eq!(answer.status(), 401);
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert!(!challenge.contains(bed.token_server.host()), "{challenge}");
        let realm = challenge.split('"').nth(1).unwrap();
        let tokens = client.get(realm).send().unwrap();
        assert_eq!(tokens.status(), 401, "{realm}");
    }
    assert_eq!(bed.token_server.requests().len() - before, 2);
}
