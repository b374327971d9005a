//! A pull secret as it is to be, and the way there: pure planning, no I/O.
//!
//! What is compared is the decoded content, entry by entry, never bytes: the same credentials in
//! another order or layout do not differ. What others put beside the entries of this run is kept:
//! labels, annotations, data keys, and entries for other registries.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use super::{
    document::{
        empty_document, entry_lines, hosts_with_credential_of, mark_difference, put_document,
        unreadable_line,
    },
    error::ClusterError,
    live_secret::LiveSecret,
    names::{LAST_APPLIED, MANAGER, MANAGER_LABEL, ObjectName, REALM_HOSTS, SECRET_TYPE},
    plan::{Action, OnConflict, SecretPlan, Step, document_of, require_deletable, require_lasting},
};
use crate::domain::{
    credential::Credential, docker_config::DockerConfig, merge::plan_pull_secret,
    registry_host::RegistryHost, secret::Secret as Sensitive,
};

/// A pull secret as it is to be.
#[derive(Clone, Debug)]
pub struct PullSecret {
    /// Where it is.
    pub name: ObjectName,
    /// What it holds; the same in every namespace.
    pub content: Arc<Content>,
}

/// Entries of a pull secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The registries with their credentials, each registry once; that of the secret's name first.
    pub entries: Vec<(RegistryHost, Credential)>,
    /// The registries among them that are token servers of the first, under which image imports look for
    /// the same credential.
    pub realm_hosts: Vec<RegistryHost>,
}

impl Content {
    /// Holds `credential` for `registry` and for its token servers.
    #[must_use]
    pub fn new(
        registry: RegistryHost,
        credential: Credential,
        realm_hosts: impl IntoIterator<Item = RegistryHost>,
    ) -> Self {
        let mut content = Self {
            entries: vec![(registry, credential)],
            realm_hosts: Vec::new(),
        };
        content.add_realm_hosts(realm_hosts);
        content
    }

    /// Returns the registry of the secret's name.
    #[must_use]
    pub fn registry(&self) -> &RegistryHost {
        &self.entries[0].0
    }

    /// Returns the document of a fresh secret, in one line.
    #[must_use]
    pub fn document(&self) -> Sensitive {
        let plan = plan_pull_secret(&empty_document(), &self.entries);
        Sensitive::new(plan.document().to_text())
    }

    /// Returns the content with the token servers that an earlier run noted on `live`: their entries would
    /// keep a password that is no longer valid.
    pub(super) fn following(&self, live: &LiveSecret) -> Self {
        let mut content = self.clone();
        content.add_realm_hosts(live.realm_hosts());
        content
    }

    fn add_realm_hosts(&mut self, hosts: impl IntoIterator<Item = RegistryHost>) {
        let credential = self.entries[0].1.clone();
        for host in hosts {
            if !self.entries.iter().any(|(known, _)| *known == host) {
                self.entries.push((host.clone(), credential.clone()));
                self.realm_hosts.push(host);
            }
        }
    }

    /// The annotation that notes the token servers.
    pub(super) fn annotation(&self) -> Option<String> {
        let hosts: Vec<_> = self.realm_hosts.iter().map(ToString::to_string).collect();
        (!hosts.is_empty()).then(|| hosts.join(","))
    }

    /// Hosts that hold the old credential and will not get the new one.
    fn left_behind(&self, document: &DockerConfig) -> Vec<RegistryHost> {
        let alike = hosts_with_credential_of(document, self.registry()).into_iter();
        alike
            .filter(|host| !self.entries.iter().any(|(known, _)| known == host))
            .collect()
    }
}

impl PullSecret {
    pub(super) fn plan_creation(&self) -> Result<SecretPlan, ClusterError> {
        let document = self.content.document();
        let secret = self.fresh(&document, ObjectMeta::default());
        let after = lines_of(&self.content, &document);
        let plan = self.plan_to(Action::Created, Vec::new(), after);
        plan.checked(Step::Create(Box::new(secret)))
    }

