//! The token server alone, and together with a registry that believes its tokens.

use reqwest::blocking::Response;
use serde_json::Value;
use testbed::image;
use testbed::pki::{Authority, Identity};
use testbed::registry::{Access, Registry, TokenIssuer as _, Transport};
use testbed::token_server::{Account, REALM_PATH, TokenRequest, TokenServer};

use crate::client;

const IMAGE: &str = "openshift3/ose-pod:v3.11";
const USER: &str = "1234567|installer";
const SCOPE: &str = "?service=docker-registry&scope=repository:openshift3/ose-pod:pull";

fn accounts() -> Vec<Account> {
    vec![
        Account::new(USER, "right").grant("openshift3/*", &["pull"]),
        Account::new("pusher", "push").grant("*", &["*"]),
        Account::new("noscope", "right"),
        Account::new("stale", "right")
            .grant("*", &["pull"])
            .token_lifetime(-120),
        Account::new("early", "right")
            .grant("*", &["pull"])
            .clock_skew(3600),
    ]
}

fn start() -> (Identity, TokenServer) {
    let identity = Authority::new().unwrap().server(&[]).unwrap();
    let server = TokenServer::start(&identity, accounts()).unwrap();
    (identity, server)
}

fn ask(identity: &Identity, server: &TokenServer, user: &str, password: &str) -> Response {
    let request = client::trusting(&identity.ca_cert()).get(server.realm() + SCOPE);
    request.basic_auth(user, Some(password)).send().unwrap()
}

fn message(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().unwrap();
    (
        status,
        body["errors"][0]["message"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn answers_a_good_login_as_red_hat_does() {
    let (identity, server) = start();
    let body: Value = ask(&identity, &server, USER, "right").json().unwrap();
    assert_eq!(body["token"], body["access_token"]);
    assert_eq!(body["expires_in"], 300);
    assert!(body["issued_at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn answers_a_bad_login_as_red_hat_does() {
    let (identity, server) = start();
    let expected = (401, "Invalid username or password.".to_owned());
    assert_eq!(message(ask(&identity, &server, USER, "wrong")), expected);
    assert_eq!(
        message(ask(&identity, &server, "nobody", "right")),
        expected
    );
    assert_eq!(server.failed_logins(), 2);
}

#[test]
fn asks_anonymous_clients_to_log_in() {
    let (identity, server) = start();
    let client = client::trusting(&identity.ca_cert());
    let (status, message) = message(client.get(server.realm() + SCOPE).send().unwrap());
    assert_eq!(status, 401);
    assert!(message.starts_with("Please login to the Red Hat Registry"));
    assert_eq!(server.failed_logins(), 0);
}

#[test]
fn refuses_other_methods_so_that_clients_fall_back() {
    let (identity, server) = start();
    let client = client::trusting(&identity.ca_cert());
    let response = client
        .post(server.realm())
        .body("grant_type=password")
        .send()
        .unwrap();
    assert_eq!(response.status(), 405);
}

#[test]
fn rotates_a_password() {
    let (identity, server) = start();
    server.set_password(USER, "new").unwrap();
    assert_eq!(ask(&identity, &server, USER, "right").status(), 401);
    assert_eq!(ask(&identity, &server, USER, "new").status(), 200);
}

#[test]
fn records_requests() {
    let (identity, server) = start();
    ask(&identity, &server, USER, "right");
    let expected = TokenRequest {
        path: REALM_PATH.to_owned(),
        query: SCOPE.trim_start_matches('?').to_owned(),
        authorization: true,
        user: Some(USER.to_owned()),
        status: 200,
    };
    assert_eq!(server.requests(), [expected]);
}

#[test]
fn a_registry_believes_its_tokens() {
    let (identity, server) = start();
    let registry = Registry::start(Transport::Tls(&identity), Access::Token(&server)).unwrap();
    let digest = image::push(&registry, "pusher", "push", IMAGE).unwrap();
    assert_eq!(
        client::inspect(&registry, "1234567|installer:right", IMAGE),
        Ok(digest)
    );
    let complaints = [
        ("1234567|installer:wrong", "Invalid username or password"),
        (
            "noscope:right",
            "requested access to the resource is denied",
        ),
        ("stale:right", "authentication required"),
        ("early:right", "authentication required"),
    ];
    for (login, complaint) in complaints {
        let error = client::inspect(&registry, login, IMAGE).unwrap_err();
        assert!(error.contains(complaint), "{login}: {error}");
    }
}
