//! The module `oreg_report`: the logic of the playbooks. It reads settings and results of other tasks, and
//! answers with settings, messages and the report. It sends nothing and changes nothing; the action
//! plugin of the same name runs it where Ansible runs, and hands it what the tasks registered.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    credential_options::{CREDENTIAL_OPTIONS, named_registries},
    removals::{REGISTRIES, still_wanted},
};
use crate::{
    ansible::{Call, Choice, Failure, Module, OneOf, Options, Response, Row},
    domain::{registry_host::RegistryHost, secret::Secret},
    operations::report::{
        answer::Answer,
        differing::{Marks, differing, refusal},
        global_settings::{GlobalInventory, global_settings},
        html, left, main_registry,
        proof::{proof, unknown_realms},
        restart::{self, Candidate, Outcome, Restart, Scope},
        settings::{Inventory, settings},
        table, target,
        verify::{Results, verify},
    },
    rows,
};

/// The reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Settings,
    GlobalSettings,
    MainRegistry,
    Differing,
    Target,
    Proof,
    Secrets,
    Revoke,
    RestartChoice,
    RestartCheck,
    RestartOutcome,
    RestartStopped,
    Left,
    Verify,
}

impl Choice for Topic {
    const ALL: &'static [Self] = &[
        Self::Settings,
        Self::GlobalSettings,
        Self::MainRegistry,
        Self::Differing,
        Self::Target,
        Self::Proof,
        Self::Secrets,
        Self::Revoke,
        Self::RestartChoice,
        Self::RestartCheck,
        Self::RestartOutcome,
        Self::RestartStopped,
        Self::Left,
        Self::Verify,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::GlobalSettings => "global_settings",
            Self::MainRegistry => "main_registry",
            Self::Differing => "differing",
            Self::Target => "target",
            Self::Proof => "proof",
            Self::Secrets => "secrets",
            Self::Revoke => "revoke",
            Self::RestartChoice => "restart_choice",
            Self::RestartCheck => "restart_check",
            Self::RestartOutcome => "restart_outcome",
            Self::RestartStopped => "restart_stopped",
            Self::Left => "left",
            Self::Verify => "verify",
        }
    }
}

const REPORT: Row<OneOf<Topic>> = Row::choice("report")
    .required()
    .about(&[
    "V(settings) reads the settings of a run and fails where one cannot be meant.",
    "V(global_settings) reads those of a run for OKD 4, V(main_registry) makes the option that names the main registry \
     there, and fails where there is no credential.",
    "V(differing) fails where hosts of the run have different credentials.",
    "V(target) makes the options that look for the images of the next release.",
    "V(proof) reads the answer of M(oreg_validate), V(secrets) that of M(oreg_pull_secrets).",
    "V(revoke) names what would come back with the next run.",
    "V(restart_choice) chooses the nodes to restart, V(restart_check) fails where the cluster does not know one, \
     V(restart_outcome) judges the restart of one node, V(restart_stopped) fails with what is done and what is left.",
    "V(left) names the nodes whose files were not written.",
    "V(verify) makes the table, the findings and the document C(oreg.report/1).",
]);
const RESULTS: Row<Option<String>> = Row::text("results")
    .about(&["What the report is about, as JSON text. The action plugin makes it."]);
const REALM_HOSTS: Row<Vec<(String, String)>> = Row::dict("oreg_realm_hosts").about(&[
    "With O(report=settings), the hosts of token servers by registry; empty where one has none.",
]);

rows! {pub REPORT, RESULTS, REALM_HOSTS, REGISTRIES}

/// Results of 10,000 nodes with 20 registries each have half of it.
const MOST_BYTES: u64 = 192 << 20;

/// The module.
pub const MODULE: Module = Module::new(
    "oreg_report",
    "Makes settings, messages and reports of the results of other tasks",
    &[CREDENTIAL_OPTIONS, OPTIONS],
    run,
)
.taking(MOST_BYTES);

fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    let response = match options.get(REPORT) {
        Topic::Settings => settings_of(options),
        Topic::GlobalSettings => global_settings_of(options),
        Topic::MainRegistry => main_registry_of(options),
        Topic::Differing => differing_of(options),
        Topic::Target => target_of(options),
        Topic::Proof => proof_of(options),
        Topic::Secrets => secrets_of(options),
        Topic::Revoke => revoke_of(options),
        Topic::RestartChoice => restart_choice_of(options),
        Topic::RestartCheck => restart_check_of(options),
        Topic::RestartOutcome => restart_outcome_of(options),
        Topic::RestartStopped => restart_stopped_of(options),
        Topic::Left => left_of(options),
        Topic::Verify => verify_of(options),
    }?;
    Ok(response.conceal(secrets(options)?))
}

/// Passwords of the inventory. A node knows them, and could write them into any of its answers.
fn secrets(options: &Options) -> Result<Vec<Secret>, Failure> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Known {
        passwords: Vec<String>,
    }
    let known: Known = results(options)?;
    Ok(known.passwords.into_iter().map(Secret::new).collect())
}

fn results<T: DeserializeOwned>(options: &Options) -> Result<T, Failure> {
    let text = options.get(RESULTS).unwrap_or("{}");
    serde_json::from_str(text).map_err(|error| {
        // The parser's words may quote the text.
        let (line, column) = (error.line(), error.column());
        Failure::new(format!(
            "results: is not the JSON that this report needs (line {line} column {column}); the action plugin \
             oreg_report makes it"
        ))
    })
}

fn settings_of(options: &Options) -> Result<Response, Failure> {
    let mut errors = Vec::new();
    let realm_hosts = realm_hosts(options).map_err(|found| errors.extend(found));
    let found = settings(&results::<Inventory>(options)?).map_err(|found| errors.extend(found));
    match (found, realm_hosts) {
        (Ok(settings), Ok(realm_hosts)) => {
            let response = Response::new(false).with("settings", settings);
            Ok(response.with("realm_hosts", realm_hosts))
        }
        _ => Ok(Response::new(false).fail(errors.join("\n"))),
    }
}

