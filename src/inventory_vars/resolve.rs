//! From variables to credentials: defaults, hosts in canonical form, every fault at once.

use std::collections::HashMap;

use super::{AdditionalRegistry, Variables, VariablesError, insecure::Insecure, names, place_of};
use crate::domain::{
    credential::Credential,
    image::ImageReference,
    registry_credential::{RegistryCredential, Source, TransportSecurity},
    registry_host::RegistryHost,
    secret::Secret,
};

/// The credentials of an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// One per registry: the main one first, then as listed.
    pub credentials: Vec<RegistryCredential>,
    /// What looks like a mistake but may be meant.
    pub warnings: Vec<String>,
}

type Faults = Vec<VariablesError>;

/// Resolves the variables into credentials. Neither `oreg_auth_user` nor `oreg_auth_password`
/// means that the main registry needs none.
///
/// # Errors
/// Every [`VariablesError`] there is.
pub fn resolve(variables: &Variables) -> Result<Resolved, Faults> {
    let insecure = Insecure::parse(&variables.insecure_registries);
    let main = main_credential(variables);
    let additional = variables
        .additional
        .iter()
        .enumerate()
        .map(|(i, a)| additional(i, a));
    let mut faults = Faults::new();
    let mut credentials = Vec::new();
    for outcome in std::iter::once(main).chain(additional.map(|result| result.map(Some))) {
        match outcome {
            Ok(credential) => credentials.extend(credential),
            Err(found) => faults.extend(found),
        }
    }
    match insecure {
        Ok(insecure) => credentials
            .iter_mut()
            .for_each(|c| insecure.relax(&c.host, &mut c.security)),
        Err(found) => faults.extend(found),
    }
    let credentials = unique(credentials, &mut faults);
    let warnings = credentials.iter().flat_map(suspicions).collect();
    if faults.is_empty() {
        Ok(Resolved {
            credentials,
            warnings,
        })
    } else {
        Err(faults)
    }
}

/// Resolves the variables into registries and their written forms alone, for removing what is
/// stored for them. The main registry counts when `oreg_url` or `oreg_auth_user` is given.
///
/// # Errors
/// Every [`VariablesError`] there is.
pub fn resolve_hosts(variables: &Variables) -> Result<Vec<(RegistryHost, String)>, Faults> {
    let sources = resolve_sources(variables)?.into_iter();
    Ok(sources.map(|(_, host, written)| (host, written)).collect())
}

/// Resolves the variables as [`resolve_hosts`] does, and says where each registry stands.
///
/// # Errors
/// Every [`VariablesError`] there is.
pub fn resolve_sources(
    variables: &Variables,
) -> Result<Vec<(Source, RegistryHost, String)>, Faults> {
    let mut found = Vec::new();
    let mut faults = Faults::new();
    if variables.oreg_url.is_some() || variables.auth_user.is_some() {
        found.push(main_host(variables).map(|(host, written, _)| (Source::Main, host, written)));
    }
    for (index, registry) in variables.additional.iter().enumerate() {
        let host = additional_host(index, registry);
        found.push(host.map(|host| (Source::Additional(index), host, registry.host.clone())));
    }
    let hosts = found
        .into_iter()
        .filter_map(|host| host.map_err(|fault| faults.push(fault)).ok());
    let hosts: Vec<_> = hosts.collect();
    if faults.is_empty() {
        Ok(hosts)
    } else {
        Err(faults)
    }
}

