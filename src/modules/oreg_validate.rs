//! The module `oreg_validate`: proves credentials, and never changes anything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::credential_options::{CREDENTIAL_OPTIONS, credentials, tests};
use crate::{
    ansible::{Call, Choice, Failure, Module, OneOf, Options, Response, Row},
    domain::{expiry::parse_time, secret::Secret},
    operations::{
        report::findings::{registry_of, rfc3339},
        validate::{
            Demands, Examination, Finding, Judgement, Request, Severity, Unlisted, WithoutImage,
            read_stored, validate,
        },
    },
    registry::{Reason, RetryPolicy, network::Network},
    rows,
    support::{
        proxies::{NoProxy, Proxies, Proxy},
        trust::Bundle,
    },
};

impl Choice for Severity {
    const ALL: &'static [Self] = &[Self::Fail, Self::Warn, Self::Ignore];

    fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Ignore => "ignore",
        }
    }
}

impl Choice for Unlisted {
    const ALL: &'static [Self] = &[Self::Prove, Self::Skip];

    fn word(self) -> &'static str {
        match self {
            Self::Prove => "prove",
            Self::Skip => "skip",
        }
    }
}

const AUTH_FILES: Row<Vec<String>> = Row::paths("auth_files").about(&[
    "Docker config files on the host. What they hold is proven instead of the options; the options then say \
     which image proves which registry, and how its server is reached. Of other registries, and other \
     namespaces, the login alone is proven, unless O(unlisted) is V(skip).",
]);
const UNLISTED: Row<OneOf<Unlisted>> = Row::choice("unlisted").default("prove").about(&[
    "What becomes of credentials in O(auth_files) whose registry the options do not name. V(prove) examines \
     their login. V(skip) does not ask their registry, so that a stale credential of somebody else does not \
     cost a failed login on every host; the verdict is then V(skipped).",
]);
const TIMEOUT: Row<u64> = Row::count("timeout", 1, 60)
    .variable("oreg_timeout")
    .about(&["Seconds for one registry, retries included."]);
const RUN_TIMEOUT: Row<u64> = Row::count("run_timeout", 1, 600)
    .variable("oreg_run_timeout")
    .about(&["Seconds for all registries together. One that is not examined by then has the verdict V(unreachable)."]);
const CONNECT_TIMEOUT: Row<u64> = Row::count("connect_timeout", 1, 10)
    .variable("oreg_connect_timeout")
    .about(&["Seconds for one connection."]);
const RETRIES: Row<u64> = Row::count("retries", 0, 3)
    .variable("oreg_retries")
    .about(&["Tries after the first, for connection errors, 5xx and 429 only. A refused password is never \
              tried twice."]);
const DELAY: Row<u64> = Row::count("delay", 0, 5)
    .variable("oreg_delay")
    .about(&["Seconds between tries, where the registry names none."]);
const PARALLELISM: Row<u64> = Row::count("parallelism", 1, 16)
    .variable("oreg_parallelism")
    .about(&["How many registries are asked at the same time."]);
const HTTP_PROXY: Row<Option<String>> = Row::text("http_proxy")
    .variable("openshift_http_proxy")
    .about(&["Proxy for plain HTTP, C(http://[user:password@]host:port)."]);
const HTTPS_PROXY: Row<Option<String>> = Row::text("https_proxy")
    .variable("openshift_https_proxy")
    .about(&["Proxy for https."]);
const NO_PROXY: Row<Vec<String>> = Row::texts("no_proxy")
    .variable("openshift_no_proxy")
    .raw_in_role()
    .about(&[
        "Hosts that are reached without proxy, as Go reads C(NO_PROXY): C(example.com) and its subdomains, \
         C(.example.com) or C(*.example.com) (subdomains only), addresses, networks, each with C(:port) if \
         need be, C(*). Loopback always is.",
    ]);
const CERT_DIR: Row<String> = Row::path("cert_dir")
    .default("/etc/docker/certs.d")
    .variable("oreg_cert_dir")
    .about(&[
        "Directory with C(HOST[:PORT]/ca.crt), C(client.cert) and C(client.key), as docker has it.",
    ]);
const MISSING_IMAGE: Row<OneOf<Severity>> = Row::choice("missing_image")
    .default("fail")
    .variable("oreg_missing_image")
    .about(&["What becomes of the verdict V(image_not_found): a good credential whose test image does not exist."]);
