//! Holds `src` to the house rules: which folder may import which, which crate is named where, how long
//! a file may be, and that no files import each other in a circle ([`cycles`]). `docs/architecture.md`
//! gives the reasons.

mod cycles;
mod paths;
mod source;

use std::collections::BTreeSet;

use source::{Source, is_part_of_name, name_at_start, sources, without_text};

/// The folders of `src` and their layers.
const LAYERS: [(&str, u8); 11] = [
    ("domain", 0),
    ("support", 1),
    ("ansible", 2),
    ("inventory_vars", 2),
    ("registry", 2),
    ("authfile", 2),
    ("cluster", 2),
    ("operations", 3),
    ("modules", 4),
    ("inventory", 4),
    ("cli", 5),
];
const BIN: &str = "bin";

/// What may be written only in these files and folders.
const PLACES: [(&[&str], &[&str]); 7] = [
    (
        &["tokio_rustls", "TcpStream", "lookup_host"],
        &["registry/connect.rs"],
    ),
    (&["kube", "k8s_openapi"], &["cluster/"]),
    (&["clap"], &["cli/", "inventory/"]),
    (&["indicatif", "comfy_table"], &["cli/"]),
    (&["maud"], &["operations/report/", "cli/"]),
    (
        &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        &["bin/", "cli/", "cluster/connect.rs"],
    ),
    (
        &["stdout", "println!", "print!"],
        &["ansible/run.rs", "cli/", "inventory/"],
    ),
];

/// Lines of a file above its unit tests.
const LONGEST_FILE: usize = 400;

#[test]
fn every_folder_has_a_layer() {
    let known: BTreeSet<&str> = LAYERS.iter().map(|(name, _)| *name).chain([BIN]).collect();
    let strangers: BTreeSet<String> = sources()
        .iter()
        .filter_map(|source| source.path.split_once('/'))
        .map(|(folder, _)| folder.to_owned())
        .filter(|folder| !known.contains(folder.as_str()))
        .collect();
    assert!(
        strangers.is_empty(),
        "give these folders of src a layer in tests/it/layers.rs: {strangers:?}"
    );
}

#[test]
fn imports_go_down_only() {
    let sources = sources();
    let wrong: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            let own = source.path.split('/').next().unwrap_or_default();
            let upwards = move |used: &String| used != own && layer(used) >= layer(own);
            let used = imports(source).into_iter().filter(upwards);
            used.map(|used| format!("{} must not know {used}", source.path))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn outside_things_are_named_in_their_place_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (words, places) in PLACES {
            let at_home = places.iter().any(|place| source.path.starts_with(place));
            let found = words.iter().filter(|word| has_word(&source.code, word));
            if !at_home {
                wrong.extend(
                    found.map(|word| format!("{}: {word} belongs to {places:?}", source.path)),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_short() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.lines_before_tests > LONGEST_FILE)
        .map(|source| format!("{}: {}", source.path, source.lines_before_tests))
        .collect();
    assert!(
        long.is_empty(),
        "longer than {LONGEST_FILE} lines without tests: {long:#?}"
    );
}

#[test]
fn the_reader_of_sources_sees_what_counts() {
    let code = without_text(
        "use crate::{domain::a, registry::{b, c}}; // crate::cluster\n\
         let a = \"crate::cli \\\" \"; let b = '\"'; /* crate::ansible */ let c: &'a str = r#\"kube\"#;\n\
         crate::authfile::open(); super::super::operations::x();",
    );
    let source = |path: &str| Source {
        path: path.into(),
        code: code.clone(),
        lines_before_tests: 0,
    };
    let expected = ["authfile", "domain", "registry"];
    assert_eq!(imports(&source("modules/deep/er.rs")), set(&expected));
    let expected = ["authfile", "domain", "operations", "registry"];
    assert_eq!(imports(&source("modules/one.rs")), set(&expected));
    assert!(
        !has_word(&code, "kube") && has_word("kube::Api", "kube") && !has_word("kubelet", "kube")
    );
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

fn layer(folder: &str) -> u8 {
    let known = LAYERS.iter().find(|(name, _)| *name == folder);
    known.map_or(u8::MAX, |(_, layer)| *layer)
}

/// The folders of `src` that a file names.
fn imports(source: &Source) -> BTreeSet<String> {
    let depth = source.path.trim_end_matches("/mod.rs").split('/').count();
    let from_super = "super::".repeat(depth);
    // Executables see the library from outside.
    let roots = ["crate::", "oreg::", from_super.as_str()];
    let paths = roots
        .iter()
        .flat_map(|root| source.code.split(root).skip(1));
    let names = paths.flat_map(first_names);
    names
        .filter(|name| LAYERS.iter().any(|(folder, _)| folder == name))
        .map(str::to_owned)
        .collect()
}

/// `a::b` names `a`; `{a::b, c::{d, e}}` names `a` and `c`.
fn first_names(path: &str) -> Vec<&str> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![name_at_start(path)];
    };
    let mut depth = 0;
    let mut names = vec![name_at_start(group.trim_start())];
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name_at_start(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    names
}

fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(is_part_of_name)
            && !code[at + word.len()..].starts_with(is_part_of_name)
    })
}