/// Resolves the variables into how each registry is to be tested, for credentials that are stored
/// elsewhere: the image (`None`: no test is wanted) and the demands on the connection; and into the
/// registries that need no verified TLS, listed or not. The main registry counts when `oreg_url` or
/// `oreg_auth_user` is given.
///
/// # Errors
/// Every [`VariablesError`] there is.
pub fn resolve_tests(variables: &Variables) -> Result<(Vec<RegistryTest>, Insecure), Faults> {
    let insecure = Insecure::parse(&variables.insecure_registries)?;
    let mut faults = Faults::new();
    let mut tests = Vec::new();
    let main = (variables.oreg_url.is_some() || variables.auth_user.is_some())
        .then(|| main_test(variables));
    let additional = variables
        .additional
        .iter()
        .enumerate()
        .map(|(i, a)| additional_test(i, a));
    for test in main.into_iter().chain(additional) {
        match test {
            Ok((host, image, mut security)) => {
                insecure.relax(&host, &mut security);
                tests.push((host, image, security));
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok((tests, insecure))
    } else {
        Err(faults)
    }
}

/// A registry, the image that proves a credential for it, and the demands on the connection.
pub type RegistryTest = (RegistryHost, Option<ImageReference>, TransportSecurity);

fn main_test(variables: &Variables) -> Result<RegistryTest, VariablesError> {
    let (host, _, pattern) = main_host(variables)?;
    let image = main_image(variables, &pattern, &host)?;
    Ok((host, image, TransportSecurity::default()))
}

fn additional_test(
    index: usize,
    given: &AdditionalRegistry,
) -> Result<RegistryTest, VariablesError> {
    let host = additional_host(index, given)?;
    let image = additional_image(index, given, &host)?;
    Ok((host, image, additional_security(given)))
}

/// `oreg_url` before its first slash: the registry, as written, and the rest.
fn main_host(variables: &Variables) -> Result<(RegistryHost, String, String), VariablesError> {
    let url = variables
        .oreg_url
        .as_deref()
        .unwrap_or(variables.deployment_type.default_url());
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, rest) = bare.split_once('/').ok_or(VariablesError::UrlWithoutHost)?;
    let place = names::OREG_URL.to_owned();
    let parsed =
        RegistryHost::parse(host).map_err(|error| VariablesError::Host { place, error })?;
    Ok((parsed, host.to_owned(), rest.to_owned()))
}

fn main_credential(variables: &Variables) -> Result<Option<RegistryCredential>, Faults> {
    let (host, written_host, pattern) = main_host(variables).map_err(|fault| vec![fault])?;
    let Some((user, password)) = main_pair(variables).map_err(|fault| vec![fault])? else {
        let barred = host.to_string() == names::RED_HAT_REGISTRY;
        return if barred {
            Err(vec![VariablesError::RedHatNeedsCredential])
        } else {
            Ok(None)
        };
    };
    let credential = Credential::new(user, password.clone()).map_err(|error| {
        let place = if error.is_in_password() {
            names::AUTH_PASSWORD
        } else {
            names::AUTH_USER
        };
        VariablesError::Credential {
            place: place.to_owned(),
            error,
        }
    });
    let image = main_image(variables, &pattern, &host);
    let (credential, test_image) = both(credential, image)?;
    Ok(Some(RegistryCredential {
        host,
        written_host,
        source: Source::Main,
        credential,
        test_image,
        security: TransportSecurity::default(),
    }))
}

fn main_pair(variables: &Variables) -> Result<Option<(&str, &Secret)>, VariablesError> {
    let half = |given, missing| Err(VariablesError::Half { given, missing });
    match (&variables.auth_user, &variables.auth_password) {
        (Some(user), Some(password)) => Ok(Some((user, password))),
        (None, None) => Ok(None),
        (Some(_), None) => half(names::AUTH_USER, names::AUTH_PASSWORD),
        (None, Some(_)) => half(names::AUTH_PASSWORD, names::AUTH_USER),
    }
}

fn main_image(
    variables: &Variables,
    pattern: &str,
    host: &RegistryHost,
) -> Result<Option<ImageReference>, VariablesError> {
    if !variables.test_login {
        return Ok(None);
    }
    let (place, text) = match &variables.test_image {
        Some(text) => (names::TEST_IMAGE, text.as_str()),
        None => (names::OREG_URL, pattern),
    };
    let text = text
        .replace("${component}", "pod")
        .replace("${version}", &variables.image_tag);
    let place = place.to_owned();
    let image = ImageReference::parse(&text, host);
    image
        .map(Some)
        .map_err(|error| VariablesError::Image { place, error })
}

fn additional(index: usize, given: &AdditionalRegistry) -> Result<RegistryCredential, Faults> {
    let host = additional_host(index, given).map_err(|fault| vec![fault])?;
    let place = |member: &str| format!("{}[{index}].{member} (host {host})", names::ADDITIONAL);
    let credential = match &given.password {
        Some(password) => Credential::new(given.user.clone(), password.clone()).map_err(|error| {
            let member = if error.is_in_password() {
                "password"
            } else {
                "user"
            };
            VariablesError::Credential {
                place: place(member),
                error,
            }
        }),
        None => Err(VariablesError::NoPassword {
            place: place("password"),
        }),
    };
    let image = additional_image(index, given, &host);
    let (credential, test_image) = both(credential, image)?;
    Ok(RegistryCredential {
        host,
        written_host: given.host.clone(),
        source: Source::Additional(index),
        credential,
        test_image,
        security: additional_security(given),
    })
}

fn additional_image(
    index: usize,
    given: &AdditionalRegistry,
    host: &RegistryHost,
) -> Result<Option<ImageReference>, VariablesError> {
    if !given.test_login {
        return Ok(None);
    }
    let image = ImageReference::parse(&given.test_image, host);
    image.map(Some).map_err(|error| VariablesError::Image {
        place: format!("{}[{index}].test_image (host {host})", names::ADDITIONAL),
        error,
    })
}

fn additional_security(given: &AdditionalRegistry) -> TransportSecurity {
    TransportSecurity {
        tls_verify: given.tls_verify,
        plain_http: false,
        ca_cert: given.ca_cert.clone(),
    }
}

fn additional_host(
    index: usize,
    given: &AdditionalRegistry,
) -> Result<RegistryHost, VariablesError> {
    RegistryHost::parse(&given.host).map_err(|error| VariablesError::Host {
        place: format!("{}[{index}].host", names::ADDITIONAL),
        error,
    })
}

fn both<A, B>(
    a: Result<A, VariablesError>,
    b: Result<B, VariablesError>,
) -> Result<(A, B), Faults> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).collect()),
    }
}

