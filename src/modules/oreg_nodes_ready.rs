//! The module `oreg_nodes_ready`: waits until nodes are ready.

use std::{
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::cluster_answer::{CONTEXT, KUBECONFIG};
use crate::{
    ansible::{Call, Failure, Kind, Module, OptionSpec, Options, Response, option::Default},
    cluster::Cluster,
    domain::dns_name::DnsName,
    operations::await_nodes::{Clock, NodeReport, Report, Request, await_nodes},
    support::errors::join_causes,
};

/// The pause between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// Even without any time to wait the server must have some to answer.
const LEAST_ANSWER_LIMIT: Duration = Duration::from_secs(5);

const OPTIONS: [OptionSpec; 5] = [
    KUBECONFIG,
    CONTEXT,
    OptionSpec::new("nodes", Kind::Texts),
    OptionSpec::new("timeout", Kind::Integer(0)).default(Default::Integer(180)),
    OptionSpec::new("after_restart", Kind::Flag).default(Default::Flag(false)),
];

/// The module.
pub const MODULE: Module = Module::new("oreg_nodes_ready", &OPTIONS, run);

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
        timeout: Duration::from_secs(options.count("timeout")),
        after_restart: options.flag("after_restart"),
    };
    let kubeconfig = Path::new(options.required_text("kubeconfig"));
    let cluster = match Cluster::connect(&[kubeconfig], options.text("context")) {
        Ok(cluster) => cluster
            .with_cleaner(&call.cleaner)
            .with_limit(request.timeout.max(LEAST_ANSWER_LIMIT)),
        Err(fault) => return Ok(answer(&Report::of(Vec::new(), Some(fault.into())))),
    };
    let mut clock = Wall {
        start: Instant::now(),
        timeout: request.timeout,
    };
    let report = await_nodes(&request, || cluster.nodes(), &mut clock);
    Ok(answer(&report))
}

/// Names of nodes come from variables that a host may have set: `openshift_kubelet_name_override`.
fn nodes(options: &Options) -> Result<Vec<String>, Failure> {
    let names = options.texts("nodes").iter().enumerate();
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
