//! What the options are called by which a user can act on a finding: that depends on where the
//! credential comes from.

use crate::{
    domain::registry_credential::Source,
    inventory_vars::{names, place_of},
};

/// The options, for one credential.
pub(super) struct OptionNames {
    /// What holds user and password.
    pub(super) login: String,
    /// What names the test image.
    pub(super) image: String,
    /// What names a file with an authority to trust, if there is such an option.
    pub(super) authority: Option<String>,
    /// What allows plain HTTP, if there is such an option.
    pub(super) plain_http: Option<&'static str>,
    /// What makes a missing image, and a lack of proof, acceptable; if there are such options.
    pub(super) severities: Option<[&'static str; 2]>,
    /// What limits the time for one registry.
    pub(super) timeout: &'static str,
    /// What limits the time for all registries together.
    pub(super) run_timeout: &'static str,
    /// What exempts a host from the proxy.
    pub(super) no_proxy: &'static str,
}

impl OptionNames {
    /// The names for credentials from `source`.
    pub(super) fn of(source: &Source) -> Self {
        let place = place_of(source);
        let member = |name: &str| format!("{name} in {place}");
        match source {
            Source::Main => Self::of_inventory(
                format!("{} and {}", names::AUTH_USER, names::AUTH_PASSWORD),
                names::TEST_IMAGE.to_owned(),
                None,
            ),
            Source::Additional(_) => {
                let (image, authority) = (member("test_image"), member("ca_cert"));
                Self::of_inventory(place, image, Some(authority))
            }
            Source::File(_) => {
                let image = "test_image in the registry's entry of the inventory".to_owned();
                Self::of_inventory(place, image, None)
            }
            Source::Named(_) => Self {
                login: place,
                image: "--image".to_owned(),
                authority: Some("--ca-cert".to_owned()),
                plain_http: Some("--insecure"),
                severities: None,
                timeout: "--timeout",
                run_timeout: "--run-timeout",
                no_proxy: "$NO_PROXY",
            },
            Source::Task => Self {
                login: "username and password".to_owned(),
                image: "test_image".to_owned(),
                authority: None,
                plain_http: None,
                severities: None,
                timeout: "test_timeout",
                run_timeout: "test_timeout",
                no_proxy: "NO_PROXY in proxy_vars",
            },
        }
    }

    fn of_inventory(login: String, image: String, authority: Option<String>) -> Self {
        Self {
            login,
            image,
            authority,
            plain_http: Some(names::INSECURE),
            severities: Some(["missing_image: warn", "not_proven: ignore"]),
            timeout: "timeout",
            run_timeout: "run_timeout",
            no_proxy: "no_proxy",
        }
    }
}
