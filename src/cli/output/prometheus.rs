//! The result of a check in the text format of Prometheus, for the textfile collector of `node_exporter`
//! (prometheus/docs `instrumenting/exposition_formats`).

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;

use super::{result::CheckResult, screen::make_visible};
use crate::operations::report::{Registry, Standing};

/// Writes the metrics.
#[must_use]
pub fn metrics(result: &CheckResult) -> String {
    let mut text = String::new();
    let asked = result.report.registries.iter();
    let asked: Vec<_> = asked
        .filter(|one| one.standing() != Standing::Apart)
        .collect();
    // Two spellings of one registry may have the same labels; a series must be there once.
    let mut valid: BTreeMap<String, i64> = BTreeMap::new();
    let mut verdicts: BTreeMap<String, i64> = BTreeMap::new();
    let mut expiries: BTreeMap<String, i64> = BTreeMap::new();
    for registry in asked {
        let own = labels(registry);
        let good = i64::from(registry.standing() == Standing::Good);
        let before = valid.get(&own).copied().unwrap_or(1);
        valid.insert(own.clone(), good.min(before));
        let (verdict, reason) = (registry.verdict.word(), escaped(&registry.reason));
        verdicts.insert(
            format!("{own},verdict=\"{verdict}\",reason=\"{reason}\""),
            1,
        );
        let end = registry
            .expires
            .as_deref()
            .and_then(|time| time.parse::<Timestamp>().ok());
        expiries.extend(end.map(|time| (own, time.as_second())));
    }
    family(
        &mut text,
        "oreg_credential_valid",
        "Whether the registry accepted the credential.",
        &valid,
    );
    family(
        &mut text,
        "oreg_credential_verdict",
        "The verdict and its reason; the value is always 1.",
        &verdicts,
    );
    family(
        &mut text,
        "oreg_credential_expiry_timestamp_seconds",
        "The end of the credential's life, where it states one.",
        &expiries,
    );
    figures(&mut text, result);
    text
}

fn figures(text: &mut String, result: &CheckResult) {
    let counts = &result.counts;
    let of = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let by_standing = [
        ("valid", of(counts.valid)),
        ("refused", of(counts.refused)),
        ("unknown", of(counts.unknown)),
        ("skipped", of(counts.skipped)),
    ];
    let by_standing = by_standing.map(|(name, count)| (format!("standing=\"{name}\""), count));
    family(
        text,
        "oreg_check_credentials",
        "Credentials by how they stand.",
        &BTreeMap::from(by_standing),
    );
    let now = result
        .report
        .generated
        .as_deref()
        .and_then(|time| time.parse::<Timestamp>().ok());
    for (name, help, value) in [
        (
            "oreg_check_requests",
            "Requests sent by the check.",
            i64::try_from(counts.requests).unwrap_or(i64::MAX),
        ),
        (
            "oreg_check_failed_logins",
            "Logins that were refused.",
            of(counts.failed_logins),
        ),
        (
            "oreg_check_timestamp_seconds",
            "When the check was made.",
            now.map_or(0, Timestamp::as_second),
        ),
    ] {
        family(text, name, help, &BTreeMap::from([(String::new(), value)]));
    }
    let name = "oreg_check_duration_seconds";
    let _ = writeln!(
        text,
        "# HELP {name} How long the check took.\n# TYPE {name} gauge\n{name} {:.3}",
        result.elapsed.as_secs_f64()
    );
}

/// A family without a member is left out.
fn family(text: &mut String, name: &str, help: &str, members: &BTreeMap<String, i64>) {
    if members.is_empty() {
        return;
    }
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in members {
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{labels}}}")
        };
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

fn labels(registry: &Registry) -> String {
    format!(
        "registry=\"{}\",user=\"{}\",source=\"{}\"",
        escaped(&registry.host),
        escaped(registry.user.as_deref().unwrap_or_default()),
        escaped(&registry.source)
    )
}

/// Label values escape the backslash, the quote and the line end; other control characters go.
fn escaped(text: &str) -> String {
    make_visible(text)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
}
