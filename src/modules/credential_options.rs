//! The credential options that several modules share, named like the inventory variables.

use crate::{
    ansible::{Choice, Documented, Failure, OneOf, OptionSpec, Options, RecordSpec, Row},
    domain::{registry_credential::Source, registry_host::RegistryHost, secret::Secret},
    inventory_vars::{
        AdditionalRegistry, DeploymentType, Insecure, Inventory, RegistryTest, Resolved, Variables,
        VariablesError, names,
    },
    support::errors::join_first,
};

impl Choice for DeploymentType {
    const ALL: &'static [Self] = &[Self::Origin, Self::Enterprise];

    fn word(self) -> &'static str {
        match self {
            Self::Origin => names::ORIGIN,
            Self::Enterprise => names::ENTERPRISE,
        }
    }
}

/// The rows of a member of `openshift_additional_registry_credentials`.
mod member {
    use super::{Row, Secret, names};

    pub(super) const HOST: Row<String> = Row::text("host").required().about(&[
        "The registry, C(host[:port][/path]). A scheme and a trailing slash are ignored.",
        "M(oreg_pull_secrets) derives the name of its secret from this text, exactly as it is written.",
    ]);
    pub(super) const USER: Row<String> = Row::text("user")
        .default(names::DEFAULT_ADDITIONAL_USER)
        .about(&["The user."]);
    pub(super) const PASSWORD: Row<Option<Secret>> = Row::text("password")
        .secret()
        .about(&["The password or token. Required, except to remove entries or secrets."]);
    pub(super) const TEST_LOGIN: Row<bool> = Row::flag("test_login", true)
        .about_proof()
        .about(&["Whether the credential is proven."]);
    pub(super) const TEST_IMAGE: Row<String> = Row::text("test_image")
        .default(names::DEFAULT_ADDITIONAL_IMAGE)
        .about_proof()
        .about(&["The image that proves it. Without a tag it is C(latest)."]);
    pub(super) const TLS_VERIFY: Row<bool> = Row::flag("tls_verify", true)
        .about_proof()
        .about(&["Whether the registry's certificate is verified."]);
    pub(super) const CA_CERT: Row<Option<String>> = Row::path("ca_cert").about_proof().about(&[
        "PEM file, on the host of the task, with the authority of the registry's certificate.",
    ]);

    crate::rows! {pub(super) HOST, USER, PASSWORD, TEST_LOGIN, TEST_IMAGE, TLS_VERIFY, CA_CERT}
}

const RECORD: RecordSpec = RecordSpec {
    label: "host",
    options: member::OPTIONS,
};

const DEPLOYMENT_TYPE: Row<Option<OneOf<DeploymentType>>> = Row::choice(names::DEPLOYMENT_TYPE)
    .variable(names::DEPLOYMENT_TYPE)
    .about(&[
        "Which images the cluster is made of; picks the default of O(oreg_url).",
        "Without it, O(deployment_type) counts, and without that O(oreg_url) names the registry. A main \
         credential without any of the three is an error, since a guess could send it to another registry.",
    ]);
const OLD_DEPLOYMENT_TYPE: Row<Option<String>> = Row::text(names::OLD_DEPLOYMENT_TYPE)
    .variable(names::OLD_DEPLOYMENT_TYPE)
    .about(&["The old name of O(openshift_deployment_type), read only where that is not given."]);
const OREG_URL: Row<Option<String>> = Row::text(names::OREG_URL)
    .variable(names::OREG_URL)
    .about(&[
        "Pattern of the cluster's images, C(HOST/PATH-${component}:${version}). The text before the first \
         slash is the main registry.",
        "Defaults to C(quay.io/openshift/origin-${component}:${version}) for V(origin) and \
         C(registry.redhat.io/openshift3/ose-${component}:${version}) for V(openshift-enterprise).",
    ]);
const IMAGE_TAG: Row<String> = Row::text(names::IMAGE_TAG)
    .default(names::DEFAULT_IMAGE_TAG)
    .variable(names::IMAGE_TAG)
    .about_proof()
    .about(&["Replaces C(${version}) in O(oreg_url)."]);
const AUTH_USER: Row<Option<String>> = Row::text(names::AUTH_USER)
    .variable(names::AUTH_USER)
    .raw_in_role()
    .about(&["User of the main registry. Give it with O(oreg_auth_password), or neither."]);
const AUTH_PASSWORD: Row<Option<Secret>> = Row::text(names::AUTH_PASSWORD)
    .secret()
    .variable(names::AUTH_PASSWORD)
    .raw_in_role()
    .about(&["Password or token of that user."]);
const TEST_LOGIN: Row<bool> = Row::flag(names::TEST_LOGIN, true)
    .variable(names::TEST_LOGIN)
    .about_proof()
    .about(&["Whether the credential of the main registry is proven."]);
const TEST_IMAGE: Row<Option<String>> = Row::text(names::TEST_IMAGE)
    .variable(names::TEST_IMAGE)
    .about_proof()
    .about(&[
        "Image that proves the credential of the main registry.",
        "Defaults to O(oreg_url) without its host, C(${component}) being V(pod).",
    ]);
