//! `openshift_docker_insecure_registries`: hosts, and networks as docker's daemon takes them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{VariablesError, names};
use crate::domain::{registry_credential::TransportSecurity, registry_host::RegistryHost};

/// The registries that need no verified TLS.
#[derive(Clone, Debug, Default)]
pub struct Insecure {
    hosts: Vec<RegistryHost>,
    networks: Vec<IpNet>,
}

impl Insecure {
    /// Reads the list; a member such as `172.30.0.0/16` is a network.
    pub(super) fn parse(members: &[String]) -> Result<Self, Vec<VariablesError>> {
        let mut insecure = Self::default();
        let mut errors = Vec::new();
        for (index, member) in members.iter().enumerate() {
            if let Ok(network) = member.parse() {
                insecure.networks.push(network);
                continue;
            }
            match RegistryHost::parse(member) {
                Ok(host) => insecure.hosts.push(host),
                Err(error) => {
                    let place = format!("{}[{index}]", names::INSECURE);
                    errors.push(VariablesError::Host { place, error });
                }
            }
        }
        if errors.is_empty() {
            Ok(insecure)
        } else {
            Err(errors)
        }
    }

    /// Lowers the demands on the connection to `host`, if it is one of these.
    pub fn relax(&self, host: &RegistryHost, security: &mut TransportSecurity) {
        if self.contains(host) {
            security.tls_verify = false;
            security.plain_http = true;
        }
    }

    fn contains(&self, host: &RegistryHost) -> bool {
        let address = host.hostname().parse::<IpAddr>();
        self.hosts
            .iter()
            .any(|insecure| insecure.authority() == host.authority())
            || address.is_ok_and(|ip| self.networks.iter().any(|network| network.contains(&ip)))
    }
}
