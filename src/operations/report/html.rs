//! The page of a run: one HTML file without scripts, which asks no network for anything.
//!
//! It is safe to mail: no secret is in a [`Report`], and every text in it, also of hostile servers and
//! nodes, is escaped by maud. The policy in the head forbids scripts and requests even so.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    Finding, Registry, Report, Standing, State,
    markup::{counted, mark, plain},
    matrix::matrix,
};

const STYLE: &str = include_str!("page.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Findings that stand open on the page; more of them are folded.
const OPEN_FINDINGS: usize = 25;

/// Makes the page.
#[must_use]
pub fn page(report: &Report) -> String {
    let title = title(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="referrer" content="no-referrer";
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { (title) } p.sub { (subtitle(report)) } (cards(report)) }
                main { (credentials(report)) (matrix(report)) (to_do(report)) }
                footer { "Made by " (generator(report)) ". This file holds no password and asks no network for anything." }
            }
        }
    };
    page.into_string()
}

fn title(report: &Report) -> String {
    let title = report.title.as_deref().filter(|title| !title.is_empty());
    title.map_or_else(
        || "Registry credentials".to_owned(),
        |title| format!("Registry credentials of {}", plain(title)),
    )
}

fn generator(report: &Report) -> String {
    report
        .generator
        .as_deref()
        .map_or_else(|| "oreg".to_owned(), plain)
}