const NOT_PROVEN: Row<OneOf<Severity>> = Row::choice("not_proven")
    .default("warn")
    .variable("oreg_not_proven")
    .about(&["What becomes of the verdict V(not_proven): the registry would have answered the same without \
              the credential."]);

const MISSING_FILE: Row<OneOf<Severity>> = Row::choice("missing_file").default("fail").about(&[
    "What becomes of a file in O(auth_files) that does not exist, has no C(auths), or is ignored by kubelet because \
     of an entry that cannot be read.",
]);
const EXPIRES_IN: Row<Option<String>> = Row::text("expires_in")
    .variable("oreg_expires_in")
    .about(&[
        "Warns when a credential expires within this time, such as V(30d), V(12h) or V(2w). Passwords that are JSON \
         Web Tokens, and client certificates, state when they expire.",
    ]);

rows! {pub AUTH_FILES, UNLISTED, TIMEOUT, RUN_TIMEOUT, CONNECT_TIMEOUT, RETRIES, DELAY, PARALLELISM, HTTP_PROXY, HTTPS_PROXY,
    NO_PROXY, CERT_DIR, MISSING_IMAGE, NOT_PROVEN, MISSING_FILE, EXPIRES_IN,
}

/// The module.
pub const MODULE: Module = Module::new(
    "oreg_validate",
    "Proves registry credentials by looking at a test image",
    &[CREDENTIAL_OPTIONS, OPTIONS],
    run,
);

/// What is examined, with what a user should know before.
struct Task {
    examinations: Vec<Examination>,
    warnings: Vec<String>,
    /// Files that cannot be taken for what they should be.
    unusable: Vec<String>,
}

fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    let network = network(options)?;
    let expires_in = expires_in(options)?;
    let proxy_secrets = network.proxies.secrets();
    let task = if options.get(AUTH_FILES).is_empty() {
        given(options)?
    } else {
        stored(options)?
    };
    let secrets: Vec<Secret> = task.examinations.iter().flat_map(secrets_of).collect();
    let findings = validate(Request {
        credentials: task.examinations,
        network,
        run_timeout: Duration::from_secs(options.get(RUN_TIMEOUT)),
        authorities: Bundle::system(),
        cert_dir: options.get(CERT_DIR).into(),
        parallelism: usize::try_from(options.get(PARALLELISM)).unwrap_or(usize::MAX),
    })?;
    let response = report(&findings, judgement(options), task.unusable)
        .warn(expiring(&findings, expires_in))
        .warn(task.warnings);
    Ok(response.conceal(secrets).conceal(proxy_secrets))
}

/// The credentials of the options.
fn given(options: &Options) -> Result<Task, Failure> {
    let resolved = credentials(options)?;
    let examinations = resolved.credentials.into_iter();
    let examinations = examinations
        .map(|credential| Examination {
            credential,
            without_image: WithoutImage::Skip(Reason::NotTested),
        })
        .collect();
    Ok(Task {
        examinations,
        warnings: resolved.warnings,
        unusable: Vec::new(),
    })
}

/// The credentials that files hold; the options say how to test them.
fn stored(options: &Options) -> Result<Task, Failure> {
    let (tests, insecure) = tests(options)?;
    let demands = Demands::new(tests, insecure, options.get(UNLISTED));
    let paths: Vec<_> = options.get(AUTH_FILES).iter().map(Into::into).collect();
    let mut found = read_stored(&paths, &demands)?;
    match options.get(MISSING_FILE) {
        // What fails is not said twice.
        Severity::Fail => found.keep_other_warnings(),
        Severity::Warn => found.unusable.clear(),
        Severity::Ignore => {
            found.keep_other_warnings();
            found.unusable.clear();
        }
    }
    Ok(Task {
        examinations: found.examinations,
        warnings: found.warnings,
        unusable: found.unusable,
    })
}

fn secrets_of(examination: &Examination) -> [Secret; 2] {
    let credential = &examination.credential.credential;
    [credential.password().clone(), credential.encode()]
}

fn network(options: &Options) -> Result<Network, Failure> {
    let http = proxy(options, HTTP_PROXY)?;
    let https = proxy(options, HTTPS_PROXY)?;
    let no_proxy = NoProxy::parse(&options.get(NO_PROXY).join(","));
    let seconds = |row| Duration::from_secs(options.get(row));
    let retries = u32::try_from(options.get(RETRIES)).unwrap_or(u32::MAX);
    Ok(Network {
        connect_timeout: seconds(CONNECT_TIMEOUT),
        timeout: seconds(TIMEOUT),
        retry: RetryPolicy {
            retries,
            delay: seconds(DELAY),
        },
        proxies: Proxies::new(http, https, no_proxy),
    })
}

