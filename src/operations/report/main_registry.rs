//! The main registry of OKD 4: the one that the cluster's release was installed from.

use crate::domain::registry_host::RegistryHost;

/// Why a run has nothing to do.
pub const NO_CREDENTIAL: &str = "There is no credential to bring: neither oreg_auth_user nor \
    openshift_additional_registry_credentials is set for localhost, where this playbook runs. Set them for all hosts, \
    under [all:vars]; inventory/hosts.okd4.example shows how.";

/// Returns the image of the release as `oreg_url`, for an inventory that has none. The default for 3.11
/// names images that no cluster of 4 has. `named` is the registry that the deployment type names: a
/// credential never goes to another one.
#[must_use]
pub fn url(release_image: Option<String>, named: Option<&RegistryHost>) -> Option<String> {
    release_image.filter(|image| {
        let host = image.split_once('/').map(|(host, _)| host);
        let host = host.and_then(|host| RegistryHost::parse(host).ok());
        host.is_some() && (named.is_none() || host.as_ref() == named)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_goes_only_to_the_registry_that_is_named() {
        let release = "quay.io/openshift-release-dev/ocp-release@sha256:00";
        let mirror = "mirror.example.com:5000/ocp4/release@sha256:00";
        let quay = RegistryHost::parse("quay.io").unwrap();
        for (image, named, taken) in [
            (release, None, true),
            (mirror, None, true),
            (release, Some(&quay), true),
            (mirror, Some(&quay), false),
            ("release:4.15", None, false),
            ("", None, false),
        ] {
            let expected = taken.then(|| image.to_owned());
            assert_eq!(url(Some(image.to_owned()), named), expected, "{image}");
        }
    }
}
