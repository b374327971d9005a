//! Holds `src` to the house rules: who may import whom, which crate is named where, how long a file
//! may be. `docs/architecture.md` tells why.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

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

/// A file of `src`.
struct Source {
    /// Relative to `src`.
    path: String,
    /// Without comments and the contents of literals.
    code: String,
    lines_before_tests: usize,
}

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

fn name_at_start(text: &str) -> &str {
    let end = text.find(|c: char| !is_part_of_name(c));
    &text[..end.unwrap_or(text.len())]
}

fn is_part_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(is_part_of_name)
            && !code[at + word.len()..].starts_with(is_part_of_name)
    })
}

/// Removes comments and the contents of string and character literals.
fn without_text(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(character) = rest.chars().next() {
        let skipped = length_of_text(rest);
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    code
}

/// The length of the comment or literal that starts here; 0: none does.
fn length_of_text(rest: &str) -> usize {
    let up_to = |from: usize, end: &str| {
        let found = rest[from..].find(end);
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    match rest.as_bytes() {
        [b'/', b'/', ..] => up_to(0, "\n"),
        [b'/', b'*', ..] => up_to(2, "*/"),
        [b'r', b'"', ..] => up_to(2, "\""),
        [b'r', b'#', b'"', ..] => up_to(3, "\"#"),
        [b'"', ..] => end_of_string(rest),
        [b'\'', b'\\', ..] => up_to(3, "'"),
        [b'\'', _, b'\'', ..] => 3,
        _ => 0,
    }
}

fn end_of_string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let read = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        Source {
            path: file
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned(),
            code: without_text(&text),
            lines_before_tests: lines_before_tests(&text),
        }
    };
    let ours = files.iter().filter(|file| !is_for_tests(file));
    ours.map(read).collect()
}

/// Unit tests in the file itself count; the mention of a file of tests does not.
fn lines_before_tests(text: &str) -> usize {
    let own = text.split_once("#[cfg(test)]\nmod tests {");
    own.map_or(text, |(code, _)| code).lines().count()
}

/// Whether the module above declares this file for tests only.
fn is_for_tests(file: &Path) -> bool {
    let (Some(folder), Some(name)) = (file.parent(), file.file_stem()) else {
        return false;
    };
    let name = name.display();
    let declarations = ["", "pub(crate) "].map(|seen| format!("#[cfg(test)]\n{seen}mod {name};"));
    let above = [folder.join("mod.rs"), folder.with_extension("rs")];
    let mut texts = above
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok());
    texts.any(|text| declarations.iter().any(|one| text.contains(one)))
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
