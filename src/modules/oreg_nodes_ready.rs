//! The module `oreg_nodes_ready`: waits until nodes are ready, or the pools of OKD 4 updated.

mod option_rows;
mod pools;

use std::{
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::option_rows::{AFTER_RESTART, NODES, TIMEOUT};
pub use self::option_rows::{DOCUMENTED, OPTIONS};
use super::cluster_answer::{CONTEXT, KUBECONFIG};
use crate::{
    ansible::{Call, Failure, Module, Options, Response},
    cluster::Cluster,
    domain::dns_name::DnsName,
    operations::await_nodes::{Clock, NodeReport, Report, Request, await_nodes},
    support::errors::join_causes,
};

/// The pause between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// Even without any time to wait the server must have some to answer.
const LEAST_ANSWER_LIMIT: Duration = Duration::from_secs(5);

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
        Err(error) => return Ok(answer(&Report::of(Vec::new(), Some(error.into())))),
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
    match &report.error {
        None => response,
        Some(error) => response
            .with("reason", error.reason())
            .fail(join_causes(error)),
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
