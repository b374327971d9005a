//! Holds what `make modules` built to what hosts need: programs are small, run with glibc 2.17, and carry
//! only what they do. `library/` has modules and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use oreg::modules;
use serde_json::{Value, json};

use crate::support::{
    module::Answer,
    mounts,
    scratch::{Scratch, read},
    tools,
};

/// The programs, with the bytes that each may have: they are sent to hosts.
const BUDGETS: [(&str, usize); 3] = [
    ("library/oreg_node_config", 600_000),
    ("library/docker_creds", 2_300_000),
    ("bin/oreg", 6_000_000),
];

/// What a program must not carry: the names of crates, as they are in the places of panics.
const STRANGERS: [(&str, &[&str]); 2] = [
    (
        "library/oreg_node_config",
        &["src/registry/", "/rustls-", "/hyper-", "/kube-"],
    ),
    ("library/docker_creds", &["/kube-"]),
];

/// That of RHEL 7.
const NEWEST_GLIBC: (u32, u32) = (2, 17);

#[test]
fn programs_are_small() {
    for (path, budget) in BUDGETS {
        let size = program(path).len();
        assert!(
            size <= budget,
            "{path} has {size} bytes, {budget} are allowed"
        );
    }
}

#[test]
fn every_module_is_a_program_with_a_budget() {
    let known = BUDGETS.map(|(path, _)| root().join(path).canonicalize().unwrap());
    for module in modules::ALL {
        let program = library(module.name).canonicalize().unwrap();
        assert!(known.contains(&program), "{}", program.display());
    }
}

#[test]
fn programs_run_on_old_hosts() {
    for (path, _) in BUDGETS {
        let binary = program(path);
        let newest = newest_glibc(&binary);
        let reason = match (has_interpreter(&binary), newest) {
            (false, None) => continue,
            (_, Some(version)) if version <= NEWEST_GLIBC => continue,
            (true, None) => "needs an interpreter that is not glibc's".to_owned(),
            (_, Some((major, minor))) => format!("needs glibc {major}.{minor}"),
        };
        panic!("{path} {reason}; nodes have {NEWEST_GLIBC:?}");
    }
}

#[test]
fn commands_are_no_modules() {
    for command in ["oreg", "oreg_inventory"] {
        assert!(!library(command).exists());
    }
}

#[test]
fn programs_carry_only_what_they_do() {
    for (path, strangers) in STRANGERS {
        let binary = program(path);
        let found: Vec<_> = strangers
            .iter()
            .filter(|name| contains(&binary, name))
            .collect();
        assert!(found.is_empty(), "{path} carries {found:?}");
    }
    // Else the names would prove nothing.
    let oreg = program("bin/oreg");
    assert!(contains(&oreg, "src/registry/") && contains(&oreg, "/kube-"));
}

/// No shell, no Python, no library, no `/etc`, no `/proc`: a root directory with the module and
/// its arguments.
#[test]
fn modules_need_nothing_but_themselves() {
    let arguments = json!({
        "paths": ["/home/.docker/config.json"],
        "openshift_additional_registry_credentials":
            [{"host": "127.0.0.1:1", "user": "name", "password": "pass-one", "tls_verify": false}],
        "delay": 0,
        "manifest_dir": "/manifests",
    });
    let own = |module: &str, names: &[&str]| {
        let mut members = arguments.as_object().unwrap().clone();
        members.retain(|name, _| name.starts_with("openshift_") || names.contains(&name.as_str()));
        alone(module, &Value::from(members))
    };
    let root = own("oreg_node_config", &["paths"]);
    assert!(root.1.changed());
    assert!(read(&root.0.path("home/.docker/config.json")).contains("127.0.0.1:1"));
    assert!(own("oreg_pull_secrets", &["manifest_dir"]).1.changed());
    let answer = own("oreg_validate", &["delay"]).1;
    assert_eq!(
        answer.json["registries"][0]["reason"], "refused",
        "{}",
        answer.stdout
    );
    let creds = json!({
        "path": "/home", "registry": "r.example.com", "username": "name", "password": "pass-one",
        "test_login": false, "test_image": "a",
    });
    assert!(alone("docker_creds", &creds).1.changed());
    let answer = alone("oreg_nodes_ready", &json!({"kubeconfig": "/none"})).1;
    assert!(answer.failure().contains("/none"), "{}", answer.stdout);
}

/// Runs a built module in a root directory that holds nothing else, and returns both.
fn alone(module: &str, arguments: &Value) -> (Scratch, Answer) {
    let root = Scratch::new();
    root.write("args", arguments.to_string());
    root.copy(&library(module), module);
    for file in libraries(module) {
        root.copy(&file, file.to_str().unwrap().trim_start_matches('/'));
    }
    let mut shell = mounts::shell("exec chroot \"$1\" \"/$2\" /args");
    let output = shell
        .args([&root.path(""), Path::new(module)])
        .output()
        .unwrap();
    (root, Answer::read(&output))
}

/// None for a static module; else glibc's, which every node has.
fn libraries(module: &str) -> Vec<PathBuf> {
    if !has_interpreter(&built(module)) {
        return Vec::new();
    }
    let mut ldd = Command::new(tools::find("ldd"));
    let output = ldd.arg(library(module)).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let words = text.split_whitespace().filter(|word| word.starts_with('/'));
    words.map(PathBuf::from).collect()
}

fn library(module: &str) -> PathBuf {
    root().join("library").join(module)
}

fn built(module: &str) -> Vec<u8> {
    program(&format!("library/{module}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program(path: &str) -> Vec<u8> {
    let path = root().join(path);
    fs::read(&path)
        .unwrap_or_else(|_| panic!("{} is not built: run `make modules`", path.display()))
}

fn contains(binary: &[u8], text: &str) -> bool {
    binary
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// The highest version among the names of glibc's symbol versions.
fn newest_glibc(binary: &[u8]) -> Option<(u32, u32)> {
    const PREFIX: &[u8] = b"GLIBC_";
    let starts = binary
        .windows(PREFIX.len())
        .enumerate()
        .filter(|(_, window)| *window == PREFIX);
    let versions = starts.filter_map(|(at, _)| {
        let text =
            binary[at + PREFIX.len()..].split(|byte| !byte.is_ascii_digit() && *byte != b'.');
        let (major, minor) = std::str::from_utf8(text.into_iter().next()?)
            .ok()?
            .split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    });
    versions.max()
}

/// Whether the program header table of a 64-bit ELF file has an entry of type `PT_INTERP`.
fn has_interpreter(binary: &[u8]) -> bool {
    const PT_INTERP: u32 = 3;
    assert_eq!(binary[..5], *b"\x7fELF\x02", "not a 64-bit ELF file");
    let short = |at: usize| usize::from(u16::from_le_bytes([binary[at], binary[at + 1]]));
    let table = u64::from_le_bytes(binary[0x20..0x28].try_into().unwrap());
    let (table, size, count) = (usize::try_from(table).unwrap(), short(0x36), short(0x38));
    (0..count).any(|index| {
        let at = table + index * size;
        u32::from_le_bytes(binary[at..at + 4].try_into().unwrap()) == PT_INTERP
    })
}
