//! `oreg diff`: which of two files has what. Fingerprints, never passwords.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;
use clap::Args;

use super::{
    check::all_documents,
    output::screen::{Screen, shown},
    status::Status,
};
use crate::{
    domain::{plan::Holding, registry_host::shown as without_user, stored_entry::StoredEntry},
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

type Holdings = BTreeMap<String, String>;

/// What a file holds, by registry: the spelling of keys makes no difference.
fn holdings(file: &PathBuf) -> Result<Holdings> {
    let documents = all_documents(std::slice::from_ref(file))?;
    let entries = documents
        .iter()
        .flat_map(|document| document.config.auths());
    Ok(entries.map(|entry| (name(entry), words(entry))).collect())
}

fn name(entry: &StoredEntry) -> String {
    let host = entry.host().map(|host| host.to_string());
    host.unwrap_or_else(|| shown(&without_user(entry.key())))
}

fn words(entry: &StoredEntry) -> String {
    match Holding::of(entry) {
        Holding::Credential { user, fingerprint } => format!("{} {fingerprint}", shown(&user)),
        Holding::Other if entry.has_token() => "an identity token".to_owned(),
        Holding::Other => "no credential".to_owned(),
        Holding::Unreadable => "an unreadable entry".to_owned(),
    }
}

fn lines(host: &str, one: Option<&String>, other: Option<&String>, screen: &Screen) -> Vec<String> {
    let line = |sign: char, standing, words: &String| {
        screen.paint(standing, &format!("{sign} {host}  {words}")) + "\n"
    };
    let gone = one.map(|words| line('-', Standing::Refused, words));
    let come = other.map(|words| line('+', Standing::Good, words));
    gone.into_iter().chain(come).collect()
}
