//! From a docker config document and the wanted entries to a plan: the only place that decides
//! whether a document changes. Check mode, diff and `changed` all read the plan.

use std::collections::HashMap;

use super::{
    credential::Credential,
    docker_config::{DockerConfig, Layout},
    plan::{Change, Holding, Plan},
    registry_host::RegistryHost,
    stored_entry::StoredEntry,
    warning::warnings,
};

/// What becomes of entries that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They stay.
    Keep,
    /// They go.
    Remove,
}

/// Plans that each of `wanted` is stored, once, under its canonical key. The registries in
/// `wanted` must differ.
#[must_use]
pub fn plan_present(
    document: &DockerConfig,
    wanted: &[(RegistryHost, Credential)],
    others: Others,
) -> Plan {
    let mut groups = Groups::of(document, wanted.iter().map(|(host, _)| host));
    let mut changes = Vec::new();
    for (position, (host, credential)) in wanted.iter().enumerate() {
        changes.extend(groups.store(position, host.key(), credential, document));
    }
    if others == Others::Remove {
        changes.extend(groups.drop_others());
    }
    finish(
        document,
        groups.into_entries(),
        changes,
        wanted.iter().map(|(host, _)| host),
    )
}

/// Plans as [`plan_present`] does, for a pull secret: an entry that is written gets `username` and
/// `password` beside `auth`, as kubectl gives it.
#[must_use]
pub fn plan_pull_secret(document: &DockerConfig, wanted: &[(RegistryHost, Credential)]) -> Plan {
    let mut plan = plan_present(document, wanted, Others::Keep);
    if !plan.is_empty() {
        let entries = plan.document.auths().iter();
        let entries = entries.map(|entry| spelled_out(entry, &plan, wanted));
        plan.document = plan.document.with_auths(entries.collect());
    }
    plan
}

fn spelled_out(
    entry: &StoredEntry,
    plan: &Plan,
    wanted: &[(RegistryHost, Credential)],
) -> StoredEntry {
    let host = entry.host();
    let is_written = plan.changes.iter().any(|change| change.key == entry.key);
    let credential = wanted
        .iter()
        .find(|(wanted, _)| is_written && Some(wanted) == host.as_ref());
    match credential {
        Some((_, credential)) => entry.spelled_out(credential, plan.document.layout()),
        None => entry.clone(),
    }
}

/// Plans that none of `hosts` has an entry.
#[must_use]
pub fn plan_absent(document: &DockerConfig, hosts: &[RegistryHost]) -> Plan {
    let mut groups = Groups::of(document, hosts.iter());
    let changes = groups.drop_members();
    finish(document, groups.into_entries(), changes, std::iter::empty())
}

fn finish<'a>(
    document: &DockerConfig,
    entries: Vec<StoredEntry>,
    changes: Vec<Change>,
    ours: impl Iterator<Item = &'a RegistryHost>,
) -> Plan {
    let document = if changes.is_empty() {
        document.clone()
    } else {
        document.with_auths(entries)
    };
    let warnings = warnings(&document, ours);
    Plan {
        changes,
        warnings,
        document,
    }
}

/// The entries of a document, each known to be one registry's (by its position) or nobody's.
struct Groups {
    slots: Vec<Slot>,
    members: HashMap<usize, Vec<usize>>,
}

struct Slot {
    entry: Option<StoredEntry>,
    is_member: bool,
}