const ADDITIONAL: Row<Vec<Options>> =
    Row::records(names::ADDITIONAL, &RECORD, member::DOCUMENTED)
        .variable(names::ADDITIONAL)
    .raw_in_role()
        .about(&[
            "Further registries, as a list, or as text in JSON, Python or YAML flow notation, as inventories \
             give it.",
            "The same registry twice with different credentials is an error.",
        ]);
const INSECURE: Row<Vec<String>> = Row::texts(names::INSECURE)
    .variable(names::INSECURE)
    .raw_in_role()
    .about_proof()
    .about(&["Registries, or networks, whose certificates are not verified and which may speak plain HTTP."]);

/// The rows of the option table that say which credentials there are.
pub const CREDENTIAL_OPTIONS: &[OptionSpec] = OPTIONS;
/// The same rows with their documentation.
pub const CREDENTIALS_DOCUMENTED: &[Documented] = DOCUMENTED;

crate::rows! {
    DEPLOYMENT_TYPE, OLD_DEPLOYMENT_TYPE, OREG_URL, IMAGE_TAG, AUTH_USER, AUTH_PASSWORD, TEST_LOGIN,
    TEST_IMAGE, ADDITIONAL, INSECURE,
}

/// Reads the credentials that the options ask for.
///
/// # Errors
/// [`Failure`] with every error of the variables.
pub fn credentials(options: &Options) -> Result<Resolved, Failure> {
    let resolved = inventory(options)?.credentials();
    resolved.map_err(|errors| all_at_once(&errors))
}

/// Which registries the options name.
pub(super) struct NamedRegistries {
    /// The main registry; `None` where nothing names it.
    pub(super) main: Option<RegistryHost>,
    /// Whether `oreg_url` names it, and with it the images that prove a credential.
    pub(super) has_url: bool,
    /// Whether any has a credential.
    pub(super) has_credential: bool,
}

/// Reads which registries the options name.
pub(super) fn named_registries(options: &Options) -> Result<NamedRegistries, Failure> {
    let inventory = inventory(options)?;
    let known = inventory.known().map_err(|errors| all_at_once(&errors))?;
    let main = known.into_iter().find(|one| one.source == Source::Main);
    Ok(NamedRegistries {
        main: main.map(|one| one.host),
        has_url: options.get(OREG_URL).is_some(),
        has_credential: inventory.has_main_user() || !options.get(ADDITIONAL).is_empty(),
    })
}

/// Reads how the registries that the options name are to be tested, and which need no verified TLS.
///
/// # Errors
/// [`Failure`] with every error of the variables.
pub fn tests(options: &Options) -> Result<(Vec<RegistryTest>, Insecure), Failure> {
    let tests = inventory(options)?.tests();
    tests.map_err(|errors| all_at_once(&errors))
}

/// Reads what the options say of registries.
///
/// # Errors
/// [`Failure`] for an unknown old name of the deployment type.
pub(super) fn inventory(options: &Options) -> Result<Inventory, Failure> {
    variables(options).map(|variables| Inventory::read(&variables))
}

fn variables(options: &Options) -> Result<Variables, Failure> {
    let text = |row: Row<Option<String>>| options.get(row).map(str::to_owned);
    Ok(Variables {
        deployment_type: deployment_type(options)?,
        oreg_url: text(OREG_URL),
        image_tag: options.get(IMAGE_TAG).to_owned(),
        auth_user: text(AUTH_USER),
        auth_password: options.get(AUTH_PASSWORD).cloned(),
        test_login: options.get(TEST_LOGIN),
        test_image: text(TEST_IMAGE),
        additional: options.get(ADDITIONAL).iter().map(additional).collect(),
        insecure_registries: options.get(INSECURE).to_vec(),
    })
}

/// As in openshift-ansible, the old name counts, and is looked at, only without the new one.
fn deployment_type(options: &Options) -> Result<Option<DeploymentType>, Failure> {
    if let Some(found) = options.get(DEPLOYMENT_TYPE) {
        return Ok(Some(found));
    }
    let Some(word) = options.get(OLD_DEPLOYMENT_TYPE) else {
        return Ok(None);
    };
    let found = DeploymentType::parse(word);
    let found = found.ok_or_else(|| all_at_once(&[VariablesError::OldDeploymentType]))?;
    Ok(Some(found))
}

fn additional(record: &Options) -> AdditionalRegistry {
    AdditionalRegistry {
        host: record.get(member::HOST).to_owned(),
        user: record.get(member::USER).to_owned(),
        password: record.get(member::PASSWORD).cloned(),
        test_login: record.get(member::TEST_LOGIN),
        test_image: record.get(member::TEST_IMAGE).to_owned(),
        tls_verify: record.get(member::TLS_VERIFY),
        ca_cert: record.get(member::CA_CERT).map(Into::into),
    }
}

pub(super) fn all_at_once(errors: &[VariablesError]) -> Failure {
    Failure::new(join_first(errors, "; "))
}
