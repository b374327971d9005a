//! How registries are reached, the same for all proofs of a run.

use std::time::Duration;

use super::{
    exchange::WireError, proxy_login::ProxyLogins, retry::RetryPolicy, trust::TlsSettings,
};
use crate::support::proxies::Proxies;

/// Limits, tries and proxies.
#[derive(Clone, Debug)]
pub struct Network {
    /// Time for one connection.
    pub connect_timeout: Duration,
    /// Time for one registry, retries included.
    pub timeout: Duration,
    /// Tries.
    pub retry: RetryPolicy,
    /// Proxies.
    pub proxies: Proxies,
}

/// What the clients of all registries share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) network: Network,
    /// For servers that a registry or its realm leads to.
    pub(super) tls_for_others: Result<TlsSettings, WireError>,
    pub(super) proxy_logins: ProxyLogins,
}
