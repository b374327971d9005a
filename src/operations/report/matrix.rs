//! The part of the page with nodes and namespaces: groups × registries, the nodes that differ folded
//! under their group, so that 1,000 nodes read as well as three.

use std::collections::{BTreeMap, HashSet};

use maud::{Markup, html};

use super::{
    Namespace, Node, NodeState, Report, Standing, State,
    markup::{counted, mark, plain},
};

/// The nodes that are counted together, in the report's order.
struct Group<'a> {
    name: &'a str,
    nodes: Vec<&'a Node>,
}

/// Makes the table; nothing where neither a node nor a namespace was looked at.
pub(super) fn matrix(report: &Report) -> Markup {
    let hosts = hosts(report);
    let groups = groups(&report.nodes);
    html! {
        @if !groups.is_empty() || !report.namespaces.is_empty() {
            h2 #nodes { "Nodes and namespaces" }
            div.scroll role="region" aria-labelledby="nodes" tabindex="0" {
                table {
                    thead { tr { th scope="col" { "Where" } @for host in &hosts { th scope="col" { (plain(host)) } } } }
                    tbody {
                        @for group in &groups { (group_rows(report, group, &hosts)) }
                        @for namespace in &report.namespaces { (namespace_row(namespace, &hosts)) }
                    }
                }
            }
        }
    }
}

/// Every registry, in the order of the proofs, then of the nodes and namespaces.
fn hosts(report: &Report) -> Vec<&str> {
    let proven = report.registries.iter().map(|registry| &registry.host);
    let on_nodes = report.nodes.iter().flat_map(|node| &node.registries);
    let in_namespaces = report.namespaces.iter().flat_map(|space| &space.secrets);
    let all = proven
        .chain(on_nodes.map(|registry| &registry.host))
        .chain(in_namespaces.map(|secret| &secret.host));
    let mut known = HashSet::new();
    all.map(String::as_str)
        .filter(|host| known.insert(*host))
        .collect()
}

fn groups(nodes: &[Node]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for node in nodes {
        let name = node.groups.first().map_or("nodes", String::as_str);
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.nodes.push(node),
            None => groups.push(Group {
                name,
                nodes: vec![node],
            }),
        }
    }
    groups
}

fn group_rows(report: &Report, group: &Group<'_>, hosts: &[&str]) -> Markup {
    let all = group.nodes.len();
    let counts = counts(&group.nodes);
    let nodes = group.nodes.iter();
    let differing: Vec<_> = nodes.filter(|node| !report.is_in_place(node)).collect();
    html! {
        tr {
            th scope="row" { (plain(group.name)) " (" (all) ")" }
            @for host in hosts { (cell(counts.get(host), all)) }
        }
        @if !differing.is_empty() {
            tr { td colspan=(hosts.len() + 1) {
                details {
                    summary { (counted(differing.len(), "node")) " of " (plain(group.name)) " not as wanted" }
                    ul { @for node in &differing { (node_item(report, node)) } }
                }
            } }
        }
    }
}

/// How many nodes have which state, by registry.
fn counts<'a>(nodes: &[&'a Node]) -> BTreeMap<&'a str, BTreeMap<State, usize>> {
    let mut counts: BTreeMap<&str, BTreeMap<State, usize>> = BTreeMap::new();
    for registry in nodes.iter().flat_map(|node| &node.registries) {
        let states = counts.entry(&registry.host).or_default();
        *states.entry(registry.state).or_default() += 1;
    }
    counts
}

fn node_item(report: &Report, node: &Node) -> Markup {
    let deviations = report.deviations(node);
    let deviations = deviations.map(|registry| format!("{} {}", registry.host, registry.state));
    let reached = match node.state {
        NodeState::Reached => None,
        NodeState::Unreachable => Some("unreachable".to_owned()),
        NodeState::Failed => Some("failed".to_owned()),
    };
    let words: Vec<_> = reached.into_iter().chain(deviations).collect();
    let message = node
        .message
        .as_deref()
        .map(|message| format!(" ({message})"));
    html! {
        li { strong { (plain(&node.name)) } ": " (plain(&words.join(", "))) (plain(&message.unwrap_or_default())) }
    }
}

fn namespace_row(namespace: &Namespace, hosts: &[&str]) -> Markup {
    let state = |host: &str| {
        let mut secrets = namespace.secrets.iter();
        let secret = secrets.find(|secret| secret.host == host)?;
        Some(BTreeMap::from([(secret.state, 1)]))
    };
    html! {
        tr {
            th scope="row" { "namespace " (plain(&namespace.name)) }
            @for host in hosts { (cell(state(host).as_ref(), 1)) }
        }
    }
}

/// The states of one registry in a group of `all`, the worst first.
fn cell(states: Option<&BTreeMap<State, usize>>, all: usize) -> Markup {
    let mut states: Vec<_> = states.into_iter().flatten().collect();
    states.sort_by_key(|(state, _)| state.standing());
    let worst = states
        .first()
        .map_or(Standing::Apart, |(state, _)| state.standing());
    html! {
        td class={ "state " (worst.name()) } {
            @if states.is_empty() { "–" }
            @for (state, count) in states {
                span.line { (mark(state.standing())) @if all > 1 { (count) " " } (state) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::report::NodeRegistry;

    fn node(number: usize, group: &str, state: State) -> Node {
        Node {
            name: format!("node{number}"),
            groups: vec![group.to_owned()],
            state: NodeState::Reached,
            message: None,
            registries: vec![NodeRegistry {
                host: "a.io".to_owned(),
                state,
                message: None,
            }],
        }
    }

    #[test]
    fn only_nodes_that_differ_are_named() {
        let mut nodes: Vec<_> = (0..1000)
            .map(|number| node(number, "compute", State::InPlace))
            .collect();
        nodes[17] = node(17, "compute", State::Missing);
        nodes.push(node(1000, "masters", State::InPlace));
        let table = matrix(&Report {
            nodes,
            ..Report::default()
        });
        let table = table.into_string();
        assert!(
            table.contains("compute (1000)") && table.contains("masters (1)"),
            "{table}"
        );
        assert!(table.contains("1 missing") && table.contains("999 in place"));
        assert!(table.contains("<strong>node17</strong>: a.io missing"));
        assert!(!table.contains("node18"));
    }
}
