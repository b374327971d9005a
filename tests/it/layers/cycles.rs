//! No files of `src` import each other in a circle, neither inside a folder nor across folders.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    paths::Tree,
    source::{Source, sources, without_text},
};

type Imports<'a> = BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<String>>>;

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = sources();
    let tree = Tree::of(&sources);
    let circles = circles(&tree.imports());
    assert!(
        circles.is_empty(),
        "each line imports from a file that, directly or over others, imports from it: {circles:#?}"
    );
}

#[test]
fn a_circle_is_found_through_re_exports_and_paths_in_code() {
    let found = circles_of(&[
        ("a/mod.rs", "mod one; mod two; mod three; pub use two::Two;"),
        ("a/one.rs", "use super::{three::Three, Two as Other};"),
        ("a/two.rs", "use crate::a; fn f() { a::one::go() }"),
        ("a/three.rs", "use std::one::X; fn f() { super::four() }"),
    ]);
    let expected = [
        "a/one.rs takes Two from a/two.rs",
        "a/two.rs takes go from a/one.rs",
    ];
    assert_eq!(found, [expected.map(str::to_owned)]);
}

#[test]
fn what_a_mod_file_defines_itself_makes_a_circle_with_its_users() {
    let files = [
        ("a/mod.rs", "mod one; use one::One; struct Own(One);"),
        (
            "a/one.rs",
            "mod inner { use super::outer; } use super::Own;",
        ),
    ];
    let expected = [
        "a/mod.rs takes One from a/one.rs",
        "a/one.rs takes Own from a/mod.rs",
    ];
    assert_eq!(circles_of(&files), [expected.map(str::to_owned)]);
    // What only a test imports does not count.
    let for_tests = files[0].1.replace("use one", "#[cfg(test)] use one");
    let for_tests = for_tests.replace("struct Own(One)", "struct Own");
    assert!(circles_of(&[("a/mod.rs", &for_tests), files[1]]).is_empty());
    let re_exported = files[0].1.replace("use one", "pub use one");
    assert!(circles_of(&[("a/mod.rs", &re_exported), files[1]]).is_empty());
}

fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let source = |(path, code): &(&str, &str)| Source {
        path: (*path).to_owned(),
        code: without_text(code),
        lines_before_tests: 0,
    };
    let root = ("lib.rs", "mod a;");
    let sources: Vec<_> = [&root].into_iter().chain(files).map(source).collect();
    circles(&Tree::of(&sources).imports())
}

/// The groups of files that reach each other, as the imports inside each.
fn circles(imports: &Imports) -> Vec<Vec<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = imports
        .keys()
        .map(|file| (*file, reachable(imports, file)))
        .collect();
    let mut circles = Vec::new();
    let mut seen = BTreeSet::new();
    for (file, from_here) in &reached {
        if !from_here.contains(file) || seen.contains(file) {
            continue;
        }
        let back = |other: &&&str| reached[**other].contains(file);
        let group: BTreeSet<&str> = from_here.iter().filter(back).copied().collect();
        circles.push(imports_inside(imports, &group));
        seen.extend(group);
    }
    circles
}

fn reachable<'a>(imports: &'a Imports, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&str> = imports[file].keys().copied().collect();
    while let Some(next) = ahead.pop() {
        if reached.insert(next) {
            ahead.extend(imports[next].keys().copied());
        }
    }
    reached
}

fn imports_inside(imports: &Imports, group: &BTreeSet<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    for file in group {
        for (other, names) in &imports[file] {
            if group.contains(other) {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                lines.push(format!("{file} takes {} from {other}", names.join(", ")));
            }
        }
    }
    lines
}
