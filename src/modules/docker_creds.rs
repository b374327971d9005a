//! The module `docker_creds`: a drop-in for openshift-ansible's module of that name
//! (`roles/lib_utils/library/docker_creds.py`), with the same options and results.

mod proxy_vars;

use std::{path::Path, time::Duration};

use self::proxy_vars::ProxyVars;
use super::{effect_of, file_changes};
use crate::{
    ansible::{Call, Failure, Kind, Module, OptionSpec, Options, Response, option::Default},
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
        machine_config::OwnedFiles,
        validate::{self, Examination, Judgement, Severity, WithoutImage, validate},
    },
    registry::{Reason, RetryPolicy, transport::Network},
    support::{
        files::WantedAttributes,
        proxies::{NoProxy, Proxies, Proxy},
        trust::Bundle,
    },
};

const OPTIONS: [OptionSpec; 9] = [
    OptionSpec::new("path", Kind::Path)
        .aliases(&["dest", "name"])
        .required(),
    OptionSpec::new("registry", Kind::Text).required(),
    OptionSpec::new("username", Kind::Text).required(),
    OptionSpec::new("password", Kind::Text).required().secret(),
    OptionSpec::new("test_login", Kind::Flag).default(Default::Flag(true)),
    OptionSpec::new("proxy_vars", Kind::Text),
    OptionSpec::new("test_timeout", Kind::Integer(1)).default(Default::Integer(60)),
    OptionSpec::new("test_image", Kind::Text).required(),
    OptionSpec::new("tls_verify", Kind::Flag).default(Default::Flag(true)),
];

/// The module.
pub const MODULE: Module =
    Module::new("docker_creds", &OPTIONS, run).finishing_failures(in_their_form);

const FILE_NAME: &str = "config.json";
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

const CERT_DIR: &str = "/etc/docker/certs.d";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// As the original judged: without the image the login counts as failed; an image that anybody may
/// see passes, though it proves nothing.
const JUDGEMENT: Judgement = Judgement {
    missing_image: Severity::Fail,
    not_proven: Severity::Warn,
};

/// What the options say.
struct Wish {
    credential: RegistryCredential,
    network: Network,
    secrets: Vec<Secret>,
}

fn run(call: &Call) -> Result<Response, Failure> {
    let wish = wish(&call.options)?;
    let warnings = prove(&wish);
    let outcome = warnings.and_then(|warnings| Ok(store(call, &wish)?.warn(warnings)));
    let response = outcome.unwrap_or_else(Failure::into_response);
    Ok(response.conceal(wish.secrets))
}

/// A failure with the members that openshift-ansible's tasks know. `rc` lets an
/// `until: result.rc == 0` try again; it would stumble over a result without it.
fn in_their_form(failure: Response) -> Response {
    failure.with("state", "unknown").with("rc", 1)
}

fn wish(options: &Options) -> Result<Wish, Failure> {
    let network = network(options)?;
    let credential = credential(options)?;
    let pair = credential.credential.encode();
    let secrets = network.proxies.secrets().into_iter().chain([pair]);
    Ok(Wish {
        credential,
        secrets: secrets.collect(),
        network,
    })
}

fn credential(options: &Options) -> Result<RegistryCredential, Failure> {
    let written_host = options.required_text("registry").to_owned();
    let host = RegistryHost::parse(&written_host).map_err(|error| at("registry", &error))?;
    let password = options.secret("password").expect("the option is required");
    let credential =
        Credential::new(options.required_text("username"), password.clone()).map_err(|error| {
            at(
                if error.is_in_password() {
                    "password"
                } else {
                    "username"
                },
                &error,
            )
        })?;
    let test_image = options.flag("test_login").then(|| {
        ImageReference::parse(options.required_text("test_image"), &host)
            .map_err(|error| at("test_image", &error))
    });
    Ok(RegistryCredential {
        test_image: test_image.transpose()?,
        host,
        written_host,
        source: Source::Task,
        credential,
        security: TransportSecurity {
            tls_verify: options.flag("tls_verify"),
            ..TransportSecurity::default()
        },
    })
}

fn at(option: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("{option}: {error}"))
}

/// The way to the registry. There is one try: the tasks that call this module repeat it themselves.
fn network(options: &Options) -> Result<Network, Failure> {
    let vars = ProxyVars::parse(options.text("proxy_vars").unwrap_or_default())
        .map_err(|error| at("proxy_vars", &error))?;
    let (http, https) = (proxy(vars.http.as_deref())?, proxy(vars.https.as_deref())?);
    let timeout = Duration::from_secs(options.count("test_timeout"));
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
fn prove(wish: &Wish) -> Result<Vec<String>, Failure> {
    let findings = validate(validate::Request {
        credentials: vec![Examination {
            credential: wish.credential.clone(),
            without_image: WithoutImage::Skip(Reason::NotTested),
        }],
        network: wish.network.clone(),
        run_timeout: wish.network.timeout,
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

fn store(call: &Call, wish: &Wish) -> Result<Response, Failure> {
    let request = request(&call.options, wish);
    let mut report = configure_node(&request, effect_of(call), None);
    let file = report.files.pop().expect("one file was asked for");
    Ok(answer(&request, &file.outcome?, call))
}

fn request(options: &Options, wish: &Wish) -> Request {
    let RegistryCredential {
        host, credential, ..
    } = wish.credential.clone();
    let path = Path::new(options.required_text("path")).join(FILE_NAME);
    Request {
        paths: vec![path],
        entries: Entries::Present(vec![(host, credential)], Others::Keep),
        reader: Reader::DockerAndKubelet,
        owned: OwnedFiles::default(),
        attributes: WantedAttributes {
            mode: FILE_MODE,
            owner: None,
            group: None,
        },
        directory_mode: DIRECTORY_MODE,
        backup: false,
    }
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