/// The same registry twice with one credential is one; with two it is a fault.
fn unique(credentials: Vec<RegistryCredential>, faults: &mut Faults) -> Vec<RegistryCredential> {
    let mut first_of: HashMap<RegistryHost, usize> = HashMap::new();
    let mut kept: Vec<RegistryCredential> = Vec::new();
    for credential in credentials {
        match first_of.get(&credential.host) {
            None => {
                first_of.insert(credential.host.clone(), kept.len());
                kept.push(credential);
            }
            Some(&first) => faults.extend(unite(&mut kept[first], credential).err()),
        }
    }
    kept
}

/// Makes one of two for the same registry. The test of either is enough. How to connect can be said in
/// the list only, so what the list says holds for the main registry, too.
fn unite(first: &mut RegistryCredential, second: RegistryCredential) -> Result<(), VariablesError> {
    let (one, other) = (&first.security, &second.security);
    let cas_differ =
        one.ca_cert != other.ca_cert && one.ca_cert.is_some() && other.ca_cert.is_some();
    let difference = match () {
        () if first.credential != second.credential => Some("credentials"),
        () if first.source == Source::Main => None,
        () if one.tls_verify != other.tls_verify => Some("tls_verify"),
        () if cas_differ => Some("ca_cert"),
        () => None,
    };
    if let Some(difference) = difference {
        return Err(VariablesError::Conflict {
            first: place_of(&first.source),
            second: place_of(&second.source),
            host: first.host.to_string(),
            difference,
        });
    }
    first.test_image = first.test_image.take().or(second.test_image);
    first.security.tls_verify = second.security.tls_verify;
    first.security.ca_cert = first.security.ca_cert.take().or(second.security.ca_cert);
    Ok(())
}

