//! The credential options that several modules share, named like the inventory variables.

use crate::{
    ansible::{
        Failure, Kind, OptionSpec, Options,
        option::{Default, RecordSpec},
    },
    domain::{registry_credential::Source, registry_host::RegistryHost},
    inventory_vars::{
        AdditionalRegistry, DeploymentType, Insecure, RegistryTest, Resolved, Variables,
        VariablesError, names, resolve, resolve_hosts, resolve_sources, resolve_tests,
    },
};

const ADDITIONAL: RecordSpec = RecordSpec {
    label: "host",
    options: &[
        OptionSpec::new("host", Kind::Text).required(),
        OptionSpec::new("user", Kind::Text).default(Default::Text(names::DEFAULT_ADDITIONAL_USER)),
        OptionSpec::new("password", Kind::Text).secret(),
        OptionSpec::new("test_login", Kind::Flag).default(Default::Flag(true)),
        OptionSpec::new("test_image", Kind::Text)
            .default(Default::Text(names::DEFAULT_ADDITIONAL_IMAGE)),
        OptionSpec::new("tls_verify", Kind::Flag).default(Default::Flag(true)),
        OptionSpec::new("ca_cert", Kind::Path),
    ],
};

/// The rows of the option table that say which credentials there are.
pub const CREDENTIAL_OPTIONS: [OptionSpec; 10] = [
    OptionSpec::new(names::DEPLOYMENT_TYPE, Kind::Text)
        .choices(&[names::ORIGIN, names::ENTERPRISE]),
    OptionSpec::new(names::OLD_DEPLOYMENT_TYPE, Kind::Text),
    OptionSpec::new(names::OREG_URL, Kind::Text),
    OptionSpec::new(names::IMAGE_TAG, Kind::Text).default(Default::Text(names::DEFAULT_IMAGE_TAG)),
    OptionSpec::new(names::AUTH_USER, Kind::Text),
    OptionSpec::new(names::AUTH_PASSWORD, Kind::Text).secret(),
    OptionSpec::new(names::TEST_LOGIN, Kind::Flag).default(Default::Flag(true)),
    OptionSpec::new(names::TEST_IMAGE, Kind::Text),
    OptionSpec::new(names::ADDITIONAL, Kind::Records(&ADDITIONAL)).default(Default::Texts(&[])),
    OptionSpec::new(names::INSECURE, Kind::Texts),
];

/// Puts the credential options before a module's own.
#[must_use]
pub const fn with_credentials<const OWN: usize, const ALL: usize>(
    own: [OptionSpec; OWN],
) -> [OptionSpec; ALL] {
    assert!(
        ALL == OWN + CREDENTIAL_OPTIONS.len(),
        "the table's length is that of its parts"
    );
    let mut all = [CREDENTIAL_OPTIONS[0]; ALL];
    let mut row = 0;
    while row < ALL {
        all[row] = if row < CREDENTIAL_OPTIONS.len() {
            CREDENTIAL_OPTIONS[row]
        } else {
            own[row - CREDENTIAL_OPTIONS.len()]
        };
        row += 1;
    }
    all
}

/// Reads the credentials that the options ask for.
///
/// # Errors
/// [`Failure`] with every fault of the variables.
pub fn credentials(options: &Options) -> Result<Resolved, Failure> {
    resolve(&variables(options)?).map_err(|faults| all_at_once(&faults))
}

/// Reads the registries that the options name, with their written forms; passwords are not needed.
///
/// # Errors
/// [`Failure`] with every fault of the variables.
pub fn hosts(options: &Options) -> Result<Vec<(RegistryHost, String)>, Failure> {
    resolve_hosts(&variables(options)?).map_err(|faults| all_at_once(&faults))
}

/// Reads the registries as [`hosts`] does, and says which one is the main registry.
///
/// # Errors
/// [`Failure`] with every fault of the variables.
pub fn sources(options: &Options) -> Result<Vec<(Source, RegistryHost, String)>, Failure> {
    resolve_sources(&variables(options)?).map_err(|faults| all_at_once(&faults))
}

/// Reads how the registries that the options name are to be tested, and which need no verified TLS.
///
/// # Errors
/// [`Failure`] with every fault of the variables.
pub fn tests(options: &Options) -> Result<(Vec<RegistryTest>, Insecure), Failure> {
    resolve_tests(&variables(options)?).map_err(|faults| all_at_once(&faults))
}

fn variables(options: &Options) -> Result<Variables, Failure> {
    let text = |name| options.text(name).map(str::to_owned);
    Ok(Variables {
        deployment_type: deployment_type(options)?,
        oreg_url: text(names::OREG_URL),
        image_tag: options.required_text(names::IMAGE_TAG).to_owned(),
        auth_user: text(names::AUTH_USER),
        auth_password: options.secret(names::AUTH_PASSWORD).cloned(),
        test_login: options.flag(names::TEST_LOGIN),
        test_image: text(names::TEST_IMAGE),
        additional: options
            .records(names::ADDITIONAL)
            .iter()
            .map(additional)
            .collect(),
        insecure_registries: options.texts(names::INSECURE).to_vec(),
    })
}

/// As in openshift-ansible, the old name counts, and is looked at, only without the new one.
fn deployment_type(options: &Options) -> Result<Option<DeploymentType>, Failure> {
    if let Some(word) = options.text(names::DEPLOYMENT_TYPE) {
        return Ok(DeploymentType::parse(word));
    }
    let Some(word) = options.text(names::OLD_DEPLOYMENT_TYPE) else {
        return Ok(None);
    };
    let found = DeploymentType::parse(word);
    let found = found.ok_or_else(|| all_at_once(&[VariablesError::OldDeploymentType]))?;
    Ok(Some(found))
}

fn additional(record: &Options) -> AdditionalRegistry {
    AdditionalRegistry {
        host: record.required_text("host").to_owned(),
        user: record.required_text("user").to_owned(),
        password: record.secret("password").cloned(),
        test_login: record.flag("test_login"),
        test_image: record.required_text("test_image").to_owned(),
        tls_verify: record.flag("tls_verify"),
        ca_cert: record.text("ca_cert").map(Into::into),
    }
}

fn all_at_once(faults: &[VariablesError]) -> Failure {
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    Failure::new(lines.join("; "))
}
