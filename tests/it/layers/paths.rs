//! Follows the paths in the code of `src` to the files that define what they name.
//!
//! A re-export is followed to its origin: `use super::Lock`, where `mod.rs` has `pub use lock::Lock`, is
//! an import from `lock.rs`. So the `mod.rs` of a folder may list its files, and these may know each
//! other, without a circle through `mod.rs`. What `mod.rs` defines itself is its own.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, is_part_of_name, name_at_start};

type ModulePath = Vec<String>;

/// A file as a module: the paths it names, and the names that its `use` declarations bind.
pub(super) struct Module {
    pub(super) file: String,
    bound: BTreeMap<String, Named>,
    named: Vec<Named>,
}

/// A path in the code of a module.
#[derive(Clone)]
struct Named {
    segments: Vec<String>,
    /// How many modules inside the file it stands in.
    depth: usize,
}

/// A `use` of one name.
struct Use {
    path: Named,
    name: String,
    is_public: bool,
}

/// All modules that are files.
pub(super) struct Tree(BTreeMap<ModulePath, Module>);

impl Tree {
    pub(super) fn of(sources: &[Source]) -> Self {
        let library = sources.iter().filter(|one| !one.path.starts_with("bin/"));
        Self(
            library
                .map(|source| (module_path(&source.path), Module::read(source)))
                .collect(),
        )
    }

    /// For each file the files it imports from, with the names.
    pub(super) fn imports(&self) -> BTreeMap<&str, BTreeMap<&str, BTreeSet<String>>> {
        let one = |(path, module): (&ModulePath, &'_ Module)| {
            let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
            for named in &module.named {
                if let Some((file, name)) = self.origin(path, named, 0)
                    && file != module.file
                {
                    found.entry(file).or_default().insert(name);
                }
            }
            found
        };
        let files = self.0.iter();
        files
            .map(|(path, module)| (module.file.as_str(), one((path, module))))
            .collect()
    }

    /// Finds the file that defines what `named` means in the module `at`; `None` for foreign crates, for
    /// names without a path, and where only a module is named: its use is what counts.
    fn origin(&self, at: &[String], named: &Named, hops: usize) -> Option<(&str, String)> {
        // Longer chains of re-exports than there are layers are circles of `use`.
        if hops > 16 {
            return None;
        }
        let (mut at, rest) = self.start(at, named)?;
        for (index, segment) in rest.iter().enumerate() {
            let module = self.0.get(&at)?;
            let is_last = index + 1 == rest.len();
            let child: ModulePath = at.iter().chain([segment]).cloned().collect();
            let bound = module.bound.get(segment);
            if self.0.contains_key(&child) && !(is_last && bound.is_some()) {
                at = child;
            } else if let Some(bound) = bound {
                let segments = bound.segments.iter().chain(&rest[index + 1..]);
                let through = Named {
                    segments: segments.cloned().collect(),
                    depth: bound.depth,
                };
                return self.origin(&at, &through, hops + 1);
            } else {
                return Some((&module.file, segment.clone()));
            }
        }
        None
    }

    /// The module where a path starts, and what follows.
    fn start<'a>(&self, at: &[String], named: &'a Named) -> Option<(ModulePath, &'a [String])> {
        let (first, mut rest) = named.segments.split_first()?;
        let mut at = at.to_vec();
        let mut inside = named.depth;
        let mut up = |at: &mut ModulePath| {
            if inside > 0 {
                inside -= 1;
            } else {
                at.pop();
            }
        };
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                up(&mut at);
                while let Some((_, more)) = rest.split_first().filter(|(next, _)| *next == "super")
                {
                    up(&mut at);
                    rest = more;
                }
            }
            name => {
                let child = at.iter().cloned().chain([name.to_owned()]).collect();
                let is_known = self.0.contains_key::<ModulePath>(&child)
                    || self.0.get(&at)?.bound.contains_key(name);
                return is_known.then_some((at, &named.segments));
            }
        }
        Some((at, rest))
    }
}

impl Module {
    fn read(source: &Source) -> Self {
        let code = without_tests(&source.code);
        let uses = uses(&code);
        let imported = uses.iter().filter(|one| !one.is_public);
        let imported = imported.map(|one| one.path.clone());
        let named = imported.chain(paths_in_code(&code)).collect();
        let bound = uses.into_iter().map(|one| (one.name, one.path)).collect();
        Self {
            file: source.path.clone(),
            bound,
            named,
        }
    }
}

