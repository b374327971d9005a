//! Node objects as the kubelet of a 3.11 cluster writes them.

use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

const KUBELET: &str = "v1.11.0+d4cacc0";

/// What a node says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// The kubelet runs and is content.
    Ready,
    /// The kubelet runs and is not content.
    NotReady,
    /// The kubelet has not been heard of for a while.
    Unknown,
}

/// Returns a node object with its status.
pub(super) fn manifest(name: &str, readiness: Readiness, labels: &[(&str, &str)]) -> Value {
    let labels: Map<String, Value> = labels
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {
            "addresses": [{"type": "Hostname", "address": name}],
            "conditions": [condition(readiness)],
            "nodeInfo": node_info(name),
        },
    })
}

/// What a node tells about its machine; the API wants all of it.
fn node_info(name: &str) -> Value {
    json!({
        "machineID": name,
        "systemUUID": name,
        "bootID": name,
        "kernelVersion": "3.10.0-1160.el7.x86_64",
        "osImage": "CentOS Linux 7 (Core)",
        "containerRuntimeVersion": "docker://1.13.1",
        "kubeletVersion": KUBELET,
        "kubeProxyVersion": KUBELET,
        "operatingSystem": "linux",
        "architecture": "amd64",
    })
}

/// Changes the status of a node object.
pub(super) fn set_readiness(node: &mut Value, readiness: Readiness) {
    node["status"]["conditions"] = json!([condition(readiness)]);
}

/// The patch by which a kubelet says that it is still there, and nothing else.
pub(super) fn heartbeat() -> Value {
    json!({"status": {"conditions": [{"type": "Ready", "lastHeartbeatTime": now()}]}})
}

/// The API keeps whole seconds of it.
fn now() -> String {
    let now = OffsetDateTime::now_utc().format(&Rfc3339);
    now.expect("the year has four digits")
}

fn condition(readiness: Readiness) -> Value {
    let (status, reason, message) = match readiness {
        Readiness::Ready => ("True", "KubeletReady", "kubelet is posting ready status"),
        Readiness::NotReady => ("False", "KubeletNotReady", "runtime network not ready"),
        Readiness::Unknown => (
            "Unknown",
            "NodeStatusUnknown",
            "Kubelet stopped posting status.",
        ),
    };
    json!({"type": "Ready", "status": status, "reason": reason, "message": message, "lastHeartbeatTime": now()})
}