impl Groups {
    fn of<'a>(document: &DockerConfig, hosts: impl Iterator<Item = &'a RegistryHost>) -> Self {
        let positions: HashMap<&RegistryHost, usize> = hosts
            .enumerate()
            .map(|(position, host)| (host, position))
            .collect();
        let mut groups = Self {
            slots: Vec::new(),
            members: HashMap::new(),
        };
        for (slot, entry) in document.auths().iter().enumerate() {
            let position = entry.host().and_then(|host| positions.get(&host).copied());
            if let Some(position) = position {
                groups.members.entry(position).or_default().push(slot);
            }
            let is_member = position.is_some();
            groups.slots.push(Slot {
                entry: Some(entry.clone()),
                is_member,
            });
        }
        groups
    }

    /// Leaves one entry for the registry, where its first one stood, and reports what that changed.
    fn store(
        &mut self,
        position: usize,
        key: String,
        credential: &Credential,
        document: &DockerConfig,
    ) -> Option<Change> {
        let layout = document.layout();
        let taken = self.take(position);
        let base = taken.iter().find(|entry| entry.key == key);
        let Some(base) = base.or(taken.first()) else {
            return Some(self.add(key, credential, layout));
        };
        let first = self.members[&position][0];
        if taken.len() == 1 && base.key == key && base.holds(credential) {
            self.slots[first].entry = Some(base.clone());
            return None;
        }
        self.slots[first].entry = Some(base.with(key.clone(), credential, layout));
        let others = taken.iter().filter(|entry| entry.key != key);
        Some(Change {
            folded: others.map(|entry| entry.key.clone()).collect(),
            before: Some(Holding::of(base)),
            after: Some(Holding::of_credential(credential)),
            key,
        })
    }

    fn add(&mut self, key: String, credential: &Credential, layout: &Layout) -> Change {
        let entry = StoredEntry::new(key.clone(), credential, layout);
        self.slots.push(Slot {
            entry: Some(entry),
            is_member: true,
        });
        Change {
            key,
            folded: Vec::new(),
            before: None,
            after: Some(Holding::of_credential(credential)),
        }
    }

    fn take(&mut self, position: usize) -> Vec<StoredEntry> {
        let slots = self.members.get(&position).cloned().unwrap_or_default();
        slots
            .into_iter()
            .filter_map(|slot| self.slots[slot].entry.take())
            .collect()
    }

    fn drop_others(&mut self) -> Vec<Change> {
        self.slots
            .iter_mut()
            .filter(|slot| !slot.is_member)
            .filter_map(Slot::remove)
            .collect()
    }

    fn drop_members(&mut self) -> Vec<Change> {
        self.slots
            .iter_mut()
            .filter(|slot| slot.is_member)
            .filter_map(Slot::remove)
            .collect()
    }

    fn into_entries(self) -> Vec<StoredEntry> {
        self.slots
            .into_iter()
            .filter_map(|slot| slot.entry)
            .collect()
    }
}

