//! `oreg diff`: which of two files has what. Fingerprints, never passwords.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::Result;
use clap::Args;

use super::{
    check::all_documents,
    output::screen::{Screen, make_visible},
    status::Status,
};
use crate::{
    domain::{
        plan::EntrySummary, registry_host::mask_userinfo as without_user, stored_entry::StoredEntry,
    },
    operations::report::Standing,
};

/// Compare two files: who has what, by fingerprints
///
/// Exit status: 0 the same credentials, 1 they differ, 2 a file cannot be read or understood.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  oreg diff old-pull-secret.txt new-pull-secret.txt
  oc get secret pull-secret -n openshift-config -o yaml | oreg diff - ~/.docker/config.json")]
pub struct Arguments {
    /// The first file; - is standard input
    #[arg(value_name = "A")]
    one: PathBuf,
    /// The second file
    #[arg(value_name = "B")]
    other: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read or understood.
pub fn run(arguments: &Arguments, screen: &Screen) -> Result<Status> {
    let one = holdings(&arguments.one)?;
    let other = holdings(&arguments.other)?;
    let mut hosts: Vec<_> = one.keys().chain(other.keys()).collect();
    hosts.sort();
    hosts.dedup();
    let lines: Vec<_> = hosts
        .into_iter()
        .filter(|host| one.get(*host) != other.get(*host))
        .flat_map(|host| lines(host, one.get(host), other.get(host), screen))
        .collect();
    if lines.is_empty() {
        screen.write("the same credentials\n")?;
        return Ok(Status::Proven);
    }
    screen.write(&lines.concat())?;
    Ok(Status::Refused)
}

/// Several spellings of one registry may hold different things.
type Holdings = BTreeMap<String, BTreeSet<String>>;

/// What a file holds, by registry: the spelling of keys makes no difference.
fn holdings(file: &PathBuf) -> Result<Holdings> {
    let documents = all_documents(std::slice::from_ref(file))?;
    let entries = documents
        .iter()
        .flat_map(|document| document.config.auths());
    let mut holdings = Holdings::new();
    for entry in entries {
        holdings
            .entry(name(entry))
            .or_default()
            .insert(words(entry));
    }
    Ok(holdings)
}

fn name(entry: &StoredEntry) -> String {
    let host = entry.host().map(|host| host.to_string());
    host.unwrap_or_else(|| make_visible(&without_user(entry.key())))
}

fn words(entry: &StoredEntry) -> String {
    match EntrySummary::of(entry) {
        EntrySummary::Credential { user, fingerprint } => {
            format!("{} {fingerprint}", make_visible(&user))
        }
        EntrySummary::Other if entry.has_token() => "an identity token".to_owned(),
        EntrySummary::Other => "no credential".to_owned(),
        EntrySummary::Unreadable => "an unreadable entry".to_owned(),
    }
}

/// What only one of the two has.
fn lines(
    host: &str,
    one: Option<&BTreeSet<String>>,
    other: Option<&BTreeSet<String>>,
    screen: &Screen,
) -> Vec<String> {
    let line = |sign: char, standing, words: &String| {
        screen.paint(standing, &format!("{sign} {host}  {words}")) + "\n"
    };
    let only = |own: Option<&BTreeSet<String>>, others: Option<&BTreeSet<String>>| {
        let own = own.cloned().unwrap_or_default();
        let is_own = |words: &String| others.is_none_or(|others| !others.contains(words));
        own.into_iter().filter(is_own).collect::<Vec<_>>()
    };
    let gone = only(one, other);
    let come = only(other, one);
    let gone = gone.iter().map(|words| line('-', Standing::Refused, words));
    let come = come.iter().map(|words| line('+', Standing::Good, words));
    gone.chain(come).collect()
}
