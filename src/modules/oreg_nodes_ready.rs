//! The module `oreg_nodes_ready`: waits until nodes are ready, or the pools of OKD 4 updated.

mod pools;

use std::{
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::cluster_answer::{CONTEXT, KUBECONFIG};
use crate::{
    ansible::{Call, Failure, Module, Options, Response, Row},
    cluster::Cluster,
    domain::dns_name::DnsName,
    operations::await_nodes::{Clock, NodeReport, Report, Request, await_nodes},
    rows,
    support::errors::join_causes,
};

/// The pause between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// Even without any time to wait the server must have some to answer.
const LEAST_ANSWER_LIMIT: Duration = Duration::from_secs(5);

const NODES: Row<Vec<String>> = Row::texts("nodes")
    .about(&["The nodes by name, as C(oc get nodes) shows them. Default is all there are."]);
const TIMEOUT: Row<u64> = Row::count("timeout", 0, 180)
    .about(&["How many seconds to wait. With V(0) the nodes are looked at once."]);
const AFTER_RESTART: Row<bool> = Row::flag("after_restart", false).about(&[
    "Whether the nodes have just been restarted. The cluster goes on calling a node ready for some seconds \
     while its node service restarts, so only what is reported after the module has begun counts then. A 3.11 \
     node reports when it starts, and every ten seconds.",
]);

const POOLS: Row<Vec<String>> = Row::texts("pools").about(&[
    "Wait for MachineConfigPools of OKD 4 instead of nodes, until every machine of these pools has the \
     configuration that its pool wants; V(all) names every pool.",
    "A pool that is paused ends the wait at once, and one that stays degraded ends it with the pool's own words.",
]);
const AFTER_CHANGE: Row<bool> = Row::flag("after_change", false).about(&[
    "Whether the global pull secret has just been changed. A pool that is up to date is then watched for 60 \
     seconds, because the operator may not have seen the change yet.",
]);

rows! {pub KUBECONFIG, CONTEXT, NODES, TIMEOUT, AFTER_RESTART, POOLS, AFTER_CHANGE}

/// The module.
pub const MODULE: Module = Module::new(
    "oreg_nodes_ready",
    "Waits until nodes are ready, or machine config pools updated",
    &[OPTIONS],
    run,
);

/// The clock of the machine.
struct Wall {
    start: Instant,
    timeout: Duration,
}

impl Clock for Wall {
    fn waited(&self) -> Duration {
        self.start.elapsed()
    }

    fn pause(&mut self) {
        sleep(PAUSE.min(self.timeout.saturating_sub(self.waited())));
    }
}

fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    let request = Request {
        nodes: nodes(options)?,
        timeout: Duration::from_secs(options.get(TIMEOUT)),
        after_restart: options.get(AFTER_RESTART),
    };
    let pools = pools::request(options, request.timeout)?;
    let kubeconfig = Path::new(options.get(KUBECONFIG));
    let cluster = match Cluster::connect(&[kubeconfig], options.get(CONTEXT)) {
        Ok(cluster) => cluster
            .with_cleaner(&call.cleaner)
            .with_limit(request.timeout.max(LEAST_ANSWER_LIMIT)),
        Err(fault) => return Ok(answer(&Report::of(Vec::new(), Some(fault.into())))),
    };
    let mut clock = Wall {
        start: Instant::now(),
        timeout: request.timeout,
    };
    if let Some(pools) = pools {
        return Ok(pools::wait(&pools, &cluster, &mut clock));
    }
    let report = await_nodes(&request, || cluster.nodes(), &mut clock);
    Ok(answer(&report))
}

/// Names of nodes come from variables that a host may have set: `openshift_kubelet_name_override`.
fn nodes(options: &Options) -> Result<Vec<String>, Failure> {
    let names = options.get(NODES).iter().enumerate();
    let names = names.map(|(index, name)| match DnsName::parse(name) {
        Ok(_) => Ok(name.clone()),
        Err(error) => Err(Failure::new(format!("nodes[{index}]: {error}"))),
    });
    names.collect()
}

fn answer(report: &Report) -> Response {
    let nodes: Vec<Value> = report.nodes.iter().map(node).collect();
    let response = Response::new(false).with("nodes", nodes);
    match &report.fault {
        None => response,
        Some(fault) => response
            .with("reason", fault.reason())
            .fail(join_causes(fault)),
    }
}

fn node(NodeReport { state, waited }: &NodeReport) -> Value {
    json!({
        "name": state.name,
        "ready": state.ready,
        "reason": state.reason,
        "waited_s": waited.as_secs(),
    })
}
