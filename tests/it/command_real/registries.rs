//! Real registries; their own logs are the witnesses.

use testbed::{
    bed::{Bed, DEVELOPER, INSTALLER, POD_IMAGE, Wanted},
    registry::Registry,
};

use super::vaulted_inventory;
use crate::support::{
    command::{Account, Outcome},
    tools,
};

fn bed() -> Bed {
    Bed::start(Wanted::default()).unwrap_or_else(|error| panic!("{error:#}"))
}

fn check(account: &Account, bed: &Bed, more: &[&str]) -> Outcome {
    let certs = bed.cert_dir();
    let mut arguments = vec!["check", "auth.json", "--cert-dir", certs.to_str().unwrap()];
    arguments.extend(more);
    account.run(&arguments)
}

fn ours(registry: &Registry) -> usize {
    let requests = registry.requests();
    requests
        .iter()
        .filter(|request| request.user_agent.starts_with("oreg/"))
        .count()
}

#[test]
fn a_file_of_good_credentials_is_proven() {
    let (account, bed) = (Account::new(), bed());
    let (token, basic) = (bed.token_registry.host(), bed.basic_registry.host());
    account.config(
        "auth.json",
        &[
            (token, INSTALLER, &bed.passwords.installer),
            (basic, DEVELOPER, &bed.passwords.developer),
        ],
    );
    let images = [token, basic].map(|host| format!("{host}={POD_IMAGE}"));
    let outcome = check(
        &account,
        &bed,
        &["--image", &images[0], "--image", &images[1]],
    );
    assert!(
        outcome.ends_with(0).contains("2 valid, 0 refused"),
        "{outcome:#?}"
    );
    check(&account, &bed, &[]).ends_with(0);
    assert_eq!(bed.basic_registry.failed_logins(), 0);
    assert!(ours(&bed.basic_registry) > 0);
}

#[test]
fn a_wrong_password_in_many_entries_costs_one_failed_login() {
    let (account, bed) = (Account::new(), bed());
    let host = bed.basic_registry.host();
    let keys = ["", "/one", "/two", "/three"].map(|path| format!("{host}{path}"));
    let entries: Vec<_> = keys
        .iter()
        .map(|key| (key.as_str(), DEVELOPER, "wrong-password"))
        .collect();
    account.config("auth.json", &entries);
    check(&account, &bed, &[]).ends_with(1);
    assert_eq!(bed.basic_registry.failed_logins(), 1);
}

#[test]
fn login_and_skopeo_understand_each_other() {
    let (account, bed) = (Account::new(), bed());
    let (host, certs) = (bed.basic_registry.host(), bed.cert_dir());
    let certs = certs.to_str().unwrap();
    let arguments = [
        "login",
        host,
        "-u",
        DEVELOPER,
        "--authfile",
        "auth.json",
        "--cert-dir",
        certs,
    ];
    account
        .run_with_input(&arguments, &bed.passwords.developer)
        .ends_with(0);
    let mut skopeo = std::process::Command::new(tools::find("skopeo"));
    let output = skopeo
        .args(["inspect", "--no-tags", "--authfile"])
        .arg(account.home.path("auth.json"))
        .arg("--cert-dir")
        .arg(bed.cert_dir().join(host))
        .arg(format!("docker://{host}/{POD_IMAGE}"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn an_inventory_is_read_by_ansible_and_its_vault_opened() {
    let (account, bed) = (Account::new(), bed());
    let host = bed.basic_registry.host();
    let variables = format!(
        "openshift_additional_registry_credentials:\n- host: {host}\n  user: {DEVELOPER}\n  password: {}\n  test_image: {POD_IMAGE}\n",
        bed.passwords.developer
    );
    vaulted_inventory(&account, &variables);
    let certs = bed.cert_dir();
    let arguments = [
        "check",
        "-i",
        "inventory/hosts",
        "--vault-password-file",
        "vault-password",
        "--cert-dir",
        certs.to_str().unwrap(),
    ];
    let outcome = account.run(&arguments);
    let text = outcome.ends_with(0);
    assert!(
        text.contains("inventory inventory/hosts") && text.contains("1 valid"),
        "{text}"
    );
    let closed = account.run(&arguments[..3]);
    assert_eq!(closed.status, Some(2), "{closed:#?}");
    assert!(!closed.stdout.contains(&bed.passwords.developer));
}
