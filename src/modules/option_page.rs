//! What `make generate` writes of the rows of the option tables into docs/options.md: every option of
//! every module, and every variable of the role.
//!
//! No executable calls this, so none of it is in a program.

use std::fmt::Write as _;

use super::{
    credential_options::CREDENTIALS_DOCUMENTED,
    docker_creds,
    documentation::{default_of, kind_of, with_names, wrapped},
    oreg_cluster_info, oreg_node_config, oreg_nodes_ready, oreg_pull_secrets, oreg_report,
    oreg_validate,
    role_tables::{TABLES, set_by_variables},
};
use crate::ansible::{Documented, option::Kind};

/// Where the page is, below the root of the project.
pub const PATH: &str = "docs/options.md";

/// What is above this line is written by hand.
const MARK: &str = "<!-- Below this line, `make generate` writes. -->\n";

const WIDTH: usize = 100;

/// The sections: heading, and the options that it lists.
const SECTIONS: [(&str, &[Documented]); 8] = [
    ("Credentials", CREDENTIALS_DOCUMENTED),
    ("`oreg_validate`", oreg_validate::DOCUMENTED),
    ("`oreg_node_config`", oreg_node_config::DOCUMENTED),
    ("`oreg_pull_secrets`", oreg_pull_secrets::DOCUMENTED),
    ("`oreg_nodes_ready`", oreg_nodes_ready::DOCUMENTED),
    ("`oreg_cluster_info`", oreg_cluster_info::DOCUMENTED),
    ("`oreg_report`", oreg_report::DOCUMENTED),
    ("`docker_creds`", docker_creds::DOCUMENTED),
];

/// The content that the page must have, of the one that it has.
pub fn update(text: &str) -> String {
    let by_hand = text.split(MARK).next().unwrap_or_default();
    let mut page = format!("{by_hand}{MARK}");
    for (heading, rows) in SECTIONS {
        let _ = writeln!(page, "\n## {heading}\n");
        for row in rows {
            entry(&mut page, "", row);
        }
    }
    variables(&mut page);
    page
}

/// One item of a list, with those of its members below it.
fn entry(page: &mut String, indent: &str, row: &Documented) {
    let facts = facts(row).join(", ");
    let about = plain(&row.about.text.join(" "));
    let text = format!("**`{}`** ({facts}). {about}", row.spec.name);
    let mut mark = "- ";
    for line in wrapped(text.trim_end(), WIDTH - indent.len() - 2) {
        let _ = writeln!(page, "{indent}{mark}{line}");
        mark = "  ";
    }
    for member in row.about.members {
        entry(page, &format!("{indent}  "), member);
    }
}

fn facts(row: &Documented) -> Vec<String> {
    let (kind, elements) = kind_of(row.spec.kind);
    let mut facts = vec![match (row.spec.kind, elements) {
        (Kind::Choice(words), _) => format!("`{}`", words().join("` | `")),
        (_, Some(elements)) => format!("{kind} of {elements}"),
        (_, None) => kind.to_owned(),
    }];
    if row.spec.required {
        facts.push("required".to_owned());
    }
    if let Some(default) = default_of(row) {
        facts.push(format!("default `{default}`"));
    }
    if !row.spec.aliases.is_empty() {
        facts.push(format!("also `{}`", row.spec.aliases.join("`, `")));
    }
    if let Some(variable) = row.about.variable {
        facts.push(format!("variable `{variable}`"));
    }
    facts
}

/// Ansible's markup as Markdown: `O(x)` is a name, in back quotes.
fn plain(text: &str) -> String {
    with_names(text, |name| format!("`{name}`"))
}

/// The variables that set options, in the order of the tables of the role.
fn variables(page: &mut String) {
    page.push_str(
        "\n## Variables of the role\n\n| Variable | Default | Meaning |\n|---|---|---|\n",
    );
    let mut listed = Vec::new();
    for (variable, row) in TABLES.iter().flat_map(set_by_variables) {
        if listed.contains(&variable) {
            continue;
        }
        listed.push(variable);
        let default = default_of(&row).map_or_else(String::new, |default| format!(" `{default}`"));
        let meaning = first_sentence(&plain(row.about.text.first().unwrap_or(&"")));
        let _ = writeln!(page, "| `{variable}` |{default} | {meaning} |");
    }
}

/// A `|` would end the cell.
fn first_sentence(text: &str) -> String {
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text[..end].replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_by_hand_stays() {
        let page = update("# Options\n\nBy hand.\n\n");
        assert!(page.starts_with("# Options\n\nBy hand.\n\n<!-- "));
        assert_eq!(update(&page), page);
    }

    #[test]
    fn a_cell_has_one_sentence() {
        assert_eq!(first_sentence("Either a|b. The rest."), "Either a\\|b.");
        assert_eq!(first_sentence("All of it"), "All of it");
    }

    #[test]
    fn markup_becomes_markdown() {
        assert_eq!(
            plain("With V(0) (or without O(a_b)), C(x y) counts."),
            "With `0` (or without `a_b`), `x y` counts."
        );
    }
}
