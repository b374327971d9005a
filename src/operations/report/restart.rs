//! Which nodes restart, and the messages of a run that stops in between.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    answer::Answer,
    left::{self, left},
};

/// The line by which a node answers that a restart is due. A login shell may print lines of its own.
pub const DUE: &str = "oreg-restart-is-due";

/// A node before the restarts.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Candidate {
    /// Its name in the inventory.
    pub name: String,
    /// Its name in the cluster.
    pub node_name: String,
    /// The answer of `oreg_node_config`; empty where the task did not run.
    #[serde(default)]
    pub files: Answer,
    /// The answer to the question whether an earlier run left a note.
    #[serde(default)]
    pub note: Answer,
}

/// The nodes whose service restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Their names in the inventory.
    pub hosts: Vec<String>,
    /// Their names in the cluster.
    pub node_names: Vec<String>,
}

/// Which nodes are meant besides those with a note or a changed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// None.
    Due,
    /// All.
    All,
}

/// What became of the restart of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is still to come.
    #[default]
    Due,
    /// The service restarted, and the node is ready.
    Ready,
    /// The service restarted, and the node is not ready.
    NotReady,
    /// The service did not restart.
    NotRestarted,
}

/// A node that was restarted, or was to be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Restart {
    /// Its name in the inventory.
    pub name: String,
    /// The service.
    pub service: String,
    /// The host that asked the cluster.
    pub control_host: String,
    /// The answer of the service manager.
    pub restarted: Answer,
    /// The answer of `oreg_nodes_ready`; empty under `--check`.
    pub awaited: Answer,
}

/// Chooses the nodes whose service is to restart.
#[must_use]
pub fn choose(candidates: &[Candidate], scope: Scope) -> Choice {
    let is_due = |node: &&Candidate| scope == Scope::All || node.is_due();
    let chosen: Vec<_> = candidates.iter().filter(is_due).collect();
    Choice {
        hosts: chosen.iter().map(|node| node.name.clone()).collect(),
        node_names: chosen.iter().map(|node| node.node_name.clone()).collect(),
    }
}

impl Candidate {
    fn is_due(&self) -> bool {
        let noted = || self.note.lines().any(|line| line == DUE);
        self.files.is_changed() || self.files.says("restart_due") || noted()
    }
}

/// Makes the message of a run that stops before the first restart; `None` where the cluster knows all nodes.
#[must_use]
pub fn unknown(known: &Answer, control_host: &str, nodes: &[left::Node]) -> Option<String> {
    let reason = known.text("reason").unwrap_or_default();
    // Whether they are ready does not matter: a restart may be what a node needs.
    if !known.is_there() || reason == "not_ready" || reason.is_empty() && known.has("nodes") {
        return None;
    }
    let why = known.message().unwrap_or_default();
    let why = if known.is_unreachable() {
        format!("{control_host} (oreg_control_host) cannot be reached: {why}")
    } else {
        why
    };
    let mut lines = vec![format!("No node was restarted: {why}")];
    if reason == "node_missing" {
        lines.push(
            "The cluster must know a node by its oreg_node_name, which is openshift_kubelet_name_override, \
             openshift_node_name or the name in the inventory. Set it to the name that \"oc get nodes\" shows."
                .to_owned(),
        );
    }
    lines.push(
        "Once this is repaired, run the playbook again: it restarts the nodes that are left."
            .to_owned(),
    );
    lines.extend(left(nodes));
    Some(lines.join("\n"))
}

/// Judges one restart.
#[must_use]
pub fn outcome(restart: &Restart) -> Outcome {
    if restart.restarted.is_failed() {
        return Outcome::NotRestarted;
    }
    // Skipped under --check.
    let is_checked = !restart.awaited.is_there() || restart.awaited.says("skipped");
    if is_checked || restart.awaited.has("nodes") && !restart.awaited.is_failed() {
        return Outcome::Ready;
    }
    Outcome::NotReady
}

