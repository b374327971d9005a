//! tinyproxy between the module and docker-registry.

use serde_json::{Value, json};
use testbed::{
    bed::{Bed, DEVELOPER},
    password,
    port::free_ports,
    proxy::{Proxy, Rules, beyond_loopback},
};

use crate::support::scripted::{Scripted, head, reply};

use super::{
    Answer, asked, assert_hidden, bed, entry, plain_registry, started, validate, verdicts,
};

const USER: &str = "squire";

#[test]
fn https_goes_through_a_tunnel() {
    let (bed, proxy) = (bed(), proxy(Rules::Open));
    let answer = prove(&bed, json!({"https_proxy": address(&proxy)})).ok();
    assert_eq!(verdicts(&answer), ["valid/pulled"]);
    let tunnel = format!("CONNECT {}", beyond_loopback(bed.basic_registry.host()));
    assert_eq!(proxy.requests(), [tunnel]);
}

#[test]
fn the_proxys_own_password_is_taken_from_its_address() {
    let (bed, password) = (bed(), password::short().unwrap());
    let proxy = proxy(Rules::Login(USER, &password));
    let options = json!({"https_proxy": address_with(&password, &proxy)});
    let answer = prove(&bed, options).ok();
    assert_eq!(verdicts(&answer), ["valid/pulled"]);
    assert_hidden(&answer, USER, &password);
}

#[test]
fn a_proxy_that_wants_a_password_says_so() {
    let (bed, password) = (bed(), password::short().unwrap());
    let proxy = proxy(Rules::Login(USER, &password));
    let answer = prove(&bed, json!({"https_proxy": address(&proxy)}));
    assert_eq!(verdicts(&answer), ["proxy_failure/proxy_authentication"]);
    assert_eq!(asked(&bed.basic_registry), [""; 0]);
}

