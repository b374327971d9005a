//! What `make generate` writes of the rows of the option tables: the options in `library/*.yml`, the
//! role's `meta/argument_specs.yml`, the defaults shown in `defaults/main.yml`, and the tables in
//! `vars/main.yml` that say which variable sets which option.
//!
//! Everything else in these files is written by hand and stays. No executable calls this, so none of it
//! is in a program.

use std::fmt::Write as _;

use super::{
    credential_options::CREDENTIALS_DOCUMENTED,
    docker_creds, oreg_cluster_info, oreg_node_config, oreg_nodes_ready, oreg_pull_secrets,
    oreg_report, oreg_validate,
    role_tables::{TABLES, set_by_variables},
};
use crate::ansible::{
    Documented,
    option::{Kind, OptionDefault},
};

/// Longer lines are wrapped.
const WIDTH: usize = 110;

/// A file with parts that are made.
#[derive(Clone, Copy, Debug)]
pub struct Generated {
    /// Where it is, below the root of the project.
    pub path: &'static str,
    make: fn(&str, &Generated) -> String,
    rows: &'static [&'static [Documented]],
    proves: Proves,
}

/// Whether the module proves credentials. In others the options that say how do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proves {
    Yes,
    No,
}

impl Generated {
    /// The content that the file must have, of the one that it has.
    pub fn update(&self, text: &str) -> String {
        (self.make)(text, self)
    }

    const fn library(
        path: &'static str,
        rows: &'static [&'static [Documented]],
        proves: Proves,
    ) -> Self {
        Self {
            path,
            make: library,
            rows,
            proves,
        }
    }

    const fn role(path: &'static str, make: fn(&str, &Generated) -> String) -> Self {
        Self {
            path,
            make,
            rows: &[],
            proves: Proves::Yes,
        }
    }
}

/// Every such file.
pub const FILES: [Generated; 10] = [
    Generated::library(
        "library/docker_creds.yml",
        &[docker_creds::DOCUMENTED],
        Proves::Yes,
    ),
    Generated::library(
        "library/oreg_cluster_info.yml",
        &[oreg_cluster_info::DOCUMENTED],
        Proves::No,
    ),
    Generated::library(
        "library/oreg_node_config.yml",
        &[CREDENTIALS_DOCUMENTED, oreg_node_config::DOCUMENTED],
        Proves::No,
    ),
    Generated::library(
        "library/oreg_nodes_ready.yml",
        &[oreg_nodes_ready::DOCUMENTED],
        Proves::No,
    ),
    Generated::library(
        "library/oreg_pull_secrets.yml",
        &[CREDENTIALS_DOCUMENTED, oreg_pull_secrets::DOCUMENTED],
        Proves::No,
    ),
    Generated::library(
        "library/oreg_report.yml",
        &[CREDENTIALS_DOCUMENTED, oreg_report::DOCUMENTED],
        Proves::No,
    ),
    Generated::library(
        "library/oreg_validate.yml",
        &[CREDENTIALS_DOCUMENTED, oreg_validate::DOCUMENTED],
        Proves::Yes,
    ),
    Generated::role(
        "playbooks/roles/oreg/meta/argument_specs.yml",
        argument_specs,
    ),
    Generated::role("playbooks/roles/oreg/defaults/main.yml", defaults),
    Generated::role("playbooks/roles/oreg/vars/main.yml", variables),
];

fn library(text: &str, file: &Generated) -> String {
    let mut options = String::new();
    for row in file.rows.iter().copied().flatten() {
        option(&mut options, 4, row.spec.name, row, file.proves);
    }
    let (before, rest) = text.split_once("\n  options:\n").unwrap_or((text, ""));
    // The options end where a line is less indented than they are.
    let end = rest
        .match_indices('\n')
        .map(|(at, _)| at + 1)
        .find(|at| !rest[*at..].starts_with("   "))
        .unwrap_or(rest.len());
    format!("{before}\n  options:\n{options}{}", &rest[end..])
}

