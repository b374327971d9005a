//! What the modules that write docker config files say about a file's plan.

use std::{collections::HashMap, fmt::Write as _};

use crate::{
    domain::{
        plan::{Change, EntrySummary},
        registry_host::mask_userinfo,
        stored_entry::StoredEntry,
        warning::Warning,
    },
    operations::configure_node::FilePlan,
    support::{
        files::{Attributes, WantedAttributes},
        text::{Cleaner, Foreign},
    },
};

/// The keys of `auths` that a plan concerns, as they may be shown.
pub(super) struct Keys {
    pub(super) added: Vec<String>,
    pub(super) updated: Vec<String>,
    pub(super) removed: Vec<String>,
}

/// The keys that `changes` add, update and remove. An alias that is folded into the key of
/// its registry does not count as a removal.
pub(super) fn keys(changes: &[Change], cleaner: &Cleaner) -> Keys {
    let select = |wanted: fn(&Change) -> bool| {
        let chosen = changes.iter().filter(|change| wanted(change));
        chosen.map(|change| key(&change.key, cleaner)).collect()
    };
    Keys {
        added: select(Change::is_addition),
        updated: select(|change| !change.is_addition() && !change.is_removal()),
        removed: select(Change::is_removal),
    }
}

/// The plan's warnings as sentences.
pub(super) fn warnings(plan: &FilePlan, cleaner: &Cleaner) -> Vec<String> {
    let warnings = plan.plan.warnings.iter();
    warnings.map(|one| warning(one, cleaner)).collect()
}

/// Whoever can write the file chooses keys, users and helpers: line breaks in them would forge lines.
fn name(text: &str, cleaner: &Cleaner) -> String {
    cleaner.quote_name(&Foreign::new(text)).to_string()
}

fn key(key: &str, cleaner: &Cleaner) -> String {
    name(&mask_userinfo(key), cleaner)
}

fn warning(warning: &Warning, cleaner: &Cleaner) -> String {
    let name = |text: &str| name(text, cleaner);
    let quote = |text: &str| key(text, cleaner);
    match warning {
        Warning::HiddenByHelper { key, helper } => format!(
            "docker asks the credential helper {} for {} (credHelpers) and does not read \
             the entry written here; kubelet ignores helpers and reads the entry",
            name(helper),
            quote(key)
        ),
        Warning::HelperOnly { key, helper } => format!(
            "podman and CRI-O ask the credential helper {} for {} (credHelpers) and do not read the \
             entry written here",
            name(helper),
            quote(key)
        ),
        Warning::HiddenByStore { store } => format!(
            "docker asks the credential store {} for every registry (credsStore) and does not \
             read the entries written here; kubelet ignores the store and reads the entries",
            name(store)
        ),
        Warning::Unreadable { key, error } => format!(
            "the entry {} cannot be read ({error}): because of it kubelet ignores the whole \
             file; repair the entry, or remove it with state=absent",
            quote(key)
        ),
    }
}

/// What differs as two texts without secrets: a line for each entry concerned, and for
/// mode, owner and group.
pub(super) fn diff(plan: &FilePlan, cleaner: &Cleaner) -> (String, String) {
    let future = plan.attributes.map(|present| plan.wanted.over(present));
    let before = lines_before(plan, plan.attributes.zip(future), cleaner);
    let after = lines_after(plan, plan.attributes.zip(future), cleaner);
    (before, after)
}

fn lines_before(
    plan: &FilePlan,
    change: Option<(Attributes, Attributes)>,
    cleaner: &Cleaner,
) -> String {
    let mut text = String::new();
    if let Some((present, future)) = change {
        attribute_lines(&mut text, present, future);
    }
    let concerned = concerned(plan);
    for entry in plan.before.auths() {
        if let Some(change) = concerned.get(entry.key()) {
            let _ = writeln!(text, "{}{}", line(entry, cleaner), rival(entry, change));
        }
    }
    text
}

fn lines_after(
    plan: &FilePlan,
    change: Option<(Attributes, Attributes)>,
    cleaner: &Cleaner,
) -> String {
    let mut text = String::new();
    match change {
        Some((present, future)) => attribute_lines(&mut text, future, present),
        None => new_file_lines(&mut text, plan.wanted),
    }
    let concerned = concerned(plan);
    let auths = plan.plan.document().auths().iter();
    for entry in auths.filter(|entry| concerned.contains_key(entry.key())) {
        let _ = writeln!(text, "{}", line(entry, cleaner));
    }
    text
}

/// The changes by the keys that they concern: their own and those that are folded into it, which the
/// document as it will be does not have.
fn concerned(plan: &FilePlan) -> HashMap<&str, &Change> {
    let mut concerned = HashMap::new();
    for change in &plan.plan.changes {
        let folded = change.folded.iter().map(|key| (key.as_str(), change));
        concerned.extend(folded);
        concerned.insert(change.key.as_str(), change);
    }
    concerned
}

/// Writes those of the attributes that differ from `other`.
fn attribute_lines(text: &mut String, attributes: Attributes, other: Attributes) {
    if attributes.mode != other.mode {
        let _ = writeln!(text, "mode: {:04o}", attributes.mode);
    }
    if attributes.owner != other.owner {
        let _ = writeln!(text, "owner: {}", attributes.owner);
    }
    if attributes.group != other.group {
        let _ = writeln!(text, "group: {}", attributes.group);
    }
}

