//! The usual set: two registries with images in them, node directories, and if wanted a cluster.
//!
//! It also says where everything is, as environment variables; `testbed/README.md` lists them.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context as _, Result, anyhow};

use crate::cluster::Cluster;
use crate::guests::{self, BRIDGE_ADDRESS, Guests, Setting};
use crate::image;
use crate::node_dirs::NodeDirs;
use crate::password;
use crate::pki::{Authority, Identity};
use crate::proxy::beyond_loopback;
use crate::registry::{Access, Registry, TokenIssuer as _, Transport};
use crate::scratch::Scratch;
use crate::token_server::{Account, TokenServer};

/// The main account of the token registry, named as Red Hat's service accounts are.
pub const INSTALLER: &str = "1234567|installer";
/// The account that may do everything in the token registry.
pub const PUSHER: &str = "pusher";
/// The account that may log in to the token registry, and nothing else.
pub const NOSCOPE: &str = "noscope";
/// The account that gets tokens which have expired.
pub const STALE: &str = "stale";
/// The account of the registry with HTTP Basic.
pub const DEVELOPER: &str = "developer";

/// The image that both registries hold.
pub const POD_IMAGE: &str = "openshift3/ose-pod:v3.11";
/// An image that only the registry with HTTP Basic holds.
pub const DATABASE_IMAGE: &str = "mongodb/mongodb:latest";

/// What to start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Whether to start a cluster.
    pub cluster: bool,
    /// How many node directories to make.
    pub nodes: usize,
    /// How many guests to boot. They need a cluster, and namespaces of their own.
    pub guests: u8,
}

/// The usual set, running; all of it stops when dropped.
pub struct Bed {
    /// The authority that every registry's certificate comes from.
    pub authority: Authority,
    /// What gives out the tokens for the token registry.
    pub token_server: TokenServer,
    /// The registry that wants tokens.
    pub token_registry: Registry,
    /// The registry that wants HTTP Basic.
    pub basic_registry: Registry,
    /// The guests; before the cluster, with which they speak.
    pub guests: Option<Guests>,
    /// The node directories.
    pub node_dirs: NodeDirs,
    /// The cluster, if wanted.
    pub cluster: Option<Cluster>,
    /// The passwords of the accounts.
    pub passwords: Passwords,
    certs: Scratch,
}

/// The passwords of this run.
pub struct Passwords {
    /// Of [`INSTALLER`].
    pub installer: String,
    /// Of [`PUSHER`].
    pub pusher: String,
    /// Of [`NOSCOPE`].
    pub noscope: String,
    /// Of [`STALE`].
    pub stale: String,
    /// Of [`DEVELOPER`].
    pub developer: String,
}

impl Bed {
    /// Starts everything wanted.
    ///
    /// # Errors
    /// When a program is not installed or does not start.
    pub fn start(wanted: Wanted) -> Result<Self> {
        if wanted.guests == 0 {
            return Self::start_at(Ipv4Addr::LOCALHOST, wanted);
        }
        let network = guests::make_network()?;
        let wanted = Wanted {
            cluster: true,
            ..wanted
        };
        let mut bed = Self::start_at(BRIDGE_ADDRESS, wanted)?;
        let cluster = bed.cluster.as_ref().context("no cluster")?;
        let setting = Setting {
            cluster,
            authority: &bed.authority,
            registries: &[bed.token_registry.host(), bed.basic_registry.host()],
        };
        bed.guests = Some(Guests::start(wanted.guests, network, &setting)?);
        Ok(bed)
    }

    fn start_at(address: Ipv4Addr, wanted: Wanted) -> Result<Self> {
        thread::scope(|scope| {
            // The cluster takes the longest by far.
            let start = || wanted.cluster.then(|| Cluster::start_at(address));
            let cluster = scope.spawn(move || start().transpose());
            let bed = Self::start_registries(address, wanted.nodes);
            let cluster = cluster
                .join()
                .map_err(|_| anyhow!("starting the cluster panicked"))?;
            Ok(Self {
                cluster: cluster.context("no cluster")?,
                ..bed?
            })
        })
    }