fn option(yaml: &mut String, indent: usize, name: &str, row: &Documented, proves: Proves) {
    let pad = " ".repeat(indent + 2);
    let _ = writeln!(yaml, "{}{name}:", " ".repeat(indent));
    let mut about: Vec<String> = row.about.text.iter().map(|&text| text.to_owned()).collect();
    if row.about.is_about_proof && proves == Proves::No {
        about.push("Of no effect here.".to_owned());
    }
    describe(yaml, indent + 2, &about);
    let (kind, elements) = kind_of(row.spec.kind);
    let _ = writeln!(yaml, "{pad}type: {kind}");
    if let Some(elements) = elements {
        let _ = writeln!(yaml, "{pad}elements: {elements}");
    }
    if !row.spec.aliases.is_empty() {
        let _ = writeln!(yaml, "{pad}aliases: [{}]", row.spec.aliases.join(", "));
    }
    constraints(yaml, &pad, row);
    if !row.about.members.is_empty() {
        let _ = writeln!(yaml, "{pad}suboptions:");
        for member in row.about.members {
            option(yaml, indent + 4, member.spec.name, member, proves);
        }
    }
}

fn constraints(yaml: &mut String, pad: &str, row: &Documented) {
    if row.spec.required {
        let _ = writeln!(yaml, "{pad}required: true");
    }
    if let Kind::Choice(words) = row.spec.kind {
        let _ = writeln!(yaml, "{pad}choices:");
        for word in words() {
            let _ = writeln!(yaml, "{pad}  - {word}");
        }
    }
    if let Some(default) = default_of(row) {
        let _ = writeln!(yaml, "{pad}default: {default}");
    }
}

/// Ansible's words for a kind of values.
pub(super) const fn kind_of(kind: Kind) -> (&'static str, Option<&'static str>) {
    match kind {
        Kind::Str | Kind::Choice(_) => ("str", None),
        Kind::Path => ("path", None),
        Kind::Bool => ("bool", None),
        Kind::Int(_) => ("int", None),
        Kind::Mode => ("raw", None),
        Kind::ListOfStr => ("list", Some("str")),
        Kind::ListOfPath => ("list", Some("path")),
        Kind::Dict => ("dict", None),
        Kind::ListOfDict(_) => ("list", Some("dict")),
    }
}

pub(super) fn default_of(row: &Documented) -> Option<String> {
    match row.spec.default {
        OptionDefault::Absent => None,
        // Unquoted, the digits of a mode are a number.
        OptionDefault::Str(text) if matches!(row.spec.kind, Kind::Mode) => {
            Some(format!("\"{text}\""))
        }
        OptionDefault::Str(text) => Some(text.to_owned()),
        OptionDefault::Bool(flag) => Some(flag.to_string()),
        OptionDefault::Int(number) => Some(number.to_string()),
        OptionDefault::List(texts) => Some(format!("[{}]", texts.join(", "))),
    }
}

fn describe(yaml: &mut String, indent: usize, about: &[String]) {
    let pad = " ".repeat(indent);
    let _ = writeln!(yaml, "{pad}description:");
    for sentence in about {
        // A colon or a mark of a comment would end a plain scalar.
        let folds = sentence.contains(": ") || sentence.contains(" #");
        if folds {
            let _ = writeln!(yaml, "{pad}  - >-");
        }
        for (number, line) in wrapped(sentence, WIDTH - indent - 4)
            .into_iter()
            .enumerate()
        {
            let mark = if number == 0 && !folds { "- " } else { "  " };
            let _ = writeln!(yaml, "{pad}  {mark}{line}");
        }
    }
}

pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Replaces the entry of each variable, or puts it behind that of the one before it.
fn argument_specs(text: &str, _: &Generated) -> String {
    let mut text = text.to_owned();
    let mut before = None;
    for (variable, row) in TABLES.iter().flat_map(set_by_variables) {
        let entry = role_option(variable, row);
        let place = entry_of(&text, variable).or_else(|| {
            let (_, end) = entry_of(&text, before?)?;
            Some((end, end))
        });
        if let Some((start, end)) = place {
            text.replace_range(start..end, &entry);
        }
        before = Some(variable);
    }
    text
}

/// Where the entry of an option of the role begins and ends.
fn entry_of(text: &str, variable: &str) -> Option<(usize, usize)> {
    let start = text.find(&format!("\n      {variable}:\n"))? + 1;
    let mut ends = text[start..]
        .match_indices('\n')
        .map(|(at, _)| start + at + 1);
    let end = ends.find(|at| !text[*at..].starts_with("       "))?;
    Some((start, end))
}