impl Slot {
    fn remove(&mut self) -> Option<Change> {
        let entry = self.entry.take()?;
        let before = Some(Holding::of(&entry));
        Some(Change {
            key: entry.key,
            folded: Vec::new(),
            before,
            after: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{secret::Secret, stored_entry::EntryFault, warning::Warning};

    fn wanted(entries: &[(&str, &str, &str)]) -> Vec<(RegistryHost, Credential)> {
        entries
            .iter()
            .map(|(host, user, password)| {
                let credential = Credential::new(*user, Secret::new(*password)).unwrap();
                (RegistryHost::parse(host).unwrap(), credential)
            })
            .collect()
    }

    fn document(text: &str) -> DockerConfig {
        DockerConfig::parse(text.as_bytes()).unwrap()
    }

    fn present(text: &str, entries: &[(&str, &str, &str)]) -> Plan {
        plan_present(&document(text), &wanted(entries), Others::Keep)
    }

    const U_P: &str = "dTpw"; // u:p

    #[test]
    fn adds_to_nothing() {
        let plan = plan_present(
            &DockerConfig::empty(),
            &wanted(&[("r:5000", "u", "p")]),
            Others::Keep,
        );
        assert_eq!(
            plan.document().to_text(),
            "{\n\t\"auths\": {\n\t\t\"r:5000\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}\n"
        );
        assert!(plan.changes[0].is_addition());
    }

    #[test]
    fn names_of_members_are_those_of_go() {
        let written = r#"{"auths":{"r":{"auth":"dTpw"}}}"#;
        for entry in [
            r#"{"Auth":"b2xkOm9sZA=="}"#,
            r#"{"auth":"dTpw","Auth":"b2xkOm9sZA=="}"#,
            r#"{"auth":"dTpw","PASSWORD":"old"}"#,
            r#"{"auth":"dTpw","IdentityToken":"t"}"#,
            r#"{"auth":"dTpw","email":7}"#,
        ] {
            let plan = present(
                &format!(r#"{{"Auths":{{"r":{entry}}}}}"#),
                &[("r", "u", "p")],
            );
            assert_eq!(plan.document().to_text(), written, "{entry}");
        }
        for entry in [
            r#"{"AUTH":"dTpw"}"#,
            r#"{"auth":"dTpw","Auth":null,"email":null}"#,
        ] {
            let plan = present(
                &format!(r#"{{"Auths":{{"r":{entry}}}}}"#),
                &[("r", "u", "p")],
            );
            assert!(plan.is_empty(), "{entry}");
        }
    }

    /// What kubelet 1.11 ignores the whole file for (`pkg/credentialprovider/config.go`).
    #[test]
    fn warns_of_what_kubelet_cannot_read() {
        let warnings = |entry: &str| {
            let text = format!(r#"{{"auths":{{"other":{entry}}}}}"#);
            present(&text, &[("r", "u", "p")]).warnings.len()
        };
        for entry in [
            "7",
            "[]",
            r#"{"auth":7}"#,
            r#"{"Auth":"!"}"#,
            r#"{"auth":"YWJj"}"#,
            r#"{"username":false}"#,
            r#"{"email":false}"#,
        ] {
            assert_eq!(warnings(entry), 1, "{entry}");
        }
        for entry in [
            "null",
            "{}",
            r#"{"auth":""}"#,
            r#"{"auth":"dTpwZZ=="}"#,
            r#"{"auth":"dTrk"}"#,
            r#"{"identitytoken":7}"#,
        ] {
            assert_eq!(warnings(entry), 0, "{entry}");
        }
    }

    #[test]
    fn equal_content_is_no_change() {
        let text = format!("{{ \"auths\":{{\"r\":{{\"auth\":\"{U_P}\", \"email\":\"e\"}}}}}}");
        let plan = present(&text, &[("r", "u", "p")]);
        assert!(plan.is_empty(), "{:?}", plan.changes);
    }

    #[test]
    fn keeps_what_it_does_not_own() {
        let text = "{\"HttpHeaders\":{\"X\":  1.0},\"auths\":{\"other\":{ \"auth\" : \"eDp5\" },\
                    \"r\":{\"email\":\"e\",\"auth\":\"eDp5\",\"identitytoken\":\"t\"}},\"z\":[]}";
        let plan = present(text, &[("r", "u", "p")]);
        assert_eq!(
            plan.document().to_text(),
            "{\"HttpHeaders\":{\"X\":  1.0},\"auths\":{\"other\":{ \"auth\" : \"eDp5\" },\
             \"r\":{\"email\":\"e\",\"auth\":\"dTpw\"}},\"z\":[]}"
        );
        assert_eq!(plan.changes.len(), 1);
    }

    #[test]
    fn folds_names_of_one_registry_into_one_entry() {
        let text =
            "{\"auths\":{\"https://r/\":{\"auth\":\"eDp5\"},\"q\":{},\"r\":{\"auth\":\"dTpw\"}}}";
        let plan = present(text, &[("r", "u", "p")]);
        assert_eq!(
            plan.document().to_text(),
            "{\"auths\":{\"r\":{\"auth\":\"dTpw\"},\"q\":{}}}"
        );
        assert_eq!(plan.changes[0].folded, ["https://r/"]);
    }

    #[test]
    fn a_rival_secret_beside_auth_is_a_difference() {
        for rival in [
            "\"password\":\"old\"",
            "\"identitytoken\":\"t\"",
            "\"registrytoken\":\"t\"",
        ] {
            let text = format!("{{\"auths\":{{\"r\":{{\"auth\":\"{U_P}\",{rival}}}}}}}");
            let plan = present(&text, &[("r", "u", "p")]);
            assert_eq!(
                plan.document().to_text(),
                "{\"auths\":{\"r\":{\"auth\":\"dTpw\"}}}"
            );
        }
    }

    #[test]
    fn a_pull_secret_is_written_as_kubectl_does() {
        let text = "{\"auths\":{\"other\":{ \"auth\" : \"eDp5\" },\"r\":{\"email\":\"e\",\"auth\":\"eDp5\"}}}";
        let wanted = wanted(&[("r", "u", "p")]);
        let plan = plan_pull_secret(&document(text), &wanted);
        assert_eq!(
            plan.document().to_text(),
            "{\"auths\":{\"other\":{ \"auth\" : \"eDp5\" },\
             \"r\":{\"username\":\"u\",\"password\":\"p\",\"email\":\"e\",\"auth\":\"dTpw\"}}}"
        );
        assert!(plan_pull_secret(plan.document(), &wanted).is_empty());
    }

    #[test]
    fn exclusive_removes_every_other_entry() {
        let text = "{\"auths\":{\"a\":{},\"r\":{\"auth\":\"dTpw\"},\"b\":3}}";
        let plan = plan_present(&document(text), &wanted(&[("r", "u", "p")]), Others::Remove);
        assert_eq!(
            plan.document().to_text(),
            "{\"auths\":{\"r\":{\"auth\":\"dTpw\"}}}"
        );
        assert_eq!(
            plan.changes
                .iter()
                .filter(|change| change.is_removal())
                .count(),
            2
        );
    }

    #[test]
    fn absent_removes_every_name_of_the_registry() {
        let text = "{\"auths\":{\"docker.io\":{},\"https://index.docker.io/v1/\":{},\"q\":{}}}";
        let plan = plan_absent(&document(text), &[RegistryHost::docker_hub()]);
        assert_eq!(plan.document().to_text(), "{\"auths\":{\"q\":{}}}");
        assert!(plan_absent(plan.document(), &[RegistryHost::docker_hub()]).is_empty());
    }

    #[test]
    fn warns_of_what_hides_or_spoils_the_entry() {
        let text = "{\"credsStore\":\"pass\",\"credHelpers\":{\"https://r\":\"ecr\",\"q\":\"x\"},\
                    \"auths\":{\"bad\":{\"auth\":\"YWJj\"},\"odd\":7}}";
        let bad = EntryFault::Auth(crate::domain::credential::DecodeError::Colon);
        assert_eq!(
            present(text, &[("r", "u", "p")]).warnings,
            [
                Warning::HiddenByStore {
                    store: "pass".into()
                },
                Warning::HiddenByHelper {
                    key: "r".into(),
                    helper: "ecr".into()
                },
                Warning::Unreadable {
                    key: "bad".into(),
                    fault: bad
                },
                Warning::Unreadable {
                    key: "odd".into(),
                    fault: EntryFault::Shape
                },
            ]
        );
    }

    #[test]
    fn our_unreadable_entry_is_repaired() {
        let plan = present(
            "{\"auths\":{\"r\":{\"auth\":\"YWJj\"}}}",
            &[("r", "u", "p")],
        );
        assert_eq!(plan.changes[0].before, Some(Holding::Unreadable));
        assert!(plan.warnings.is_empty());
    }

    fn any_document() -> impl Strategy<Value = String> {
        let entry = prop_oneof![
            Just("{}".to_owned()),
            Just("{\"auth\":\"dTpw\",\"email\":\"e\"}".to_owned()),
            Just("{\"auth\":\"!\"}".to_owned()),
            "[a-z]{0,4}".prop_map(|name| format!("{{\"{name}\": [1.0, {{}}]}}")),
        ];
        let auths = prop::collection::btree_map("[a-d]|https://[a-d]/", entry, 0..6);
        (auths, prop::bool::ANY, "[p-z]{1,3}").prop_map(|(auths, spread, name)| {
            let space = if spread { "\n  " } else { "" };
            let auths: Vec<_> = auths
                .iter()
                .map(|(key, value)| format!("\"{key}\":{value}"))
                .collect();
            format!(
                "{{{space}\"{name}\":1e2,{space}\"auths\":{{{}}}}}",
                auths.join(",")
            )
        })
    }

    proptest! {
        #[test]
        fn merging_twice_is_merging_once(text in any_document(), host in "[a-d]", password in "\\PC{0,8}") {
            let wanted = wanted(&[(&host, "u", &password), ("zz", "v", "w")]);
            let once = plan_present(&document(&text), &wanted, Others::Keep);
            let again = document(&once.document().to_text());
            let twice = plan_present(&again, &wanted, Others::Keep);
            prop_assert!(twice.is_empty());
            prop_assert_eq!(twice.document().to_text(), once.document().to_text());
        }

        #[test]
        fn unknown_members_survive(text in any_document(), host in "[a-d]") {
            let plan = present(&text, &[(&host, "u", "p")]);
            let before: serde_json::Value = serde_json::from_str(&text).unwrap();
            let after: serde_json::Value = serde_json::from_str(&plan.document().to_text()).unwrap();
            for (name, value) in before.as_object().unwrap().iter().filter(|(name, _)| *name != "auths") {
                prop_assert_eq!(Some(value), after.get(name));
            }
            for (key, value) in before["auths"].as_object().unwrap() {
                if RegistryHost::parse(key).unwrap() != RegistryHost::parse(&host).unwrap() {
                    prop_assert_eq!(Some(value), after["auths"].get(key));
                }
            }
        }

        #[test]
        fn removing_undoes_adding(text in any_document()) {
            let added = present(&text, &[("new", "u", "p")]);
            let removed = plan_absent(added.document(), &[RegistryHost::parse("new").unwrap()]);
            let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            prop_assert_eq!(parse(&removed.document().to_text()), parse(&text));
        }
    }
}