fn proxy(options: &Options, row: Row<Option<String>>) -> Result<Option<Proxy>, Failure> {
    let proxy = options.get(row).map(Proxy::parse).transpose();
    proxy.map_err(|error| Failure::new(format!("{}: {error}", row.spec().name)))
}

fn judgement(options: &Options) -> Judgement {
    Judgement {
        missing_image: options.get(MISSING_IMAGE),
        not_proven: options.get(NOT_PROVEN),
    }
}

fn expires_in(options: &Options) -> Result<Option<Duration>, Failure> {
    let time = options.get(EXPIRES_IN).map(parse_time).transpose();
    time.map_err(|expected| Failure::new(format!("{}: {expected}", EXPIRES_IN.spec().name)))
}

/// Warnings about good credentials that end within `limit`, or have ended.
fn expiring(findings: &[Finding], limit: Option<Duration>) -> Vec<String> {
    let Some(limit) = limit else {
        return Vec::new();
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let last = i64::try_from((now + limit).as_secs()).unwrap_or(i64::MAX);
    let ending = findings.iter().filter_map(|finding| {
        let end = finding.expires().filter(|end| *end <= last)?;
        let credential = &finding.credential;
        Some(format!(
            "the credential of user {} for {} expires at {}: create a new one in time",
            credential.credential.user(),
            credential.host,
            rfc3339(end)?
        ))
    });
    ending.collect()
}

/// Findings as the module returns them; files that cannot be used fail like registries.
fn report(findings: &[Finding], judgement: Judgement, unusable: Vec<String>) -> Response {
    let of = |severity| {
        findings
            .iter()
            .filter(move |finding| finding.severity(judgement) == severity)
    };
    let refused: Vec<_> = of(Severity::Fail).map(line).collect();
    let warnings: Vec<_> = of(Severity::Warn).map(line).collect();
    let registries: Vec<_> = findings.iter().map(registry_of).collect();
    let response = Response::new(false)
        .with("registries", json!(registries))
        .warn(warnings);
    let files = (!unusable.is_empty()).then(|| format!("{} files cannot be used", unusable.len()));
    let count = format!(
        "{} of {} registries cannot be used",
        refused.len(),
        findings.len()
    );
    let heads = files
        .into_iter()
        .chain((!refused.is_empty()).then_some(count));
    let heads: Vec<_> = heads.collect();
    if heads.is_empty() {
        return response;
    }
    let failures = [unusable, refused].concat();
    response.fail(format!("{}:\n{}", heads.join(", "), failures.join("\n")))
}

fn line(finding: &Finding) -> String {
    format!("{}: {}", finding.conclusion.verdict(), finding.message())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            image::ImageReference,
            registry_credential::{RegistryCredential, Source, TransportSecurity},
            registry_host::RegistryHost,
        },
        registry::flow::vectors::{SECRETS, conclusions_of_echoes},
    };

    /// Whatever a registry answers, and repeats: before the net that every answer goes through.
    #[test]
    fn no_answer_holds_a_secret() {
        let host = RegistryHost::parse("registry.example.com").unwrap();
        let conclusions = conclusions_of_echoes().into_iter();
        let findings: Vec<_> = conclusions
            .map(|(_, credential, conclusion)| Finding {
                credential: RegistryCredential {
                    host: host.clone(),
                    written_host: host.to_string(),
                    source: Source::Additional(0),
                    credential,
                    test_image: ImageReference::parse("a/b:c", &host).ok(),
                    security: TransportSecurity::default(),
                },
                cert_dir: "/etc/docker/certs.d".into(),
                conclusion,
                realm_host: Some("auth.example.com".to_owned()),
                requests: 4,
                elapsed: Duration::from_millis(1),
                client_certificate_expires: None,
            })
            .collect();
        for severity in [Severity::Warn, Severity::Fail] {
            let judgement = Judgement {
                missing_image: severity,
                not_proven: severity,
            };
            let answer = format!("{:?}", report(&findings, judgement, Vec::new()));
            assert!(answer.contains("the server said"));
            for secret in SECRETS {
                assert!(!answer.contains(secret), "{secret}");
            }
        }
    }
}
