//! Layer 2: from the installer's inventory variables to registry credentials. The only place that knows
//! the names and defaults of `oreg_*` and `openshift_*`.
//!
//! Their meaning is openshift-ansible 3.11's (`roles/container_runtime`, `roles/openshift_node`,
//! `roles/lib_utils/action_plugins/sanity_checks.py`), with its gaps closed.
//!
//! Reading order: [`Inventory`] reads every registry once, by `main_registry` and `additional_registry`,
//! and answers what is asked of them; `unite` merges duplicate registries.

mod additional_registry;
pub mod error;
mod insecure;
mod inventory;
mod main_registry;
pub mod names;
mod place;
mod registry;
mod suspicions;
mod unite;

pub use error::VariablesError;
pub use insecure::Insecure;
pub use inventory::{Inventory, Resolved};
pub use place::place_of;
pub use registry::{NamedRegistry, RegistryTest};

use std::path::PathBuf;

use crate::domain::secret::Secret;

/// The variables as given, each of its own type.
#[derive(Clone, Debug)]
pub struct Variables {
    /// `openshift_deployment_type`, else `deployment_type`; `None` where neither is set
    pub deployment_type: Option<DeploymentType>,
    /// `oreg_url`
    pub oreg_url: Option<String>,
    /// `openshift_image_tag`
    pub image_tag: String,
    /// `oreg_auth_user`
    pub auth_user: Option<String>,
    /// `oreg_auth_password`
    pub auth_password: Option<Secret>,
    /// `oreg_test_login`
    pub test_login: bool,
    /// `oreg_test_image`
    pub test_image: Option<String>,
    /// `openshift_additional_registry_credentials`
    pub additional: Vec<AdditionalRegistry>,
    /// `openshift_docker_insecure_registries`
    pub insecure_registries: Vec<String>,
}

/// One member of `openshift_additional_registry_credentials`.
#[derive(Clone, Debug)]
pub struct AdditionalRegistry {
    /// `host`
    pub host: String,
    /// `user`
    pub user: String,
    /// `password`; missing only where none is needed, for removing an entry.
    pub password: Option<Secret>,
    /// `test_login`
    pub test_login: bool,
    /// `test_image`
    pub test_image: String,
    /// `tls_verify`
    pub tls_verify: bool,
    /// `ca_cert`
    pub ca_cert: Option<PathBuf>,
}

/// `openshift_deployment_type`: which images the cluster is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentType {
    /// OKD.
    Origin,
    /// OpenShift Container Platform.
    Enterprise,
}

impl DeploymentType {
    /// Reads the type that `word` names; `None` for any other word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            names::ORIGIN => Some(Self::Origin),
            names::ENTERPRISE => Some(Self::Enterprise),
            _ => None,
        }
    }

    /// The pattern of the cluster's images where `oreg_url` is not given.
    pub const fn default_url(self) -> &'static str {
        match self {
            Self::Origin => "quay.io/openshift/origin-${component}:${version}",
            Self::Enterprise => "registry.redhat.io/openshift3/ose-${component}:${version}",
        }
    }
}
