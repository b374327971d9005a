//! `oreg check`.

use std::fs;

use serde_json::{Value, json};

use super::{PASSWORD, USER, assert_hidden, logins, registry};
use crate::support::{
    command::{Account, config},
    scratch::read,
};

/// Nothing listens there.
const NOBODY: &str = "127.0.0.1:1";

#[test]
fn the_status_says_how_it_stands() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    for (name, entries, status) in [
        ("good", &[(host.as_str(), USER, PASSWORD)][..], 0),
        ("bad", &[(&host, USER, "wrong-password")], 1),
        (
            "bad and unknown",
            &[(&host, USER, "wrong-password"), (NOBODY, "u", "p")],
            1,
        ),
        (
            "unknown and good",
            &[(NOBODY, "u", "p"), (&host, USER, PASSWORD)],
            3,
        ),
        ("telemetry", &[("cloud.openshift.com", "u", "p")], 5),
        ("nothing", &[], 5),
    ] {
        account.config("auth.json", entries);
        let outcome = account.run(&["check", "auth.json", "--insecure", &host]);
        assert_eq!(outcome.status, Some(status), "{name}: {outcome:#?}");
        assert_eq!(outcome.stderr, "", "progress is for terminals");
        assert_hidden(PASSWORD, USER, &[&outcome.stdout]);
        assert_hidden("wrong-password", USER, &[&outcome.stdout]);
    }
    assert_eq!(account.run(&["check", "none.json"]).status, Some(2));
    assert_eq!(account.run(&["check", "--no-such-flag"]).status, Some(2));
}

#[test]
fn a_wrong_password_costs_one_failed_login_however_often_it_stands_there() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    let [team, app, spelling] = [
        format!("{host}/team"),
        format!("{host}/app"),
        format!("https://{host}/v1/"),
    ];
    let entries = [&host, &team, &app, &spelling].map(|key| (key.as_str(), USER, "wrong-password"));
    account.config("one.json", &entries);
    account.config("two.json", &entries);
    let arguments = [
        "check",
        "one.json",
        "two.json",
        "--insecure",
        &host,
        "-o",
        "json",
    ];
    let result = account.run(&arguments);
    result.ends_with(1);
    assert_eq!(logins(&registry), 1);
    let counts = &result.json()["counts"];
    assert_eq!(
        (&counts["refused"], &counts["failed_logins"]),
        (&json!(8), &json!(1))
    );
}

#[test]
fn a_good_password_is_shown_once_however_often_it_stands_there() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    account.config("one.json", &[(&host, USER, PASSWORD)]);
    account.config("two.json", &[(&format!("http://{host}"), USER, PASSWORD)]);
    account
        .run(&["check", "one.json", "two.json", "--insecure", &host])
        .ends_with(0);
    assert_eq!(logins(&registry), 1);
}

#[test]
fn an_expiry_within_the_limit_has_a_status_of_its_own() {
    let account = Account::new();
    let token = |days: u64| {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let claims = json!({"exp": now.as_secs() + days * 86_400 + 60, "sub": "robot"}).to_string();
        let encode = |text: &str| {
            use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
            URL_SAFE_NO_PAD.encode(text)
        };
        format!(
            "{}.{}.{}",
            encode("{\"alg\":\"RS256\"}"),
            encode(&claims),
            encode("sig")
        )
    };
    let password = token(14);
    let login = super::basic(USER, &password);
    let registry = crate::support::scripted::Scripted::plain(move |heard| {
        if heard.authorization.as_ref() == Some(&login) {
            super::answer(heard, 200, "")
        } else {
            super::answer(heard, 401, "WWW-Authenticate: Basic realm=\"r\"\r\n")
        }
    });
    let host = registry.host();
    account.config("auth.json", &[(&host, USER, &password)]);
    let check = |more: &[&str]| {
        let mut arguments = vec!["check", "auth.json", "--insecure", &host];
        arguments.extend(more);
        account.run(&arguments)
    };
    assert!(check(&[]).ends_with(0).contains("in 14 days"));
    check(&["--expires-in", "10d"]).ends_with(0);
    let soon = check(&["--expires-in", "30d"]);
    assert!(soon.ends_with(4).contains("expires"), "{soon:#?}");
    assert_hidden(&password, USER, &[&soon.stdout]);
    let junit = check(&["--expires-in", "30d", "-o", "junit"]);
    assert!(
        junit.ends_with(4).contains("<failure type=\"expires\""),
        "{junit:#?}"
    );
    assert!(account.run(&["show", "auth.json"]).stdout.contains("20"));
}