    pub(super) fn plan_update(
        &self,
        live: &LiveSecret,
        on_conflict: OnConflict,
    ) -> Result<SecretPlan, ClusterError> {
        require_lasting(live)?;
        let stored = document_of(live, on_conflict)?;
        let document = stored.clone().unwrap_or_else(empty_document);
        let content = self.content.following(live);
        let merged = plan_pull_secret(&document, &content.entries);
        let is_noted = content
            .realm_hosts
            .iter()
            .all(|host| live.realm_hosts().contains(host));
        let before = live.entry_lines();
        // A note that is missing is a change of its own: without it the next rotation would leave the token
        // server with the old password.
        if stored.is_some() && merged.is_empty() && is_noted {
            return Ok(self.plan_to(Action::Unchanged, before.clone(), before));
        }
        let mut plan = self.plan_to(Action::Updated, before, entry_lines(merged.document()));
        if !is_noted {
            plan.after.extend(realm_line(&content));
        }
        mark_difference(&mut plan.before, &plan.after);
        plan.warnings = warnings(&self.name, &content.left_behind(&document));
        let text = Sensitive::new(merged.document().to_text());
        let mut secret = live.0.clone();
        claim(&mut secret.metadata, &content);
        put_document(&mut secret, &text);
        if live.is_immutable() {
            return plan_successor(plan, live, secret, on_conflict);
        }
        plan.checked(Step::Replace(Box::new(secret)))
    }

    pub(super) fn plan_replacement(&self, live: &LiveSecret) -> Result<SecretPlan, ClusterError> {
        require_lasting(live)?;
        require_deletable(live)?;
        let document = self.content.document();
        let secret = self.fresh(&document, kept_metadata(&live.0.metadata));
        let typed = |kind: &str| format!("type: {kind}");
        let mut after = vec![typed(SECRET_TYPE)];
        after.extend(lines_of(&self.content, &document));
        let plan = self.plan_to(Action::Recreated, vec![typed(live.kind())], after);
        plan.checked(Step::Recreate(live.identity(), Box::new(secret)))
    }

    fn fresh(&self, document: &Sensitive, mut metadata: ObjectMeta) -> Secret {
        metadata.name = Some(self.name.name.clone());
        metadata.namespace = Some(self.name.namespace.clone());
        claim(&mut metadata, &self.content);
        let mut secret = Secret {
            metadata,
            type_: Some(SECRET_TYPE.to_owned()),
            ..Secret::default()
        };
        put_document(&mut secret, document);
        secret
    }

    fn plan_to(&self, action: Action, before: Vec<String>, after: Vec<String>) -> SecretPlan {
        SecretPlan {
            host: Some(self.content.registry().to_string()),
            action,
            before,
            after,
            ..SecretPlan::nothing(&self.name)
        }
    }
}

/// Plans that an immutable secret is replaced by one that holds `secret`'s content, what others put there
/// included.
pub(super) fn plan_successor(
    plan: SecretPlan,
    live: &LiveSecret,
    mut secret: Secret,
    on_conflict: OnConflict,
) -> Result<SecretPlan, ClusterError> {
    if on_conflict == OnConflict::Refuse {
        return Err(ClusterError::Immutable {
            secret: live.name(),
        });
    }
    require_deletable(live)?;
    secret.metadata = ObjectMeta {
        name: secret.metadata.name.take(),
        namespace: secret.metadata.namespace.take(),
        ..kept_metadata(&secret.metadata)
    };
    // The next rotation must not need a replacement again.
    secret.immutable = None;
    let plan = SecretPlan {
        action: Action::Recreated,
        ..plan
    };
    plan.checked(Step::Recreate(live.identity(), Box::new(secret)))
}

/// The part of the metadata that people give.
fn kept_metadata(old: &ObjectMeta) -> ObjectMeta {
    let mut annotations = old.annotations.clone();
    if let Some(annotations) = &mut annotations {
        // `oc apply` would compare with what the new object never was.
        annotations.remove(LAST_APPLIED);
    }
    ObjectMeta {
        labels: old.labels.clone(),
        annotations,
        ..ObjectMeta::default()
    }
}

/// Says who manages the secret, unless somebody said so before, and notes its token servers.
fn claim(metadata: &mut ObjectMeta, content: &Content) {
    let labels = metadata.labels.get_or_insert_with(BTreeMap::new);
    let label = labels.entry(MANAGER_LABEL.to_owned());
    label.or_insert_with(|| MANAGER.to_owned());
    if let Some(hosts) = content.annotation() {
        let annotations = metadata.annotations.get_or_insert_with(BTreeMap::new);
        annotations.insert(REALM_HOSTS.to_owned(), hosts);
    }
}

