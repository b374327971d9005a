//! docker-registry with tokens from a real Keycloak, the software behind registry.redhat.io. Optional:
//! `make keycloak-test`.

use serde_json::json;
use testbed::{
    bed::POD_IMAGE,
    image,
    keycloak::Keycloak,
    password,
    registry::{Access, Registry, Transport},
};

use super::{Answer, asked, counts, entry, started, validate, verdicts, with};

const USER: &str = "installer";

/// A registry without TLS, whose realm is Keycloak's.
struct Site {
    keycloak: Keycloak,
    registry: Registry,
    password: String,
}

impl Site {
    fn start() -> Self {
        let password = password::short().unwrap();
        let keycloak = started(Keycloak::start(USER, &password));
        let registry = started(Registry::start(Transport::Plain, Access::Token(&keycloak)));
        started(image::push(&registry, USER, &password, POD_IMAGE));
        Self {
            keycloak,
            registry,
            password,
        }
    }

    /// Proves a credential by an image, and returns the verdict with the requests and failed logins that it
    /// cost.
    fn prove(&self, user: &str, password: &str, image: &str) -> (Vec<String>, Vec<u64>, usize) {
        let before = self.keycloak.failed_logins();
        let answer = self.validate(user, password, image);
        let failed = self.keycloak.failed_logins() - before;
        (verdicts(&answer), counts(&answer), failed)
    }

    fn validate(&self, user: &str, password: &str, image: &str) -> Answer {
        let host = self.registry.host();
        let entry = with(entry(host, user, password), json!({"test_image": image}));
        validate(
            &[entry],
            json!({"openshift_docker_insecure_registries": [host]}),
        )
    }
}

/// One Keycloak for all cases: it takes half a minute to start.
#[test]
fn keycloak_accounts_are_distinguished_at_the_price_of_one_login() {
    let site = Site::start();
    let password = site.password.as_str();
    let verdict = |word: &str| vec![word.to_owned()];

    // The registry is asked twice about `/v2/`: in TLS first, which it does not speak. Keycloak counts the
    // anonymous comparison as a failed login, of no account.
    let good = site.prove(USER, password, POD_IMAGE);
    assert_eq!(good, (verdict("valid/pulled"), vec![6], 1));
    assert!(
        asked(&site.registry)
            .contains(&"HEAD /v2/openshift3/ose-pod/manifests/v3.11 200".to_owned())
    );
    let missing = site.prove(USER, password, "openshift3/ose-pod:v3.11.0");
    assert_eq!(missing, (verdict("image_not_found/no_image"), vec![7], 1));
    for user in [USER, "nobody"] {
        let refused = site.prove(user, "wrong-password", POD_IMAGE);
        assert_eq!(
            refused,
            (verdict("invalid_credentials/rejected"), vec![3], 1),
            "{user}"
        );
    }
}
