//! A token server that answers as the one of registry.redhat.io does.
//!
//! It runs inside this process, on a thread of its own, over TLS. Accounts can be changed while it
//! runs, and every request is recorded. The answers themselves are made in `answer`.

mod account;
mod answer;
mod server;
mod signer;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail};

pub use self::account::Account;
use self::answer::State;
pub use self::answer::TokenRequest;
use self::server::Server;
use self::signer::Signer;
use crate::pki::Identity;
use crate::registry::TokenIssuer;

/// The path of the token endpoint of registry.redhat.io.
pub const REALM_PATH: &str = "/auth/realms/rhcc/protocol/redhat-docker-v2/auth";
/// The issuer that tokens name.
pub const ISSUER: &str = "testbed";

/// A running token server; it stops when dropped.
pub struct TokenServer {
    host: String,
    signer: Arc<Signer>,
    state: Arc<Mutex<State>>,
    _server: Server,
}

impl TokenServer {
    /// Starts a token server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had or the certificate cannot be used.
    pub fn start(identity: &Identity, accounts: Vec<Account>) -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST, identity, accounts)
    }

    /// Starts one at this address, for which the certificate must be good.
    ///
    /// # Errors
    /// As [`TokenServer::start`].
    pub fn start_at(
        address: Ipv4Addr,
        identity: &Identity,
        accounts: Vec<Account>,
    ) -> Result<Self> {
        let listener = TcpListener::bind((address, 0))
            .with_context(|| format!("cannot listen on {address}"))?;
        let host = listener
            .local_addr()
            .context("a listener has no address")?
            .to_string();
        let signer = Arc::new(Signer::new()?);
        let state = Arc::new(Mutex::new(State {
            accounts,
            requests: Vec::new(),
        }));
        let server = Server::start(listener, identity, {
            let (signer, state) = (Arc::clone(&signer), Arc::clone(&state));
            move |head| answer::answer(&mut lock(&state), &signer, head)
        })?;
        Ok(Self {
            host,
            signer,
            state,
            _server: server,
        })
    }

    /// Returns `ADDRESS:PORT`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Adds an account, or replaces the one of that name.
    pub fn set_account(&self, account: Account) {
        let accounts = &mut lock(&self.state).accounts;
        accounts.retain(|known| known.name() != account.name());
        accounts.push(account);
    }

    /// Changes a password; the old one is refused from the next request on.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn set_password(&self, name: &str, password: &str) -> Result<()> {
        let accounts = &mut lock(&self.state).accounts;
        let Some(account) = accounts.iter_mut().find(|account| account.name() == name) else {
            bail!("the token server has no account {name}");
        };
        account.set_password(password);
        Ok(())
    }

    /// Returns all requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<TokenRequest> {
        lock(&self.state).requests.clone()
    }

    /// Returns how often credentials were refused.
    #[must_use]
    pub fn failed_logins(&self) -> usize {
        let refused = |request: &&TokenRequest| request.authorization && request.status == 401;
        lock(&self.state).requests.iter().filter(refused).count()
    }
}

impl TokenIssuer for TokenServer {
    fn realm(&self) -> String {
        format!("https://{}{REALM_PATH}", self.host)
    }

    fn issuer(&self) -> String {
        ISSUER.to_owned()
    }

    fn token_bundle(&self) -> &Path {
        self.signer.bundle()
    }
}

/// A test that panicked while it held the lock is no reason for the next one to fail.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