fn lines_of(content: &Content, document: &Sensitive) -> Vec<String> {
    let parsed = DockerConfig::parse(document.expose().as_bytes());
    let mut lines = parsed.map_or_else(|_| unreadable_line(), |document| entry_lines(&document));
    lines.extend(realm_line(content));
    lines
}

fn realm_line(content: &Content) -> Option<String> {
    content
        .annotation()
        .map(|hosts| format!("realm hosts: {hosts}"))
}

fn warnings(name: &ObjectName, left_behind: &[RegistryHost]) -> Vec<String> {
    let warning = |host: &RegistryHost| {
        format!(
            "secret {name} holds the former credential for {host}, too, and it is not renewed there: if \
             {host} is the token server, name it in realm_hosts"
        )
    };
    left_behind.iter().map(warning).collect()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::{
        goal::Goal,
        live_secret::tests::live,
        names::{DOCUMENT_KEY, OLD_SECRET_TYPE},
    };

    fn host(text: &str) -> RegistryHost {
        RegistryHost::parse(text).unwrap()
    }

    fn wanted(password: &str, realm_hosts: &[&str]) -> Goal {
        Goal::Present(PullSecret {
            name: ObjectName::new("openshift", "imagestreamsecret"),
            content: Arc::new(Content::new(
                host("r.example.com"),
                Credential::new("u", Sensitive::new(password)).unwrap(),
                realm_hosts.iter().map(|text| host(text)),
            )),
        })
    }

    fn plan(goal: &Goal, live: Option<&LiveSecret>) -> SecretPlan {
        goal.plan(live, OnConflict::Refuse).unwrap()
    }

    fn sent(plan: &SecretPlan) -> &Secret {
        match &plan.step {
            Step::Create(secret) | Step::Replace(secret) | Step::Recreate(_, secret) => secret,
            step => panic!("nothing is sent: {step:?}"),
        }
    }

    fn document_in(plan: &SecretPlan) -> Value {
        let data = sent(plan).data.as_ref().unwrap();
        serde_json::from_slice(&data[DOCUMENT_KEY].0).unwrap()
    }

    #[test]
    fn creates_what_kubectl_would() {
        let plan = plan(&wanted("p", &["sso.example.com", "r.example.com"]), None);
        let entry = json!({"username": "u", "password": "p", "auth": "dTpw"});
        assert_eq!(
            document_in(&plan),
            json!({"auths": {"r.example.com": entry, "sso.example.com": entry}})
        );
        assert_eq!(plan.action, Action::Created);
        assert_eq!(sent(&plan).type_.as_deref(), Some(SECRET_TYPE));
        assert_eq!(
            sent(&plan).metadata.labels.as_ref().unwrap()[MANAGER_LABEL],
            MANAGER
        );
        assert!(
            plan.after[0].starts_with("r.example.com: user=u password=sha256:"),
            "{plan:?}"
        );
    }

    #[test]
    fn the_same_credential_in_other_words_is_unchanged() {
        for document in [
            r#"{"auths":{"r.example.com":{"username":"u","password":"p","auth":"dTpw"}}}"#,
            r#"{ "auths": { "https://r.example.com": {"auth":"dTpw", "email":"e"} }, "x": 1 }"#,
            r#"{"auths":{"other":{"auth":"eDp5"},"r.example.com":{"auth":"dTpw"}}}"#,
        ] {
            let plan = plan(&wanted("p", &[]), Some(&live(SECRET_TYPE, document)));
            // One registry under another of its names is folded into its canonical key.
            let expected = if document.contains("https://") {
                Action::Updated
            } else {
                Action::Unchanged
            };
            assert_eq!(plan.action, expected, "{document}");
        }
    }

    #[test]
    fn rotation_updates_in_place_and_keeps_what_others_wrote() {
        let live = live(
            SECRET_TYPE,
            r#"{"auths":{"other":{"auth":"eDp5"},"r.example.com":{"auth":"dTpvbGQ="}}}"#,
        );
        let plan = plan(&wanted("new", &[]), Some(&live));
        assert_eq!(plan.action, Action::Updated);
        let secret = sent(&plan);
        assert_eq!(secret.metadata.resource_version.as_deref(), Some("7"));
        assert_eq!(secret.metadata.labels.as_ref().unwrap()["team"], "a");
        assert!(
            secret
                .metadata
                .annotations
                .as_ref()
                .unwrap()
                .contains_key(LAST_APPLIED)
        );
        assert_eq!(
            document_in(&plan)["auths"]["other"],
            json!({"auth": "eDp5"})
        );
        assert_eq!(
            document_in(&plan)["auths"]["r.example.com"]["password"],
            "new"
        );
        assert_eq!(plan.before.len(), 2);
        assert_ne!(plan.before[1], plan.after[1]);
    }

    const SHARED: &str = r#"{"auths":{"r.example.com":{"auth":"dTpvbGQ="},"sso":{"auth":"dTpvbGQ="},"q":{"auth":"eDp5"}}}"#;

    fn noted(document: &str, hosts: &str) -> LiveSecret {
        let mut live = live(SECRET_TYPE, document);
        let annotations = live.0.metadata.annotations.get_or_insert_default();
        annotations.insert(REALM_HOSTS.to_owned(), hosts.to_owned());
        live
    }

    #[test]
    fn a_realm_entry_that_was_noted_follows_the_rotation() {
        let plan = plan(&wanted("new", &[]), Some(&noted(SHARED, "sso")));
        let auths = document_in(&plan)["auths"].clone();
        assert_eq!(auths["sso"]["password"], "new");
        assert_eq!(auths["q"], json!({"auth": "eDp5"}));
        assert_eq!(plan.warnings, [""; 0]);
    }

    /// Whoever added an entry with the same login would receive every later password.
    #[test]
    fn an_entry_of_others_with_the_same_login_does_not_follow() {
        let plan = plan(&wanted("new", &[]), Some(&live(SECRET_TYPE, SHARED)));
        let auths = document_in(&plan)["auths"].clone();
        assert_eq!(auths["sso"], json!({"auth": "dTpvbGQ="}));
        assert!(
            plan.warnings[0].contains("name it in realm_hosts"),
            "{plan:?}"
        );
    }

    #[test]
    fn realm_hosts_are_noted_once() {
        let document = wanted("p", &["sso"]);
        let Goal::Present(secret) = &document else {
            unreachable!()
        };
        let text = secret.content.document();
        let first = plan(&document, Some(&live(SECRET_TYPE, text.expose())));
        assert_eq!(first.action, Action::Updated);
        assert_eq!(
            sent(&first).metadata.annotations.as_ref().unwrap()[REALM_HOSTS],
            "sso"
        );
        assert_eq!(first.after.last().unwrap(), "realm hosts: sso");
        for goal in [&document, &wanted("p", &[])] {
            assert!(plan(goal, Some(&noted(text.expose(), "sso"))).is_empty());
        }
    }

    #[test]
    fn an_immutable_secret_is_replaced_with_what_others_put_there() {
        let mut immutable = live(SECRET_TYPE, SHARED);
        immutable.0.immutable = Some(true);
        let goal = wanted("new", &[]);
        let error = goal.plan(Some(&immutable), OnConflict::Refuse).unwrap_err();
        assert_eq!(error.reason(), "immutable");
        let plan = goal.plan(Some(&immutable), OnConflict::Replace).unwrap();
        assert_eq!(plan.action, Action::Recreated);
        assert_eq!(sent(&plan).immutable, None);
        assert_eq!(sent(&plan).metadata.resource_version, None);
        assert_eq!(sent(&plan).metadata.labels.as_ref().unwrap()["team"], "a");
        assert_eq!(document_in(&plan)["auths"].as_object().unwrap().len(), 3);
    }

    #[test]
    fn a_secret_that_is_on_its_way_out_is_reported_with_its_finalizers() {
        use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
        let mut going = live(SECRET_TYPE, SHARED);
        going.0.metadata.finalizers = Some(vec!["example.com/hold".to_owned()]);
        let mut opaque = live("Opaque", "");
        opaque.0.metadata.finalizers = going.0.metadata.finalizers.clone();
        let held = wanted("new", &[])
            .plan(Some(&opaque), OnConflict::Replace)
            .unwrap_err();
        assert_eq!(held.reason(), "held_by_finalizers");
        assert!(held.to_string().contains("example.com/hold"), "{held}");
        let time: Time = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
        going.0.metadata.deletion_timestamp = Some(time);
        for on_conflict in [OnConflict::Refuse, OnConflict::Replace] {
            let error = wanted("new", &[])
                .plan(Some(&going), on_conflict)
                .unwrap_err();
            assert_eq!(error.reason(), "being_deleted");
            assert!(error.to_string().contains("example.com/hold"), "{error}");
        }
    }

    #[test]
    fn every_update_shows_in_a_diff() {
        for (rival, line) in [
            (
                r#""identitytoken":"t""#,
                "password=sha256:148de9 and a token",
            ),
            (r#""password":"old""#, "other members, or another layout"),
        ] {
            let document = format!(r#"{{"auths":{{"r.example.com":{{"auth":"dTpw",{rival}}}}}}}"#);
            let plan = plan(&wanted("p", &[]), Some(&live(SECRET_TYPE, &document)));
            assert_eq!(plan.action, Action::Updated);
            assert!(plan.before.last().unwrap().ends_with(line), "{plan:?}");
            assert!(!plan.after.last().unwrap().ends_with(line), "{plan:?}");
        }
    }

    #[test]
    fn content_that_no_reader_understands_is_replaced() {
        for document in ["[]", "{\"auths\": ", "\u{feff}{}", ""] {
            let plan = plan(&wanted("p", &[]), Some(&live(SECRET_TYPE, document)));
            assert_eq!(plan.action, Action::Updated, "{document}");
        }
    }

    #[test]
    fn content_that_others_can_read_is_not_lost() {
        for document in [
            &br#"{"auths":{"r.example.com":{},"team.example.com":{"auth":"eDp5"},"r.example.com":{}}}"#[..],
            br#"{"auths":{},"auths":{"team.example.com":{"auth":"eDp5"}}}"#,
            b"{\"auths\":{\"team.example.com\":{\"auth\":\"eDp5\"}},\"x\":\"\xff\"}",
            b"{\"auths\": 7}",
        ] {
            let mut live = live(SECRET_TYPE, "");
            let data = live.0.data.as_mut().unwrap();
            data.insert(DOCUMENT_KEY.to_owned(), ByteString(document.to_vec()));
            let goal = wanted("p", &[]);
            let error = goal.plan(Some(&live), OnConflict::Refuse).unwrap_err();
            assert_eq!(error.reason(), "malformed");
            assert!(error.to_string().contains("`recreate: true`"), "{error}");
            let plan = goal.plan(Some(&live), OnConflict::Replace).unwrap();
            assert_eq!(plan.action, Action::Updated);
            assert_eq!(document_in(&plan)["auths"].as_object().unwrap().len(), 1);
        }
    }

    #[test]
    fn another_type_is_refused_or_replaced() {
        for kind in ["Opaque", OLD_SECRET_TYPE] {
            let live = live(kind, "x");
            let error = wanted("p", &[])
                .plan(Some(&live), OnConflict::Refuse)
                .unwrap_err();
            assert!(error.to_string().contains("`recreate: true`"), "{error}");
            let plan = wanted("p", &[])
                .plan(Some(&live), OnConflict::Replace)
                .unwrap();
            assert_eq!(plan.action, Action::Recreated);
            let secret = sent(&plan);
            assert_eq!(secret.metadata.resource_version, None);
            assert_eq!(secret.metadata.labels.as_ref().unwrap()["team"], "a");
            assert_eq!(secret.metadata.annotations.as_ref().unwrap().len(), 0);
            assert_eq!(secret.data.as_ref().unwrap().len(), 1);
            let Step::Recreate(identity, _) = &plan.step else {
                panic!("{plan:?}")
            };
            assert_eq!(*identity, live.identity());
        }
    }

    #[test]
    fn nothing_prints_a_credential() {
        let live = live(
            SECRET_TYPE,
            r#"{"auths":{"r.example.com":{"auth":"dTpvbGQ="}}}"#,
        );
        let plan = plan(&wanted("hunter2", &[]), Some(&live));
        let shown = format!("{live:?} {plan:?} {:?}", wanted("hunter2", &[]));
        assert!(
            !shown.contains("hunter2") && !shown.contains("dTpvbGQ"),
            "{shown}"
        );
        assert!(
            !shown.contains("[123") && !shown.contains("ByteString"),
            "{shown}"
        );
    }

    #[test]
    fn what_the_server_would_not_store_is_not_sent() {
        let error = wanted(&"x".repeat(1 << 20), &[])
            .plan(None, OnConflict::Refuse)
            .unwrap_err();
        assert!(matches!(error, ClusterError::TooLarge { .. }), "{error:?}");
        let error = error.to_string();
        assert!(
            error.contains("1048576") && !error.contains("xxx"),
            "{}",
            error.len()
        );
    }
}
