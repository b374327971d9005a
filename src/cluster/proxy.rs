//! The proxy in front of an API server: the kubeconfig's, else the environment's.

use url::Url;

use super::{error::ClusterError, kubeconfig::Server};
use crate::support::proxies::{NoProxy, Proxy};

/// A proxy and who named it.
pub(super) struct ClusterProxy {
    pub(super) proxy: Proxy,
    /// The variable; `None` for a proxy of the kubeconfig.
    variable: Option<&'static str>,
}

impl ClusterProxy {
    /// Returns the proxy for `server`, where `environment` returns the variables: the kubeconfig's, which
    /// `NO_PROXY` does not concern (client-go), else that of `HTTPS_PROXY`.
    ///
    /// # Errors
    /// [`ClusterError::ProxyInvalid`] for a variable that cannot be read and would be used.
    pub(super) fn choose(
        server: &Server,
        environment: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Option<Self>, ClusterError> {
        if let Some(proxy) = server.proxy.clone() {
            let variable = None;
            return Ok(Some(Self { proxy, variable }));
        }
        let first = |names: [&'static str; 2]| {
            let mut names = names.into_iter();
            names.find_map(|name| Some((name, environment(name)?)))
        };
        let Some((variable, value)) = first(["HTTPS_PROXY", "https_proxy"]) else {
            return Ok(None);
        };
        let exempt = first(["NO_PROXY", "no_proxy"]).map(|(_, list)| list);
        if is_direct(&server.url, &exempt.unwrap_or_default()) {
            return Ok(None);
        }
        match Proxy::parse(&value) {
            Ok(proxy) => Ok(Some(Self {
                proxy,
                variable: Some(variable),
            })),
            Err(error) => Err(ClusterError::ProxyInvalid { variable, error }),
        }
    }

    pub(super) fn is_of_kubeconfig(&self) -> bool {
        self.variable.is_none()
    }

    /// `HTTPS_PROXY`, for messages.
    pub(super) fn origin(&self) -> &'static str {
        self.variable.unwrap_or("the kubeconfig's proxy")
    }
}

/// An API server without TLS is one on this host, or of a test.
fn is_direct(url: &Url, no_proxy: &str) -> bool {
    url.scheme() == "http" || NoProxy::parse(no_proxy).covers(url)
}
