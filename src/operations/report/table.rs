//! The report as text: a table, node by registry, and a line for each finding.

use super::{document::Report, state::State};

/// The narrowest column of a registry.
const NARROWEST: usize = 19;

const NODE: &str = "node";
const NAMESPACE: &str = "namespace ";

/// Makes the lines of the table: a head, the nodes, the namespaces.
#[must_use]
pub fn table(report: &Report) -> Vec<String> {
    let hosts = hosts(report);
    let namespaces: Vec<_> = report
        .namespaces
        .iter()
        .map(|n| format!("{NAMESPACE}{}", n.name))
        .collect();
    let labels = report.nodes.iter().map(|node| node.name.as_str());
    let labels = labels
        .chain(namespaces.iter().map(String::as_str))
        .chain([NODE]);
    let width = labels
        .map(|label| label.chars().count())
        .max()
        .unwrap_or_default();

    let head = hosts.iter().map(|host| (*host).to_owned()).collect();
    let nodes = report.nodes.iter().map(|node| {
        let state = |host: &str| {
            node.registries
                .iter()
                .find(|r| r.host == host)
                .map(|r| r.state)
        };
        (node.name.as_str(), cells(&hosts, state))
    });
    let secrets = namespaces
        .iter()
        .zip(&report.namespaces)
        .map(|(label, namespace)| {
            let state = |host: &str| {
                namespace
                    .secrets
                    .iter()
                    .find(|s| s.host == host)
                    .map(|s| s.state)
            };
            (label.as_str(), cells(&hosts, state))
        });
    let rows = std::iter::once((NODE, head)).chain(nodes).chain(secrets);
    rows.map(|(label, cells)| row(label, width, &hosts, &cells))
        .collect()
}

/// Makes a line for each finding.
#[must_use]
pub fn findings(report: &Report) -> Vec<String> {
    let lines = report.findings.iter().map(|finding| match &finding.node {
        Some(node) => format!("* {node}: {}", finding.text),
        None => format!("* {}", finding.text),
    });
    lines.collect()
}

/// The registries of the nodes, or of the proof where no node was looked at.
fn hosts(report: &Report) -> Vec<&str> {
    let proven = report
        .registries
        .iter()
        .map(|registry| registry.host.as_str());
    let stored = report.nodes.iter().flat_map(|node| &node.registries);
    let mut hosts = Vec::new();
    for host in proven.chain(stored.map(|registry| registry.host.as_str())) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

fn cells(hosts: &[&str], state: impl Fn(&str) -> Option<State>) -> Vec<String> {
    let words = hosts
        .iter()
        .map(|host| state(host).map_or("-".to_owned(), |state| state.to_string()));
    words.collect()
}

fn row(label: &str, width: usize, hosts: &[&str], cells: &[String]) -> String {
    let mut line = format!("{label:<0$}", width + 2);
    for (host, cell) in hosts.iter().zip(cells) {
        let width = host.chars().count().max(NARROWEST) + 2;
        line = format!("{line}{cell:<width$}");
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::verdict::Verdict,
        operations::report::document::{
            Finding, Namespace, Node, NodeRegistry, NodeState, PullSecret,
        },
    };

    #[test]
    fn columns_stand_below_each_other() {
        let registry = |host: &str, state| NodeRegistry {
            host: host.to_owned(),
            state,
            message: None,
        };
        let node = |name: &str, states: [State; 2]| Node {
            name: name.to_owned(),
            groups: Vec::new(),
            state: NodeState::Reached,
            message: None,
            registries: vec![
                registry("a.io", states[0]),
                registry("registry.example.com", states[1]),
            ],
        };
        let secret = PullSecret {
            host: "a.io".to_owned(),
            name: "s".to_owned(),
            state: State::InPlace,
        };
        let report = Report {
            nodes: vec![
                node("n1", [State::Proven(Verdict::Valid), State::NotOurs]),
                node(
                    "node2.example.com",
                    [State::Missing, State::Proven(Verdict::InvalidCredentials)],
                ),
            ],
            namespaces: vec![Namespace {
                name: "openshift".to_owned(),
                secrets: vec![secret],
            }],
            findings: vec![
                Finding {
                    node: Some("n1".to_owned()),
                    text: "lacks it".to_owned(),
                    ..Finding::default()
                },
                Finding {
                    text: "denied".to_owned(),
                    ..Finding::default()
                },
            ],
            ..Report::default()
        };
        assert_eq!(
            table(&report),
            [
                "node                 a.io                 registry.example.com",
                "n1                   valid                not ours",
                "node2.example.com    missing              invalid credentials",
                "namespace openshift  in place             -",
            ]
        );
        assert_eq!(findings(&report), ["* n1: lacks it", "* denied"]);
        assert_eq!(table(&Report::default()), ["node"]);
    }
}
