//! `oreg show`: what stands in files, without a password and without asking anybody.

use std::{collections::HashMap, path::PathBuf};

use anyhow::Result;
use clap::Args;

use super::{
    check::all_documents,
    input::form::Document,
    output::{
        screen::{Screen, lines, make_visible},
        table::{is_narrow, stack, wrapped},
    },
    status::Status,
};
use crate::{
    domain::{
        plan::EntrySummary, registry_host::mask_userinfo as without_user, stored_entry::StoredEntry,
    },
    operations::report::findings::expires,
};

/// Show hosts, users, fingerprints and expiries of files, and which entries shadow which
///
/// Nobody is asked, and no password is shown: equal fingerprints are equal passwords.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  oreg show pull-secret.txt
  oreg show ~/.docker/config.json /var/lib/origin/.docker/config.json")]
pub struct Arguments {
    /// Docker config files, pull secrets, base64 of one, Secret manifests; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read or understood.
pub fn run(arguments: &Arguments, screen: &Screen) -> Result<Status> {
    let documents = all_documents(&arguments.files)?;
    let tables: Vec<_> = documents
        .iter()
        .map(|document| draw(document, screen))
        .collect();
    screen.write(&tables.join("\n"))?;
    Ok(Status::Proven)
}

fn draw(document: &Document, screen: &Screen) -> String {
    let place = screen.bold(&make_visible(&document.place));
    let entries = if document.config.auths().is_empty() {
        "no entries\n".to_owned()
    } else {
        table(document, screen)
    };
    format!("{place}\n{entries}{}", helpers(document))
}

fn helpers(document: &Document) -> String {
    let helpers = document.config.helpers();
    let line = |helper: &str, of: &str| {
        format!(
            "docker asks docker-credential-{} for {of}\n",
            make_visible(helper)
        )
    };
    let store = helpers
        .store
        .iter()
        .map(|store| line(store, "every registry"));
    let named = helpers.per_registry.iter();
    let named = named.map(|(key, helper)| line(helper, &make_visible(&without_user(key))));
    store.chain(named).collect()
}

/// The columns, and their names where the screen is too narrow for a table.
const COLUMNS: [(&str, &str); 5] = [
    ("REGISTRY", ""),
    ("USER", "user"),
    ("PASSWORD", "password"),
    ("EXPIRES", "expires"),
    ("REMARK", "remark"),
];

fn table(document: &Document, screen: &Screen) -> String {
    let entries = document.config.auths();
    let places = places(entries);
    let rows = entries
        .iter()
        .enumerate()
        .map(|(position, entry)| row(entry, &remark(position, entries, &places)));
    if is_narrow(screen) {
        return rows.map(|row| stacked(row, screen)).collect();
    }
    let mut table = screen.table(&COLUMNS.map(|(heading, _)| heading));
    table.add_rows(rows);
    lines(table)
}

fn stacked(row: [String; 5], screen: &Screen) -> String {
    let names = COLUMNS.map(|(_, name)| name);
    let [registry, members @ ..] = row;
    let members: Vec<_> = names.into_iter().skip(1).zip(members).collect();
    let given: Vec<_> = members
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let head = screen.bold(&wrapped(&registry, "", "  ", screen));
    stack(&head, &given, screen)
}

fn row(entry: &StoredEntry, remark: &str) -> [String; 5] {
    let (user, password) = match EntrySummary::of(entry) {
        EntrySummary::Credential { user, fingerprint } => (make_visible(&user), fingerprint),
        EntrySummary::Other if entry.has_token() => ("-".to_owned(), "identity token".to_owned()),
        EntrySummary::Other => ("-".to_owned(), "-".to_owned()),
        EntrySummary::Unreadable => ("-".to_owned(), "unreadable".to_owned()),
    };
    let end = entry.credential().ok().flatten();
    let end = end.and_then(|credential| expires(credential.password()));
    let end = end.and_then(|time| time.get(..10).map(str::to_owned));
    [
        make_visible(&without_user(entry.key())),
        user,
        password,
        end.unwrap_or_else(|| "-".to_owned()),
        remark.to_owned(),
    ]
}

/// The places of each registry in a document.
type Places = HashMap<String, Vec<usize>>;

fn places(entries: &[StoredEntry]) -> Places {
    let mut places = Places::new();
    for (position, entry) in entries.iter().enumerate() {
        if let Some(host) = entry.host() {
            places.entry(host.to_string()).or_default().push(position);
        }
    }
    places
}

/// What readers make of an entry besides its content.
fn remark(position: usize, entries: &[StoredEntry], places: &Places) -> String {
    let entry = &entries[position];
    if let Err(error) = entry.credential() {
        return error.to_string();
    }
    let Some(host) = entry.host() else {
        return "this key names no registry".to_owned();
    };
    let host = host.to_string();
    let key = |position: usize| make_visible(&without_user(entries[position].key()));
    let alike = places.get(&host).into_iter().flatten();
    if let Some(other) = alike.copied().find(|other| *other != position) {
        return format!(
            "the same registry as {}: readers differ in which one they take",
            key(other)
        );
    }
    // containers-auth.json(5): the entry with the longest matching path counts; docker knows hosts only.
    let mut above = host.as_str();
    while let Some((shorter, _)) = above.rsplit_once('/') {
        above = shorter;
        if let Some(other) = places.get(above).and_then(|positions| positions.first()) {
            return format!(
                "shadows {} for images below it (podman, CRI-O, kubelet)",
                key(*other)
            );
        }
    }
    String::new()
}
