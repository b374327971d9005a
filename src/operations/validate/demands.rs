//! The test plan for stored credentials: the image that proves each, and the connection to its registry.

use std::collections::HashMap;

use super::{Examination, WithoutImage};
use crate::{
    domain::{
        registry_credential::{RegistryCredential, TransportSecurity},
        registry_host::RegistryHost,
    },
    inventory_vars::{Insecure, RegistryTest},
    registry::Reason,
};

/// How stored credentials are to be proven.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    listed: HashMap<RegistryHost, RegistryTest>,
    /// By server: all namespaces on one are reached in the same way.
    servers: HashMap<String, TransportSecurity>,
    insecure: Insecure,
    unlisted: Unlisted,
}

/// Treatment of a credential whose registry the options do not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// Its login is examined.
    #[default]
    Prove,
    /// Its registry is not asked: a credential of another user may be stale, and would cost a failed
    /// login on each node.
    Skip,
}

impl Demands {
    /// Makes the plan from the registries that the options name, the insecure ones, and the rule for others.
    pub fn new(tests: Vec<RegistryTest>, insecure: Insecure, unlisted: Unlisted) -> Self {
        let mut demands = Self {
            insecure,
            unlisted,
            ..Self::default()
        };
        for test in tests {
            demands.add_server(&test.host, &test.security);
            demands.listed.insert(test.host.clone(), test);
        }
        demands
    }

    /// Adds the settings of a server. Those of a whole registry take precedence over those of a namespace.
    fn add_server(&mut self, host: &RegistryHost, security: &TransportSecurity) {
        let server = host.api_authority().to_owned();
        let whole = host.to_string() == host.authority();
        if whole || !self.servers.contains_key(&server) {
            self.servers.insert(server, security.clone());
        }
    }

    /// The registries that the options name, in order.
    pub(super) fn hosts(&self) -> Vec<&RegistryHost> {
        let mut hosts: Vec<_> = self.listed.keys().collect();
        hosts.sort();
        hosts
    }

    /// How the credential is examined: with the image of its registry; of a registry that the
    /// options do not name, by the login alone, or not at all.
    pub(super) fn examination(&self, credential: RegistryCredential) -> Examination {
        let host = &credential.host;
        let (test_image, security, without_image) = match self.listed.get(host).cloned() {
            Some(test) => (
                test.image,
                test.security,
                WithoutImage::Skip(Reason::NotTested),
            ),
            None => (None, self.security_of(host), self.without_test()),
        };
        Examination {
            credential: RegistryCredential {
                test_image,
                security,
                ..credential
            },
            without_image,
        }
    }

    fn without_test(&self) -> WithoutImage {
        match self.unlisted {
            Unlisted::Prove => WithoutImage::LogIn,
            Unlisted::Skip => WithoutImage::Skip(Reason::Unlisted),
        }
    }

    /// An authority serves every namespace of its server. A waiver (`tls_verify: false`) is about the
    /// credential of its own entry: an impostor must not get those of others.
    fn security_of(&self, host: &RegistryHost) -> TransportSecurity {
        let server = self.servers.get(host.api_authority());
        let mut security = TransportSecurity {
            ca_cert: server.and_then(|server| server.ca_cert.clone()),
            ..TransportSecurity::default()
        };
        self.insecure.relax(host, &mut security);
        security
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{credential::Credential, registry_credential::Source, secret::Secret},
        inventory_vars::{AdditionalRegistry, DeploymentType, Inventory, Variables},
    };

    fn registry(host: &str, tls_verify: bool, ca_cert: Option<&str>) -> AdditionalRegistry {
        AdditionalRegistry {
            host: host.to_owned(),
            user: "u".to_owned(),
            password: None,
            test_login: true,
            test_image: "a/b".to_owned(),
            tls_verify,
            ca_cert: ca_cert.map(Into::into),
        }
    }

    fn demands() -> Demands {
        let variables = Variables {
            deployment_type: Some(DeploymentType::Origin),
            oreg_url: None,
            image_tag: "v3.11".to_owned(),
            auth_user: None,
            auth_password: None,
            test_login: true,
            test_image: None,
            additional: vec![
                registry("one.example.com/team", true, Some("/team.pem")),
                registry("one.example.com", true, Some("/ca.pem")),
                registry("two.example.com:5000/team", false, None),
            ],
            insecure_registries: vec!["10.0.0.0/8".to_owned(), "three.example.com".to_owned()],
        };
        let (tests, insecure) = Inventory::read(&variables).tests().unwrap();
        Demands::new(tests, insecure, Unlisted::Prove)
    }

    /// Image or not, verification, plain HTTP, authority.
    fn examined(host: &str) -> (bool, bool, bool, Option<String>) {
        let host = RegistryHost::parse(host).unwrap();
        let examination = demands().examination(RegistryCredential {
            written_host: host.to_string(),
            host,
            source: Source::Task,
            credential: Credential::new("u", Secret::new("p")).unwrap(),
            test_image: None,
            security: TransportSecurity::default(),
        });
        let credential = examination.credential;
        let security = credential.security;
        let authority = security.ca_cert.map(|path| path.display().to_string());
        let with_image = credential.test_image.is_some();
        let without_image = if with_image {
            WithoutImage::Skip(Reason::NotTested)
        } else {
            WithoutImage::LogIn
        };
        assert_eq!(examination.without_image, without_image);
        (
            with_image,
            security.tls_verify,
            security.plain_http,
            authority,
        )
    }

    #[test]
    fn a_namespace_is_reached_as_its_registry() {
        let of = |path: &str| Some(path.to_owned());
        for (host, expected) in [
            ("one.example.com", (true, true, false, of("/ca.pem"))),
            ("one.example.com/team", (true, true, false, of("/team.pem"))),
            ("one.example.com/other", (false, true, false, of("/ca.pem"))),
            ("two.example.com:5000/team", (true, false, false, None)),
            ("two.example.com:5000", (false, true, false, None)),
            ("two.example.com", (false, true, false, None)),
        ] {
            assert_eq!(examined(host), expected, "{host}");
        }
    }

    #[test]
    fn insecure_registries_need_not_be_named_otherwise() {
        let relaxed = (false, false, true, None);
        for host in [
            "10.1.2.3:5000",
            "three.example.com",
            "three.example.com/team",
        ] {
            assert_eq!(examined(host), relaxed, "{host}");
        }
        assert_eq!(examined("four.example.com"), (false, true, false, None));
    }
}
