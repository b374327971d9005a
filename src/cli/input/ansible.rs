//! The credentials of an inventory of openshift-ansible: `ansible-inventory --list` reads it, in every
//! form that Ansible knows, and asks for vault passwords; the variables are those of the role `oreg`.

use std::{
    io,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Map, Value};

use super::entries::Subject;
use crate::{
    ansible::{Options, read_options::read_options},
    domain::{registry_credential::RegistryCredential, secret::Secret, verdict::Verdict},
    inventory_vars::place_of,
    modules::credential_options::{CREDENTIAL_OPTIONS, credentials},
    operations::report::{Registry, State},
};

const PROGRAM: &str = "ansible-inventory";

/// The groups whose first host speaks for the inventory, as in the playbooks.
const GROUPS: [&str; 4] = ["masters", "OSEv3", "nodes", "all"];

/// How encrypted inventories are opened; these arguments go to `ansible-inventory` as they are.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "How an inventory is opened")]
pub struct VaultArguments {
    /// Ask for the vault password
    #[arg(
        short = 'J',
        long,
        requires = "inventory",
        alias = "ask-vault-password"
    )]
    ask_vault_pass: bool,
    /// Read the vault password from this file
    #[arg(
        long,
        value_name = "FILE",
        requires = "inventory",
        alias = "vault-pass-file"
    )]
    vault_password_file: Vec<PathBuf>,
    /// Use this vault identity
    #[arg(long, value_name = "ID", requires = "inventory")]
    vault_id: Vec<String>,
}

/// Reads the credentials of the inventories.
///
/// # Errors
/// When `ansible-inventory` fails, or the variables cannot be used: all that is wrong at once.
pub fn subjects(inventories: &[PathBuf], vault: &VaultArguments) -> Result<Vec<Subject>> {
    let listed = list(inventories, vault)?;
    let document: Value = serde_json::from_str(listed.expose())
        .ok()
        .with_context(|| format!("the answer of {PROGRAM} is not JSON"))?;
    let host = first_host(&document).context("the inventory has no host")?;
    let variables = document
        .pointer("/_meta/hostvars")
        .and_then(|all| all.get(&host));
    let options = options(variables.and_then(Value::as_object))?;
    let resolved =
        credentials(&options).map_err(|failure| anyhow::anyhow!(failure.message().to_owned()))?;
    Ok(resolved.credentials.into_iter().map(subject).collect())
}

fn list(inventories: &[PathBuf], vault: &VaultArguments) -> Result<Secret> {
    let mut command = Command::new(PROGRAM);
    for inventory in inventories {
        command.arg("-i").arg(inventory);
    }
    command.args(vault.ask_vault_pass.then_some("--ask-vault-pass"));
    for file in &vault.vault_password_file {
        command.arg("--vault-password-file").arg(file);
    }
    for id in &vault.vault_id {
        command.arg("--vault-id").arg(id);
    }
    command
        .arg("--list")
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow::anyhow!(
            "{PROGRAM} is not installed: it is part of Ansible, and reads the inventory"
        ),
        _ => anyhow::Error::new(error).context(format!("cannot run {PROGRAM}")),
    })?;
    if !output.status.success() {
        bail!("{PROGRAM} failed: its own message is above");
    }
    let text = String::from_utf8(output.stdout).ok();
    text.map(Secret::new)
        .with_context(|| format!("the answer of {PROGRAM} is not text"))
}

/// The first host of the first group that has one, groups below it included.
fn first_host(document: &Value) -> Option<String> {
    GROUPS.iter().find_map(|group| host_in(document, group, 0))
}

/// Groups may be nested, by mistake in a circle.
const DEEPEST: usize = 32;

fn host_in(document: &Value, group: &str, depth: usize) -> Option<String> {
    let names = |member: &str| {
        let names = document
            .get(group)
            .and_then(|group| group.get(member)?.as_array());
        names.into_iter().flatten().filter_map(Value::as_str)
    };
    if let Some(host) = names("hosts").next() {
        return Some(host.to_owned());
    }
    if depth == DEEPEST {
        return None;
    }
    names("children").find_map(|child| host_in(document, child, depth + 1))
}

/// Reads the variables as the modules read their options.
fn options(variables: Option<&Map<String, Value>>) -> Result<Options> {
    let mut given = Map::new();
    for option in CREDENTIAL_OPTIONS {
        if let Some(value) = variables.and_then(|variables| variables.get(option.name)) {
            check_evaluated(option.name, value)?;
            given.insert(option.name.to_owned(), value.clone());
        }
    }
    let read = read_options(&[CREDENTIAL_OPTIONS], &given, crate::cli::environment::text);
    let (options, _) = read.map_err(|errors| anyhow::anyhow!(errors.joined("\n")))?;
    Ok(options)
}

/// `ansible-inventory` decrypts whole files, not single values, and evaluates no templates.
fn check_evaluated(name: &str, value: &Value) -> Result<()> {
    let holds = |text: &str| value.to_string().contains(text);
    if holds("\"__ansible_vault\"") {
        bail!(
            "{name} is a single encrypted value, which {PROGRAM} does not decrypt: put it into a file that is encrypted whole, or run playbooks/verify.yml"
        );
    }
    // `${component}` of oreg_url has one brace.
    if holds("{{") || holds("{%") {
        bail!(
            "{name} is a template, which {PROGRAM} does not evaluate: write its value, or run playbooks/verify.yml"
        );
    }
    Ok(())
}

/// A registry whose test login is not wanted is not asked.
fn subject(credential: RegistryCredential) -> Subject {
    if credential.test_image.is_some() {
        return Subject::Credential(Box::new(credential));
    }
    let host = credential.host.to_string();
    Subject::Apart(Box::new(Registry {
        message: format!("{host} was not asked: no test login is wanted"),
        user: Some(credential.credential.user().to_owned()),
        source: place_of(&credential.source),
        verdict: State::Proven(Verdict::Skipped),
        reason: "not_tested".to_owned(),
        host,
        test_image: None,
        http_status: None,
        digest: None,
        realm_host: None,
        requests: 0,
        elapsed_ms: 0,
        expires: None,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_master_speaks_for_the_inventory() {
        let document = json!({
            "all": {"children": ["ungrouped", "OSEv3"]},
            "OSEv3": {"children": ["nodes", "masters"]},
            "masters": {"children": ["east"]},
            "east": {"hosts": ["m1", "m2"]},
            "nodes": {"hosts": ["n1"]},
        });
        assert_eq!(first_host(&document), Some("m1".to_owned()));
        assert_eq!(
            first_host(&json!({"nodes": {"hosts": ["n1"]}})),
            Some("n1".to_owned())
        );
        assert_eq!(first_host(&json!({"all": {"children": ["all"]}})), None);
    }

    #[test]
    fn values_that_are_not_evaluated_are_refused_without_being_shown() {
        for value in [
            json!({"__ansible_vault": "$ANSIBLE_VAULT;hunter2"}),
            json!("{{ hunter2 }}"),
            json!([{"host": "r.io", "password": "{{ hunter2 }}"}]),
        ] {
            let variables = json!({"oreg_auth_password": value});
            let error = options(variables.as_object()).unwrap_err().to_string();
            assert!(
                error.starts_with("oreg_auth_password is a") && !error.contains("hunter2"),
                "{error}"
            );
        }
    }
}