/// tinyproxy answers 401 where 407 is meant.
#[test]
fn a_wrong_password_for_the_proxy_is_reported_and_not_tried_again() {
    let (bed, password) = (bed(), password::short().unwrap());
    let proxy = proxy(Rules::Login(USER, &password));
    let options = json!({"https_proxy": address_with("wrong-password", &proxy)});
    let answer = prove(&bed, options);
    assert_eq!(verdicts(&answer), ["proxy_failure/proxy_authentication"]);
    let advice = "write the right ones into its address";
    assert!(answer.failure().contains(advice), "{}", answer.failure());
    assert_hidden(&answer, USER, "wrong-password");
    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn a_registry_that_hangs_up_is_not_the_proxys_fault() {
    let proxy = proxy(Rules::Open);
    let mute = Scripted::raw(b"");
    let entry = entry(&beyond_loopback(&mute.host()), DEVELOPER, "some-password");
    let answer = validate(&[entry], json!({"https_proxy": address(&proxy)}));
    assert_eq!(verdicts(&answer), ["unreachable/refused"]);
}

#[test]
fn a_registry_that_is_down_behind_a_proxy_is_tried_again() {
    let proxy = proxy(Rules::Open);
    let [nobody] = free_ports().unwrap();
    let entry = entry(&format!("0.0.0.0:{nobody}"), DEVELOPER, "some-password");
    let options = json!({"https_proxy": address(&proxy), "retries": 1});
    let answer = validate(&[entry], options);
    assert_eq!(verdicts(&answer), ["unreachable/refused"]);
    assert_eq!(proxy.requests().len(), 2);
}

#[test]
fn a_forbidden_host_is_the_proxys_refusal() {
    let (bed, proxy) = (bed(), proxy(Rules::NotToLoopback));
    let answer = prove(&bed, json!({"https_proxy": address(&proxy)}));
    assert_eq!(verdicts(&answer), ["proxy_failure/proxy_denied"]);
}

#[test]
fn a_forbidden_port_is_the_proxys_refusal() {
    let (bed, proxy) = (bed(), proxy(Rules::ConnectTo(443)));
    let answer = prove(&bed, json!({"https_proxy": address(&proxy)}));
    assert_eq!(verdicts(&answer), ["proxy_failure/proxy_denied"]);
    assert_eq!(asked(&bed.basic_registry), [""; 0]);
}

#[test]
fn a_proxy_that_is_down_is_not_the_registrys_fault() {
    let (bed, proxy) = (bed(), proxy(Rules::Open));
    let address = address(&proxy);
    drop(proxy);
    let answer = prove(&bed, json!({"https_proxy": address}));
    assert_eq!(verdicts(&answer), ["proxy_failure/proxy_unreachable"]);
}

#[test]
fn exempt_hosts_are_reached_without_the_proxy() {
    let (bed, proxy) = (bed(), proxy(Rules::Open));
    let host = &*beyond_loopback(bed.basic_registry.host());
    for exemption in ["0.0.0.0", host, "10.0.0.0/8,0.0.0.0/8"] {
        let options = json!({"https_proxy": address(&proxy), "no_proxy": exemption});
        let answer = prove(&bed, options).ok();
        assert_eq!(verdicts(&answer), ["valid/pulled"], "{exemption}");
    }
    assert_eq!(proxy.requests(), [""; 0]);
}

#[test]
fn other_ports_and_networks_are_not_exempt() {
    let (bed, proxy) = (bed(), proxy(Rules::Open));
    let options = json!({"https_proxy": address(&proxy), "no_proxy": "0.0.0.0:1,10.0.0.0/8"});
    assert_eq!(verdicts(&prove(&bed, options).ok()), ["valid/pulled"]);
    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn the_token_server_is_reached_through_the_proxy_too() {
    let proxy = proxy(Rules::Open);
    let tokens = Scripted::plain(|request| match request.authorization {
        Some(_) => reply(200, &[], r#"{"token":"a.b.c"}"#),
        None => head(401, &[]),
    });
    let realm = format!("http://{}/token", beyond_loopback(&tokens.host()));
    let registry = Scripted::plain(move |request| match request.authorization {
        Some(_) => head(200, &[]),
        None => head(
            401,
            &[&format!("WWW-Authenticate: Bearer realm=\"{realm}\"")],
        ),
    });
    let host = beyond_loopback(&registry.host());
    let options = json!({
        "openshift_docker_insecure_registries": [host],
        "http_proxy": address(&proxy),
    });
    validate(&[entry(&host, DEVELOPER, "some-password")], options).ok();
    let asked = proxy.requests();
    for server in [&registry, &tokens] {
        let url = format!("http://{}/", beyond_loopback(&server.host()));
        assert!(
            asked.iter().any(|request| request.contains(&url)),
            "{asked:?}"
        );
    }
}

#[test]
fn loopback_is_reached_without_the_proxy() {
    let (bed, proxy) = (bed(), proxy(Rules::NotToLoopback));
    let host = bed.basic_registry.host();
    let entry = entry(host, DEVELOPER, &bed.passwords.developer);
    let options = json!({"cert_dir": bed.cert_dir(), "https_proxy": address(&proxy)});
    assert_eq!(
        verdicts(&validate(&[entry], options).ok()),
        ["valid/pulled"]
    );
    assert_eq!(proxy.requests(), [""; 0]);
}

#[test]
fn plain_http_goes_through_the_proxy_for_http() {
    let proxy = proxy(Rules::Open);
    let (registry, password) = plain_registry();
    let host = beyond_loopback(registry.host());
    let options = json!({
        "openshift_docker_insecure_registries": [host],
        "http_proxy": address(&proxy),
    });
    let entry = entry(&host, DEVELOPER, &password);
    assert_eq!(
        verdicts(&validate(&[entry], options).ok()),
        ["valid/pulled"]
    );
    let url = |method: &str, path: &str| format!("{method} http://{host}/v2/{path}");
    assert_eq!(
        proxy.requests(),
        [
            url("GET", ""),
            url("GET", ""),
            url("HEAD", "openshift3/ose-pod/manifests/v3.11")
        ]
    );
}

#[test]
fn plain_http_is_found_out_through_a_tunnel() {
    let proxy = proxy(Rules::Open);
    let (registry, password) = plain_registry();
    let host = beyond_loopback(registry.host());
    let options = json!({
        "openshift_docker_insecure_registries": [host],
        "http_proxy": address(&proxy),
        "https_proxy": address(&proxy),
    });
    let entry = entry(&host, DEVELOPER, &password);
    assert_eq!(
        verdicts(&validate(&[entry], options).ok()),
        ["valid/pulled"]
    );
}

#[test]
fn the_proxy_for_http_may_want_a_password_as_well() {
    let secret = password::short().unwrap();
    let proxy = proxy(Rules::Login(USER, &secret));
    let (registry, password) = plain_registry();
    let host = beyond_loopback(registry.host());
    let prove = |http_proxy: String| {
        let options = json!({
            "openshift_docker_insecure_registries": [host],
            "http_proxy": http_proxy,
        });
        let answer = validate(&[entry(&host, DEVELOPER, &password)], options);
        assert_hidden(&answer, USER, &secret);
        verdicts(&answer).concat()
    };
    assert_eq!(prove(address_with(&secret, &proxy)), "valid/pulled");
    let refused = "proxy_failure/proxy_authentication";
    assert_eq!(prove(address(&proxy)), refused);
    assert_eq!(prove(address_with("wrong-password", &proxy)), refused);
}

#[test]
fn what_a_proxy_says_of_plain_http_is_not_the_registrys_word() {
    let (registry, password) = plain_registry();
    let host = beyond_loopback(registry.host());
    let [nobody] = free_ports().unwrap();
    let nobody = format!("0.0.0.0:{nobody}");
    let prove = |host: &str, rules: Rules<'_>| {
        let proxy = proxy(rules);
        let options = json!({
            "openshift_docker_insecure_registries": [host],
            "http_proxy": address(&proxy),
        });
        verdicts(&validate(&[entry(host, DEVELOPER, &password)], options)).concat()
    };
    let forbidden = prove(&host, Rules::NotToLoopback);
    assert_eq!(forbidden, "proxy_failure/proxy_denied");
    assert_eq!(prove(&nobody, Rules::Open), "unreachable/refused");
    assert_eq!(asked(&registry), [""; 0]);
}

fn proxy(rules: Rules<'_>) -> Proxy {
    started(Proxy::start(rules))
}

fn address(proxy: &Proxy) -> String {
    format!("http://{}", proxy.address())
}

fn address_with(password: &str, proxy: &Proxy) -> String {
    format!("http://{USER}:{password}@{}", proxy.address())
}

/// Proves the good password for the registry with HTTP Basic.
fn prove(bed: &Bed, options: Value) -> Answer {
    let entry = entry(
        &beyond_loopback(bed.basic_registry.host()),
        DEVELOPER,
        &bed.passwords.developer,
    );
    validate(
        &[entry],
        super::with(json!({"cert_dir": bed.cert_dir()}), options),
    )
}
