//! Many registries in front of one: a reverse proxy with a port for each, which delays every request, also
//! those to the token server. For benchmarks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::haproxy::{self, Haproxy};
use crate::pki::Authority;
use crate::scratch::Scratch;

/// The registry and the token server behind the ports.
pub struct Behind<'a> {
    /// `HOST:PORT` of a registry with TLS.
    pub registry: &'a str,
    /// The URL of its token endpoint.
    pub realm: &'a str,
}

/// The registries, running; they stop when dropped.
pub struct SlowRegistries {
    hosts: Vec<String>,
    certs: Scratch,
    haproxy: Haproxy,
    _authority: Authority,
}

impl SlowRegistries {
    /// Starts `count` registries, with a certificate of their own, whose answers take `delay` longer.
    ///
    /// # Errors
    /// When the realm names no host, or haproxy is not installed or does not start.
    pub fn start(count: usize, delay: Duration, behind: &Behind<'_>) -> Result<Self> {
        let authority = Authority::new()?;
        let identity = authority.server(&[])?;
        let tokens = host_of(behind.realm)?;
        let (ports, haproxy) = Haproxy::start(&identity, count + 1, |files, ports| {
            configuration(files, ports, delay, behind.registry, tokens)
        })?;
        let registries = &ports[..count];
        let hosts: Vec<_> = registries
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        let certs = Scratch::new()?;
        let ca_cert = fs::read(authority.ca_cert()).context("the certificate is gone")?;
        for host in &hosts {
            certs.write(format!("{host}/ca.crt"), &ca_cert)?;
        }
        Ok(Self {
            hosts,
            certs,
            haproxy,
            _authority: authority,
        })
    }

    /// Returns `127.0.0.1:PORT` of each.
    #[must_use]
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Returns a directory laid out like `/etc/docker/certs.d` that makes them trusted.
    #[must_use]
    pub fn cert_dir(&self) -> &Path {
        self.certs.path()
    }

    /// Returns the socket on which haproxy counts connections, by `show stat`, for its frontends
    /// `registries` and `tokens`.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.haproxy.control_socket()
    }
}

fn host_of(url: &str) -> Result<&str> {
    let rest = url.split_once("://").map(|(_, rest)| rest);
    let host = rest.and_then(|rest| rest.split('/').next());
    host.with_context(|| format!("{url} names no host"))
}

/// The last port is that of the token server; challenges name it in place of the real one.
fn configuration(
    files: &Scratch,
    ports: &[u16],
    delay: Duration,
    registry: &str,
    tokens: &str,
) -> Result<String> {
    let milliseconds = delay.as_millis();
    let lua = files.write(
        "delay.lua",
        format!("core.register_action('delay', {{'http-req'}}, function() core.msleep({milliseconds}) end, 0)\n"),
    )?;
    let wait = if delay.is_zero() {
        ""
    } else {
        "  http-request lua.delay\n"
    };
    let (token_port, ports) = ports.split_last().context("no port")?;
    let binds: String = ports
        .iter()
        .map(|&port| haproxy::bind(files, port))
        .collect();
    Ok(format!(
        "  lua-load {lua}\n\
         defaults\n  mode http\n  http-reuse always\n  timeout connect 10s\n  timeout client 60s\n  \
         timeout server 60s\n\
         frontend registries\n{binds}{wait}  default_backend registry\n\
         frontend tokens\n{token_bind}{wait}  default_backend tokens\n\
         backend registry\n  \
         http-response replace-header WWW-Authenticate (.*){tokens}(.*) \\1127.0.0.1:{token_port}\\2\n  \
         server registry {registry} ssl verify none\n\
         backend tokens\n  server tokens {tokens} ssl verify none\n",
        lua = lua.display(),
        token_bind = haproxy::bind(files, *token_port),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_realm_has_its_port() {
        assert_eq!(
            host_of("https://127.0.0.1:5/auth/x").unwrap(),
            "127.0.0.1:5"
        );
        assert!(host_of("realm").is_err());
    }
}
