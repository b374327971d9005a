//! The module `oreg_node_config`: brings docker config files on a node to the wanted entries.

use serde_json::{Value, json};

use super::{
    credential_options::{REGISTRIES, check_registries, credentials, removals, with_credentials},
    effect_of,
    file_changes::{self, mode_of},
};
use crate::{
    ansible::{Call, Failure, Kind, Module, OptionSpec, Options, Response, option::Default},
    domain::{merge::Others, reader::Reader, secret::Secret},
    operations::{
        configure_node::{Entries, FileReport, Report, Request, configure_node},
        machine_config::OwnedFiles,
    },
    support::{
        errors::join_causes,
        files::{WantedAttributes, accounts::Database},
        text::Cleaner,
    },
};

/// The files that kubelet and the container runtime of an OpenShift 3.11 node read.
const PATHS: [&str; 2] = [
    "/var/lib/origin/.docker/config.json",
    "/root/.docker/config.json",
];

const PRESENT: &str = "present";
const ABSENT: &str = "absent";

const OPTIONS: [OptionSpec; 19] = with_credentials([
    OptionSpec::new("paths", Kind::Paths).default(Default::Texts(&PATHS)),
    OptionSpec::new("state", Kind::Text)
        .choices(&[PRESENT, ABSENT])
        .default(Default::Text(PRESENT)),
    REGISTRIES,
    OptionSpec::new("exclusive", Kind::Flag).default(Default::Flag(false)),
    OptionSpec::new("mode", Kind::Mode).default(Default::Text("0600")),
    OptionSpec::new("owner", Kind::Text),
    OptionSpec::new("group", Kind::Text),
    OptionSpec::new("directory_mode", Kind::Mode).default(Default::Text("0700")),
    OptionSpec::new("backup", Kind::Flag).default(Default::Flag(false)),
]);

/// The module.
pub const MODULE: Module = Module::new("oreg_node_config", &OPTIONS, run);

/// What the options ask for, and what goes with it into the answer.
struct Wish {
    entries: Entries,
    warnings: Vec<String>,
    secrets: Vec<Secret>,
}

fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    let wish = match options.required_text("state") {
        ABSENT => absent(options)?,
        _ => present(options)?,
    };
    let request = Request {
        paths: options.texts("paths").iter().map(Into::into).collect(),
        entries: wish.entries,
        reader: Reader::DockerAndKubelet,
        owned: OwnedFiles::default(),
        attributes: attributes(options)?,
        directory_mode: mode_of(options, "directory_mode"),
        backup: options.flag("backup"),
    };
    if request.paths.is_empty() {
        return Err(Failure::new("paths: must name at least one file"));
    }
    let report = configure_node(&request, effect_of(call), None);
    Ok(answer(&report, call)
        .warn(wish.warnings)
        .conceal(wish.secrets))
}

fn present(options: &Options) -> Result<Wish, Failure> {
    check_registries(options)?;
    let resolved = credentials(options)?;
    let others = if options.flag("exclusive") {
        Others::Remove
    } else {
        Others::Keep
    };
    let mut warnings = resolved.warnings;
    if others == Others::Remove && resolved.credentials.is_empty() {
        warnings
            .push("exclusive is set and no credential is given: every entry is removed".to_owned());
    }
    let entries = resolved.credentials.into_iter();
    let entries: Vec<_> = entries.map(|one| (one.host, one.credential)).collect();
    Ok(Wish {
        secrets: entries.iter().map(|(_, one)| one.encode()).collect(),
        entries: Entries::Present(entries, others),
        warnings,
    })
}

fn absent(options: &Options) -> Result<Wish, Failure> {
    if options.flag("exclusive") {
        return Err(Failure::new(
            "exclusive: means nothing with state=absent; to keep only some entries, give their \
             credentials with state=present and exclusive=true",
        ));
    }
    let hosts = removals(options)?.into_iter().map(|(_, host, _)| host);
    Ok(Wish {
        entries: Entries::Absent(hosts.collect()),
        warnings: Vec::new(),
        secrets: Vec::new(),
    })
}

fn attributes(options: &Options) -> Result<WantedAttributes, Failure> {
    let number = |database: Database, name| {
        let text = options.text(name);
        text.map(|text| database.number_of(text)).transpose()
    };
    Ok(WantedAttributes {
        mode: mode_of(options, "mode"),
        owner: number(Database::Users, "owner")?,
        group: number(Database::Groups, "group")?,
    })
}

fn answer(report: &Report, call: &Call) -> Response {
    let files: Vec<Value> = report
        .files
        .iter()
        .map(|one| file(one, &call.cleaner))
        .collect();
    let mut response = Response::new(report.is_changed()).with("files", files);
    for FileReport { path, outcome } in &report.files {
        let Ok(plan) = outcome else { continue };
        let path = path.display().to_string();
        let warnings = file_changes::warnings(plan, &call.cleaner).into_iter();
        response = response.warn(warnings.map(|text| format!("{path}: {text}")));
        if call.diff && !plan.is_empty() {
            let (before, after) = file_changes::diff(plan, &call.cleaner);
            response = response.diff(&path, &before, &after);
        }
    }
    match failures(report) {
        None => response,
        Some(message) => response.fail(message),
    }
}

fn file(FileReport { path, outcome }: &FileReport, cleaner: &Cleaner) -> Value {
    let path = path.display().to_string();
    match outcome {
        Ok(plan) => {
            let keys = file_changes::keys(plan, cleaner);
            json!({
                "path": path,
                "changed": !plan.is_empty(),
                "added": keys.added,
                "updated": keys.updated,
                "removed": keys.removed,
                "backup_file": plan.backup.as_ref().map(|copy| copy.display().to_string()),
                "warnings": file_changes::warnings(plan, cleaner),
            })
        }
        Err(error) => json!({
            "path": path,
            "changed": false,
            "reason": error.reason(),
            "message": join_causes(error),
        }),
    }
}

/// One sentence for all that failed; `None` when nothing did.
fn failures(report: &Report) -> Option<String> {
    let errors = report
        .files
        .iter()
        .filter_map(|file| file.outcome.as_ref().err());
    let lines: Vec<String> = errors.map(|error| join_causes(error)).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}
