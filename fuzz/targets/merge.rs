//! Plans for a document. Whatever the document, what was asked for is there afterwards under one key, a second
//! plan is empty, every member that is not `auths` and every entry of another registry is the same bytes as
//! before, and members of an own entry that hold no credential are kept.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use oreg::domain::{
    credential::Credential,
    docker_config::DockerConfig,
    merge::{Others, plan_absent, plan_present, plan_pull_secret},
    plan::Plan,
    registry_host::RegistryHost,
    secret::Secret,
};
use oreg_fuzz::{is_auths, members_of};

/// One thing a line, then the document: seeds are made by hand.
struct Input<'a> {
    user: &'a str,
    password: &'a str,
    /// Which of the document's own registries is wanted; another one besides.
    own: usize,
    other: &'a str,
    others: Others,
    document: &'a str,
}

impl<'a> Input<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut lines = text.splitn(6, '\n');
        let mut line = || lines.next();
        Some(Self {
            user: line()?,
            password: line()?,
            own: line()?.len(),
            other: line()?,
            others: if line()?.is_empty() {
                Others::Keep
            } else {
                Others::Remove
            },
            document: line()?,
        })
    }
}

type Wanted = Vec<(RegistryHost, Credential)>;

fuzz_target!(|text: &str| {
    let Some(input) = Input::read(text) else {
        return;
    };
    let Ok(document) = DockerConfig::parse(input.document.as_bytes()) else {
        return;
    };
    let Ok(credential) = Credential::new(input.user, Secret::new(input.password)) else {
        return;
    };
    let wanted = wanted(&document, &input, &credential);
    if wanted.is_empty() {
        return;
    }
    let others = input.others;
    let plan = plan_present(&document, &wanted, others);
    check_present(input.document, &plan, &wanted, others);
    let again = plan_present(&reread(&plan), &wanted, others);
    assert!(
        again.is_empty(),
        "a second plan changes {:?}",
        again.changes
    );

    let plan = plan_pull_secret(&document, &wanted);
    check_present(input.document, &plan, &wanted, Others::Keep);
    let again = plan_pull_secret(&reread(&plan), &wanted);
    assert!(
        again.is_empty(),
        "a second plan changes {:?}",
        again.changes
    );

    let hosts: Vec<RegistryHost> = wanted.into_iter().map(|(host, _)| host).collect();
    let plan = plan_absent(&document, &hosts);
    let after = reread(&plan);
    assert!(hosts.iter().all(|host| after.entry(host).is_none()));
    check_foreign(input.document, &after, &hosts);
    assert!(plan_absent(&after, &hosts).is_empty());
});

fn wanted(document: &DockerConfig, input: &Input, credential: &Credential) -> Wanted {
    let own = document.auths().get(input.own);
    let own = own.and_then(|entry| entry.host());
    let other = RegistryHost::parse(input.other).ok();
    let mut hosts: Vec<RegistryHost> = own.into_iter().chain(other).collect();
    hosts.dedup();
    hosts
        .into_iter()
        .map(|host| (host, credential.clone()))
        .collect()
}

fn reread(plan: &Plan) -> DockerConfig {
    let text = plan.document().to_text();
    DockerConfig::parse(text.as_bytes()).expect("a plan's document can be read")
}

fn check_present(before: &str, plan: &Plan, wanted: &Wanted, others: Others) {
    let after = reread(plan);
    for (host, credential) in wanted {
        let entries = after.auths().iter();
        let own: Vec<_> = entries
            .filter(|entry| entry.host().as_ref() == Some(host))
            .collect();
        assert_eq!(own.len(), 1, "{host} is there once");
        assert_eq!(own[0].key(), host.key());
        assert_eq!(own[0].credential(), Ok(Some(credential.clone())));
        assert!(!own[0].has_token());
    }
    if others == Others::Keep {
        let hosts: Vec<_> = wanted.iter().map(|(host, _)| host.clone()).collect();
        check_foreign(before, &after, &hosts);
    } else {
        assert_eq!(after.auths().len(), wanted.len());
    }
}

/// Compares everything that does not belong to one of `hosts`, read by `serde_json` alone.
fn check_foreign(before: &str, after: &DockerConfig, hosts: &[RegistryHost]) {
    let after = after.to_text();
    let (mut before, mut after) = (members_of(before), members_of(&after));
    let entries = take_auths(&mut before);
    let entries_after = take_auths(&mut after);
    assert_eq!(before, after, "members are kept byte for byte");
    let is_foreign =
        |key: &String| RegistryHost::parse(key).map_or(true, |host| !hosts.contains(&host));
    for (key, entry) in entries.iter().filter(|(key, _)| is_foreign(key)) {
        assert_eq!(entries_after.get(key), Some(entry), "{key} is kept");
    }
}

fn take_auths(members: &mut BTreeMap<String, String>) -> BTreeMap<String, String> {
    let name = members.keys().find(|name| is_auths(name)).cloned();
    let text = name.and_then(|name| members.remove(&name));
    members_of(text.as_deref().unwrap_or_default())
}
