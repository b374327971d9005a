//! The report of `verify.yml`: how the credentials of the inventory stand at the registries, on the nodes
//! and in the cluster, and a finding for each thing that is not as wanted.

use serde::Deserialize;

use super::{
    answer::{Answer, File},
    document::{Finding, Node, NodeRegistry, NodeState, Registry, Report, SCHEMA},
    proof::proof,
    secrets,
    state::State,
};
use crate::domain::verdict::Verdict;

/// The reason of a registry that the options do not name.
const UNLISTED: &str = "unlisted";

/// What the tasks of a run answered.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Results {
    /// The proof by the control host.
    pub proven: Answer,
    /// The comparison of the pull secrets; empty where they were not looked at.
    pub secrets: Answer,
    /// The pools of OKD 4; empty where they were not looked at.
    pub pools: Answer,
    /// The playbook.
    pub playbook: Option<String>,
    /// The nodes.
    pub nodes: Vec<NodeResults>,
    /// The host that spoke to the registries and to the cluster.
    pub control_host: String,
    /// `fail` where a missing image is a finding.
    pub missing_image: String,
    /// `fail` where a credential that proves nothing is a finding.
    pub not_proven: String,
    /// The time of the run, by RFC 3339.
    pub generated: Option<String>,
    /// The name of the inventory.
    pub title: Option<String>,
}

/// What the tasks on one node answered.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NodeResults {
    /// Its name in the inventory.
    pub name: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// The comparison of its files; empty where it was not looked at.
    pub files: Answer,
    /// The proof of what they hold; empty where nothing was asked.
    pub stored: Answer,
}

/// Makes the report. `differing` has a sentence for each credential that is not the same on all hosts.
#[must_use]
pub fn verify(results: &Results, differing: &[String]) -> Report {
    let looked_at: Vec<_> = results
        .nodes
        .iter()
        .filter(|node| node.files.is_there())
        .collect();
    let proven = results.proven.registries();
    let hosts = hosts(proven.as_deref(), &looked_at);
    let view = View {
        results,
        refused: proof(&results.proven).refused,
        proven: proven.as_deref().unwrap_or_default(),
        hosts: &hosts,
    };
    let mut findings = view.proof_findings(proven.is_some(), differing);
    findings.extend(looked_at.iter().flat_map(|node| view.node_findings(node)));
    findings.extend(view.secret_findings());
    let inventory = proven
        .iter()
        .flatten()
        .map(|registry| registry.host.as_str());
    let inventory: Vec<_> = inventory.collect();
    let report = Report {
        schema: SCHEMA.to_owned(),
        title: results.title.clone(),
        generator: Some(concat!("oreg ", env!("CARGO_PKG_VERSION")).to_owned()),
        generated: results.generated.clone(),
        playbook: results.playbook.clone(),
        nodes: looked_at.iter().map(|node| view.node(node)).collect(),
        namespaces: secrets::namespaces(&results.secrets, &inventory),
        registries: proven.unwrap_or_default(),
        findings,
        ..Report::default()
    };
    report.summarized()
}

/// The registries of the inventory, then those that only nodes know.
fn hosts(proven: Option<&[Registry]>, nodes: &[&NodeResults]) -> Vec<String> {
    let stored: Vec<_> = nodes
        .iter()
        .filter_map(|node| node.stored.registries())
        .collect();
    let registries = proven.into_iter().flatten().chain(stored.iter().flatten());
    let mut hosts: Vec<String> = Vec::new();
    for registry in registries {
        if !hosts.contains(&registry.host) {
            hosts.push(registry.host.clone());
        }
    }
    hosts
}

/// The results, seen from one registry or node.
struct View<'a> {
    results: &'a Results,
    proven: &'a [Registry],
    refused: Vec<String>,
    hosts: &'a [String],
}