fn global_settings_of(options: &Options) -> Result<Response, Failure> {
    let found = global_settings(&results::<GlobalInventory>(options)?);
    Ok(match found {
        Ok(settings) => Response::new(false).with("settings", settings),
        Err(error) => Response::new(false).fail(error),
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cluster {
    cluster: Answer,
}

fn main_registry_of(options: &Options) -> Result<Response, Failure> {
    let given: Cluster = results(options)?;
    let named = named_registries(options)?;
    if !named.has_credential && options.get(REGISTRIES).is_empty() {
        return Ok(Response::new(false).fail(main_registry::NO_CREDENTIAL));
    }
    let image = given.cluster.text("release_image");
    let image = image.filter(|_| !named.has_url);
    let url = main_registry::url(image, named.main.as_ref());
    let arguments = BTreeMap::from_iter(url.map(|url| ("oreg_url", url)));
    Ok(Response::new(false).with("arguments", arguments))
}

fn realm_hosts(options: &Options) -> Result<BTreeMap<&str, &str>, Vec<String>> {
    let given = options.get(REALM_HOSTS).iter();
    let mut errors = Vec::new();
    for (host, realm) in given.clone() {
        for text in [host, realm] {
            // An empty realm says that the registry has no token server.
            let outcome = RegistryHost::parse(text);
            if let Err(error) = outcome.as_ref()
                && !text.is_empty()
            {
                errors.push(format!(
                    "oreg_realm_hosts: {}: {error}",
                    crate::domain::registry_host::mask_userinfo(text)
                ));
            }
        }
    }
    if errors.is_empty() {
        return Ok(given
            .map(|(host, realm)| (host.as_str(), realm.as_str()))
            .collect());
    }
    Err(errors)
}

/// Variables, in order, with the mark of each host's value.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Comparison {
    first: String,
    variables: Vec<(String, Marks)>,
}

impl Comparison {
    fn sentences(&self) -> Vec<String> {
        differing(&self.first, &self.variables)
    }
}

fn differing_of(options: &Options) -> Result<Response, Failure> {
    let comparison: Comparison = results(options)?;
    Ok(or_fail(
        Response::new(false),
        refusal(&comparison.sentences()),
    ))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Proof {
    proven: Answer,
    secrets_answer: Answer,
    known_realms: Vec<String>,
    target_tag: Option<String>,
    test_image: Option<String>,
}

fn target_of(options: &Options) -> Result<Response, Failure> {
    let given: Proof = results(options)?;
    let tag = given.target_tag.unwrap_or_default();
    Ok(
        match target::arguments(tag.trim(), given.test_image.as_deref()) {
            Ok(arguments) => Response::new(false).with("arguments", arguments),
            Err(error) => Response::new(false).fail(error),
        },
    )
}

fn proof_of(options: &Options) -> Result<Response, Failure> {
    let given: Proof = results(options)?;
    let mut found = proof(&given.proven);
    let judged = given
        .target_tag
        .map(|tag| target::judge(&given.proven, &tag))
        .transpose();
    let error = match judged {
        Ok(line) => {
            found.lines.extend(line);
            None
        }
        Err(error) => Some(error),
    };
    let response = Response::new(false)
        .with("lines", &found.lines)
        .with("realm_hosts", &found.realm_hosts)
        .with("refused", &found.refused);
    Ok(or_fail(response, error))
}

fn secrets_of(options: &Options) -> Result<Response, Failure> {
    let given: Proof = results(options)?;
    let warning = unknown_realms(&given.secrets_answer, &given.known_realms);
    let response = Response::new(false).with("lines", Vec::from_iter(warning));
    Ok(response)
}

fn revoke_of(options: &Options) -> Result<Response, Failure> {
    let registries = options.get(REGISTRIES);
    if registries.is_empty() {
        return Ok(Response::new(false).fail(
            "Which registry do you want to remove? Say so with -e oreg_revoke=registry.example.com",
        ));
    }
    let lines = still_wanted(options)?.into_iter().map(|host| {
        format!(
            "{host} is still in the inventory: the next run of registry_auth.yml brings it back unless it is \
             removed there too."
        )
    });
    let lines: Vec<_> = lines.collect();
    Ok(Response::new(false)
        .with("registries", registries)
        .with("lines", lines))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Restarts {
    candidates: Vec<Candidate>,
    all_nodes: bool,
    known: Answer,
    control_host: String,
    nodes: Vec<left::Node>,
    restart: Restart,
    outcomes: BTreeMap<String, Outcome>,
}

fn restart_choice_of(options: &Options) -> Result<Response, Failure> {
    let given: Restarts = results(options)?;
    let scope = if given.all_nodes {
        Scope::All
    } else {
        Scope::Due
    };
    let choice = restart::choose(&given.candidates, scope);
    Ok(Response::new(false)
        .with("hosts", choice.hosts)
        .with("node_names", choice.node_names))
}

fn restart_check_of(options: &Options) -> Result<Response, Failure> {
    let given: Restarts = results(options)?;
    let error = restart::unknown(&given.known, &given.control_host, &given.nodes);
    Ok(or_fail(Response::new(false), error))
}

fn restart_outcome_of(options: &Options) -> Result<Response, Failure> {
    let given: Restarts = results(options)?;
    Ok(Response::new(false).with("outcome", restart::outcome(&given.restart)))
}

fn restart_stopped_of(options: &Options) -> Result<Response, Failure> {
    let given: Restarts = results(options)?;
    let message = restart::stopped(&given.restart, &given.outcomes, &given.nodes);
    Ok(Response::new(false).fail(message))
}

fn left_of(options: &Options) -> Result<Response, Failure> {
    let given: Restarts = results(options)?;
    Ok(Response::new(false).with("lines", left::left(&given.nodes)))
}

fn verify_of(options: &Options) -> Result<Response, Failure> {
    let given: Results = results(options)?;
    let comparison: Comparison = results(options)?;
    let report = verify(&given, &comparison.sentences());
    let page = html::page(&report);
    Ok(Response::new(false)
        .with("lines", table::table(&report))
        .with("findings", table::findings(&report))
        .with("figures", &report.summary)
        .with("document", &report)
        .with("page", page))
}

fn or_fail(response: Response, error: Option<String>) -> Response {
    match error {
        None => response,
        Some(error) => response.fail(error),
    }
}
