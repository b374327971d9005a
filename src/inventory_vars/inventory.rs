//! The registries of an inventory: defaults, hosts in canonical form, every error at once.

use super::{
    Variables, VariablesError, additional_registry,
    insecure::Insecure,
    main_registry::MainRegistry,
    registry::{InventoryRegistry, NamedRegistry, RegistryTest},
    suspicions::suspicions,
    unite::unite,
};
use crate::domain::{collect, registry_credential::RegistryCredential};

/// The registries that the variables name, each read once.
#[derive(Clone, Debug)]
pub struct Inventory {
    main: MainRegistry,
    additional: Vec<Result<InventoryRegistry, VariablesError>>,
    insecure: Result<Insecure, Vec<VariablesError>>,
}

/// The credentials of an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// One per registry: the main one first, then as listed.
    pub credentials: Vec<RegistryCredential>,
    /// What looks like a mistake but may be meant.
    pub warnings: Vec<String>,
}

impl Inventory {
    /// Reads the variables. What is wrong with them is an error only of the question that it matters to.
    pub fn read(variables: &Variables) -> Self {
        let listed = variables.additional.iter().enumerate();
        Self {
            main: MainRegistry::read(variables),
            additional: listed
                .map(|(index, given)| additional_registry::read(index, given))
                .collect(),
            insecure: Insecure::parse(&variables.insecure_registries),
        }
    }

    /// Resolves the credentials. Neither `oreg_auth_user` nor `oreg_auth_password` means that the main
    /// registry needs none.
    ///
    /// # Errors
    /// Every [`VariablesError`] there is.
    pub fn credentials(self) -> Result<Resolved, Vec<VariablesError>> {
        let mut errors = Vec::new();
        let mut credentials = Vec::new();
        let listed = self.additional.into_iter().map(|registry| {
            let registry = registry.map_err(|error| vec![error])?;
            registry.credential()
        });
        // Every error at once: an inventory with five mistakes takes one run, not five.
        for outcome in std::iter::once(self.main.credential()).chain(listed) {
            match outcome {
                Ok(credential) => credentials.extend(credential),
                Err(found) => errors.extend(found),
            }
        }
        // Before `unite`: of an insecure registry, two entries that differ in `tls_verify` do not conflict.
        match self.insecure {
            Ok(insecure) => credentials
                .iter_mut()
                .for_each(|c| insecure.relax(&c.host, &mut c.security)),
            Err(found) => errors.extend(found),
        }
        let (credentials, conflicts) = unite(credentials);
        errors.extend(conflicts);
        if !errors.is_empty() {
            return Err(errors);
        }
        let warnings = credentials.iter().flat_map(suspicions).collect();
        Ok(Resolved {
            credentials,
            warnings,
        })
    }

    /// Lists the registries that the variables are about. The main one counts when `oreg_url` or
    /// `oreg_auth_user` is given. Passwords are not needed.
    ///
    /// # Errors
    /// Every [`VariablesError`] in a name.
    pub fn names(&self) -> Result<Vec<NamedRegistry>, Vec<VariablesError>> {
        let main = self.main.clone().if_meant();
        let main = main.map(|registry| registry.map(|registry| registry.name));
        collect::all(main.into_iter().chain(self.listed()))
    }

    /// Lists the registries as [`Inventory::names`] does, the main one last, and also where only the
    /// deployment type names it.
    ///
    /// # Errors
    /// Every [`VariablesError`] in a name.
    pub fn known(&self) -> Result<Vec<NamedRegistry>, Vec<VariablesError>> {
        collect::all(self.listed().chain(self.main.clone().if_named()))
    }

    /// Says whether the main registry has a user.
    pub fn has_main_user(&self) -> bool {
        self.main.has_user()
    }

    fn listed(&self) -> impl Iterator<Item = Result<NamedRegistry, VariablesError>> {
        let listed = self.additional.iter().cloned();
        listed.map(|registry| registry.map(|registry| registry.name))
    }

