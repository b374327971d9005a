//! Waits until nodes are ready.
//!
//! An API server that cannot be spoken to is waited for as well: on a master it restarts together
//! with the node. So is one that is up and has trouble, as after a start. Everything else that goes
//! wrong ends the wait at once.
//!
//! What the API says of a node is what its kubelet reported last, for the first seconds after a restart
//! still the ready of before (docs/decisions/0008).

use std::{collections::BTreeMap, time::Duration};

use thiserror::Error;

use crate::{
    cluster::{ClusterError, node::NodeState},
    support::errors::join_first,
};

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The nodes by name; empty: all there are.
    pub nodes: Vec<String>,
    /// How long to wait.
    pub timeout: Duration,
    /// Whether the nodes have just been restarted: only what their kubelets report later than the
    /// first look counts.
    pub after_restart: bool,
}

/// Time as the one who waits feels it.
pub trait Clock {
    /// Returns how long the wait has lasted.
    fn waited(&self) -> Duration;
    /// Lets some time pass.
    fn pause(&mut self);
}

/// How the wait ended.
#[derive(Debug)]
pub struct Report {
    /// The nodes as they were last seen.
    pub nodes: Vec<NodeReport>,
    /// Why the wait did not end well.
    pub error: Option<WaitError>,
}

/// A node as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeReport {
    /// Its name, whether it is ready, and why.
    pub state: NodeState,
    /// How long it took to become ready, or how long it was waited for.
    pub waited: Duration,
}

/// Why a wait did not end well.
#[derive(Debug, Error)]
pub enum WaitError {
    /// The API does not answer or refuses.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Nodes that were named do not exist.
    #[error(
        "no such node: {}; the cluster has: {}",
        join_first(missing, ", "),
        join_first(known, ", ")
    )]
    Missing {
        /// The names.
        missing: Vec<String>,
        /// The nodes there are.
        known: Vec<String>,
    },
    /// There is nothing to wait for.
    #[error("the cluster has no nodes")]
    NoNodes,
    /// The time is over.
    #[error("not ready after {} s: {}", waited.as_secs(), join_first(nodes, "; "))]
    NotReady {
        /// How long it was waited.
        waited: Duration,
        /// Each node with what it lacks.
        nodes: Vec<String>,
    },
}

impl WaitError {
    /// Returns a stable word for the kind of error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Cluster(error) => error.reason(),
            Self::Missing { .. } => "node_missing",
            Self::NoNodes => "no_nodes",
            Self::NotReady { .. } => "not_ready",
        }
    }
}

/// Asks `nodes` again and again until all that are wanted are ready at the same time.
pub fn await_nodes(
    request: &Request,
    mut nodes: impl FnMut() -> Result<Vec<NodeState>, ClusterError>,
    clock: &mut impl Clock,
) -> Report {
    let mut seen: Vec<NodeReport> = Vec::new();
    let mut first_reports = FirstReports::default();
    loop {
        let outage = match nodes()
            .map_err(WaitError::from)
            .and_then(|n| request.select(n))
        {
            Ok(mut states) => {
                if request.after_restart {
                    first_reports.discount(&mut states);
                }
                seen = note(&seen, states, clock.waited());
                None
            }
            Err(WaitError::Cluster(error)) if error.is_outage() => Some(error),
            Err(error) => return Report::of(seen, Some(error)),
        };
        if outage.is_none() && seen.iter().all(|node| node.state.ready) {
            return Report::of(seen, None);
        }
        if clock.waited() >= request.timeout {
            let error = outage.map_or_else(|| not_ready(&seen, clock.waited()), WaitError::from);
            return Report::of(seen, Some(error));
        }
        clock.pause();
    }
}

impl Report {
    /// Puts together what was seen and why it did not end well.
    #[must_use]
    pub fn of(nodes: Vec<NodeReport>, error: Option<WaitError>) -> Self {
        Self { nodes, error }
    }
}

impl Request {
    /// The states of the wanted nodes, in the order wanted.
    fn select(&self, states: Vec<NodeState>) -> Result<Vec<NodeState>, WaitError> {
        if states.is_empty() && self.nodes.is_empty() {
            return Err(WaitError::NoNodes);
        }
        if self.nodes.is_empty() {
            return Ok(states);
        }
        let find = |name: &String| states.iter().find(|state| state.name == *name);
        let missing: Vec<_> = self
            .nodes
            .iter()
            .filter(|name| find(name).is_none())
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(self.nodes.iter().filter_map(find).cloned().collect());
        }
        let known = states.into_iter().map(|state| state.name).collect();
        Err(WaitError::Missing { missing, known })
    }
}

/// What the API said of each node at the first look at it.
#[derive(Default)]
struct FirstReports(BTreeMap<String, NodeState>);

impl FirstReports {
    /// Takes nodes for not ready of which it still says the same.
    fn discount(&mut self, states: &mut [NodeState]) {
        for state in states {
            let first = self.0.entry(state.name.clone());
            let first = first.or_insert_with(|| state.clone());
            if state.ready && first == state {
                let last = first.heartbeat.as_deref().unwrap_or("unknown");
                state.ready = false;
                state.reason = format!("no report of its kubelet since the restart, last: {last}");
            }
        }
    }
}

/// A node that was ready before keeps its time; one that is not goes on waiting.
fn note(seen: &[NodeReport], states: Vec<NodeState>, now: Duration) -> Vec<NodeReport> {
    let report = |state: NodeState| {
        let before = seen.iter().find(|node| node.state.name == state.name);
        let waited = match before {
            Some(before) if before.state.ready && state.ready => before.waited,
            _ => now,
        };
        NodeReport { state, waited }
    };
    states.into_iter().map(report).collect()
}

