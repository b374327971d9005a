//! From a docker config document and the wanted entries to a plan: the only place that decides
//! whether a document changes. Check mode, diff and `changed` all read the plan.

use std::collections::{HashMap, HashSet};

use super::{
    credential::Credential,
    docker_config::DockerConfig,
    plan::{Change, EntrySummary, Plan},
    reader::Reader,
    registry_host::RegistryHost,
    stored_entry::StoredEntry,
    warning::warnings,
};

/// What becomes of entries that were not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They stay.
    Keep,
    /// They go.
    Remove,
}

/// Plans that each of `wanted` is stored once, under the key of docker and kubelet. The registries in
/// `wanted` must differ.
pub fn plan_present(
    document: &DockerConfig,
    wanted: &[(RegistryHost, Credential)],
    others: Others,
) -> Plan {
    plan_for(Reader::DockerAndKubelet, document, wanted, others)
}

/// Plans as [`plan_present`] does, under the keys that `reader` looks for.
pub fn plan_for(
    reader: Reader,
    document: &DockerConfig,
    wanted: &[(RegistryHost, Credential)],
    others: Others,
) -> Plan {
    let old = document.auths();
    let registries = || wanted.iter().map(|(host, _)| host);
    let owners = owners(old, registries());
    let mut next: Vec<Option<StoredEntry>> = old.iter().cloned().map(Some).collect();
    let mut changes = Vec::new();
    for ((host, credential), positions) in wanted.iter().zip(positions(&owners, wanted.len())) {
        let key = reader.key_of(host);
        let own: Vec<&StoredEntry> = positions.iter().map(|at| &old[*at]).collect();
        // The entry under that key is the one that the reader uses today.
        // `host`, `https://host` and `https://host/v1/` can stand side by side. All mean this registry,
        // and readers differ in which of them they take.
        let base = own.iter().find(|entry| entry.key == key);
        let base = base.or(own.first()).copied();
        // Equal entries stay byte for byte, whatever their layout: an unchanged file keeps its time, and nothing
        // restarts.
        if own.len() == 1 && base.is_some_and(|base| base.key == key && base.holds(credential)) {
            continue;
        }
        let entry = match base {
            // Members that are not known here, such as `email`, stay.
            Some(base) => base.with(key.clone(), credential, document.layout()),
            None => StoredEntry::new(key.clone(), credential, document.layout()),
        };
        // The registry keeps the place of its first entry; its other names go.
        for at in &positions {
            next[*at] = None;
        }
        match positions.first() {
            Some(first) => next[*first] = Some(entry),
            None => next.push(Some(entry)),
        }
        changes.push(stored(key, credential, base, &own));
    }
    if others == Others::Remove {
        changes.extend(remove(&mut next, |at| {
            owners.get(at).is_some_and(Option::is_none)
        }));
    }
    finish(reader, document, next, changes, registries())
}

/// Plans as [`plan_present`] does, for a pull secret: an entry that is written gets `username` and
/// `password` beside `auth`, as kubectl gives it.
pub fn plan_pull_secret(document: &DockerConfig, wanted: &[(RegistryHost, Credential)]) -> Plan {
    let mut plan = plan_present(document, wanted, Others::Keep);
    if !plan.is_empty() {
        let written: HashSet<_> = plan.changes.iter().map(|change| &*change.key).collect();
        let wanted: HashMap<_, _> = wanted.iter().map(|(host, one)| (host, one)).collect();
        let layout = plan.document.layout();
        let entries = plan.document.auths().iter().map(|entry| {
            let host = entry.host().filter(|_| written.contains(entry.key()));
            match host.and_then(|host| wanted.get(&host)) {
                Some(credential) => entry.spelled_out(credential, layout),
                None => entry.clone(),
            }
        });
        plan.document = plan.document.with_auths(entries.collect());
    }
    plan
}

/// Plans that none of `hosts` has an entry.
pub fn plan_absent(document: &DockerConfig, hosts: &[RegistryHost]) -> Plan {
    plan_absent_for(Reader::DockerAndKubelet, document, hosts)
}

/// Plans as [`plan_absent`] does, with the warnings for `reader`.
pub fn plan_absent_for(reader: Reader, document: &DockerConfig, hosts: &[RegistryHost]) -> Plan {
    let owners = owners(document.auths(), hosts.iter());
    let mut next: Vec<_> = document.auths().iter().cloned().map(Some).collect();
    let changes = remove(&mut next, |at| owners[at].is_some());
    finish(reader, document, next, changes, std::iter::empty())
}

/// For each entry, the position of its registry in `hosts`.
fn owners<'a>(
    entries: &[StoredEntry],
    hosts: impl Iterator<Item = &'a RegistryHost>,
) -> Vec<Option<usize>> {
    // A map, because a document can have thousands of entries.
    let hosts: HashMap<_, _> = hosts.enumerate().map(|(at, host)| (host, at)).collect();
    let position = |entry: &StoredEntry| hosts.get(&entry.host()?).copied();
    entries.iter().map(position).collect()
}

