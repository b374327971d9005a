//! The audit log of the API server: which requests it got from the users under test.

use serde::Deserialize;

use super::{ADMIN, LIMITED};

/// A request that the API server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// Who asked.
    pub user: String,
    /// What for, in Kubernetes' words: `get`, `list`, `create`, `patch`.
    pub verb: String,
    /// The path with the query.
    pub uri: String,
    /// The status of the answer.
    pub status: u16,
    /// What the client called itself.
    pub user_agent: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    user: User,
    verb: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    #[serde(default)]
    user_agent: String,
    response_status: Status,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize)]
struct Status {
    code: u16,
}

/// Returns the policy: one event per finished request of the users under test.
pub(super) fn policy() -> String {
    serde_json::json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived", "ResponseStarted"],
        "rules": [{"level": "Metadata", "users": [ADMIN, LIMITED]}, {"level": "None"}],
    })
    .to_string()
}

/// Reads a log; the line that is being written is left out.
pub(super) fn parse(log: &str) -> Vec<ApiRequest> {
    let events = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Event>(line).ok());
    events.map(ApiRequest::from).collect()
}

impl From<Event> for ApiRequest {
    fn from(event: Event) -> Self {
        Self {
            user: event.user.username,
            verb: event.verb,
            uri: event.request_uri,
            status: event.response_status.code,
            user_agent: event.user_agent,
        }
    }
}
