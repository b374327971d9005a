//! `pools`: waits for `MachineConfigPools` instead of nodes.

use std::time::Duration;

use serde_json::{Value, json};

use super::option_rows::{AFTER_CHANGE, AFTER_RESTART, NODES, POOLS};
use crate::{
    ansible::{Failure, Options, Response},
    cluster::{Cluster, machine_config_pool::PoolState},
    domain::dns_name::DnsName,
    operations::{
        await_nodes::Clock,
        await_pools::{PoolsReport, PoolsRequest, Since, await_pools},
    },
    support::errors::join_causes,
};

/// Every pool.
const ALL: &str = "all";

/// Reads what is wanted of pools; `None` when nothing is.
pub(super) fn request(
    options: &Options,
    timeout: Duration,
) -> Result<Option<PoolsRequest>, Failure> {
    let given = options.get(POOLS);
    if given.is_empty() {
        return if options.get(AFTER_CHANGE) {
            Err(Failure::new(
                "after_change: is about pools; name them in `pools`, such as [all]",
            ))
        } else {
            Ok(None)
        };
    }
    for (index, name) in given.iter().enumerate() {
        DnsName::parse(name).map_err(|error| Failure::new(format!("pools[{index}]: {error}")))?;
    }
    if !options.get(NODES).is_empty() || options.get(AFTER_RESTART) {
        return Err(Failure::new(
            "pools: the operator restarts what is needed on the nodes of a pool; leave out nodes and \
             after_restart",
        ));
    }
    let names = given.iter().filter(|name| *name != ALL).cloned();
    Ok(Some(PoolsRequest {
        pools: if given.iter().any(|name| name == ALL) {
            Vec::new()
        } else {
            names.collect()
        },
        timeout,
        since: if options.get(AFTER_CHANGE) {
            Since::Change
        } else {
            Since::Nothing
        },
    }))
}

pub(super) fn wait(request: &PoolsRequest, cluster: &Cluster, clock: &mut impl Clock) -> Response {
    answer(&await_pools(
        request,
        || cluster.machine_config_pools(),
        clock,
    ))
}

fn answer(report: &PoolsReport) -> Response {
    let pools: Vec<Value> = report.pools.iter().map(pool).collect();
    let response = Response::new(false)
        .with("pools", pools)
        .with("waited_s", report.waited.as_secs());
    match &report.error {
        None => response,
        Some(error) => response
            .with("reason", error.reason())
            .fail(join_causes(error)),
    }
}

fn pool(state: &PoolState) -> Value {
    json!({
        "name": state.name,
        "updated": state.updated,
        "paused": state.paused,
        "degraded": state.degraded.is_some(),
        "reason": state.degraded.as_ref().unwrap_or(&state.reason),
    })
}
