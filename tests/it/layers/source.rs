//! Reads the files of `src` for the tests of the house rules: their code without comments, literals and
//! unit tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file of `src`.
pub(super) struct Source {
    /// Relative to `src`.
    pub(super) path: String,
    /// Without comments and the contents of literals.
    pub(super) code: String,
    pub(super) lines_before_tests: usize,
}

pub(super) fn name_at_start(text: &str) -> &str {
    let end = text.find(|c: char| !is_part_of_name(c));
    &text[..end.unwrap_or(text.len())]
}

pub(super) fn is_part_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Removes comments and the contents of string and character literals.
pub(super) fn without_text(source: &str) -> String {
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

pub(super) fn sources() -> Vec<Source> {
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
