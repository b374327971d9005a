//! `openshift_docker_insecure_registries`: hosts, and networks as docker's daemon takes them.

use std::{collections::HashSet, net::IpAddr};

use ipnet::IpNet;

use super::{VariablesError, names};
use crate::domain::{collect, registry_credential::TransportSecurity, registry_host::RegistryHost};

/// The registries that need no verified TLS.
#[derive(Clone, Debug, Default)]
pub struct Insecure {
    /// `name[:port]`: all namespaces of a server are reached in the same way.
    authorities: HashSet<String>,
    networks: Vec<IpNet>,
}

impl Insecure {
    /// Reads the list; a member such as `172.30.0.0/16` is a network.
    pub(super) fn parse(members: &[String]) -> Result<Self, Vec<VariablesError>> {
        let mut networks = Vec::new();
        let mut hosts = Vec::new();
        for (index, member) in members.iter().enumerate() {
            match member.parse() {
                Ok(network) => networks.push(network),
                Err(_) => hosts.push(RegistryHost::parse(member).map_err(|error| {
                    let place = format!("{}[{index}]", names::INSECURE);
                    VariablesError::Host { place, error }
                })),
            }
        }
        let hosts: Vec<RegistryHost> = collect::all(hosts)?;
        let authorities = hosts.iter().map(|host| host.authority().to_owned());
        Ok(Self {
            authorities: authorities.collect(),
            networks,
        })
    }

    /// Lowers the demands on the connection to `host`, if it is one of these. Where the host is a name, its
    /// addresses decide later whether it is in one of the networks, as docker's daemon has it.
    pub fn relax(&self, host: &RegistryHost, security: &mut TransportSecurity) {
        if self.contains(host) {
            *security = security.waived();
        } else if host.hostname().parse::<IpAddr>().is_err() {
            security.insecure_networks.clone_from(&self.networks);
        }
    }

    fn contains(&self, host: &RegistryHost) -> bool {
        let address = host.hostname().parse::<IpAddr>();
        self.authorities.contains(host.authority())
            || address.is_ok_and(|ip| self.networks.iter().any(|network| network.contains(&ip)))
    }
}
