//! The names of the options by which a user can act on a finding. They depend on the source of the
//! credential.

use crate::{
    domain::registry_credential::Source,
    inventory_vars::{names, place_of},
};

/// The options, for one credential.
pub(super) struct OptionNames {
    /// The place of user and password.
    pub(super) login: String,
    /// The option for the test image.
    pub(super) image: String,
    /// The option for a file with an authority to trust, if there is one.
    pub(super) authority: Option<String>,
    /// The option that allows plain HTTP, if there is one.
    pub(super) plain_http: Option<&'static str>,
    /// The options that accept a missing image, and a lack of proof, if there are any.
    pub(super) severities: Option<[&'static str; 2]>,
    /// The option that limits the time for one registry.
    pub(super) timeout: &'static str,
    /// The option that limits the time for all registries together.
    pub(super) run_timeout: &'static str,
    /// The option that exempts a host from the proxy.
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
