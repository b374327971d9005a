//! What the modules that speak to a cluster have in common.

use std::{error::Error, fmt::Write as _};

use crate::{
    ansible::{Kind, OptionSpec, Response, option::Default},
    cluster::ClusterError,
};

/// The kubeconfig that a first master of OpenShift 3.11 has.
const MASTER_KUBECONFIG: &str = "/etc/origin/master/admin.kubeconfig";

/// The row of the option table that names the kubeconfig.
pub(super) const KUBECONFIG: OptionSpec =
    OptionSpec::new("kubeconfig", Kind::Path).default(Default::Text(MASTER_KUBECONFIG));

/// The row of the option table that names the context.
pub(super) const CONTEXT: OptionSpec = OptionSpec::new("context", Kind::Text);

/// Returns the text of an error with its causes.
pub(super) fn told(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(message, ": {error}");
        cause = error.source();
    }
    message
}

/// Makes the answer a failure with all faults, and the first one's reason.
pub(super) fn fail(response: Response, faults: &[ClusterError]) -> Response {
    let Some(first) = faults.first() else {
        return response;
    };
    let mut messages: Vec<String> = faults.iter().map(|fault| told(fault)).collect();
    messages.dedup();
    response
        .with("reason", first.reason())
        .fail(messages.join("; "))
}