fn not_ready(seen: &[NodeReport], waited: Duration) -> WaitError {
    let late = seen.iter().filter(|node| !node.state.ready);
    let nodes = late.map(|node| format!("{} ({})", node.state.name, node.state.reason));
    WaitError::NotReady {
        waited,
        nodes: nodes.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::error::Endpoint;

    /// A second passes with every pause.
    struct Seconds(u64);

    impl Clock for Seconds {
        fn waited(&self) -> Duration {
            Duration::from_secs(self.0)
        }

        fn pause(&mut self) {
            self.0 += 1;
        }
    }

    fn node(name: &str, ready: bool) -> NodeState {
        node_at(name, ready, 0)
    }

    fn node_at(name: &str, ready: bool, second: u64) -> NodeState {
        let reason = if ready {
            "KubeletReady"
        } else {
            "KubeletNotReady: x"
        };
        NodeState {
            name: name.to_owned(),
            ready,
            reason: reason.to_owned(),
            heartbeat: Some(format!("2026-01-01T00:00:{second:02}Z")),
        }
    }

    fn outage() -> Result<Vec<NodeState>, ClusterError> {
        Err(ClusterError::Unreachable {
            endpoint: Endpoint {
                server: "https://m".to_owned(),
                context: "c".to_owned(),
            },
            cause: "connection refused".to_owned(),
        })
    }

    fn wait(
        names: &[&str],
        answers: Vec<Result<Vec<NodeState>, ClusterError>>,
    ) -> (Report, Vec<(bool, u64)>) {
        carry_out(&request(names), answers)
    }

    fn request(names: &[&str]) -> Request {
        Request {
            nodes: names.iter().map(|&name| name.to_owned()).collect(),
            timeout: Duration::from_secs(3),
            after_restart: false,
        }
    }

    fn wait_after_restart(
        answers: Vec<Result<Vec<NodeState>, ClusterError>>,
    ) -> (Report, Vec<(bool, u64)>) {
        let request = Request {
            after_restart: true,
            ..request(&["a"])
        };
        carry_out(&request, answers)
    }

    fn carry_out(
        request: &Request,
        answers: Vec<Result<Vec<NodeState>, ClusterError>>,
    ) -> (Report, Vec<(bool, u64)>) {
        let mut answers = answers.into_iter();
        let report = await_nodes(request, || answers.next().unwrap(), &mut Seconds(0));
        let seen = report.nodes.iter();
        let seen = seen
            .map(|node| (node.state.ready, node.waited.as_secs()))
            .collect();
        (report, seen)
    }

    #[test]
    fn waits_until_all_are_ready_at_once() {
        let (report, seen) = wait(
            &[],
            vec![
                Ok(vec![node("a", true), node("b", false)]),
                outage(),
                Ok(vec![node("a", false), node("b", true)]),
                Ok(vec![node("a", true), node("b", true)]),
            ],
        );
        assert!(report.error.is_none(), "{report:?}");
        assert_eq!(seen, [(true, 3), (true, 2)]);
    }

    #[test]
    fn after_a_restart_the_ready_of_before_does_not_count() {
        let (report, seen) = wait_after_restart(vec![
            outage(),
            Ok(vec![node_at("a", true, 1)]),
            Ok(vec![node_at("a", false, 5)]),
            Ok(vec![node_at("a", true, 6)]),
        ]);
        assert!(report.error.is_none(), "{report:?}");
        assert_eq!(seen, [(true, 3)]);

        let (report, seen) = wait_after_restart(vec![
            Ok(vec![node_at("a", false, 1)]),
            Ok(vec![node_at("a", true, 1)]),
        ]);
        assert!(report.error.is_none(), "{report:?}");
        assert_eq!(seen, [(true, 1)], "not ready was said first");

        // One that came up while the first look was taken is ready by its next report.
        let (report, seen) = wait_after_restart(vec![
            Ok(vec![node_at("a", true, 1)]),
            Ok(vec![node_at("a", true, 11)]),
        ]);
        assert!(report.error.is_none(), "{report:?}");
        assert_eq!(seen, [(true, 1)]);
    }

    #[test]
    fn a_kubelet_that_is_silent_after_a_restart_is_reported() {
        let answers = (0..4).map(|_| Ok(vec![node_at("a", true, 1)]));
        let (report, seen) = wait_after_restart(answers.collect());
        assert_eq!(seen, [(false, 3)]);
        assert_eq!(
            report.error.unwrap().to_string(),
            "not ready after 3 s: a (no report of its kubelet since the restart, last: \
             2026-01-01T00:00:01Z)"
        );
    }

    #[test]
    fn reports_what_each_late_node_lacks() {
        let answers = (0..4).map(|_| Ok(vec![node("a", true), node("b", false)]));
        let (report, _) = wait(&["b"], answers.collect());
        let error = report.error.unwrap();
        assert_eq!(
            error.to_string(),
            "not ready after 3 s: b (KubeletNotReady: x)"
        );
        assert_eq!(error.reason(), "not_ready");
    }

    #[test]
    fn a_node_that_is_gone_ends_the_wait() {
        let (report, _) = wait(
            &["b", "c"],
            vec![Ok(vec![node("a", true), node("b", true)])],
        );
        assert_eq!(
            report.error.unwrap().to_string(),
            "no such node: c; the cluster has: a, b"
        );
        let (report, _) = wait(&[], vec![Ok(Vec::new())]);
        assert_eq!(report.error.unwrap().reason(), "no_nodes");
    }

    #[test]
    fn an_outage_is_reported_when_it_lasts() {
        let (report, _) = wait(&[], (0..4).map(|_| outage()).collect());
        assert_eq!(report.error.unwrap().reason(), "unreachable");
    }
}