impl View<'_> {
    fn node(&self, node: &NodeResults) -> Node {
        let files = node.files.files();
        let state = match &files {
            _ if node.files.is_unreachable() => NodeState::Unreachable,
            None => NodeState::Failed,
            Some(_) => NodeState::Reached,
        };
        let stored = node.stored.registries().unwrap_or_default();
        let registries = self.hosts.iter().map(|host| NodeRegistry {
            host: host.clone(),
            state: files.as_deref().map_or(state.of_registries(), |files| {
                self.state(&stored, files, host)
            }),
            message: None,
        });
        Node {
            name: node.name.clone(),
            groups: node.groups.clone(),
            state,
            message: if files.is_none() {
                node.files.message()
            } else {
                None
            },
            registries: registries.collect(),
        }
    }

    /// How a registry stands on a node whose files could be compared.
    fn state(&self, stored: &[Registry], files: &[File], host: &str) -> State {
        let key = secrets::key_of(host);
        let names = |keys: &[String]| keys.iter().any(|name| name == key);
        if files.iter().any(|file| file.message.is_some()) {
            return State::Unreadable;
        }
        if files.iter().any(|file| names(&file.added)) {
            return State::Missing;
        }
        if files.iter().any(|file| names(&file.updated)) {
            return State::Differs;
        }
        // A credential that the registry has refused is the same on the node, and is not sent from there.
        let is_refused = self.refused.iter().any(|refused| refused == host);
        let answers = if is_refused { self.proven } else { stored };
        match answers.iter().find(|registry| registry.host == host) {
            None => State::NotAsked,
            Some(registry) if registry.reason == UNLISTED => State::NotOurs,
            Some(registry) => registry.verdict,
        }
    }

    fn proof_findings(&self, is_proven: bool, differing: &[String]) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !is_proven {
            let message = self.results.proven.message();
            let message = message.unwrap_or_else(|| "the credentials were not proven".to_owned());
            findings.push(finding(format!(
                "{}{message}",
                self.asked_by(&self.results.proven)
            )));
        }
        findings.extend(differing.iter().cloned().map(finding));
        if is_proven && self.hosts.is_empty() {
            findings.push(finding(
                "there is no registry to report on: the inventory has no credential, and no node has stored one"
                    .to_owned(),
            ));
        }
        findings.extend(
            self.proven
                .iter()
                .filter_map(|registry| self.registry_finding(registry)),
        );
        findings
    }

    fn registry_finding(&self, registry: &Registry) -> Option<Finding> {
        let State::Proven(verdict) = registry.verdict else {
            return None;
        };
        let is_accepted = match verdict {
            Verdict::Valid | Verdict::Skipped => true,
            Verdict::ImageNotFound => self.results.missing_image != "fail",
            Verdict::NotProven => self.results.not_proven != "fail",
            Verdict::InvalidCredentials
            | Verdict::Denied
            | Verdict::DeniedOrMissing
            | Verdict::RateLimited
            | Verdict::Unreachable
            | Verdict::TlsFailure
            | Verdict::ProxyFailure
            | Verdict::NotARegistry
            | Verdict::RegistryError => false,
        };
        (!is_accepted).then(|| Finding {
            registry: Some(registry.host.clone()),
            ..finding(format!("{}: {}", verdict.word(), registry.message))
        })
    }

    fn node_findings(&self, node: &NodeResults) -> Vec<Finding> {
        let files = node.files.files();
        let mut texts = Vec::new();
        if files.is_none() {
            texts.push(
                node.files
                    .message()
                    .unwrap_or_else(|| unreadable_answer(&node.files)),
            );
        }
        texts.extend(files.iter().flatten().flat_map(file_texts));
        let registries = node.stored.registries();
        if node.stored.is_failed() && registries.is_none() {
            texts.push(
                node.stored
                    .message()
                    .unwrap_or_else(|| unreadable_answer(&node.stored)),
            );
        }
        let of_node = |text| Finding {
            node: Some(node.name.clone()),
            ..finding(text)
        };
        let registries = registries.iter().flatten();
        let registries = registries.filter_map(|registry| self.registry_finding(registry));
        let registries = registries.map(|found| Finding {
            node: Some(node.name.clone()),
            ..found
        });
        texts.into_iter().map(of_node).chain(registries).collect()
    }

    fn secret_findings(&self) -> Vec<Finding> {
        let answer = &self.results.secrets;
        let secrets = answer.secrets().unwrap_or_default();
        let mut findings: Vec<_> = secrets.iter().flat_map(secrets::findings).collect();
        findings.extend(answer.copies().iter().flat_map(secrets::copy_findings));
        findings.extend(self.failure("the pull secrets", answer));
        findings.extend(self.failure("the machine config pools", &self.results.pools));
        findings
    }

    fn failure(&self, what: &str, answer: &Answer) -> Option<Finding> {
        if !answer.is_failed() {
            return None;
        }
        let message = answer.message();
        let message = message.unwrap_or_else(|| unreadable_answer(answer));
        Some(finding(format!(
            "{what}: {}{message}",
            self.asked_by(answer)
        )))
    }

    fn asked_by(&self, answer: &Answer) -> String {
        if answer.is_unreachable() {
            format!(
                "{} (oreg_control_host) cannot be reached: ",
                self.results.control_host
            )
        } else {
            String::new()
        }
    }
}

