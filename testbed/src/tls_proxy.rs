//! A reverse proxy that ends TLS in front of a server without TLS.

use anyhow::Result;

use crate::haproxy::{self, Haproxy};
use crate::pki::Identity;

/// A running reverse proxy; it stops when dropped.
pub struct TlsProxy {
    host: String,
    _haproxy: Haproxy,
}

impl TlsProxy {
    /// Starts a proxy with this certificate in front of a server that speaks plain HTTP at `backend`
    /// (`127.0.0.1:PORT`), and waits until it takes connections.
    ///
    /// # Errors
    /// When haproxy is not installed or does not start; the message holds the end of its log.
    pub fn start(identity: &Identity, backend: &str) -> Result<Self> {
        let (ports, haproxy) = Haproxy::start(identity, 1, |files, ports| {
            Ok(format!(
                "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
                 frontend tls\n{bind}  http-request set-header X-Forwarded-Proto https\n  \
                 default_backend registry\n\
                 backend registry\n  server registry {backend}\n",
                bind = haproxy::bind(files, ports[0]),
            ))
        })?;
        Ok(Self {
            host: format!("127.0.0.1:{}", ports[0]),
            _haproxy: haproxy,
        })
    }

    /// Returns `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}
