//! Every promise of SECURITY.md names tests that exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// `FILE::TEST`, as the tables of the threat model have it.
fn references(text: &str) -> BTreeSet<(&str, &str)> {
    let words = text.split('`').skip(1).step_by(2);
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    words
        .filter_map(|word| word.split_once("::"))
        .filter(|(file, test)| is_name(file) && is_name(test))
        .collect()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "py")
        {
            found.push(path);
        }
    }
}

#[test]
fn every_promise_names_tests_that_exist() {
    let text = fs::read_to_string(Path::new(ROOT).join("SECURITY.md")).unwrap();
    let mut files = Vec::new();
    for directory in ["src", "tests"] {
        sources(&Path::new(ROOT).join(directory), &mut files);
    }
    let references = references(&text);
    assert!(references.len() > 30, "{references:?}");
    let is_there = |file: &str, test: &str| {
        let named = files
            .iter()
            .filter(|path| path.file_stem().is_some_and(|stem| stem == file));
        let heads = [format!("fn {test}("), format!("def {test}(")];
        named
            .map(|path| fs::read_to_string(path).unwrap())
            .any(|source| heads.iter().any(|head| source.contains(head)))
    };
    let missing: Vec<_> = references
        .iter()
        .filter(|(file, test)| !is_there(file, test))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    let tables = text
        .split("## Threat model")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    for row in tables
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("| Tests |"))
    {
        assert!(row.contains("::"), "a promise without a test: {row}");
    }
}
