//! What the modules that speak to a cluster have in common.

use crate::{
    ansible::{Response, Row},
    cluster::{ClusterError, connect::MASTER_KUBECONFIG},
    support::errors::join_causes,
};

/// The kubeconfig.
pub(super) const KUBECONFIG: Row<String> = Row::path("kubeconfig")
    .default(MASTER_KUBECONFIG)
    .variable("oreg_kubeconfig")
    .about(&["The kubeconfig of the cluster. The default is that of a first master."]);

/// Its context.
pub(super) const CONTEXT: Row<Option<String>> = Row::text("context")
    .variable("oreg_context")
    .about(&["The context of the kubeconfig. Default is its current context."]);

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
