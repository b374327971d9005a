//! The credential options that several modules share, named like the inventory variables.

use crate::{
    ansible::{
        Failure, Kind, OptionSpec, Options,
        option::{Default, RecordSpec},
    },
    domain::{registry_credential::Source, registry_host::RegistryHost},
    inventory_vars::{
        AdditionalRegistry, DeploymentType, Insecure, RegistryTest, Resolved, Variables,
        VariablesError, names, resolve, resolve_known, resolve_sources, resolve_tests,
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

/// The row of the registries to remove, where not all that the credential options name are meant.
pub const REGISTRIES: OptionSpec = OptionSpec::new("registries", Kind::Texts);

/// A registry to remove: where it stands, and in what form. Passwords are not needed.
pub type Removal = (Source, RegistryHost, String);

/// Reads the registries to remove: those of the option `registries`, in every form in which the credential
/// options have them as well; without it, all that the credential options name.
///
/// # Errors
/// [`Failure`] with every fault of the variables, or with the first member of `registries` that is not
/// a registry.
pub fn removals(options: &Options) -> Result<Vec<Removal>, Failure> {
    let variables = variables(options)?;
    let given = options.texts(REGISTRIES.name);
    if given.is_empty() {
        return resolve_sources(&variables).map_err(|faults| all_at_once(&faults));
    }
    let known = resolve_known(&variables).map_err(|faults| all_at_once(&faults))?;
    let mut removals = Vec::new();
    for (index, text) in given.iter().enumerate() {
        let host = RegistryHost::parse(text)
            .map_err(|error| Failure::new(format!("{}[{index}]: {error}", REGISTRIES.name)))?;
        // A pull secret is named after the form in which the inventory had the registry.
        let forms = [text.trim_end_matches('/').to_owned(), host.to_string()];
        let own = forms.map(|form| (Source::Additional(index), host.clone(), form));
        removals.extend(known.iter().filter(|(_, known, _)| *known == host).cloned());
        removals.extend(own);
    }
    Ok(removals)
}

/// Checks that only a removal names registries without their credentials.
///
/// # Errors
/// [`Failure`] when the option `registries` is given.
pub fn check_registries(options: &Options) -> Result<(), Failure> {
    if options.texts(REGISTRIES.name).is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        "registries: says what to remove, and means nothing with state=present; give credentials instead",
    ))
}

/// Reads which registries of the option `registries` the inventory still has, in the forms given.
///
/// # Errors
/// As [`removals`].
pub fn still_wanted(options: &Options) -> Result<Vec<String>, Failure> {
    let variables = variables(options)?;
    let known = resolve_known(&variables).map_err(|faults| all_at_once(&faults))?;
    let is_wanted = |source: &Source| *source != Source::Main || variables.auth_user.is_some();
    let wanted = known.into_iter().filter(|(source, ..)| is_wanted(source));
    let wanted: Vec<_> = wanted.map(|(_, host, _)| host).collect();
    let removals = removals(options)?.into_iter();
    let mut still: Vec<String> = Vec::new();
    for host in removals.map(|(_, host, _)| host) {
        let name = host.to_string();
        if wanted.contains(&host) && !still.contains(&name) {
            still.push(name);
        }
    }
    Ok(still)
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