    fn start_registries(address: Ipv4Addr, nodes: usize) -> Result<Self> {
        let authority = Authority::new()?;
        let identity = authority.server(&[&address.to_string()])?;
        let passwords = Passwords::new()?;
        let token_server = TokenServer::start_at(address, &identity, passwords.accounts())?;
        let registry = |access| Registry::start_at(address, Transport::Tls(&identity), access);
        let token_registry = registry(Access::Token(&token_server))?;
        let developer = [(DEVELOPER, passwords.developer.as_str())];
        let basic_registry = registry(Access::Basic(&developer))?;
        image::push(&token_registry, PUSHER, &passwords.pusher, POD_IMAGE)?;
        image::push(&basic_registry, DEVELOPER, &passwords.developer, POD_IMAGE)?;
        image::push(
            &basic_registry,
            DEVELOPER,
            &passwords.developer,
            DATABASE_IMAGE,
        )?;
        let certs = trust(&identity, &[token_registry.host(), basic_registry.host()])?;
        let node_dirs = NodeDirs::create(nodes)?;
        let (cluster, guests) = (None, None);
        Ok(Self {
            authority,
            token_server,
            token_registry,
            basic_registry,
            guests,
            node_dirs,
            cluster,
            passwords,
            certs,
        })
    }

    /// Returns a directory laid out like `/etc/docker/certs.d` that makes the registries trusted.
    #[must_use]
    pub fn cert_dir(&self) -> PathBuf {
        self.certs.path().to_owned()
    }

    /// Returns the environment variables that tell a program where everything is.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let passwords = &self.passwords;
        let mut variables: Vec<(&'static str, OsString)> = vec![
            ("OREG_TOKEN_REGISTRY", self.token_registry.host().into()),
            ("OREG_TOKEN_REALM", self.token_server.realm().into()),
            ("OREG_REGISTRY_USER", INSTALLER.into()),
            (
                "OREG_REGISTRY_PASSWORD",
                passwords.installer.as_str().into(),
            ),
            ("OREG_PUSHER_PASSWORD", passwords.pusher.as_str().into()),
            ("OREG_NOSCOPE_PASSWORD", passwords.noscope.as_str().into()),
            ("OREG_STALE_PASSWORD", passwords.stale.as_str().into()),
            ("OREG_BASIC_REGISTRY", self.basic_registry.host().into()),
            ("OREG_BASIC_USER", DEVELOPER.into()),
            ("OREG_BASIC_PASSWORD", passwords.developer.as_str().into()),
            ("OREG_REGISTRY_CA", self.authority.ca_cert().into()),
            ("OREG_CERT_DIR", self.cert_dir().into()),
            (
                "OREG_TOKEN_ACCESS_LOG",
                self.token_registry.access_log().into(),
            ),
            (
                "OREG_BASIC_ACCESS_LOG",
                self.basic_registry.access_log().into(),
            ),
            ("OREG_NODES_DIR", self.node_dirs.path().into()),
        ];
        variables.extend(self.cluster.iter().flat_map(cluster_variables));
        variables.extend(self.guests.iter().map(guest_variable));
        variables
    }
}

impl Passwords {
    fn new() -> Result<Self> {
        Ok(Self {
            installer: password::long()?,
            pusher: password::short()?,
            noscope: password::short()?,
            stale: password::short()?,
            developer: password::short()?,
        })
    }

    fn accounts(&self) -> Vec<Account> {
        vec![
            Account::new(INSTALLER, &self.installer).grant("openshift3/*", &["pull"]),
            Account::new(PUSHER, &self.pusher).grant("*", &["*"]),
            Account::new(NOSCOPE, &self.noscope),
            Account::new(STALE, &self.stale)
                .grant("*", &["pull"])
                .token_lifetime(-120),
        ]
    }
}

fn cluster_variables(cluster: &Cluster) -> [(&'static str, OsString); 3] {
    [
        ("KUBECONFIG", cluster.kubeconfig().into()),
        (
            "OREG_LIMITED_KUBECONFIG",
            cluster.limited_kubeconfig().into(),
        ),
        ("OREG_AUDIT_LOG", cluster.audit_log().into()),
    ]
}

fn guest_variable(guests: &Guests) -> (&'static str, OsString) {
    ("OREG_GUESTS_INVENTORY", guests.inventory().into())
}

fn trust(identity: &Identity, hosts: &[&str]) -> Result<Scratch> {
    let certs = Scratch::new()?;
    let ca_cert = std::fs::read(identity.ca_cert()).context("the certificate is gone")?;
    for host in hosts {
        for name in [*host, &beyond_loopback(host)] {
            certs.write(format!("{name}/ca.crt"), &ca_cert)?;
        }
    }
    Ok(certs)
}
