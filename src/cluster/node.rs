//! Which nodes there are, and which are ready.

use k8s_openapi::api::core::v1::{Node, NodeCondition};
use kube::{Api, api::ListParams};

use super::{
    api::{ApiCall, Cluster},
    error::ClusterError,
    node_record::{NodeQuery, NodeRecord, READY},
};
use crate::{
    domain::dns_name::DnsName,
    support::text::{Cleaner, Foreign},
};

/// Nodes are read in pages of this size.
const PAGE: u32 = 500;

/// What the API says about a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeState {
    /// The node's name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Why, in the kubelet's words, or which condition is missing.
    pub reason: String,
    /// When its kubelet last reported, by the node's clock (RFC 3339): every ten seconds in 3.11.
    pub heartbeat: Option<String>,
}

impl Cluster {
    /// Returns the state of every node.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not answer or refuses.
    pub fn nodes(&self) -> Result<Vec<NodeState>, ClusterError> {
        let page = ListParams::default().limit(PAGE);
        let states = self.list_nodes(page, |node| NodeState::of(&node, self.cleaner()))?;
        // What cannot be a node's name may be text for a terminal.
        if states
            .iter()
            .any(|state| DnsName::parse(&state.name).is_err())
        {
            return Err(ClusterError::NotAnApi {
                endpoint: self.endpoint().clone(),
                problem: "a node in its list has a name that is not a DNS subdomain (RFC 1123)"
                    .to_owned(),
            });
        }
        Ok(states)
    }

    /// Returns what the API tells of the nodes that `query` selects.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not answer or refuses.
    pub fn node_records(&self, query: &NodeQuery) -> Result<Vec<NodeRecord>, ClusterError> {
        let wanted = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let params = ListParams {
            label_selector: wanted(&query.labels),
            field_selector: wanted(&query.fields),
            ..ListParams::default().limit(query.page)
        };
        self.list_nodes(params, NodeRecord::of)
    }

    fn list_nodes<T>(
        &self,
        page: ListParams,
        keep: impl Fn(Node) -> T,
    ) -> Result<Vec<T>, ClusterError> {
        let api: Api<Node> = Api::all(self.client());
        self.wait_for(self.list(&ApiCall::new("list", "nodes"), &api, page, keep))
    }
}

impl NodeState {
    fn of(node: &Node, cleaner: &Cleaner) -> Self {
        let conditions = node
            .status
            .as_ref()
            .and_then(|status| status.conditions.as_ref());
        let mut conditions = conditions.into_iter().flatten();
        let ready = conditions.find(|condition| condition.type_ == READY);
        Self {
            name: node.metadata.name.clone().unwrap_or_default(),
            ready: ready.is_some_and(|condition| condition.status == "True"),
            reason: ready.map_or_else(
                || "no Ready condition yet".to_owned(),
                |condition| reason(condition, cleaner),
            ),
            heartbeat: ready
                .and_then(|condition| condition.last_heartbeat_time.as_ref())
                .map(|time| time.0.to_string()),
        }
    }
}

/// `KubeletNotReady: runtime network not ready`
fn reason(condition: &NodeCondition, cleaner: &Cleaner) -> String {
    let quoted = |text: Option<&str>| {
        let quoted = cleaner.quote(&Foreign::new(text.unwrap_or_default()));
        Some(quoted).filter(|quoted| !quoted.is_empty())
    };
    let message = quoted(condition.message.as_deref());
    let reason = match quoted(condition.reason.as_deref()) {
        Some(reason) => reason.to_string(),
        None => format!(
            "{READY} is {}",
            cleaner.quote(&Foreign::new(&condition.status))
        ),
    };
    match message {
        Some(message) => format!("{reason}: {message}"),
        None => reason,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::scripted::{Answer, Scripted, status};

    fn state(conditions: &serde_json::Value) -> (bool, String) {
        let state = state_of(conditions);
        (state.ready, state.reason)
    }

    fn state_of(conditions: &serde_json::Value) -> NodeState {
        let node = json!({"metadata": {"name": "n"}, "status": {"conditions": conditions}});
        NodeState::of(&serde_json::from_value(node).unwrap(), &Cleaner::default())
    }

    #[test]
    fn a_heartbeat_is_that_of_the_ready_condition() {
        let reported = state_of(&json!([
            {"type": "OutOfDisk", "status": "False", "lastHeartbeatTime": "2026-01-01T00:00:00Z"},
            {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-01T00:00:10Z"},
        ]));
        assert_eq!(reported.heartbeat.unwrap(), "2026-01-01T00:00:10Z");
        assert_eq!(
            state_of(&json!([{"type": "Ready", "status": "True"}])).heartbeat,
            None
        );
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

    fn page(names: &[&str], token: &str) -> Answer {
        let nodes: Vec<_> = names
            .iter()
            .map(|name| json!({"metadata": {"name": name}}))
            .collect();
        let list = json!({"metadata": {"continue": token}, "items": nodes});
        (200, list)
    }

    /// The answer to a `continue` token that is too old.
    fn gone() -> Answer {
        status(410, "Expired")
    }

    fn query() -> NodeQuery {
        NodeQuery {
            labels: "a=b".to_owned(),
            fields: String::new(),
            page: 2,
        }
    }

    #[test]
    fn nodes_are_read_page_by_page() {
        let server = Scripted::new(vec![page(&["a", "b"], "t1"), page(&["c"], "")]);
        let records = server.cluster.node_records(&query()).unwrap();
        let names: Vec<_> = records.into_iter().map(|node| node.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(
            server.queries(),
            [
                "&labelSelector=a%3Db&limit=2",
                "&labelSelector=a%3Db&limit=2&continue=t1"
            ]
        );
    }

    #[test]
    fn a_list_that_cannot_be_continued_is_read_again_in_one_piece() {
        let answers = vec![page(&["a", "b"], "t1"), gone(), page(&["a", "c", "d"], "")];
        let server = Scripted::new(answers);
        assert_eq!(server.cluster.node_records(&query()).unwrap().len(), 3);
        assert_eq!(server.queries()[2], "&labelSelector=a%3Db");
        let server = Scripted::new(vec![gone()]);
        assert_eq!(server.cluster.nodes().unwrap_err().reason(), "refused");
    }
}