/// Makes the message of a run that stops at this node. `outcomes` has all nodes that were to restart.
#[must_use]
pub fn stopped(
    restart: &Restart,
    outcomes: &BTreeMap<String, Outcome>,
    nodes: &[left::Node],
) -> String {
    let with = |wanted: &[Outcome]| {
        let names = outcomes
            .iter()
            .filter(|(_, outcome)| wanted.contains(outcome));
        let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    let mut lines = vec![
        reason(restart),
        format!("Restarted and ready: {}.", with(&[Outcome::Ready])),
    ];
    for (outcome, what) in [
        (Outcome::NotReady, "Restarted and not ready"),
        (Outcome::NotRestarted, "Not restarted because of a failure"),
    ] {
        if outcomes.values().any(|found| *found == outcome) {
            lines.push(format!("{what}: {}.", with(&[outcome])));
        }
    }
    lines.push(format!(
        "Not restarted, and working as before: {}.",
        with(&[Outcome::Due])
    ));
    lines.push(format!(
        "Every one of them has its new files. Once {} is repaired, run the playbook again: it restarts the nodes \
         that are left.",
        with(&[Outcome::NotReady, Outcome::NotRestarted])
    ));
    lines.extend(left(nodes));
    lines.join("\n")
}

fn reason(restart: &Restart) -> String {
    let Restart {
        name,
        service,
        control_host,
        restarted,
        awaited,
    } = restart;
    let why = |answer: &Answer| answer.message().unwrap_or_else(|| "no answer".to_owned());
    if restarted.is_failed() {
        let output = [restarted.text("stdout"), restarted.text("stderr")];
        let output: Vec<_> = output.into_iter().flatten().collect();
        let output = if output.is_empty() {
            why(restarted)
        } else {
            output.join(" ")
        };
        return format!("{name}: {service} could not be restarted: {output}");
    }
    if awaited.is_unreachable() {
        return format!(
            "{name}: whether it came back is not known, because {control_host} (oreg_control_host) cannot be \
             reached: {}",
            why(awaited)
        );
    }
    format!("{name} did not come back: {}", why(awaited))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn read<T: for<'de> Deserialize<'de>>(value: Value) -> T {
        from_value(value).unwrap()
    }

    #[test]
    fn a_changed_file_a_note_or_everybody() {
        let node = |name: &str, files: Value, noted: &str| json!({"name": name, "node_name": name, "files": files, "note": {"stdout": noted}});
        let nodes: Vec<Candidate> = read(json!([
            node("changed", json!({"changed": true}), ""),
            node("noted", json!({}), "Welcome!\r\noreg-restart-is-due\r\n"),
            node("due", json!({"restart_due": true, "changed": false}), ""),
            node("same", json!({"changed": false}), "a password change is due\nnot oreg-restart-is-due"),
            node("odd", json!({"changed": "yes", "restart_due": 1}), "due"),
            {"name": "silent", "node_name": "silent"},
        ]));
        assert_eq!(
            choose(&nodes, Scope::Due).hosts,
            ["changed", "noted", "due"]
        );
        assert_eq!(choose(&nodes, Scope::All).node_names.len(), 6);
    }

    #[test]
    fn nodes_that_the_cluster_does_not_know_stop_the_run() {
        let message = |known: Value| unknown(&read(known), "m1", &[]);
        assert_eq!(message(json!({})), None);
        assert_eq!(message(json!({"nodes": []})), None);
        assert_eq!(
            message(json!({"failed": true, "reason": "not_ready", "nodes": []})),
            None
        );
        let missing =
            message(json!({"failed": true, "reason": "node_missing", "msg": "no such node: x"}))
                .unwrap();
        assert!(
            missing.starts_with("No node was restarted: no such node: x\nThe cluster must know"),
            "{missing}"
        );
        let down = message(json!({"unreachable": true, "msg": "timeout"})).unwrap();
        assert!(
            down.contains("m1 (oreg_control_host) cannot be reached: timeout"),
            "{down}"
        );
        assert!(message(json!({"failed": true})).is_some());
    }

    #[test]
    fn a_node_is_ready_only_when_the_cluster_says_so() {
        let judged = |restarted: Value, awaited: Value| {
            outcome(&read(
                json!({"name": "n", "restarted": restarted, "awaited": awaited}),
            ))
        };
        let done = json!({"changed": true});
        assert_eq!(judged(done.clone(), json!({"nodes": []})), Outcome::Ready);
        assert_eq!(
            judged(done.clone(), json!({"skipped": true})),
            Outcome::Ready
        );
        assert_eq!(
            judged(done.clone(), json!({"failed": true, "nodes": []})),
            Outcome::NotReady
        );
        assert_eq!(
            judged(done.clone(), json!({"unreachable": true})),
            Outcome::NotReady
        );
        assert_eq!(judged(done, json!({"changed": false})), Outcome::NotReady);
        assert_eq!(
            judged(json!({"failed": true}), json!({})),
            Outcome::NotRestarted
        );
        assert_eq!(
            judged(json!({"unreachable": true}), json!({})),
            Outcome::NotRestarted
        );
    }

    #[test]
    fn the_message_of_a_stopped_rollout_names_every_node() {
        let outcomes = [
            ("n1", Outcome::Ready),
            ("n2", Outcome::NotReady),
            ("n3", Outcome::NotRestarted),
            ("n4", Outcome::Due),
        ];
        let outcomes = outcomes
            .map(|(name, outcome)| (name.to_owned(), outcome))
            .into();
        let restart = read(json!({
            "name": "n3", "service": "origin-node", "restarted": {"failed": true, "stdout": "no such\nunit"},
        }));
        assert_eq!(
            stopped(&restart, &outcomes, &[])
                .lines()
                .collect::<Vec<_>>(),
            [
                "n3: origin-node could not be restarted: no such unit",
                "Restarted and ready: n1.",
                "Restarted and not ready: n2.",
                "Not restarted because of a failure: n3.",
                "Not restarted, and working as before: n4.",
                "Every one of them has its new files. Once n2, n3 is repaired, run the playbook again: it restarts \
                 the nodes that are left.",
            ]
        );
        let lost = json!({
            "name": "n2", "control_host": "m1", "restarted": {"changed": true},
            "awaited": {"unreachable": true, "msg": "gone"},
        });
        assert!(
            stopped(&read(lost), &BTreeMap::new(), &[])
                .starts_with("n2: whether it came back is not known")
        );
        let late = json!({"name": "n2", "restarted": {}, "awaited": {"failed": true, "msg": "not ready after 10 s"}});
        let message = stopped(&read(late), &BTreeMap::new(), &[]);
        assert!(
            message.starts_with(
                "n2 did not come back: not ready after 10 s\nRestarted and ready: none."
            )
        );
    }
}
