//! The module `docker_creds`: a drop-in for openshift-ansible's module of that name
//! (`roles/lib_utils/library/docker_creds.py`), with the same options and results.

mod proxy_vars;

use std::{path::Path, time::Duration};

use self::proxy_vars::ProxyVars;
use super::{effect::effect_of, file_changes};
use crate::{
    ansible::{Call, Failure, Module, Options, Response, Row},
    domain::{
        credential::Credential,
        image::ImageReference,
        merge::Others,
        reader::Reader,
        registry_credential::{RegistryCredential, Source, TransportSecurity},
        registry_host::RegistryHost,
        secret::Secret,
    },
    operations::{
        configure_node::{Entries, FilePlan, Request, configure_node},
        validate::{self, Examination, Judgement, Severity, WithoutImage, validate},
    },
    registry::{Reason, RetryPolicy, network::Network},
    rows,
    support::{
        proxies::{NoProxy, Proxies, Proxy},
        trust::Bundle,
    },
};

const PATH: Row<String> = Row::path("path")
    .required()
    .aliases(&["dest", "name"])
    .about(&["The directory of C(config.json). It is made, with mode 0700, if it is missing."]);
const REGISTRY: Row<String> = Row::text("registry").required().about(&[
    "The registry, C(host[:port][/path]); a scheme and a trailing slash are ignored.",
    "The entry has the canonical key, which for Docker Hub is C(https://index.docker.io/v1/).",
]);
const USERNAME: Row<String> = Row::text("username").required().about(&["The user."]);
const PASSWORD: Row<Secret> = Row::text("password")
    .secret()
    .required()
    .about(&["The password or token."]);
const TEST_LOGIN: Row<bool> =
    Row::flag("test_login", true).about(&["Whether to prove the credential."]);
const PROXY_VARS: Row<Option<String>> = Row::text("proxy_vars").about(&[
    "Proxies for the proof, as assignments before a shell command, \
     C(HTTP_PROXY=... HTTPS_PROXY=... NO_PROXY=...). No shell sees them.",
]);
const TEST_TIMEOUT: Row<u64> =
    Row::count("test_timeout", 1, 60).about(&["Seconds that the proof may take."]);
const TEST_IMAGE: Row<String> = Row::text("test_image")
    .required()
    .about(&["The image that proves the credential, such as C(openshift3/ose-pod:v3.11)."]);
const TLS_VERIFY: Row<bool> =
    Row::flag("tls_verify", true).about(&["Whether the registry's certificate must be verified."]);

rows! {pub PATH, REGISTRY, USERNAME, PASSWORD, TEST_LOGIN, PROXY_VARS, TEST_TIMEOUT, TEST_IMAGE, TLS_VERIFY,
}

/// The module.
pub const MODULE: Module = Module::new(
    "docker_creds",
    "Proves and stores the credential for one registry in a docker config.json",
    &[OPTIONS],
    run,
)
.finishing_failures(in_the_form_of_openshift_ansible);

const FILE_NAME: &str = "config.json";

const CERT_DIR: &str = "/etc/docker/certs.d";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// As the original judged: without the image the login counts as failed; an image that anybody may
/// see passes, though it proves nothing.
const JUDGEMENT: Judgement = Judgement {
    missing_image: Severity::Fail,
    not_proven: Severity::Warn,
};

/// What the options say.
struct Input {
    credential: RegistryCredential,
    network: Network,
    secrets: Vec<Secret>,
}

fn run(call: &Call) -> Result<Response, Failure> {
    let input = read_input(&call.options)?;
    let warnings = prove(&input);
    let outcome = warnings.and_then(|warnings| Ok(store(call, &input)?.warn(warnings)));
    let response = outcome.unwrap_or_else(Failure::into_response);
    Ok(response.conceal(input.secrets))
}

/// A failure with the members that openshift-ansible's tasks know. `rc` lets an
/// `until: result.rc == 0` try again; it would stumble over a result without it.
fn in_the_form_of_openshift_ansible(failure: Response) -> Response {
    failure.with("state", "unknown").with("rc", 1)
}

