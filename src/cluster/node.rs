//! Which nodes there are, and which are ready.

use k8s_openapi::api::core::v1::{Node, NodeCondition};
use kube::{Api, api::ListParams};

use super::{
    api::{Cluster, Request},
    error::ClusterError,
    node_record::{NodeQuery, NodeRecord},
};

/// Nodes are read in pages of this size.
const PAGE: u32 = 500;

/// The HTTP status for a list that cannot be continued.
const GONE: u16 = 410;

/// The condition that a kubelet sets when it can run pods.
pub(super) const READY: &str = "Ready";

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
        let nodes = self.wait_for(self.list_nodes(ListParams::default().limit(PAGE)))?;
        Ok(nodes.iter().map(NodeState::of).collect())
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
        let nodes = self.wait_for(self.list_nodes(params))?;
        Ok(nodes.into_iter().map(NodeRecord::of).collect())
    }

    /// A server forgets after some minutes where a list was interrupted (410). Then it is asked
    /// for everything at once.
    async fn list_nodes(&self, mut page: ListParams) -> Result<Vec<Node>, ClusterError> {
        let api: Api<Node> = Api::all(self.client());
        let request = Request::new("list", "nodes");
        let mut nodes = Vec::new();
        loop {
            match self.ask(&request, api.list(&page)).await {
                Ok(answer) => {
                    nodes.extend(answer.items);
                    match answer.metadata.continue_.filter(|token| !token.is_empty()) {
                        Some(token) => page.continue_token = Some(token),
                        None => return Ok(nodes),
                    }
                }
                Err(ClusterError::Refused { status: GONE, .. })
                    if page.continue_token.is_some() =>
                {
                    nodes.clear();
                    page.continue_token = None;
                    page.limit = None;
                }
                Err(error) => return Err(error),
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
            heartbeat: ready
                .and_then(|condition| condition.last_heartbeat_time.as_ref())
                .map(|time| time.0.to_string()),
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
    use std::{
        collections::VecDeque,
        convert::Infallible,
        sync::{Arc, Mutex},
    };

    use kube::client::Body;
    use serde_json::json;

    use super::*;

    fn state(conditions: &serde_json::Value) -> (bool, String) {
        let state = state_of(conditions);
        (state.ready, state.reason)
    }

    fn state_of(conditions: &serde_json::Value) -> NodeState {
        let node = json!({"metadata": {"name": "n"}, "status": {"conditions": conditions}});
        NodeState::of(&serde_json::from_value(node).unwrap())
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
    /// A server that gives these answers in this order, and the queries it got.
    fn scripted(answers: Vec<(u16, serde_json::Value)>) -> (Cluster, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let answers = Mutex::new(VecDeque::from(answers));
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let query = request.uri().query().unwrap_or_default().to_owned();
            log.lock().unwrap().push(query);
            let (status, body) = answers.lock().unwrap().pop_front().unwrap();
            let body = Body::from(body.to_string().into_bytes());
            let response = http::Response::builder().status(status).body(body);
            async { Ok::<_, Infallible>(response.unwrap()) }
        });
        (Cluster::scripted(service), seen)
    }

    fn page(names: &[&str], token: &str) -> (u16, serde_json::Value) {
        let nodes: Vec<_> = names
            .iter()
            .map(|name| json!({"metadata": {"name": name}}))
            .collect();
        let list = json!({"metadata": {"continue": token}, "items": nodes});
        (200, list)
    }

    fn gone() -> (u16, serde_json::Value) {
        let message = "The provided continue parameter is too old";
        (
            410,
            json!({"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": message}),
        )
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
        let (cluster, seen) = scripted(vec![page(&["a", "b"], "t1"), page(&["c"], "")]);
        let records = cluster.node_records(&query()).unwrap();
        let names: Vec<_> = records.into_iter().map(|node| node.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let queries = seen.lock().unwrap().clone();
        assert_eq!(
            queries,
            [
                "&labelSelector=a%3Db&limit=2",
                "&labelSelector=a%3Db&limit=2&continue=t1"
            ]
        );
    }

    #[test]
    fn a_list_that_cannot_be_continued_is_read_again_in_one_piece() {
        let answers = vec![page(&["a", "b"], "t1"), gone(), page(&["a", "c", "d"], "")];
        let (cluster, seen) = scripted(answers);
        assert_eq!(cluster.node_records(&query()).unwrap().len(), 3);
        let queries = seen.lock().unwrap().clone();
        assert_eq!(queries[2], "&labelSelector=a%3Db");
        let (cluster, _) = scripted(vec![gone()]);
        assert_eq!(cluster.nodes().unwrap_err().reason(), "refused");
    }
}
