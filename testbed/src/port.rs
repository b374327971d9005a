//! Free TCP ports on loopback.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result};

/// Returns `N` different ports of 127.0.0.1 that nobody listens on at this moment.
///
/// Another process may take one before it is used, so whoever starts a server on it must be ready
/// to try again.
///
/// # Errors
/// When the system has no free port.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // All listeners stay open until every port is known: otherwise the same one could come twice.
    let mut listeners = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
        *port = listener
            .local_addr()
            .context("a listener has no address")?
            .port();
        listeners.push(listener);
    }
    Ok(ports)
}
