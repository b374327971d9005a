//! Registries with HTTP Basic, and the image in them.

use testbed::image;
use testbed::pki::Authority;
use testbed::registry::{Access, LoggedRequest, Registry, Transport};

use crate::client;

const IMAGE: &str = "openshift3/ose-pod:v3.11";

#[test]
fn serves_what_was_pushed_over_tls() {
    let identity = Authority::new().unwrap().server(&[]).unwrap();
    let users = [("developer", "right")];
    let registry = Registry::start(Transport::Tls(&identity), Access::Basic(&users)).unwrap();
    let digest = image::push(&registry, "developer", "right", IMAGE).unwrap();
    assert_eq!(
        client::inspect(&registry, "developer:right", IMAGE),
        Ok(digest)
    );
}

#[test]
fn serves_what_was_pushed_over_plain_http() {
    let users = [("developer", "right")];
    let registry = Registry::start(Transport::Plain, Access::Basic(&users)).unwrap();
    let digest = image::push(&registry, "developer", "right", IMAGE).unwrap();
    assert_eq!(
        client::inspect(&registry, "developer:right", IMAGE),
        Ok(digest)
    );
    assert_eq!(registry.ca_cert(), None);
}

#[test]
fn rotates_a_password_and_counts_failed_logins() {
    let registry = Registry::start(Transport::Plain, Access::Basic(&[("a", "old")])).unwrap();
    let ping = |password| {
        let request = client::plain().get(format!("http://{}/v2/", registry.host()));
        request
            .basic_auth("a", Some(password))
            .send()
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(ping("old"), 200);
    registry.set_password("a", "new").unwrap();
    assert_eq!([ping("old"), ping("new")], [401, 200]);
    assert_eq!(registry.failed_logins(), 1);
}

#[test]
fn lists_its_requests() {
    let registry = Registry::start(Transport::Plain, Access::Open).unwrap();
    let url = format!("http://{}/v2/a/tags/list?n=1", registry.host());
    client::plain()
        .get(url)
        .header("user-agent", "me")
        .send()
        .unwrap();
    let expected = LoggedRequest {
        method: "GET".to_owned(),
        path: "/v2/a/tags/list?n=1".to_owned(),
        status: 404,
        user_agent: "me".to_owned(),
    };
    assert_eq!(registry.requests(), [expected]);
}

#[test]
fn refuses_to_keep_passwords_without_basic() {
    let registry = Registry::start(Transport::Plain, Access::Open).unwrap();
    let error = registry.set_password("a", "b").unwrap_err();
    assert!(error.to_string().ends_with("keeps no passwords"));
}