/// What may be meant, and mostly is not.
fn suspicions(credential: &RegistryCredential) -> impl Iterator<Item = String> {
    let host = &credential.host;
    let password = credential.credential.password().expose();
    let place = match &credential.source {
        Source::Main => names::AUTH_PASSWORD.to_owned(),
        source => format!("{}.password", place_of(source)),
    };
    // It comes from a file read with its last newline.
    let white = (password.trim() != password).then(|| {
        format!("{place} (host {host}) begins or ends with white space; it is used as it is")
    });
    [white, narrow_key(credential)].into_iter().flatten()
}

/// Readers of the files compare keys with the names of images (docs/node-files.md).
fn narrow_key(credential: &RegistryCredential) -> Option<String> {
    let (place, host) = (place_of(&credential.source), &credential.host);
    if host.to_string() != host.authority() && !host.is_docker_hub() {
        return Some(format!(
            "{place} (host {host}): docker finds no credential under a name with a path, kubelet and \
             podman do; give the credential for {} if docker is to pull with it",
            host.authority()
        ));
    }
    let bare = host.authority().strip_suffix(":443")?;
    Some(format!(
        "{place} (host {host}): it is found for images with :443 in their names only; leave the port \
         out for {bare}/..."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory_vars::DeploymentType;

    fn none() -> Variables {
        Variables {
            deployment_type: DeploymentType::Origin,
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

    fn faults(variables: &Variables) -> Vec<String> {
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
            let faults = united(with_ca("a"), second).unwrap_err();
            let expected = format!(
                "openshift_additional_registry_credentials[1] and \
                 openshift_additional_registry_credentials[0] are the same registry r.example.com \
                 with different {difference}: keep one"
            );
            assert_eq!(faults[0].to_string(), expected);
        }
    }

    #[test]
    fn names_that_readers_do_not_find_are_told() {
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
                deployment_type,
                ..main("u", "p")
            })
            .unwrap();
            let credential = &resolved.credentials[0];
            assert_eq!(credential.host.key(), key);
            assert_eq!(credential.test_image.as_ref().unwrap().to_string(), image);
        }
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
            faults(&half),
            ["oreg_auth_user is given without oreg_auth_password: give both, or neither"]
        );
        let enterprise = Variables {
            deployment_type: DeploymentType::Enterprise,
            ..none()
        };
        assert!(faults(&enterprise)[0].contains("needs a credential"));
    }

    #[test]
    fn every_fault_is_reported_at_once_with_its_place() {
        let mut spaced = registry("r2.example.com", "p");
        spaced.user = "a:b".to_owned();
        spaced.test_image = "No Such".to_owned();
        let variables = Variables {
            additional: vec![registry("not a host", "p"), spaced],
            insecure_registries: vec!["ftp://x".to_owned()],
            ..main("a:b", "p")
        };
        let faults = faults(&variables);
        assert!(
            faults[0].starts_with("oreg_auth_user: contains `:`"),
            "{faults:?}"
        );
        let list = "openshift_additional_registry_credentials";
        assert!(
            faults[1].starts_with(&format!("{list}[0].host: is not a host")),
            "{faults:?}"
        );
        assert!(faults[2].starts_with(&format!(
            "{list}[1].user (host r2.example.com): contains `:`"
        )));
        assert!(faults[3].starts_with(&format!(
            "{list}[1].test_image (host r2.example.com): is not an image"
        )));
        assert!(faults[4].starts_with("openshift_docker_insecure_registries[0]: has a scheme"));
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
            faults(&Variables {
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
    fn white_space_around_a_password_is_kept_and_told() {
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
        let hosts = resolve_hosts(&variables).unwrap();
        assert_eq!(
            hosts,
            [(RegistryHost::parse("r").unwrap(), "https://r/".to_owned())]
        );
    }
}