#[test]
fn registries_are_chosen_and_left_alone() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    let team = format!("{host}/team");
    account.config("auth.json", &[(&team, USER, PASSWORD), (NOBODY, "u", "p")]);
    let hosts = |more: &[&str]| {
        let mut arguments = vec!["check", "auth.json", "--insecure", &host, "-o", "json"];
        arguments.extend(more);
        let result = account.run(&arguments).json();
        let hosts = result["registries"].as_array().unwrap().iter();
        hosts
            .map(|one| one["host"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(hosts(&["--only", &host]), [team.as_str()]);
    assert_eq!(hosts(&["--skip", &host]), [NOBODY]);
    assert_eq!(hosts(&["--only", "other.io"]), [""; 0]);
}

#[test]
fn an_image_is_looked_at_as_well() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    account.config("auth.json", &[(&host, USER, PASSWORD)]);
    let image = format!("{host}=openshift3/ose-pod:v3.11");
    let arguments = [
        "check",
        "auth.json",
        "--insecure",
        &host,
        "--image",
        &image,
        "-o",
        "json",
    ];
    let result = account.run(&arguments).json();
    assert_eq!(
        result["registries"][0]["test_image"],
        "openshift3/ose-pod:v3.11"
    );
    let asked = registry.heard();
    assert!(
        asked
            .iter()
            .any(|heard| heard.path.contains("/openshift3/ose-pod/manifests/v3.11"))
    );
}

/// The schema names every member, and the document has every member that it demands.
#[test]
fn the_document_is_as_its_schema_says() {
    let account = Account::new();
    account.config("auth.json", &[(NOBODY, "u", "p")]);
    let document = account.run(&["check", "auth.json", "-o", "json"]).json();
    let root = env!("CARGO_MANIFEST_DIR");
    let schema = fs::read_to_string(format!("{root}/docs/oreg.check.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_same_members(&schema, &document);
    assert_same_members(&schema["properties"]["counts"], &document["counts"]);
    let row = &schema["properties"]["registries"]["items"];
    assert_same_members(row, &document["registries"][0]);
    let verdict = &document["registries"][0]["verdict"];
    let words = row["properties"]["verdict"]["enum"].as_array().unwrap();
    assert!(words.contains(verdict), "{verdict}");
}

fn assert_same_members(schema: &Value, document: &Value) {
    let names = |value: &Value| {
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&schema["properties"]), names(document));
    let required = schema["required"].as_array().unwrap();
    for name in required {
        assert!(document.get(name.as_str().unwrap()).is_some(), "{name}");
    }
}

#[test]
fn a_page_comes_from_a_check_and_from_its_document() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    account.config("auth.json", &[(&host, USER, "wrong-password")]);
    let check = [
        "check",
        "auth.json",
        "--insecure",
        &host,
        "--report",
        "page.html",
        "-o",
        "json",
    ];
    let document = account.run(&check);
    let page = read(&account.home.path("page.html"));
    assert!(page.contains("invalid credentials") && page.contains(&host));
    let again = account.run_with_input(&["report", "-"], &document.stdout);
    assert_eq!(again.ends_with(0), page);
    assert_hidden("wrong-password", USER, &[&page, &document.stdout]);
}

#[test]
fn standard_input_and_files_that_others_read_are_found() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    let text = config(&[(&host, USER, PASSWORD)]);
    account
        .run_with_input(&["check", "-", "--insecure", &host], &text)
        .ends_with(0);
    let nothing = account.run(&["check"]);
    assert_eq!(nothing.status, Some(2));
    assert!(
        nothing.stderr.contains(".docker/config.json"),
        "{nothing:#?}"
    );
    account.home.write(".docker/config.json", &text);
    let docker = account.run(&["check", "--insecure", &host]);
    assert!(
        docker.ends_with(0).contains(".docker/config.json"),
        "{docker:#?}"
    );
    account.home.write("run/containers/auth.json", &text);
    let podman = account.run(&["check", "--insecure", &host]);
    assert!(
        podman.ends_with(0).contains("run/containers/auth.json"),
        "{podman:#?}"
    );
}

#[test]
fn names_from_files_steer_no_terminal() {
    let account = Account::new();
    account.config(
        "auth.json",
        &[
            ("a.invalid", "u\u{1b}[2J\u{202e}", "p"),
            ("b\u{1b}]0;x\u{7}", "u", "p"),
        ],
    );
    for arguments in [
        ["check", "auth.json"],
        ["show", "auth.json"],
        ["diff", "auth.json"],
    ] {
        let mut arguments = arguments.to_vec();
        if arguments[0] == "diff" {
            account.config("other.json", &[]);
            arguments.push("other.json");
        }
        let outcome = account.run(&arguments);
        let is_steering = |c: char| c.is_control() && c != '\n';
        assert!(!outcome.stdout.contains(is_steering), "{outcome:?}");
        assert!(!outcome.stdout.contains('\u{202e}'), "{outcome:?}");
    }
}

#[test]
fn without_utf8_or_color_there_are_words() {
    let account = Account::new();
    account.config("auth.json", &[(NOBODY, "u", "p")]);
    let colored = account.run(&["check", "auth.json", "--color", "always"]);
    assert!(colored.stdout.contains('\u{1b}'));
    let plain = account.run(&["check", "auth.json"]);
    assert!(!plain.stdout.contains('\u{1b}') && plain.stdout.contains("unreachable"));
}
