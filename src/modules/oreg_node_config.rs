//! The module `oreg_node_config`: brings docker config files on a node to the wanted entries.

use serde_json::{Value, json};

use super::{
    State,
    credential_options::{CREDENTIAL_OPTIONS, REGISTRIES, check_registries, credentials, removals},
    effect_of, file_changes,
};
use crate::{
    ansible::{Call, Failure, Mode, Module, OneOf, Options, Response, Row},
    domain::{merge::Others, reader::Reader, secret::Secret},
    operations::{
        configure_node::{Entries, FileReport, Report, Request, configure_node},
        machine_config::OwnedFiles,
    },
    rows,
    support::{
        errors::join_causes,
        files::{WantedAttributes, accounts::Database},
        text::Cleaner,
    },
};

const PATHS: Row<Vec<String>> = Row::paths("paths")
    .default(&[
        "/var/lib/origin/.docker/config.json",
        "/root/.docker/config.json",
    ])
    .variable("oreg_paths")
    .about(&[
        "The files. Symbolic links are followed and stay links.",
        "The defaults are what kubelet and the container runtime of a 3.11 node read.",
    ]);
const STATE: Row<OneOf<State>> = Row::choice("state").default("present").about(&[
    "V(present) stores the credentials.",
    "V(absent) removes the entries of the registries named; passwords are not needed. The registry of \
     O(oreg_url) counts when O(oreg_url) or O(oreg_auth_user) is given. A file that is not there is not made.",
]);
const EXCLUSIVE: Row<bool> = Row::flag("exclusive", false)
    .variable("oreg_exclusive")
    .about(&["Whether to remove every other entry of C(auths). Not with O(state=absent)."]);
const MODE: Row<Mode> = Row::mode("mode", "0600")
    .variable("oreg_mode")
    .about(&["Mode of the files, in octal; set also when the content is right already."]);
const OWNER: Row<Option<String>> = Row::text("owner")
    .variable("oreg_owner")
    .about(&["Owner of the files, a name in C(/etc/passwd) or a number. Default is to leave it."]);
const GROUP: Row<Option<String>> = Row::text("group")
    .variable("oreg_group")
    .about(&["Group of the files, a name in C(/etc/group) or a number. Default is to leave it."]);
const DIRECTORY_MODE: Row<Mode> = Row::mode("directory_mode", "0700")
    .variable("oreg_directory_mode")
    .about(&["Mode of directories that have to be made. Others are not touched."]);
const BACKUP: Row<bool> = Row::flag("backup", false).variable("oreg_backup").about(&[
    "Whether to keep a copy of a file before its content changes, beside it. Its mode is that of the old file, \
     less what O(mode) does not allow.",
    "The copy holds the old passwords.",
]);

rows! {pub PATHS, STATE, REGISTRIES, EXCLUSIVE, MODE, OWNER, GROUP, DIRECTORY_MODE, BACKUP}

/// The module.
pub const MODULE: Module = Module::new(
    "oreg_node_config",
    "Brings docker config.json files on a node to the wanted registry credentials",
    &[CREDENTIAL_OPTIONS, OPTIONS],
    run,
);

/// What the options ask for, and what goes with it into the answer.
struct Wish {
    entries: Entries,
    warnings: Vec<String>,
    secrets: Vec<Secret>,
}

fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    let wish = match options.get(STATE) {
        State::Present => present(options)?,
        State::Absent => absent(options)?,
    };
    let request = Request {
        paths: options.get(PATHS).iter().map(Into::into).collect(),
        entries: wish.entries,
        reader: Reader::DockerAndKubelet,
        owned: OwnedFiles::default(),
        attributes: attributes(options)?,
        directory_mode: options.get(DIRECTORY_MODE),
        backup: options.get(BACKUP),
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
    let others = if options.get(EXCLUSIVE) {
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
    if options.get(EXCLUSIVE) {
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
    let number = |database: Database, row: Row<Option<String>>| {
        let text = options.get(row);
        text.map(|text| database.number_of(text)).transpose()
    };
    Ok(WantedAttributes {
        mode: options.get(MODE),
        owner: number(Database::Users, OWNER)?,
        group: number(Database::Groups, GROUP)?,
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
