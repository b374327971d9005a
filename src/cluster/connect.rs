//! From kubeconfig files to a client. The only place of the cluster side that reads the environment:
//! `HTTPS_PROXY` and `NO_PROXY`, as kubectl does.

use std::path::Path;

use super::{
    client::{CountingClient, client},
    error::{ClusterError, Endpoint},
    kubeconfig,
    proxy::ClusterProxy,
};
use crate::domain::secret::Secret;

/// The kubeconfig that a first master of OpenShift 3.11 has.
pub const MASTER_KUBECONFIG: &str = "/etc/origin/master/admin.kubeconfig";

/// A client, with the endpoint and user that it was made for.
pub(super) struct Connection {
    pub(super) client: CountingClient,
    pub(super) endpoint: Endpoint,
    pub(super) user: String,
    /// Who named the proxy, if there is one.
    pub(super) via: Option<&'static str>,
    /// Whether the kubeconfig names the authority that its server's certificate must come from.
    pub(super) has_authority: bool,
    /// What must not be shown of the kubeconfig and the proxy.
    pub(super) secrets: Vec<Secret>,
}

/// Makes a client for the current context of the files, or for `context`. Nothing is sent yet. Must be
/// called in a runtime.
pub(super) fn connect(files: &[&Path], context: Option<&str>) -> Result<Connection, ClusterError> {
    let target = kubeconfig::read(files, context)?;
    let proxy = ClusterProxy::choose(&target.server, environment)?;
    let mut secrets = target.user.secrets.clone();
    secrets.extend(proxy.iter().flat_map(|proxy| proxy.proxy.secrets()));
    Ok(Connection {
        client: client(&target, proxy.as_ref()),
        endpoint: Endpoint {
            server: target.server.url.as_str().trim_end_matches('/').to_owned(),
            context: target.context,
        },
        user: target.user.name,
        via: proxy.map(|proxy| proxy.origin()),
        has_authority: !matches!(target.server.trust, kubeconfig::Trust::System),
        secrets,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "kubectl finds its proxy in the environment, and this is the file that may look there"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