fn role_option(variable: &str, mut row: Documented) -> String {
    let mut entry = String::new();
    row.spec.required = false;
    row.about.members = &[];
    let role = Documented {
        spec: row.spec,
        about: row.about,
    };
    option(&mut entry, 6, variable, &role, Proves::Yes);
    if row.about.is_raw_in_role {
        // Ansible prints a value that has the wrong type.
        let (kind, elements) = kind_of(row.spec.kind);
        entry = entry.replace(&format!("        type: {kind}\n"), "        type: raw\n");
        if let Some(elements) = elements {
            entry = entry.replace(&format!("        elements: {elements}\n"), "");
        }
    }
    with_variables(&entry)
}

/// The option names in a description as the role's variables. An option that the role has no variable for is
/// a word there: a reference would lead nowhere.
fn with_variables(text: &str) -> String {
    let mut text = text.to_owned();
    let mut variables = Vec::new();
    for (variable, row) in TABLES.iter().flat_map(set_by_variables) {
        text = text.replace(&format!("O({})", row.spec.name), &format!("O({variable})"));
        variables.push(variable);
    }
    let mut parts = text.split("O(");
    let mut linked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.split([')', '=']).next().unwrap_or_default();
        linked.push(if variables.contains(&name) { 'O' } else { 'C' });
        linked.push('(');
        linked.push_str(part);
    }
    linked
}

/// Shows the default of the module behind the name of each variable, commented out.
fn defaults(text: &str, _: &Generated) -> String {
    let mut text = text.to_owned();
    let mut before = None;
    for (variable, row) in TABLES.iter().flat_map(set_by_variables) {
        let default = default_of(&row);
        let line = default.as_ref().map_or_else(
            || format!("# {variable}:\n"),
            |default| format!("# {variable}: {default}\n"),
        );
        match (shown_default(&text, variable), default) {
            (Some((start, end)), Some(_)) => text.replace_range(start..end, &line),
            // An example is worth more than nothing.
            (Some(_), None) => {}
            (None, _) => {
                if let Some((_, end)) = before.and_then(|before| shown_default(&text, before)) {
                    let lines = row.about.text.iter();
                    let lines = lines.flat_map(|text| wrapped(text, WIDTH - 2));
                    let about =
                        lines.fold(String::new(), |about, line| about + "# " + &line + "\n");
                    text.insert_str(
                        end,
                        &format!("\n{}{line}", without_markup(&with_variables(&about))),
                    );
                }
            }
        }
        before = Some(variable);
    }
    text
}

/// A comment is read as it is: `O(x)` is `x` there.
fn without_markup(text: &str) -> String {
    with_names(text, str::to_owned)
}

/// Replaces Ansible's markup, such as `O(x)`, by what `form` makes of the name in it.
pub(super) fn with_names(text: &str, form: impl Fn(&str) -> String) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('(') {
        let (before, inside) = (&rest[..at], &rest[at + 1..]);
        let marked = before.strip_suffix(['C', 'M', 'O', 'V']);
        match (marked, inside.split_once(')')) {
            (Some(before), Some((name, after))) => {
                plain.push_str(before);
                plain.push_str(&form(name));
                rest = after;
            }
            _ => {
                plain.push_str(&rest[..=at]);
                rest = inside;
            }
        }
    }
    plain + rest
}

/// Where the default of a variable is shown: its line, and the members of a list below it.
fn shown_default(text: &str, variable: &str) -> Option<(usize, usize)> {
    let start = text.find(&format!("\n# {variable}:"))? + 1;
    let mut ends = text[start..]
        .match_indices('\n')
        .map(|(at, _)| start + at + 1);
    let end = ends.find(|at| !text[*at..].starts_with("#   - "))?;
    Some((start, end))
}

/// Writes the tables that say which variable sets which option.
fn variables(text: &str, _: &Generated) -> String {
    let mut text = text.to_owned();
    for table in &TABLES {
        let Some(at) = text.find(&format!("\n{}:\n", table.0)) else {
            continue;
        };
        let start = at + table.0.len() + 3;
        let end = text[start..]
            .find("\n\n")
            .map_or(text.len(), |at| start + at + 1);
        let lines = set_by_variables(table);
        let lines = lines.map(|(variable, row)| format!("  {}: {variable}\n", row.spec.name));
        text.replace_range(start..end, &lines.collect::<String>());
    }
    text
}
