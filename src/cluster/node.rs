//! Which nodes are ready.

use k8s_openapi::api::core::v1::{Node, NodeCondition};
use kube::{Api, api::ListParams};

use super::{
    api::{Cluster, Request},
    error::ClusterError,
};

/// Nodes are read in pages of this size.
const PAGE: u32 = 500;

/// The condition that a kubelet sets when it can run pods.
const READY: &str = "Ready";

/// What the API says about a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeState {
    /// The node's name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Why, in the kubelet's words, or which condition is missing.
    pub reason: String,
}

impl Cluster {
    /// Returns the state of every node.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not answer or refuses.
    pub fn nodes(&self) -> Result<Vec<NodeState>, ClusterError> {
        let nodes = self.wait_for(self.list_nodes())?;
        Ok(nodes.iter().map(NodeState::of).collect())
    }

    async fn list_nodes(&self) -> Result<Vec<Node>, ClusterError> {
        let api: Api<Node> = Api::all(self.client());
        let mut nodes = Vec::new();
        let mut page = ListParams::default().limit(PAGE);
        loop {
            let answer = self
                .ask(&Request::new("list", "nodes"), api.list(&page))
                .await?;
            nodes.extend(answer.items);
            match answer.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(nodes),
            }
        }
    }
}

impl NodeState {
    fn of(node: &Node) -> Self {
        let conditions = node
            .status
            .as_ref()
            .and_then(|status| status.conditions.as_ref());
        let mut conditions = conditions.into_iter().flatten();
        let ready = conditions.find(|condition| condition.type_ == READY);
        Self {
            name: node.metadata.name.clone().unwrap_or_default(),
            ready: ready.is_some_and(|condition| condition.status == "True"),
            reason: ready.map_or_else(|| "no Ready condition yet".to_owned(), reason),
        }
    }
}

/// `KubeletNotReady: runtime network not ready`
fn reason(condition: &NodeCondition) -> String {
    let status = || format!("{READY} is {}", condition.status);
    let reason = condition.reason.clone().filter(|text| !text.is_empty());
    let reason = reason.unwrap_or_else(status);
    match condition.message.as_deref() {
        Some(message) if !message.is_empty() => {
            format!("{reason}: {}", super::api::cleaned(message))
        }
        _ => reason,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(conditions: &serde_json::Value) -> (bool, String) {
        let node = json!({"metadata": {"name": "n"}, "status": {"conditions": conditions}});
        let state = NodeState::of(&serde_json::from_value(node).unwrap());
        (state.ready, state.reason)
    }

    #[test]
    fn ready_is_one_condition_that_is_true() {
        let condition = |status: &str, reason: &str, message: &str| {
            state(&json!([
                {"type": "OutOfDisk", "status": "False"},
                {"type": "Ready", "status": status, "reason": reason, "message": message},
            ]))
        };
        assert_eq!(
            condition("True", "KubeletReady", ""),
            (true, "KubeletReady".to_owned())
        );
        assert_eq!(
            condition("False", "KubeletNotReady", "network"),
            (false, "KubeletNotReady: network".to_owned())
        );
        assert_eq!(
            condition("Unknown", "", ""),
            (false, "Ready is Unknown".to_owned())
        );
        assert_eq!(
            state(&json!([])),
            (false, "no Ready condition yet".to_owned())
        );
    }
}
