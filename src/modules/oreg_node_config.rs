//! The module `oreg_node_config`: brings docker config files on a node to the wanted entries.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{
    credential_options::{CREDENTIAL_OPTIONS, credentials},
    effect::effect_of,
    file_changes,
    removals::{REGISTRIES, check_registries, removals},
    state::State,
};
use crate::{
    ansible::{Call, Choice, Failure, Mode, Module, OneOf, Options, Response, Row},
    domain::{merge::Others, reader::Reader, secret::Secret},
    operations::{
        Effect,
        configure_node::{Entries, FileReport, Report, Request, configure_node},
        machine_config::OwnedFiles,
        restart_note::RestartNote,
    },
    rows,
    support::{
        errors::join_causes,
        files::{WantedAttributes, accounts::Database},
        text::Cleaner,
    },
};

const PATHS: Row<Vec<String>> = Row::paths("paths").variable("oreg_paths").about(&[
    "The files. Symbolic links are followed and stay links.",
    "Where none is given, those of O(profile).",
]);
const PROFILE: Row<OneOf<Profile>> = Row::choice("profile").default("okd3").variable("oreg_profile").about(&[
    "Who reads the files. It names them where O(paths) does not, and decides the key of Docker Hub and the warnings.",
    "V(okd3) means C(/var/lib/origin/.docker/config.json) and C(/root/.docker/config.json), read by kubelet and \
     the container runtime of a 3.11 node; V(kubelet) means C(/var/lib/kubelet/config.json).",
    "V(microshift) means C(/etc/crio/openshift-pull-secret), V(podman) C(/root/.config/containers/auth.json); \
     with both, Docker Hub stands under C(docker.io).",
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

const RESTART_NOTE: Row<Option<String>> = Row::path("restart_note").about(&[
    "A file whose existence notes that the node service must restart. It is written before the first change of a \
     file, so that a run that is killed leaves it for the next one. RV(restart_due) says whether it is there.",
]);
const RESTART_DONE: Row<bool> = Row::flag("restart_done", false)
    .about(&["The service was restarted: remove the file O(restart_note) and touch no other."]);
const MACHINE_CONFIG: Row<OneOf<MachineConfig>> =
    Row::choice("machine_config").default("refuse").variable("oreg_machine_config").about(&[
        "V(refuse) leaves files alone that a machine config of OpenShift 4 owns: the machine config operator marks \
         a node Degraded when they are changed by hand. Without O(paths), V(okd3) is refused on such a node as a \
         whole.",
        "V(ignore) writes them all the same.",
    ]);

rows! {pub PATHS, PROFILE, STATE, REGISTRIES, EXCLUSIVE, MODE, OWNER, GROUP, DIRECTORY_MODE, BACKUP,
    RESTART_NOTE, RESTART_DONE, MACHINE_CONFIG,
}

/// The module.
pub const MODULE: Module = Module::new(
    "oreg_node_config",
    "Brings docker config.json files on a node to the wanted registry credentials",
    &[CREDENTIAL_OPTIONS, OPTIONS],
    run,
);

/// Who reads the files.
#[derive(Clone, Copy, Debug)]
enum Profile {
    Okd3,
    Microshift,
    Kubelet,
    Podman,
}

impl Choice for Profile {
    const ALL: &'static [Self] = &[Self::Okd3, Self::Microshift, Self::Kubelet, Self::Podman];

    fn word(self) -> &'static str {
        match self {
            Self::Okd3 => "okd3",
            Self::Microshift => "microshift",
            Self::Kubelet => "kubelet",
            Self::Podman => "podman",
        }
    }
}

impl Profile {
    const fn paths(self) -> &'static [&'static str] {
        match self {
            Self::Okd3 => &[
                "/var/lib/origin/.docker/config.json",
                "/root/.docker/config.json",
            ],
            Self::Microshift => &["/etc/crio/openshift-pull-secret"],
            Self::Kubelet => &["/var/lib/kubelet/config.json"],
            // root's file in /run does not outlive a reboot.
            Self::Podman => &["/root/.config/containers/auth.json"],
        }
    }

    const fn reader(self) -> Reader {
        match self {
            Self::Okd3 | Self::Kubelet => Reader::DockerAndKubelet,
            Self::Microshift | Self::Podman => Reader::Containers,
        }
    }
}