fn unreadable_answer(answer: &Answer) -> String {
    if answer.is_unreachable() {
        "cannot be reached".to_owned()
    } else {
        "answers in a form that no module of oreg gives".to_owned()
    }
}

fn file_texts(file: &File) -> Vec<String> {
    let path = &file.path;
    let mut texts: Vec<_> = file.message.iter().cloned().collect();
    texts.extend(
        file.added
            .iter()
            .map(|key| format!("{path} has no entry for {key}")),
    );
    texts.extend(
        file.updated
            .iter()
            .map(|key| format!("{path} differs from the inventory in the entry for {key}")),
    );
    texts.extend(
        file.removed
            .iter()
            .map(|key| format!("{path} has an entry for {key}, which is not wanted")),
    );
    if file.changed && texts.is_empty() {
        texts.push(format!(
            "{path} has another mode, owner or group than wanted"
        ));
    }
    texts
}

fn finding(text: String) -> Finding {
    Finding {
        text,
        ..Finding::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn registry(host: &str, verdict: &str) -> Value {
        json!({"host": host, "user": "u", "verdict": verdict, "message": format!("{host} said so")})
    }

    fn file(added: &[&str], message: Option<&str>) -> Value {
        json!({"path": "/p", "changed": !added.is_empty(), "added": added, "message": message})
    }

    fn report(change: impl FnOnce(&mut Value)) -> Report {
        let node = |name: &str| {
            json!({
                "name": name, "groups": ["nodes"], "files": {"changed": false, "files": [file(&[], None)]},
                "stored": {"registries": [registry("a.io", "valid")]},
            })
        };
        let mut results = json!({
            "proven": {"registries": [registry("a.io", "valid")]}, "control_host": "m1",
            "secrets": {"secrets": [{"namespace": "openshift", "name": "s", "host": "a.io", "action": "unchanged"}]},
            "nodes": [node("n1"), node("n2")], "missing_image": "fail", "not_proven": "warn",
        });
        change(&mut results);
        verify(&from_value(results).unwrap(), &[])
    }

    fn texts(report: &Report) -> Vec<String> {
        let findings = report.findings.iter();
        findings
            .map(|finding| {
                format!(
                    "{}: {}",
                    finding.node.as_deref().unwrap_or("-"),
                    finding.text
                )
            })
            .collect()
    }

    fn states(report: &Report, node: usize) -> Vec<&'static str> {
        report.nodes[node]
            .registries
            .iter()
            .map(|registry| registry.state.word())
            .collect()
    }

    #[test]
    fn a_healthy_cluster_has_no_finding() {
        let report = report(|_| ());
        assert_eq!(texts(&report), [""; 0]);
        assert_eq!(
            (report.summary.nodes, report.summary.nodes_in_place),
            (2, 2)
        );
        assert_eq!(report.namespaces[0].secrets[0].state, State::InPlace);
    }

    #[test]
    fn what_a_node_lacks_is_named_with_its_file() {
        let report = report(|r| {
            r["nodes"][0]["files"]["files"] = json!([file(&["a.io"], None)]);
            r["nodes"][1]["files"]["files"] = json!([file(&[], Some("cannot read /p"))]);
        });
        assert_eq!(
            texts(&report),
            ["n1: /p has no entry for a.io", "n2: cannot read /p"]
        );
        assert_eq!(
            (states(&report, 0), states(&report, 1)),
            (vec!["missing"], vec!["unreadable"])
        );
    }

    #[test]
    fn a_refused_credential_is_one_finding() {
        let report = report(|r| {
            r["proven"]["registries"] = json!([registry("a.io", "invalid_credentials")]);
            r["nodes"][0]["stored"] = json!({});
        });
        assert_eq!(texts(&report), ["-: invalid_credentials: a.io said so"]);
        assert_eq!(states(&report, 0), ["invalid_credentials"]);
    }

    #[test]
    fn accepted_verdicts_are_those_of_the_settings() {
        for (verdict, setting, count) in [
            ("image_not_found", "missing_image", [1, 0]),
            ("not_proven", "not_proven", [1, 0]),
            ("unreachable", "not_proven", [1, 1]),
        ] {
            for (value, count) in ["fail", "warn"].into_iter().zip(count) {
                let report = report(|r| {
                    r["proven"]["registries"] = json!([registry("a.io", verdict)]);
                    r[setting] = json!(value);
                });
                assert_eq!(report.findings.len(), count, "{verdict} {value}");
            }
        }
    }

    /// Types, line breaks, tables of their own: nothing of it reaches another node's row.
    #[test]
    fn one_lying_node_changes_its_own_row_alone() {
        let honest = states(&report(|_| ()), 1);
        let forged = "fine\n* n2: invalid_credentials: a.io refused user u";
        for lie in [
            json!({"changed": true, "files": {"a": 1}}),
            json!({"changed": true, "files": "x"}),
            json!({"files": [{"path": forged, "changed": true, "added": [forged], "message": forged}]}),
            json!({"files": [[]], "msg": forged}),
            json!([1]),
            json!("x"),
            json!({"unreachable": true, "msg": forged}),
        ] {
            let report = report(|r| r["nodes"][0]["files"] = lie.clone());
            let own = report
                .findings
                .iter()
                .all(|finding| finding.node.as_deref() != Some("n2"));
            assert!(
                own && report
                    .findings
                    .iter()
                    .all(|finding| !finding.text.contains('\n')),
                "{lie}"
            );
            let honest_row = report
                .nodes
                .iter()
                .position(|node| node.name == "n2")
                .unwrap();
            assert_eq!(states(&report, honest_row), honest, "{lie}");
        }
        let report = report(|r| {
            r["nodes"][0]["stored"] = json!({"failed": true, "registries": [{"host": forged}]});
        });
        assert_eq!(
            texts(&report),
            ["n1: answers in a form that no module of oreg gives"]
        );
        assert_eq!(states(&report, 1), honest);
    }

    #[test]
    fn a_control_host_that_is_down_is_named() {
        let report = report(|r| {
            r["proven"] = json!({"unreachable": true, "msg": "timeout"});
            r["secrets"] = json!({"unreachable": true, "msg": "timeout"});
        });
        let down = "m1 (oreg_control_host) cannot be reached: timeout";
        assert_eq!(texts(&report)[0], format!("-: {down}"));
        assert_eq!(texts(&report)[1], format!("-: the pull secrets: {down}"));
    }

    #[test]
    fn secrets_and_registries_of_others() {
        let report = report(|r| {
            r["secrets"]["secrets"][0]["action"] = json!("created");
            let mut other = registry("b.io", "skipped");
            other["reason"] = json!("unlisted");
            r["nodes"][0]["stored"]["registries"] = json!([registry("a.io", "valid"), other]);
        });
        assert_eq!(texts(&report), ["-: secret openshift/s (a.io): missing"]);
        assert_eq!(states(&report, 0), ["valid", "not_ours"]);
        assert_eq!(states(&report, 1), ["valid", "not_asked"]);
    }
}
