//! Free TCP ports on loopback.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result};

const TRIES: usize = 3;

/// Returns `N` different ports of 127.0.0.1 that nobody listens on at this moment.
///
/// Another process may take one before it is used, so whoever starts a server on it must be ready
/// to try again.
///
/// # Errors
/// When the system has no free port.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let ports = free_port_list(N)?;
    Ok(ports.try_into().expect("there are as many as asked for"))
}

fn free_port_list(count: usize) -> Result<Vec<u16>> {
    // All listeners stay open until every port is known: otherwise the same one could come twice.
    let listen = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port");
    let listeners = (0..count).map(listen).collect::<Result<Vec<_>>>()?;
    let port = |listener: &TcpListener| {
        let address = listener.local_addr();
        Ok(address.context("a listener has no address")?.port())
    };
    listeners.iter().map(port).collect()
}

/// Starts a server on a free port, and returns the port with it. Another port is tried when the
/// server's message says that the first one was taken in between.
pub(crate) fn on_free_port<S>(start: impl Fn(u16) -> Result<S>) -> Result<(u16, S)> {
    on_free_ports(|[port]| Ok((port, start(port)?)))
}

/// As [`on_free_port`], for a server that listens on several.
pub(crate) fn on_free_ports<const N: usize, S>(start: impl Fn([u16; N]) -> Result<S>) -> Result<S> {
    on_free_port_list(N, |ports| {
        start(ports.try_into().expect("there are as many as asked for"))
    })
}

/// As [`on_free_ports`], where only the caller knows how many.
pub(crate) fn on_free_port_list<S>(count: usize, start: impl Fn(&[u16]) -> Result<S>) -> Result<S> {
    let mut tries = 0;
    loop {
        tries += 1;
        match start(&free_port_list(count)?) {
            Ok(server) => return Ok(server),
            Err(error) if tries < TRIES && is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

fn is_taken(error: &anyhow::Error) -> bool {
    let message = error.to_string().to_lowercase();
    // tinyproxy says only that it cannot listen, not why.
    let words = [
        "address already in use",
        "could not create listening sockets",
    ];
    words.iter().any(|words| message.contains(words))
}
