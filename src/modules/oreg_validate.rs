//! The module `oreg_validate`: proves credentials, and never changes anything.

use std::time::Duration;

use serde_json::{Value, json};

use super::credential_options::{credentials, tests, with_credentials};
use crate::{
    ansible::{Call, Failure, Kind, Module, OptionSpec, Options, Response, option::Default},
    domain::secret::Secret,
    inventory_vars::place_of,
    operations::validate::{
        Demands, Examination, Finding, Judgement, Request, Severity, Unlisted, WithoutImage,
        read_stored, validate,
    },
    registry::{Reason, RetryPolicy, transport::Network},
    support::{
        proxies::{NoProxy, Proxies, Proxy},
        trust::Bundle,
    },
};

const SEVERITIES: &[&str] = &["fail", "warn", "ignore"];

const OPTIONS: [OptionSpec; 24] = with_credentials([
    OptionSpec::new("auth_files", Kind::Paths),
    OptionSpec::new("unlisted", Kind::Text)
        .choices(&["prove", "skip"])
        .default(Default::Text("prove")),
    OptionSpec::new("timeout", Kind::Integer(1)).default(Default::Integer(60)),
    OptionSpec::new("run_timeout", Kind::Integer(1)).default(Default::Integer(600)),
    OptionSpec::new("connect_timeout", Kind::Integer(1)).default(Default::Integer(10)),
    OptionSpec::new("retries", Kind::Integer(0)).default(Default::Integer(3)),
    OptionSpec::new("delay", Kind::Integer(0)).default(Default::Integer(5)),
    OptionSpec::new("parallelism", Kind::Integer(1)).default(Default::Integer(16)),
    OptionSpec::new("http_proxy", Kind::Text),
    OptionSpec::new("https_proxy", Kind::Text),
    OptionSpec::new("no_proxy", Kind::Texts),
    OptionSpec::new("cert_dir", Kind::Path).default(Default::Text("/etc/docker/certs.d")),
    OptionSpec::new("missing_image", Kind::Text)
        .choices(SEVERITIES)
        .default(Default::Text("fail")),
    OptionSpec::new("not_proven", Kind::Text)
        .choices(SEVERITIES)
        .default(Default::Text("warn")),
]);

/// The module.
pub const MODULE: Module = Module::new("oreg_validate", &OPTIONS, run);

/// What is examined, with what a user should know before.
struct Task {
    examinations: Vec<Examination>,
    warnings: Vec<String>,
}

fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    let network = network(options)?;
    let proxy_secrets = network.proxies.secrets();
    let task = if options.texts("auth_files").is_empty() {
        given(options)?
    } else {
        stored(options)?
    };
    let secrets: Vec<Secret> = task.examinations.iter().flat_map(secrets_of).collect();
    let findings = validate(Request {
        credentials: task.examinations,
        network,
        run_timeout: Duration::from_secs(options.count("run_timeout")),
        authorities: Bundle::system(),
        cert_dir: options.required_text("cert_dir").into(),
        parallelism: usize::try_from(options.count("parallelism")).unwrap_or(usize::MAX),
    })?;
    let response = report(&findings, judgement(options)).warn(task.warnings);
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
    })
}

/// The credentials that files hold; the options say how to test them.
fn stored(options: &Options) -> Result<Task, Failure> {
    let (tests, insecure) = tests(options)?;
    let unlisted = match options.required_text("unlisted") {
        "skip" => Unlisted::Skip,
        _ => Unlisted::Prove,
    };
    let demands = Demands::new(tests, insecure, unlisted);
    let paths: Vec<_> = options.texts("auth_files").iter().map(Into::into).collect();
    let found = read_stored(&paths, &demands)?;
    Ok(Task {
        examinations: found.examinations,
        warnings: found.warnings,
    })
}

fn secrets_of(examination: &Examination) -> [Secret; 2] {
    let credential = &examination.credential.credential;
    [credential.password().clone(), credential.encode()]
}

fn network(options: &Options) -> Result<Network, Failure> {
    let http = proxy(options, "http_proxy")?;
    let https = proxy(options, "https_proxy")?;
    let no_proxy = NoProxy::parse(&options.texts("no_proxy").join(","));
    let seconds = |name| Duration::from_secs(options.count(name));
    let retries = u32::try_from(options.count("retries")).unwrap_or(u32::MAX);
    Ok(Network {
        connect_timeout: seconds("connect_timeout"),
        timeout: seconds("timeout"),
        retry: RetryPolicy {
            retries,
            delay: seconds("delay"),
        },
        proxies: Proxies::new(http, https, no_proxy),
    })
}

fn proxy(options: &Options, name: &str) -> Result<Option<Proxy>, Failure> {
    let proxy = options.text(name).map(Proxy::parse).transpose();
    proxy.map_err(|error| Failure::new(format!("{name}: {error}")))
}

fn judgement(options: &Options) -> Judgement {
    let severity = |name| match options.required_text(name) {
        "ignore" => Severity::Ignore,
        "warn" => Severity::Warn,
        _ => Severity::Fail,
    };
    Judgement {
        missing_image: severity("missing_image"),
        not_proven: severity("not_proven"),
    }
}

fn report(findings: &[Finding], judgement: Judgement) -> Response {
    let of = |severity| {
        findings
            .iter()
            .filter(move |finding| finding.severity(judgement) == severity)
    };
    let failures: Vec<_> = of(Severity::Fail).map(line).collect();
    let warnings: Vec<_> = of(Severity::Warn).map(line).collect();
    let registries: Vec<_> = findings.iter().map(registry).collect();
    let response = Response::new(false)
        .with("registries", registries)
        .warn(warnings);
    if failures.is_empty() {
        return response;
    }
    let count = format!(
        "{} of {} registries cannot be used",
        failures.len(),
        findings.len()
    );
    response.fail(format!("{count}:\n{}", failures.join("\n")))
}

fn line(finding: &Finding) -> String {
    format!("{}: {}", finding.conclusion.verdict(), finding.message())
}

fn registry(finding: &Finding) -> Value {
    let credential = &finding.credential;
    let conclusion = &finding.conclusion;
    json!({
        "host": credential.host.to_string(),
        "user": credential.credential.user(),
        "source": place_of(&credential.source),
        "test_image": credential.test_image.as_ref().map(ToString::to_string),
        "verdict": conclusion.verdict().word(),
        "reason": conclusion.reason.word(),
        "message": finding.message(),
        "http_status": conclusion.http_status,
        "digest": conclusion.digest,
        "realm_host": finding.realm_host,
        "requests": finding.requests,
        "elapsed_ms": u64::try_from(finding.elapsed.as_millis()).unwrap_or(u64::MAX),
    })
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
            })
            .collect();
        for severity in [Severity::Warn, Severity::Fail] {
            let judgement = Judgement {
                missing_image: severity,
                not_proven: severity,
            };
            let answer = format!("{:?}", report(&findings, judgement));
            assert!(answer.contains("the server said"));
            for secret in SECRETS {
                assert!(!answer.contains(secret), "{secret}");
            }
        }
    }
}
