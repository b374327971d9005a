//! One registry of the inventory with its credential and how to prove it.

use std::path::PathBuf;

use ipnet::IpNet;

use super::{credential::Credential, image::ImageReference, registry_host::RegistryHost};

/// A registry, the credential for it, and how it is to be tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryCredential {
    /// The registry.
    pub host: RegistryHost,
    /// The host exactly as the inventory has it: secret names are derived from it.
    pub written_host: String,
    /// Where it was given, for messages.
    pub source: Source,
    /// User and password.
    pub credential: Credential,
    /// Image whose presence proves the right to pull; `None` when no test login is wanted.
    pub test_image: Option<ImageReference>,
    /// How the registry is to be reached.
    pub security: TransportSecurity,
}

/// Where a credential comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The registry of the cluster's own images (`oreg_url`).
    Main,
    /// Member of the list of additional registries, counted from 0.
    Additional(usize),
    /// An entry stored in this docker config file.
    File(PathBuf),
    /// The options of the task itself (`docker_creds`).
    Task,
    /// What a user named on the command line: a file, a Secret in it, a credential helper.
    Named(String),
}

/// What must be true of the connection before a credential may travel on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransportSecurity {
    /// Whether the server's certificate must be verified.
    pub tls_verify: bool,
    /// Whether plain HTTP may be used when the server does not speak TLS.
    pub plain_http: bool,
    /// PEM file with the authorities to trust in addition to the system's.
    pub ca_cert: Option<PathBuf>,
    /// Networks that waive the demands on a registry whose name has an address in them.
    pub insecure_networks: Vec<IpNet>,
}

impl TransportSecurity {
    /// The demands on a registry that was declared insecure.
    #[must_use]
    pub fn waived(&self) -> Self {
        Self {
            tls_verify: false,
            plain_http: true,
            ..self.clone()
        }
    }
}

impl Default for TransportSecurity {
    fn default() -> Self {
        Self {
            tls_verify: true,
            plain_http: false,
            ca_cert: None,
            insecure_networks: Vec::new(),
        }
    }
}
