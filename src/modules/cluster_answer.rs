//! What the modules that speak to a cluster have in common.

use crate::{
    ansible::{Kind, OptionSpec, Response, option::Default},
    cluster::{ClusterError, connect::MASTER_KUBECONFIG},
    support::errors::join_causes,
};

/// The row of the option table that names the kubeconfig.
pub(super) const KUBECONFIG: OptionSpec =
    OptionSpec::new("kubeconfig", Kind::Path).default(Default::Text(MASTER_KUBECONFIG));

/// The row of the option table that names the context.
pub(super) const CONTEXT: OptionSpec = OptionSpec::new("context", Kind::Text);

/// Makes the answer a failure with all faults, and the first one's reason.
pub(super) fn fail(response: Response, faults: &[ClusterError]) -> Response {
    let Some(first) = faults.first() else {
        return response;
    };
    let mut messages: Vec<String> = faults.iter().map(|fault| join_causes(fault)).collect();
    messages.dedup();
    response
        .with("reason", first.reason())
        .fail(messages.join("; "))
}
