//! Whatever goes wrong: one JSON object, a message, and no secret.

use std::{fs::File, process::Command};

use serde_json::{Value, json};

use crate::support::{
    module::{Answer, binary},
    scratch::Scratch,
};

const SECRET: &str = "s3cret-nobody-may-see";
const MODULES: [&str; 6] = [
    "oreg_validate",
    "oreg_node_config",
    "oreg_pull_secrets",
    "oreg_nodes_ready",
    "oreg_cluster_info",
    "docker_creds",
];

/// Runs `module` on an arguments file with this content, and with the same on standard input.
fn run(module: &str, arguments: &[u8]) -> Answer {
    let scratch = Scratch::new();
    let path = scratch.write("args", arguments);
    let file = File::open(&path).unwrap();
    let mut piped = Command::new(binary(module));
    let piped = Answer::read(&piped.arg("-").stdin(file).output().unwrap());
    let answer = Answer::read(&Command::new(binary(module)).arg(path).output().unwrap());
    assert_eq!(piped.stdout, answer.stdout, "{module}");
    answer
}

fn assert_clean_failure(module: &str, arguments: &[u8]) {
    let answer = run(module, arguments);
    assert!(!answer.failure().is_empty(), "{module}");
    assert!(
        !answer.stdout.contains(SECRET),
        "{module}: {}",
        answer.stdout
    );
}

fn every_module(arguments: &Value) {
    for module in MODULES {
        assert_clean_failure(module, arguments.to_string().as_bytes());
    }
}

#[test]
fn broken_arguments_files_are_not_quoted() {
    for module in MODULES {
        for arguments in [
            format!("{{\"oreg_auth_password\": \"{SECRET}\""),
            format!("{{\"password\": \"{SECRET}\", \"x\": NaN}}"),
            format!("[\"{SECRET}\"]"),
            format!("{{\"password\": \"{SECRET}\\udce9\"}}"),
            SECRET.to_owned(),
        ] {
            assert_clean_failure(module, arguments.as_bytes());
        }
        assert_clean_failure(module, &[SECRET.as_bytes(), b"\xff"].concat());
    }
}

#[test]
fn unusable_options_are_named_and_not_quoted() {
    every_module(&json!({"passwrod": SECRET, "oreg_auth_pasword": SECRET}));
    every_module(&json!({"password": [SECRET], "oreg_auth_password": {"x": SECRET}}));
    every_module(&json!({format!("password:{SECRET}"): 1}));
}

#[test]
fn unusable_credentials_are_placed_and_not_quoted() {
    let lists = [
        json!(format!("[{{host:r.example.com,user:u,password:{SECRET}}}]")),
        json!(format!("[{{'host':'r.example.com','password':'{SECRET}'")),
        json!([{"host": "r.example.com", "passwd": SECRET}]),
        json!([{"host": "not a host", "password": SECRET}]),
        json!([{"host": format!("u:{SECRET}@r.example.com"), "password": "x"}]),
        json!([{"host": "r.example.com", "user": "a:b", "password": SECRET}]),
        json!([{"host": "r.example.com", "password": SECRET, "test_login": SECRET}]),
        json!([{"host": "r", "password": SECRET}, {"host": "r", "password": format!("{SECRET}2")}]),
        json!([SECRET]),
        json!({"host": "r.example.com", "password": SECRET}),
    ];
    for list in lists {
        for module in ["oreg_validate", "oreg_node_config", "oreg_pull_secrets"] {
            let arguments = json!({"openshift_additional_registry_credentials": list});
            let answer = run(module, arguments.to_string().as_bytes());
            let place = "openshift_additional_registry_credentials";
            assert!(
                answer.failure().contains(place),
                "{module}: {}",
                answer.stdout
            );
            assert!(
                !answer.stdout.contains(SECRET),
                "{module}: {}",
                answer.stdout
            );
        }
    }
}

#[test]
fn a_module_started_by_hand_says_what_it_is() {
    for module in MODULES {
        let output = Command::new(binary(module)).output().unwrap();
        assert!(
            Answer::read(&output)
                .failure()
                .contains("this is an Ansible module")
        );
    }
    for module in MODULES {
        let text = |argument: &str| {
            let output = Command::new(binary(module)).arg(argument).output().unwrap();
            assert!(output.status.success() && output.stderr.is_empty());
            String::from_utf8(output.stdout).unwrap()
        };
        let version = format!("{module} {} (commit ", env!("CARGO_PKG_VERSION"));
        assert!(
            text("--version").starts_with(&version)
                && text("--version").contains(std::env::consts::ARCH)
        );
        let help = text("--help");
        for part in [&*version, "ansible -m", "FILE", "standard input", "Options"] {
            assert!(help.contains(part), "{part}: {help}");
        }
        let known = oreg::modules::ALL
            .iter()
            .find(|known| known.name == module)
            .unwrap();
        for option in known.options() {
            assert!(
                help.contains(&format!("  {}", option.name)),
                "{}: {help}",
                option.name
            );
        }
    }
    let missing = Command::new(binary("oreg_validate"))
        .arg("/nowhere/args")
        .output()
        .unwrap();
    assert!(Answer::read(&missing).failure().contains("/nowhere/args"));
}
