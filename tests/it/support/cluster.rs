//! The real API server that the tests of the cluster side share, and kubeconfigs for it.

use std::{
    path::PathBuf,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;
use testbed::cluster::Cluster;

use super::scratch::{Scratch, read};

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    Cluster::start().unwrap_or_else(|error| panic!("{error:#}: run testbed/setup tools"))
});
static NAMESPACES: AtomicUsize = AtomicUsize::new(0);

/// Returns the shared cluster. It dies with the test program.
pub(crate) fn cluster() -> &'static Cluster {
    &CLUSTER
}

/// Makes a namespace that no other test uses.
pub(crate) fn namespace() -> String {
    let name = format!("test-{}", NAMESPACES.fetch_add(1, Ordering::SeqCst));
    cluster().kubectl(&["create", "namespace", &name]).unwrap();
    name
}

/// Returns an object as kubectl shows it.
pub(crate) fn object(namespace: &str, kind: &str, name: &str) -> Value {
    let shown = cluster().kubectl(&["get", "-n", namespace, kind, name, "-o", "json"]);
    serde_json::from_str(&shown.unwrap()).unwrap()
}

/// Returns whether an object is there.
pub(crate) fn exists(namespace: &str, kind: &str, name: &str) -> bool {
    let shown = cluster().kubectl(&["get", "-n", namespace, kind, name, "--ignore-not-found"]);
    !shown.unwrap().is_empty()
}

/// Writes the admin's kubeconfig after a change.
pub(crate) fn kubeconfig(scratch: &Scratch, change: impl FnOnce(&mut Value)) -> PathBuf {
    let mut config = serde_json::from_str(&read(&cluster().kubeconfig())).unwrap();
    change(&mut config);
    scratch.write("kubeconfig", config.to_string())
}

/// Reports for nodes, as their kubelets do, until it is dropped: every second, since the API keeps whole
/// seconds.
pub(crate) struct Kubelets {
    stopped: Arc<AtomicBool>,
    reporter: Option<JoinHandle<()>>,
}

impl Kubelets {
    pub(crate) fn of(nodes: impl IntoIterator<Item = String>) -> Self {
        let nodes: Vec<_> = nodes.into_iter().collect();
        let stopped = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stopped);
        let reporter = thread::spawn(move || {
            while !until.load(Ordering::SeqCst) {
                for node in &nodes {
                    cluster().report_node(node).unwrap();
                }
                thread::sleep(Duration::from_secs(1));
            }
        });
        Self {
            stopped,
            reporter: Some(reporter),
        }
    }
}

impl Drop for Kubelets {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let ended = self.reporter.take().map(JoinHandle::join);
        if !thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

/// Returns `VERB PATH` of every request of the users under test whose path has `part` in it.
pub(crate) fn requests(part: &str) -> Vec<String> {
    let seen = cluster().requests().into_iter();
    let seen = seen.filter(|request| request.uri.contains(part));
    seen.map(|request| format!("{} {}", request.verb, request.uri.trim_end_matches('?')))
        .collect()
}