fn read_input(options: &Options) -> Result<Input, Failure> {
    let network = network(options)?;
    let credential = credential(options)?;
    let pair = credential.credential.encode();
    // The password itself is an option, and known already.
    let secrets = network.proxies.secrets().into_iter().chain([pair]);
    Ok(Input {
        credential,
        secrets: secrets.collect(),
        network,
    })
}

fn credential(options: &Options) -> Result<RegistryCredential, Failure> {
    let written_host = options.get(REGISTRY).to_owned();
    let host = RegistryHost::parse(&written_host).map_err(|error| at("registry", &error))?;
    let password = options.get(PASSWORD);
    let credential = Credential::new(options.get(USERNAME), password.clone()).map_err(|error| {
        at(
            if error.is_in_password() {
                "password"
            } else {
                "username"
            },
            &error,
        )
    })?;
    let test_image = options.get(TEST_LOGIN).then(|| {
        ImageReference::parse(options.get(TEST_IMAGE), &host)
            .map_err(|error| at("test_image", &error))
    });
    Ok(RegistryCredential {
        test_image: test_image.transpose()?,
        host,
        written_host,
        source: Source::Task,
        credential,
        security: TransportSecurity {
            tls_verify: options.get(TLS_VERIFY),
            ..TransportSecurity::default()
        },
    })
}

fn at(option: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("{option}: {error}"))
}

/// The way to the registry. There is one try: the tasks that call this module repeat it themselves.
fn network(options: &Options) -> Result<Network, Failure> {
    let vars = ProxyVars::parse(options.get(PROXY_VARS).unwrap_or_default())
        .map_err(|error| at("proxy_vars", &error))?;
    let (http, https) = (proxy(vars.http.as_deref())?, proxy(vars.https.as_deref())?);
    let timeout = Duration::from_secs(options.get(TEST_TIMEOUT));
    Ok(Network {
        connect_timeout: timeout.min(CONNECT_TIMEOUT),
        timeout,
        retry: RetryPolicy {
            retries: 0,
            delay: Duration::ZERO,
        },
        proxies: Proxies::new(
            http,
            https,
            NoProxy::parse(&vars.except.unwrap_or_default()),
        ),
    })
}

fn proxy(address: Option<&str>) -> Result<Option<Proxy>, Failure> {
    let proxy = address.map(Proxy::parse).transpose();
    proxy.map_err(|error| at("proxy_vars", &error))
}

/// Proves the credential, unless no test is wanted. Returns what a user should know.
fn prove(input: &Input) -> Result<Vec<String>, Failure> {
    let findings = validate(validate::Request {
        credentials: vec![Examination {
            credential: input.credential.clone(),
            without_image: WithoutImage::Skip(Reason::NotTested),
        }],
        network: input.network.clone(),
        run_timeout: input.network.timeout,
        authorities: Bundle::system(),
        cert_dir: CERT_DIR.into(),
        parallelism: 1,
    })?;
    let finding = findings.first().expect("one credential was examined");
    let sentence = || format!("{}: {}", finding.conclusion.verdict(), finding.message());
    match finding.severity(JUDGEMENT) {
        Severity::Ignore => Ok(Vec::new()),
        Severity::Warn => Ok(vec![sentence()]),
        Severity::Fail => Err(Failure::new(sentence())),
    }
}

fn store(call: &Call, input: &Input) -> Result<Response, Failure> {
    let request = request(&call.options, input);
    let mut report = configure_node(&request, effect_of(call), None);
    let file = report.files.pop().expect("one file was asked for");
    Ok(answer(&request, &file.outcome?, call))
}

fn request(options: &Options, input: &Input) -> Request {
    let RegistryCredential {
        host, credential, ..
    } = input.credential.clone();
    let path = Path::new(options.get(PATH)).join(FILE_NAME);
    let entries = Entries::Present(vec![(host, credential)], Others::Keep);
    Request::of_login(path, entries, Reader::DockerAndKubelet)
}

fn answer(request: &Request, plan: &FilePlan, call: &Call) -> Response {
    let response = Response::new(!plan.is_empty())
        .with("rc", 0)
        .warn(file_changes::warnings(plan, &call.cleaner));
    if call.diff && !plan.is_empty() {
        let (before, after) = file_changes::diff(plan, &call.cleaner);
        return response.diff(&request.paths[0].display().to_string(), &before, &after);
    }
    response
}