/// `cluster/error/classes.rs` is `[cluster, error, classes]`, `cluster/mod.rs` is `[cluster]`.
fn module_path(file: &str) -> ModulePath {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let names = path.split('/').filter(|name| *name != "lib");
    names.map(str::to_owned).collect()
}

/// Removes the items behind `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut parts = code.split("#[cfg(test)]");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    kept.extend(parts.map(|part| &part[end_of_item(part)..]));
    kept
}

/// The length of the first item: up to its semicolon, or to the brace that closes its body.
fn end_of_item(code: &str) -> usize {
    let mut depth = 0;
    for (at, character) in code.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(character, '}' | ';') {
            return at + 1;
        }
    }
    code.len()
}

/// Every name that a `use` declaration binds.
fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for at in words(code, "use") {
        let Some((tree, _)) = code[at + 3..].split_once(';') else {
            continue;
        };
        let before = code[..at].trim_end();
        let is_public = before.ends_with("pub") || before.ends_with(')');
        let depth = inline_depth(code, at);
        for (segments, name) in leaves(tree, &[]) {
            let path = Named { segments, depth };
            found.push(Use {
                path,
                name,
                is_public,
            });
        }
    }
    found
}

/// The paths of a `use` tree, each with the name it binds.
fn leaves(tree: &str, before: &[String]) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    let (path, group) = match tree.split_once('{') {
        Some((path, group)) => (path, group.trim_end().strip_suffix('}')),
        None => (tree, None),
    };
    let (path, alias) = match path.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (path, None),
    };
    let names = path.split("::").map(str::trim).filter(|s| !s.is_empty());
    let mut segments: Vec<String> = before.to_vec();
    segments.extend(names.map(str::to_owned));
    if let Some(group) = group {
        let parts = split_at_commas(group).into_iter();
        return parts.flat_map(|part| leaves(part, &segments)).collect();
    }
    // `use a::b::{self}` binds `b`.
    if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
        segments.pop();
    }
    let name = alias.or_else(|| segments.last().cloned());
    name.map(|name| (segments, name)).into_iter().collect()
}

fn split_at_commas(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// The paths of two names and more outside of `use` declarations.
fn paths_in_code(code: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let mut last = 0;
    for (at, _) in code.match_indices("::") {
        let head = code[..at].trim_end_matches(is_part_of_name);
        if at < last || head.ends_with("::") || head.len() == at || is_in_use(&code[..at]) {
            continue;
        }
        let mut segments = vec![code[head.len()..at].to_owned()];
        let mut rest = &code[at..];
        while let Some(next) = rest.strip_prefix("::").map(name_at_start) {
            if next.is_empty() {
                break;
            }
            segments.push(next.to_owned());
            rest = &rest[2 + next.len()..];
        }
        last = code.len() - rest.len();
        let depth = inline_depth(code, at);
        found.push(Named { segments, depth });
    }
    found
}

/// Whether a `use` declaration is open at the end of `before`.
fn is_in_use(before: &str) -> bool {
    let statement = before.rfind(';').map_or(before, |at| &before[at + 1..]);
    words(statement, "use").last().is_some_and(|at| {
        // A closed brace that was not opened since ends a function, not a tree.
        let tree = &statement[at..];
        tree.matches('}').count() <= tree.matches('{').count() && !tree.contains("fn ")
    })
}

/// In how many `mod name {` the place stands.
fn inline_depth(code: &str, place: usize) -> usize {
    let starts = words(code, "mod").filter(|at| *at < place);
    starts
        .filter(|at| {
            let rest = code[at + 3..].trim_start();
            let body = rest[name_at_start(rest).len()..].trim_start();
            let start = code.len() - body.len();
            body.starts_with('{') && start < place && {
                let inside = &code[start..place];
                inside.matches('{').count() > inside.matches('}').count()
            }
        })
        .count()
}

fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            !code[..*at].ends_with(is_part_of_name)
                && code[at + word.len()..].starts_with(char::is_whitespace)
        })
}