fn new_file_lines(text: &mut String, wanted: WantedAttributes) {
    let _ = writeln!(text, "mode: {:04o}", wanted.mode);
    let numbers = [("owner", wanted.owner), ("group", wanted.group)];
    for (name, number) in numbers {
        let _ = number.map_or(Ok(()), |number| writeln!(text, "{name}: {number}"));
    }
}

fn line(entry: &StoredEntry, cleaner: &Cleaner) -> String {
    let content = match EntrySummary::of(entry) {
        EntrySummary::Credential { user, fingerprint } => {
            let user = name(&user, cleaner);
            format!("user={user} password={fingerprint}")
        }
        EntrySummary::Other => "no user and password".to_owned(),
        EntrySummary::Unreadable => "unreadable".to_owned(),
    };
    format!("{}: {content}", key(entry.key(), cleaner))
}

/// The difference between entries that look the same: a token, or a second password.
fn rival(old: &StoredEntry, change: &Change) -> &'static str {
    let is_alone = change.key == old.key() && change.folded.is_empty();
    if old.has_token() {
        " and a token"
    } else if is_alone && change.after == Some(EntrySummary::of(old)) {
        " and another in members of their own"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        credential::Credential,
        docker_config::DockerConfig,
        merge::{Others, plan_present},
        registry_host::RegistryHost,
        secret::Secret,
    };

    fn plan(text: &str, attributes: Option<Attributes>) -> FilePlan {
        let before = DockerConfig::parse(text.as_bytes()).unwrap();
        let host = RegistryHost::parse("r.example.com").unwrap();
        let credential = Credential::new("u", Secret::new("hunter2")).unwrap();
        FilePlan {
            plan: plan_present(&before, &[(host, credential)], Others::Keep),
            before,
            attributes,
            wanted: WantedAttributes {
                mode: 0o600,
                owner: None,
                group: None,
            },
            backup: None,
        }
    }

    #[test]
    fn a_new_file_is_all_new() {
        let (before, after) = diff(&plan("", None), &Cleaner::default());
        assert_eq!(before, "");
        assert_eq!(
            after,
            "mode: 0600\nr.example.com: user=u password=sha256:f52fbd\n"
        );
    }

    #[test]
    fn shows_aliases_modes_and_fingerprints() {
        let text = r#"{"auths":{"x":{},"https://r.example.com/":{"auth":"dTpodW50ZXIz"},
            "r.example.com":{"auth":"dTpodW50ZXIy"}}}"#;
        let present = Attributes {
            mode: 0o644,
            owner: 0,
            group: 0,
        };
        let (before, after) = diff(&plan(text, Some(present)), &Cleaner::default());
        let fingerprint = Secret::new("hunter3").fingerprint();
        assert_eq!(
            before,
            format!(
                "mode: 0644\nhttps://r.example.com/: user=u password={fingerprint}\n\
                 r.example.com: user=u password=sha256:f52fbd\n"
            )
        );
        assert_eq!(
            after,
            "mode: 0600\nr.example.com: user=u password=sha256:f52fbd\n"
        );
    }

    #[test]
    fn a_password_in_a_key_is_not_shown() {
        let text =
            r#"{"auths":{"https://u:hunter2@old.example.com":{"auth":"!"},"r.example.com":{}}}"#;
        let mut plan = plan(text, None);
        assert!(
            warnings(&plan, &Cleaner::default())[0]
                .contains("entry https://********@old.example.com cannot")
        );
        let hosts = [RegistryHost::parse("r.example.com").unwrap()].map(|host| {
            let credential = Credential::new("u", Secret::new("p")).unwrap();
            (host, credential)
        });
        plan.plan = plan_present(&plan.before, &hosts, Others::Remove);
        assert_eq!(
            keys(&plan.plan.changes, &Cleaner::default()).removed,
            ["https://********@old.example.com"]
        );
        let (before, _) = diff(&plan, &Cleaner::default());
        assert!(
            before.contains("https://********@old.example.com: unreadable"),
            "{before}"
        );
    }

    #[test]
    fn nobody_forges_lines_by_a_key_or_a_user() {
        let text = r#"{"credsStore":"s\u001b[2J\nx","auths":{"evil\u001b[2J\nother.example.com: user=u":{"auth":"!"},
            "r.example.com":{"auth":"YQpi4oCuOnA="}}}"#;
        let mut plan = plan(text, None);
        plan.plan = plan_present(&plan.before, &[], Others::Remove);
        let cleaner = Cleaner::default();
        let (before, _) = diff(&plan, &cleaner);
        let lines: Vec<_> = before.lines().collect();
        assert_eq!(lines[0], "evil [2J other.example.com: user=u: unreadable");
        assert!(
            lines[1].starts_with("r.example.com: user=a b password="),
            "{before}"
        );
        let others = [
            warnings(&plan, &cleaner),
            keys(&plan.plan.changes, &cleaner).removed,
        ]
        .concat();
        assert_eq!(lines.len(), 2);
        assert!(
            others.iter().all(|text| !text.contains(char::is_control)),
            "{others:?}"
        );
    }

    #[test]
    fn a_removed_token_shows() {
        let text = r#"{"auths":{"r.example.com":{"auth":"dTpodW50ZXIy","identitytoken":"t"}}}"#;
        let (before, after) = diff(&plan(text, None), &Cleaner::default());
        assert_eq!(
            before.trim_end(),
            format!("{} and a token", after.lines().last().unwrap())
        );
    }
}
