//! Report → response: what became of each secret and service account.

use serde_json::{Value, json};

use crate::{
    ansible::{Call, Response},
    cluster::plan::Action,
    modules::{cluster_answer, file_changes},
    operations::sync_pull_secrets::{AccountReport, Report, SecretReport},
    support::text::Cleaner,
};

pub(super) fn answer(report: &Report, call: &Call) -> Response {
    let secrets = report.secrets.iter();
    let secrets: Vec<Value> = secrets.map(|one| secret(one, &call.cleaner)).collect();
    let accounts: Vec<Value> = report.accounts.iter().map(service_account).collect();
    let response = Response::new(report.is_changed())
        .with("secrets", secrets)
        .with("service_accounts", accounts)
        .warn(
            report
                .warnings
                .iter()
                .map(|warning| cluster_answer::visible(warning, &call.cleaner)),
        );
    let response = if call.diff {
        with_diff(response, report, &call.cleaner)
    } else {
        response
    };
    cluster_answer::fail(response, &report.errors, &call.cleaner)
}

fn secret(report: &SecretReport, cleaner: &Cleaner) -> Value {
    let mut value = json!({
        "namespace": report.name.namespace,
        "name": report.name.name,
        "host": report.host,
        "action": report.action,
    });
    if let Some(path) = &report.manifest {
        value["path"] = json!(path.display().to_string());
    }
    if !report.changes.is_empty() {
        let keys = file_changes::keys(&report.changes, cleaner);
        value["added"] = json!(keys.added);
        value["updated"] = json!(keys.updated);
        value["removed"] = json!(keys.removed);
    }
    value
}

fn service_account(report: &AccountReport) -> Value {
    json!({
        "namespace": report.name.namespace,
        "name": report.name.name,
        "action": report.action,
    })
}

fn with_diff(mut response: Response, report: &Report, cleaner: &Cleaner) -> Response {
    let differs = |action: Action| action != Action::Unchanged;
    for secret in report
        .secrets
        .iter()
        .filter(|secret| differs(secret.action))
    {
        let header = match &secret.manifest {
            Some(path) => path.display().to_string(),
            None => format!("secret {}", secret.name),
        };
        response = response.diff(
            &header,
            &text(&secret.before, cleaner),
            &text(&secret.after, cleaner),
        );
    }
    for account in report
        .accounts
        .iter()
        .filter(|account| differs(account.action))
    {
        let header = format!("service account {}", account.name);
        response = response.diff(
            &header,
            &text(&account.before, cleaner),
            &text(&account.after, cleaner),
        );
    }
    response
}

fn text(lines: &[String], cleaner: &Cleaner) -> String {
    let lines = lines
        .iter()
        .map(|line| cluster_answer::visible(line, cleaner));
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}