/// For each of `count` registries, the positions of its entries.
fn positions(owners: &[Option<usize>], count: usize) -> Vec<Vec<usize>> {
    let mut positions = vec![Vec::new(); count];
    for (at, owner) in owners.iter().enumerate() {
        if let Some(owner) = owner {
            positions[*owner].push(at);
        }
    }
    positions
}

/// Takes out the entries at `unwanted` positions.
fn remove(entries: &mut [Option<StoredEntry>], unwanted: impl Fn(usize) -> bool) -> Vec<Change> {
    let entries = entries.iter_mut().enumerate();
    let removed = entries.filter(|(at, _)| unwanted(*at));
    let removed = removed.filter_map(|(_, entry)| entry.take());
    let changes = removed.map(|entry| Change {
        before: Some(EntrySummary::of(&entry)),
        after: None,
        folded: Vec::new(),
        key: entry.key,
    });
    changes.collect()
}

/// The change by which the entries `own` become one that holds `credential`.
fn stored(
    key: String,
    credential: &Credential,
    base: Option<&StoredEntry>,
    own: &[&StoredEntry],
) -> Change {
    let others = own.iter().filter(|entry| entry.key != key);
    Change {
        folded: others.map(|entry| entry.key.clone()).collect(),
        before: base.map(EntrySummary::of),
        after: Some(EntrySummary::of_credential(credential)),
        key,
    }
}

fn finish<'a>(
    reader: Reader,
    document: &DockerConfig,
    entries: Vec<Option<StoredEntry>>,
    changes: Vec<Change>,
    ours: impl Iterator<Item = &'a RegistryHost>,
) -> Plan {
    // Without a change the document keeps its bytes, however they are laid out.
    let document = if changes.is_empty() {
        document.clone()
    } else {
        document.with_auths(entries.into_iter().flatten().collect())
    };
    // About the document as it will be: a helper that hides an entry hides the new one as well.
    let warnings = warnings(reader, &document, ours);
    Plan {
        changes,
        warnings,
        document,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{secret::Secret, stored_entry::EntryError, warning::Warning};

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
        let bad = EntryError::Auth(crate::domain::credential::DecodeError::Colon);
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
                    error: bad
                },
                Warning::Unreadable {
                    key: "odd".into(),
                    error: EntryError::Shape
                },
            ]
        );
    }

    #[test]
    fn each_reader_has_its_key_of_docker_hub_and_its_warnings() {
        let text = "{\"credsStore\":\"pass\",\"credHelpers\":{\"docker.io\":\"x\"},\
                    \"auths\":{\"bad\":{\"auth\":\"!\"}}}";
        let wanted = wanted(&[("docker.io", "u", "p")]);
        let plan = |reader| plan_for(reader, &document(text), &wanted, Others::Keep);
        let docker = plan(Reader::DockerAndKubelet);
        assert_eq!(docker.changes[0].key, "https://index.docker.io/v1/");
        assert_eq!(docker.warnings.len(), 3);
        let containers = plan(Reader::Containers);
        assert_eq!(containers.changes[0].key, "docker.io");
        assert_eq!(
            containers.warnings,
            [Warning::HelperOnly {
                key: "docker.io".into(),
                helper: "x".into()
            }]
        );
        // The other reader's key is folded into this one's.
        let again = plan_for(Reader::Containers, docker.document(), &wanted, Others::Keep);
        assert_eq!(again.changes[0].folded, ["https://index.docker.io/v1/"]);
    }

    #[test]
    fn our_unreadable_entry_is_repaired() {
        let plan = present(
            "{\"auths\":{\"r\":{\"auth\":\"YWJj\"}}}",
            &[("r", "u", "p")],
        );
        assert_eq!(plan.changes[0].before, Some(EntrySummary::Unreadable));
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
        fn every_reader_finds_its_entry_once(text in any_document(), host in "[a-d]|docker\\.io", indent in 0..200_usize) {
            let text = text.replacen("{\n  ", &format!("{{\n{}", " ".repeat(indent)), 1);
            let wanted = wanted(&[(&host, "u", "p")]);
            for reader in [Reader::DockerAndKubelet, Reader::Containers] {
                let plan = plan_for(reader, &document(&text), &wanted, Others::Keep);
                let written = plan.document().to_text();
                prop_assert_eq!(plan.document().text_length(), written.len());
                // A changed document grows by its own entries, whatever its indentation.
                prop_assert!(written.len() < 2 * text.len() + 1000);
                let read = document(&written);
                let own: Vec<_> = read.auths().iter().filter(|entry| entry.host().as_ref() == Some(&wanted[0].0)).collect();
                prop_assert_eq!(own.len(), 1);
                prop_assert_eq!(own[0].key(), reader.key_of(&wanted[0].0));
                prop_assert!(plan_for(reader, &read, &wanted, Others::Keep).is_empty());
            }
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