/// What happens to files that a machine config owns.
#[derive(Clone, Copy, Debug)]
enum MachineConfig {
    Refuse,
    Ignore,
}

impl Choice for MachineConfig {
    const ALL: &'static [Self] = &[Self::Refuse, Self::Ignore];

    fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Ignore => "ignore",
        }
    }
}

/// What the options ask for, and what goes with it into the answer.
struct Input {
    entries: Entries,
    warnings: Vec<String>,
    secrets: Vec<Secret>,
}

fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    let note = options
        .get(RESTART_NOTE)
        .map(|path| RestartNote::find(Path::new(path)));
    let note = note.transpose()?;
    // The note is settled by a call of its own, after the restart: until then a killed run leaves it, and the
    // next run restarts.
    if options.get(RESTART_DONE) {
        return settle(note, effect_of(call));
    }
    let input = match options.get(STATE) {
        State::Present => present(options)?,
        State::Absent => absent(options)?,
    };
    let request = Request {
        paths: paths(options),
        entries: input.entries,
        reader: options.get(PROFILE).reader(),
        owned: owned_files(options)?,
        attributes: attributes(options)?,
        directory_mode: options.get(DIRECTORY_MODE),
        backup: options.get(BACKUP),
    };
    let response = configure(&request, note, call);
    Ok(response.warn(input.warnings).conceal(input.secrets))
}

fn owned_files(options: &Options) -> Result<OwnedFiles, Failure> {
    if let MachineConfig::Ignore = options.get(MACHINE_CONFIG) {
        return Ok(OwnedFiles::default());
    }
    let owned = OwnedFiles::of_this_node()?;
    if let (Profile::Okd3, []) = (options.get(PROFILE), options.get(PATHS)) {
        owned.require_okd3()?;
    }
    Ok(owned)
}

fn paths(options: &Options) -> Vec<PathBuf> {
    match options.get(PATHS) {
        [] => options
            .get(PROFILE)
            .paths()
            .iter()
            .map(Into::into)
            .collect(),
        paths => paths.iter().map(Into::into).collect(),
    }
}

fn configure(request: &Request, mut note: Option<RestartNote>, call: &Call) -> Response {
    let report = configure_node(request, effect_of(call), note.as_mut());
    let response = answer(&report, call);
    match note {
        None => response,
        Some(note) => {
            let is_due = report.is_changed() || note.was_there();
            response.with("restart_due", is_due)
        }
    }
}

/// After the restart: the note goes, and no other file is touched.
fn settle(note: Option<RestartNote>, effect: Effect) -> Result<Response, Failure> {
    let note = note.ok_or_else(|| {
        Failure::new("restart_done: means nothing without restart_note, the file to remove")
    })?;
    let was_due = note.settle(effect)?;
    let files: [Value; 0] = [];
    Ok(Response::new(was_due)
        .with("files", files)
        .with("restart_due", false))
}

fn present(options: &Options) -> Result<Input, Failure> {
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
    Ok(Input {
        secrets: entries.iter().map(|(_, one)| one.encode()).collect(),
        entries: Entries::Present(entries, others),
        warnings,
    })
}

fn absent(options: &Options) -> Result<Input, Failure> {
    if options.get(EXCLUSIVE) {
        return Err(Failure::new(
            "exclusive: means nothing with state=absent; to keep only some entries, give their \
             credentials with state=present and exclusive=true",
        ));
    }
    let hosts = removals(options)?.into_iter().map(|registry| registry.host);
    Ok(Input {
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
            let keys = file_changes::keys(&plan.plan.changes, cleaner);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `verify.yml` proves what the files of a profile hold, by a table of its own.
    #[test]
    fn the_role_has_the_files_of_every_profile() {
        let tables = include_str!("../../playbooks/roles/oreg/vars/main.yml");
        for profile in Profile::ALL {
            let row = format!("\n  {}: [{}]\n", profile.word(), profile.paths().join(", "));
            assert!(tables.contains(&row), "{row}");
        }
    }
}
