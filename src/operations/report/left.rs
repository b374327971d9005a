//! Which nodes a run has left as they were.

use serde::Deserialize;

use super::answer::Answer;

/// A node, and what became of the task that writes its files.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Node {
    /// Its name in the inventory.
    pub name: String,
    /// The answer of `oreg_node_config`; empty where the task did not run.
    #[serde(default)]
    pub files: Answer,
}

/// Makes the lines about the nodes whose files were not written; none where every node was.
#[must_use]
pub fn left(nodes: &[Node]) -> Vec<String> {
    // Without the part that writes, no node is left behind.
    if !nodes.iter().any(|node| node.files.is_there()) {
        return Vec::new();
    }
    let is_left = |node: &&Node| !node.files.has("changed") || node.files.is_failed();
    let names: Vec<_> = nodes
        .iter()
        .filter(is_left)
        .map(|node| node.name.as_str())
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    vec![
        format!("Not done, because they cannot be reached or failed: {}.", names.join(", ")),
        "All other nodes of this run have their files.".to_owned(),
        "Once the cause is repaired, run the playbook again. It can be restricted to them with --limit."
            .to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn nodes(answers: &[(&str, serde_json::Value)]) -> Vec<Node> {
        let nodes = answers
            .iter()
            .map(|(name, files)| json!({"name": name, "files": files}));
        from_value(nodes.collect()).unwrap()
    }

    #[test]
    fn nodes_without_their_files_are_named() {
        let done = json!({"changed": false});
        assert!(left(&nodes(&[("n1", done.clone()), ("n2", done.clone())])).is_empty());
        let lines = left(&nodes(&[
            ("n1", done),
            ("n2", json!({"unreachable": true, "changed": false})),
            ("n3", json!({"failed": true, "changed": true})),
            ("n4", json!({})),
        ]));
        assert!(lines[0].ends_with(": n2, n3, n4."), "{lines:?}");
    }

    #[test]
    fn a_run_that_writes_no_file_leaves_no_node() {
        assert!(left(&nodes(&[("n1", json!({})), ("n2", json!({}))])).is_empty());
    }
}
