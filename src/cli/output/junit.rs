//! The result of a check as `JUnit` XML, for the reports of CI servers. Valid by the schema of Jenkins'
//! xUnit plugin (junit-10.xsd).

use maud::{Markup, PreEscaped, html};

use super::{result::CheckResult, screen::make_visible};
use crate::operations::report::{Registry, Standing};

/// Writes the document. A refused credential is a failure, an open question an error.
#[must_use]
pub fn document(result: &CheckResult) -> String {
    let report = &result.report;
    let soon = report
        .registries
        .iter()
        .filter(|one| result.expires_soon(one))
        .count();
    let suite = html! {
        testsuites {
            testsuite name="oreg check" package="oreg" id="0" hostname="localhost"
                timestamp=[report.generated.as_deref().and_then(|time| time.get(..19))]
                tests=(report.registries.len()) failures=(result.counts.refused + soon)
                errors=(result.counts.unknown) skipped=(result.counts.skipped) time=(seconds(result.elapsed.as_secs_f64())) {
                @for registry in &report.registries { (case(result, registry)) }
            }
        }
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n",
        suite.into_string()
    )
}

fn case(result: &CheckResult, registry: &Registry) -> Markup {
    let user = registry.user.as_deref().unwrap_or("-");
    let name = make_visible(&format!("{} {user} ({})", registry.host, registry.source));
    let elapsed = std::time::Duration::from_millis(registry.elapsed_ms).as_secs_f64();
    let outcome = match registry.standing() {
        Standing::Good if result.expires_soon(registry) => {
            let end = registry.expires.as_deref().unwrap_or_default();
            element(
                "failure",
                "expires",
                &format!("the credential expires {end}"),
            )
        }
        Standing::Good => PreEscaped(String::new()),
        Standing::Refused => element("failure", registry.verdict.word(), &registry.message),
        Standing::Unknown | Standing::Differs => {
            element("error", registry.verdict.word(), &registry.message)
        }
        Standing::Apart => html! { skipped message=(make_visible(&registry.message)) {} },
    };
    html! { testcase classname="oreg.check" name=(name) time=(seconds(elapsed)) { (outcome) } }
}

fn element(name: &str, kind: &str, message: &str) -> Markup {
    let message = make_visible(message);
    match name {
        "failure" => html! { failure type=(kind) message=(message) { (message) } },
        _ => html! { error type=(kind) message=(message) { (message) } },
    }
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.3}")
}
