//! One program under several names, and what each name answers to a person.

use std::{os::unix::process::CommandExt, process::Command};

use crate::support::{command::program, module};

fn answer(name: &str, argument: &str) -> String {
    let mut command = Command::new(program());
    let output = command.arg0(name).arg(argument).output().unwrap();
    assert!(output.status.success(), "{name} {argument}");
    assert!(output.stderr.is_empty(), "{name} {argument}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_name_decides_what_the_program_is() {
    let version = env!("CARGO_PKG_VERSION");
    let architecture = std::env::consts::ARCH;
    for (name, is) in [
        ("oreg", "oreg"),
        ("/usr/bin/oreg", "oreg"),
        ("library/oreg_validate", "oreg_validate"),
        ("/tmp/AnsiballZ_oreg_pull_secrets", "oreg_pull_secrets"),
        ("oreg_nodes_ready", "oreg_nodes_ready"),
        ("bin/oreg_inventory", "oreg_inventory"),
    ] {
        let answer = answer(name, "--version");
        assert!(answer.starts_with(&format!("{is} {version} (")), "{answer}");
        assert!(answer.contains(architecture), "{answer}");
    }
}

#[test]
fn every_module_says_what_it_is_and_how_it_is_called() {
    for name in [
        "oreg_node_config",
        "docker_creds",
        "oreg_validate",
        "oreg_pull_secrets",
        "oreg_nodes_ready",
        "oreg_report",
        "oreg_cluster_info",
    ] {
        let output = Command::new(module::binary(name))
            .arg("--help")
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && help.starts_with(name), "{help}");
        assert!(
            help.contains(&format!("-m {name}")) && help.contains("Options"),
            "{help}"
        );
    }
}