    /// Resolves how each registry of [`Inventory::names`] is to be tested, for credentials that are stored
    /// elsewhere, and the registries that need no verified TLS, listed or not.
    ///
    /// # Errors
    /// Every [`VariablesError`] there is.
    pub fn tests(self) -> Result<(Vec<RegistryTest>, Insecure), Vec<VariablesError>> {
        let insecure = self.insecure?;
        let registries = self.main.if_meant().into_iter().chain(self.additional);
        let mut tests = collect::all(registries.map(|registry| registry?.test()))?;
        for test in &mut tests {
            insecure.relax(&test.host, &mut test.security);
        }
        Ok((tests, insecure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{registry_credential::Source, registry_host::RegistryHost, secret::Secret},
        inventory_vars::{AdditionalRegistry, DeploymentType, names},
    };

    fn resolve(variables: &Variables) -> Result<Resolved, Vec<VariablesError>> {
        Inventory::read(variables).credentials()
    }

    fn none() -> Variables {
        Variables {
            deployment_type: Some(DeploymentType::Origin),
            oreg_url: None,
            image_tag: names::DEFAULT_IMAGE_TAG.to_owned(),
            auth_user: None,
            auth_password: None,
            test_login: true,
            test_image: None,
            additional: Vec::new(),
            insecure_registries: Vec::new(),
        }
    }

    fn main(user: &str, password: &str) -> Variables {
        let auth_password = Some(Secret::new(password));
        Variables {
            auth_user: Some(user.to_owned()),
            auth_password,
            ..none()
        }
    }

    fn registry(host: &str, password: &str) -> AdditionalRegistry {
        AdditionalRegistry {
            host: host.to_owned(),
            user: names::DEFAULT_ADDITIONAL_USER.to_owned(),
            password: Some(Secret::new(password)),
            test_login: true,
            test_image: names::DEFAULT_ADDITIONAL_IMAGE.to_owned(),
            tls_verify: true,
            ca_cert: None,
        }
    }

    fn errors(variables: &Variables) -> Vec<String> {
        resolve(variables)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn one_registry_twice_is_one_with_all_that_was_said() {
        let united = |first: AdditionalRegistry, second: AdditionalRegistry| {
            let additional = vec![first, second];
            resolve(&Variables {
                additional,
                ..none()
            })
        };
        let listed = || registry("r.example.com", "p");
        let untested = AdditionalRegistry {
            test_login: false,
            ..listed()
        };
        let with_ca = |name: &str| AdditionalRegistry {
            ca_cert: Some(name.into()),
            ..listed()
        };
        let [one] = united(untested, with_ca("a"))
            .unwrap()
            .credentials
            .try_into()
            .unwrap();
        assert!(one.test_image.is_some());
        assert_eq!(one.security.ca_cert, Some("a".into()));

        let unverified = AdditionalRegistry {
            tls_verify: false,
            ..listed()
        };
        for (second, difference) in [
            (unverified, "tls_verify"),
            (with_ca("b"), "ca_cert"),
            (registry("r.example.com", "other"), "credentials"),
        ] {
            let errors = united(with_ca("a"), second).unwrap_err();
            let expected = format!(
                "openshift_additional_registry_credentials[1] and \
                 openshift_additional_registry_credentials[0] are the same registry r.example.com \
                 with different {difference}: keep one"
            );
            assert_eq!(errors[0].to_string(), expected);
        }
    }

    #[test]
    fn warns_of_names_that_readers_do_not_find() {
        let warnings = |host: &str| {
            let additional = vec![registry(host, "p")];
            resolve(&Variables {
                additional,
                ..none()
            })
            .unwrap()
            .warnings
        };
        assert!(warnings("r.example.com:443")[0].contains("images with :443 in their names"));
        assert!(warnings("quay.io/team")[0].contains("docker finds no credential under"));
        for host in [
            "r.example.com",
            "r.example.com:5000",
            "docker.io",
            "[::1]:5000",
        ] {
            assert!(warnings(host).is_empty(), "{host}");
        }
    }

    #[test]
    fn the_list_says_how_the_main_registry_is_reached() {
        let entry = AdditionalRegistry {
            user: "u".to_owned(),
            tls_verify: false,
            ..registry("quay.io", "p")
        };
        let additional = vec![entry];
        let resolved = resolve(&Variables {
            additional,
            ..main("u", "p")
        })
        .unwrap();
        let [one] = resolved.credentials.try_into().unwrap();
        assert!(!one.security.tls_verify);
        assert_eq!(one.source, Source::Main);
        assert_eq!(
            one.test_image.unwrap().to_string(),
            "openshift/origin-pod:v3.11"
        );
    }

    #[test]
    fn defaults_follow_the_deployment_type() {
        for (deployment_type, key, image) in [
            (
                DeploymentType::Origin,
                "quay.io",
                "openshift/origin-pod:v3.11",
            ),
            (
                DeploymentType::Enterprise,
                "registry.redhat.io",
                "openshift3/ose-pod:v3.11",
            ),
        ] {
            let resolved = resolve(&Variables {
                deployment_type: Some(deployment_type),
                ..main("u", "p")
            })
            .unwrap();
            let credential = &resolved.credentials[0];
            assert_eq!(credential.host.key(), key);
            assert_eq!(credential.test_image.as_ref().unwrap().to_string(), image);
        }
    }

    #[test]
    fn no_credential_goes_to_a_registry_that_nothing_names() {
        let untyped = |given: Variables| Variables {
            deployment_type: None,
            ..given
        };
        let expected = "oreg_auth_user and oreg_auth_password are given, and nothing names their registry: \
                        set openshift_deployment_type (or its old name deployment_type), or oreg_url";
        assert_eq!(errors(&untyped(main("u", "p"))), [expected]);
        let found = Inventory::read(&untyped(main("u", "p")))
            .tests()
            .unwrap_err();
        assert_eq!(found[0].to_string(), expected);
        assert_eq!(
            Inventory::read(&untyped(main("u", "p")))
                .names()
                .unwrap_err()[0]
                .to_string(),
            expected
        );
        assert_eq!(resolve(&untyped(none())).unwrap().credentials, []);

        let oreg_url = Some("r.example.com/a-${component}:${version}".to_owned());
        let named = Variables {
            oreg_url,
            ..untyped(main("u", "p"))
        };
        assert_eq!(
            resolve(&named).unwrap().credentials[0].host.key(),
            "r.example.com"
        );
    }

    #[test]
    fn url_gives_host_and_image() {
        let oreg_url = Some("registry:5000/mirror/ose-${component}:${version}".to_owned());
        let variables = Variables {
            oreg_url,
            image_tag: "v3.11.248".to_owned(),
            ..main("u", "p")
        };
        let credential = resolve(&variables).unwrap().credentials.remove(0);
        assert_eq!(credential.written_host, "registry:5000");
        assert_eq!(
            credential.test_image.unwrap().to_string(),
            "mirror/ose-pod:v3.11.248"
        );
    }

    #[test]
    fn main_credential_is_whole_or_not_there() {
        assert_eq!(resolve(&none()).unwrap().credentials, []);
        let half = Variables {
            auth_password: None,
            ..main("u", "p")
        };
        assert_eq!(
            errors(&half),
            ["oreg_auth_user is given without oreg_auth_password: give both, or neither"]
        );
        let enterprise = Variables {
            deployment_type: Some(DeploymentType::Enterprise),
            ..none()
        };
        assert!(errors(&enterprise)[0].contains("needs a credential"));
    }

    #[test]
    fn every_error_is_reported_at_once_with_its_place() {
        let mut spaced = registry("r2.example.com", "p");
        spaced.user = "a:b".to_owned();
        spaced.test_image = "No Such".to_owned();
        let variables = Variables {
            additional: vec![registry("not a host", "p"), spaced],
            insecure_registries: vec!["ftp://x".to_owned()],
            ..main("a:b", "p")
        };
        let errors = errors(&variables);
        assert!(
            errors[0].starts_with("oreg_auth_user: contains `:`"),
            "{errors:?}"
        );
        let list = "openshift_additional_registry_credentials";
        assert!(
            errors[1].starts_with(&format!("{list}[0].host: is not a host")),
            "{errors:?}"
        );
        assert!(errors[2].starts_with(&format!(
            "{list}[1].user (host r2.example.com): contains `:`"
        )));
        assert!(errors[3].starts_with(&format!(
            "{list}[1].test_image (host r2.example.com): is not an image"
        )));
        assert!(errors[4].starts_with("openshift_docker_insecure_registries[0]: has a scheme"));
    }

    #[test]
    fn one_registry_twice() {
        let same = vec![registry("r", "p"), registry("https://r/", "p")];
        let resolved = resolve(&Variables {
            additional: same,
            ..none()
        })
        .unwrap();
        assert_eq!(resolved.credentials.len(), 1);
        let different = vec![registry("quay.io", "p")];
        assert_eq!(
            errors(&Variables {
                additional: different,
                ..main("u", "p")
            }),
            [
                "openshift_additional_registry_credentials[0] and oreg_url are the same registry quay.io \
              with different credentials: keep one"
            ]
        );
    }

    #[test]
    fn insecure_registries_are_hosts_or_networks() {
        let variables = Variables {
            additional: vec![
                registry("172.30.1.1:5000", "p"),
                registry("r:5000", "p"),
                registry("r", "p"),
            ],
            insecure_registries: vec!["172.30.0.0/16".to_owned(), "http://r:5000".to_owned()],
            ..none()
        };
        let resolved = resolve(&variables).unwrap();
        let relaxed: Vec<_> = resolved
            .credentials
            .iter()
            .map(|c| c.security.plain_http)
            .collect();
        assert_eq!(relaxed, [true, true, false]);
        assert!(!resolved.credentials[0].security.tls_verify);
    }

    #[test]
    fn white_space_around_a_password_is_kept_with_a_warning() {
        let resolved = resolve(&main("u", "p\n")).unwrap();
        assert_eq!(
            resolved.credentials[0].credential.password().expose(),
            "p\n"
        );
        assert!(
            resolved.warnings[0].starts_with("oreg_auth_password (host quay.io) begins or ends")
        );
    }

    #[test]
    fn removal_needs_hosts_alone() {
        let mut registry = registry("https://r/", "p");
        registry.password = None;
        let variables = Variables {
            additional: vec![registry],
            ..none()
        };
        let expected = NamedRegistry {
            source: Source::Additional(0),
            host: RegistryHost::parse("r").unwrap(),
            written: "https://r/".to_owned(),
        };
        assert_eq!(Inventory::read(&variables).names().unwrap(), [expected]);
        // A user without password is half a credential, and a name for all that.
        let half = Variables {
            auth_password: None,
            ..main("u", "p")
        };
        let names = Inventory::read(&half).names().unwrap();
        assert_eq!(names[0].host.key(), "quay.io");
    }
}
