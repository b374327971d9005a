//! Real registries: Debian's docker-registry as a child process on a free port.

mod access_log;
mod htpasswd;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

pub use self::access_log::LoggedRequest;
use self::htpasswd::Htpasswd;
use crate::pki::Identity;
use crate::port;
use crate::process::{Logs, Process, read_settled};
use crate::scratch::Scratch;
use crate::tools;

/// The service name that registry.redhat.io gives in its challenge.
pub const SERVICE: &str = "docker-registry";

const BOUND: Duration = Duration::from_secs(10);

/// How clients reach a registry.
#[derive(Clone, Copy)]
pub enum Transport<'a> {
    /// TLS with this certificate.
    Tls(&'a Identity),
    /// HTTP without TLS.
    Plain,
}

/// Who is let in.
#[derive(Clone, Copy)]
pub enum Access<'a> {
    /// These users, with these passwords, over HTTP Basic.
    Basic(&'a [(&'a str, &'a str)]),
    /// Holders of a token from this server.
    Token(&'a dyn TokenIssuer),
    /// Everybody.
    Open,
}

/// A server whose tokens a registry accepts.
pub trait TokenIssuer {
    /// Returns the URL of the token endpoint.
    fn realm(&self) -> String;

    /// Returns the name that its tokens give as their issuer.
    fn issuer(&self) -> String;

    /// Returns the file with the certificate that a registry checks tokens with.
    fn token_bundle(&self) -> &Path;
}

/// A running registry; it stops when dropped, and its contents are removed.
pub struct Registry {
    host: String,
    identity: Option<Identity>,
    htpasswd: Option<Htpasswd>,
    process: Process,
    logs: Logs,
    _files: Scratch,
}

impl Registry {
    /// Starts an empty registry on loopback and waits until it answers.
    ///
    /// # Errors
    /// When docker-registry is not installed or does not start; the message holds the end of its
    /// log.
    pub fn start(transport: Transport<'_>, access: Access<'_>) -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST, transport, access)
    }

    /// Starts one at this address, for which the certificate must be good.
    ///
    /// # Errors
    /// As [`Registry::start`].
    pub fn start_at(
        address: Ipv4Addr,
        transport: Transport<'_>,
        access: Access<'_>,
    ) -> Result<Self> {
        let files = Scratch::new()?;
        let htpasswd = match access {
            Access::Basic(users) => Some(Htpasswd::create(files.file("htpasswd"), users)?),
            Access::Token(_) | Access::Open => None,
        };
        let logs = Logs {
            stdout: files.file("access.log"),
            stderr: files.file("server.log"),
        };
        let program = tools::find("docker-registry")?;
        let (port, process) = port::on_free_port(|port| {
            let host = format!("{address}:{port}");
            let configuration = configuration(&files, &host, transport, access);
            let file = files.write("config.yml", configuration)?;
            let mut process = Process::start(&program, [Path::new("serve"), &file], &logs)?;
            // Not a connection but its own word: the port could be somebody else's.
            process.wait_for_message(&format!("listening on {host}"), BOUND)?;
            Ok(process)
        })?;
        let identity = match transport {
            Transport::Tls(identity) => Some(identity.clone()),
            Transport::Plain => None,
        };
        let host = format!("{address}:{port}");
        Ok(Self {
            host,
            identity,
            htpasswd,
            process,
            logs,
            _files: files,
        })
    }

    /// Returns `ADDRESS:PORT`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the process id of the registry.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Returns the file with the certificate of the authority to trust; none without TLS.
    #[must_use]
    pub fn ca_cert(&self) -> Option<PathBuf> {
        self.identity.as_ref().map(Identity::ca_cert)
    }

    /// Returns the file with one line per request.
    #[must_use]
    pub fn access_log(&self) -> &Path {
        &self.logs.stdout
    }

    /// Sets the password of a new or known user; an old one is refused from the next request on.
    ///
    /// # Errors
    /// When the registry does not use HTTP Basic.
    pub fn set_password(&self, user: &str, password: &str) -> Result<()> {
        match &self.htpasswd {
            Some(htpasswd) => htpasswd.set(user, password),
            None => bail!("the registry {} keeps no passwords", self.host),
        }
    }

    /// Returns all requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        access_log::parse(&read_settled(&self.logs.stdout))
    }

    /// Returns how often HTTP Basic credentials were refused.
    #[must_use]
    pub fn failed_logins(&self) -> usize {
        read_settled(&self.logs.stderr)
            .matches("error authenticating user")
            .count()
    }
}

fn configuration(
    files: &Scratch,
    host: &str,
    transport: Transport<'_>,
    access: Access<'_>,
) -> String {
    let storage = files.file("storage");
    let mut text = format!(
        "version: 0.1\n\
         log: {{level: info, formatter: json, accesslog: {{disabled: false}}}}\n\
         storage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
         http:\n  addr: {host}\n  secret: only-for-upload-state\n",
        storage.display(),
    );
    text.push_str(&tls_section(transport));
    text.push_str(&auth_section(files, access));
    text
}

fn tls_section(transport: Transport<'_>) -> String {
    match transport {
        Transport::Plain => String::new(),
        Transport::Tls(identity) => format!(
            "  tls: {{certificate: {}, key: {}}}\n",
            identity.cert().display(),
            identity.key().display(),
        ),
    }
}

fn auth_section(files: &Scratch, access: Access<'_>) -> String {
    match access {
        Access::Open => String::new(),
        Access::Basic(_) => format!(
            "auth: {{htpasswd: {{realm: testbed, path: {}}}}}\n",
            files.file("htpasswd").display(),
        ),
        Access::Token(server) => format!(
            "auth: {{token: {{realm: '{}', service: {SERVICE}, issuer: '{}', \
             rootcertbundle: {}}}}}\n",
            server.realm(),
            server.issuer(),
            server.token_bundle().display(),
        ),
    }
}