fn subtitle(report: &Report) -> String {
    let mut parts: Vec<String> = report
        .generated
        .as_deref()
        .map(minute)
        .into_iter()
        .collect();
    parts.extend(report.playbook.as_deref().map(plain));
    let counts = [
        (report.registries.len(), "credential"),
        (report.nodes.len(), "node"),
        (report.namespaces.len(), "namespace"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    parts.extend(counts.map(|(count, noun)| counted(count, noun)));
    parts.join(" · ")
}

/// `2026-11-25 14:10 UTC`; a text that is not a time stays as it is.
fn minute(time: &str) -> String {
    time.parse::<jiff::Timestamp>().map_or_else(
        |_| plain(time),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

fn cards(report: &Report) -> Markup {
    let summary = report.summarize();
    let all_valid = summary.registries_valid == summary.registries;
    let all_in_place = summary.nodes_in_place == summary.nodes;
    let findings = summary.findings;
    html! {
        dl.cards {
            (card(&part(summary.registries_valid, summary.registries), "credentials valid", tone(all_valid, Standing::Refused)))
            @if summary.nodes > 0 {
                (card(&part(summary.nodes_in_place, summary.nodes), "nodes in place", tone(all_in_place, Standing::Differs)))
            }
            (expiry_card(report, summary.soonest_expiry.as_deref()))
            (card(&findings.to_string(), if findings == 1 { "finding" } else { "findings" }, tone(findings == 0, Standing::Refused)))
        }
    }
}

fn part(count: usize, all: usize) -> String {
    format!("{count} of {all}")
}

fn tone(is_good: bool, otherwise: Standing) -> Standing {
    if is_good { Standing::Good } else { otherwise }
}

fn card(figure: &str, meaning: &str, standing: Standing) -> Markup {
    html! { div class=(standing.name()) { dt { (meaning) } dd { (figure) } } }
}

/// A month is the time in which a new token can be had.
const SOON_DAYS: i64 = 30;

fn expiry_card(report: &Report, soonest: Option<&str>) -> Markup {
    let Some(date) = soonest else {
        return card("none stated", "soonest expiry", Standing::Apart);
    };
    let days = report.days_until(date);
    let is_far = days.is_some_and(|days| days > SOON_DAYS);
    card(
        &days.map_or_else(|| day(date), in_days),
        &format!("soonest expiry, {}", day(date)),
        tone(is_far, Standing::Differs),
    )
}

/// The date of a time.
fn day(time: &str) -> String {
    time.parse::<jiff::Timestamp>().map_or_else(
        |_| plain(time),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}

fn in_days(days: i64) -> String {
    match days {
        ..0 => "over".to_owned(),
        0 => "today".to_owned(),
        1 => "in 1 day".to_owned(),
        _ => format!("in {days} days"),
    }
}

fn credentials(report: &Report) -> Markup {
    html! {
        h2 #credentials { "Credentials" }
        @if report.registries.is_empty() { p { "No credential was looked at." } } @else {
            div.scroll role="region" aria-labelledby="credentials" tabindex="0" {
                table.rows {
                    thead { tr { th scope="col" { "Registry" } th scope="col" { "User" } th scope="col" { "Verdict" } th scope="col" { "Expires" } th scope="col" { "From" } } }
                    tbody { @for registry in &report.registries { (credential(report, registry)) } }
                }
            }
        }
    }
}

fn credential(report: &Report, registry: &Registry) -> Markup {
    let end = registry.expires.as_deref().map(|time| expiry(report, time));
    html! {
        tr {
            th scope="row" { (plain(&registry.host)) }
            (detail("User", registry.user.as_deref()))
            (verdict(registry.verdict, &registry.reason))
            (detail("Expires", end.as_deref()))
            (detail("From", Some(&registry.source)))
        }
    }
}

/// A cell; an empty one takes no room on a phone.
fn detail(label: &str, text: Option<&str>) -> Markup {
    html! {
        @match text {
            Some(text) => td data-label=(label) { (plain(text)) },
            None => td.none data-label=(label) { "–" },
        }
    }
}

fn expiry(report: &Report, time: &str) -> String {
    let left = report.days_until(time).map(in_days);
    left.map_or_else(|| day(time), |left| format!("{}, {left}", day(time)))
}

/// The verdict's word with its mark, and the reason in small letters.
fn verdict(state: State, reason: &str) -> Markup {
    let standing = state.standing();
    html! {
        td class={ "state " (standing.name()) } data-label="Verdict" {
            (mark(standing)) (state)
            @if !reason.is_empty() && reason != state.word() { " " small { (plain(&reason.replace('_', " "))) } }
        }
    }
}

fn to_do(report: &Report) -> Markup {
    let findings = report.findings.as_slice();
    let (open, folded) = findings.split_at(findings.len().min(OPEN_FINDINGS));
    html! {
        h2 #todo { "What to do" }
        @if findings.is_empty() { p { "Nothing." } } @else {
            ol.todo { @for finding in open { (item(finding)) } }
            @if !folded.is_empty() {
                details {
                    summary { (folded.len()) " more" }
                    ol.todo start=(open.len() + 1) { @for finding in folded { (item(finding)) } }
                }
            }
        }
    }
}

fn item(finding: &Finding) -> Markup {
    let about = [&finding.node, &finding.namespace, &finding.registry];
    let about: Vec<_> = about.into_iter().flatten().map(String::as_str).collect();
    // Many a sentence begins with the name itself.
    let rest = about
        .last()
        .and_then(|name| finding.text.strip_prefix(name));
    html! {
        li {
            @for (position, name) in about.iter().enumerate() { @if position > 0 { ", " } strong { (plain(name)) } }
            @match rest {
                Some(rest) => (plain(rest)),
                None => { @if !about.is_empty() { ": " } (plain(&finding.text)) }
            }
            @if let Some(command) = &finding.command { pre { code { (plain(command)) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(host: &str, verdict: &str, message: &str) -> Registry {
        let json = serde_json::json!({"host": host, "user": "<i>", "verdict": verdict, "message": message, "source": "a&b"});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn text_of_others_is_escaped() {
        let hostile = "<script>alert(1)</script>\u{1b}[2J\" onload=\"x";
        let mut report = Report::of_proofs(vec![registry(hostile, "denied", hostile)]);
        report.title = Some(hostile.to_owned());
        report.findings[0].command = Some(hostile.to_owned());
        let page = page(&report);
        assert!(
            !page.contains("<script") && !page.contains('\u{1b}'),
            "{page}"
        );
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains("&lt;i&gt;") && page.contains("a&amp;b"));
    }

    #[test]
    fn the_page_sends_no_request() {
        let page = page(&Report::default());
        for word in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn an_expiry_says_how_long_it_is_away() {
        let mut report = Report::of_proofs(vec![registry("a.io", "valid", "")]);
        report.generated = Some("2026-11-25T14:10:00Z".to_owned());
        report.registries[0].expires = Some("2026-12-09T15:00:00Z".to_owned());
        let page = page(&report);
        assert!(page.contains("2026-12-09, in 14 days") && page.contains("soonest expiry"));
        assert!(page.contains("2026-11-25 14:10 UTC · 1 credential"));
    }

    #[test]
    fn many_findings_are_folded() {
        let registries = (0..100).map(|number| registry(&format!("r{number}.io"), "denied", "no"));
        let report = Report::of_proofs(registries.collect());
        assert!(page(&report).contains("<summary>75 more</summary>"));
    }
}
