//! A pull secret as it is to be, and the way there: pure planning, no I/O.
//!
//! What is compared is the decoded content, entry by entry, never bytes: the same credentials in
//! another order or layout are no difference. What others put beside ours is kept: labels,
//! annotations, data keys, and entries for other registries.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{
    error::ClusterError,
    lines::{differing, lines},
    live_secret::LiveSecret,
    names::ObjectName,
    plan::{Action, Plan, Step, Strangers, document_of},
};
use crate::domain::{
    credential::Credential, docker_config::DockerConfig, merge::plan_pull_secret,
    registry_host::RegistryHost, secret::Secret as Hidden, stored_entry::StoredEntry,
};

/// The type of a pull secret and the key of its document.
pub const SECRET_TYPE: &str = "kubernetes.io/dockerconfigjson";
/// The key of a pull secret's document.
pub const DOCUMENT_KEY: &str = ".dockerconfigjson";

/// The label that says whose a secret is.
pub const MANAGER_LABEL: &str = "app.kubernetes.io/managed-by";
/// Our value of [`MANAGER_LABEL`].
pub const MANAGER: &str = "oreg";

/// kubectl's copy of the object it applied last, credentials and type included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A pull secret as it is to be.
#[derive(Clone, Debug)]
pub struct PullSecret {
    /// Where it is.
    pub name: ObjectName,
    /// The registry.
    pub host: RegistryHost,
    /// The credential for it.
    pub credential: Credential,
    /// Hosts of token servers under which image imports look for the same credential.
    pub realm_hosts: Vec<RegistryHost>,
}

impl PullSecret {
    /// Returns the document of a fresh secret, in one line.
    #[must_use]
    pub fn document(&self) -> Hidden {
        let plan = plan_pull_secret(&empty_document(), &self.entries());
        Hidden::new(plan.document().to_text())
    }

    /// The entries: the registry, then its realm hosts, each host once.
    fn entries(&self) -> Vec<(RegistryHost, Credential)> {
        let mut hosts = vec![&self.host];
        for realm in &self.realm_hosts {
            if !hosts.contains(&realm) {
                hosts.push(realm);
            }
        }
        let entry = |host: &RegistryHost| (host.clone(), self.credential.clone());
        hosts.into_iter().map(entry).collect()
    }

    pub(super) fn plan_creation(&self) -> Result<Plan, ClusterError> {
        let document = self.document();
        let secret = self.fresh(&document, ObjectMeta::default());
        let plan = self.plan_to(Action::Created, Vec::new(), lines_of(&document));
        plan.checked(Step::Create(Box::new(secret)))
    }

    pub(super) fn plan_update(
        &self,
        live: &LiveSecret,
        strangers: Strangers,
    ) -> Result<Plan, ClusterError> {
        let stored = document_of(live, strangers)?;
        let document = stored.clone().unwrap_or_else(empty_document);
        let merged = plan_pull_secret(&document, &self.following(&document).entries());
        let before = stored.as_ref().map_or_else(unreadable, lines);
        if stored.is_some() && merged.is_empty() {
            return Ok(self.plan_to(Action::Unchanged, before.clone(), before));
        }
        let text = Hidden::new(merged.document().to_text());
        let mut secret = live.0.clone();
        claim(&mut secret.metadata);
        put_document(&mut secret, &text);
        let (mut before, after) = (before, lines(merged.document()));
        differing(&mut before, &after);
        let plan = self.plan_to(Action::Updated, before, after);
        plan.checked(Step::Replace(Box::new(secret)))
    }

    pub(super) fn plan_replacement(&self, live: &LiveSecret) -> Result<Plan, ClusterError> {
        let document = self.document();
        let old = &live.0.metadata;
        let mut annotations = old.annotations.clone();
        if let Some(annotations) = &mut annotations {
            annotations.remove(LAST_APPLIED);
        }
        let kept = ObjectMeta {
            labels: old.labels.clone(),
            annotations,
            ..ObjectMeta::default()
        };
        let secret = self.fresh(&document, kept);
        let typed = |kind: &str| format!("type: {kind}");
        let mut after = vec![typed(SECRET_TYPE)];
        after.extend(lines_of(&document));
        let plan = self.plan_to(Action::Recreated, vec![typed(live.kind())], after);
        plan.checked(Step::Recreate(live.identity(), Box::new(secret)))
    }

    /// Returns what is wanted together with the realm hosts that an earlier run has stored in
    /// `document`: they would go on with a password that is no more.
    pub(super) fn following(&self, document: &DockerConfig) -> Self {
        let mut wanted = self.clone();
        wanted
            .realm_hosts
            .extend(realm_hosts_in(document, &self.host));
        wanted
    }

    fn fresh(&self, document: &Hidden, mut metadata: ObjectMeta) -> Secret {
        metadata.name = Some(self.name.name.clone());
        metadata.namespace = Some(self.name.namespace.clone());
        claim(&mut metadata);
        let mut secret = Secret {
            metadata,
            type_: Some(SECRET_TYPE.to_owned()),
            ..Secret::default()
        };
        put_document(&mut secret, document);
        secret
    }

    fn plan_to(&self, action: Action, before: Vec<String>, after: Vec<String>) -> Plan {
        Plan {
            name: self.name.clone(),
            host: Some(self.host.to_string()),
            action,
            before,
            after,
            warnings: Vec::new(),
            step: Step::Nothing,
        }
    }
}

/// The hosts whose entries hold the same credential as that of `registry`: its realm hosts, under
/// which image imports look for it, learned by an earlier run.
pub(super) fn realm_hosts_in(
    document: &DockerConfig,
    registry: &RegistryHost,
) -> Vec<RegistryHost> {
    let credential = |entry: &StoredEntry| entry.credential().ok().flatten();
    let Some(held) = document.entry(registry).and_then(credential) else {
        return Vec::new();
    };
    let entries = document.auths().iter();
    let alike = entries.filter(|entry| credential(entry).as_ref() == Some(&held));
    let hosts = alike.filter_map(StoredEntry::host);
    hosts.filter(|host| host != registry).collect()
}

fn empty_document() -> DockerConfig {
    DockerConfig::parse(br#"{"auths":{}}"#).expect("the text is a document")
}

/// Says whose the secret is, unless somebody said so before.
fn claim(metadata: &mut ObjectMeta) {
    let labels = metadata.labels.get_or_insert_with(BTreeMap::new);
    let label = labels.entry(MANAGER_LABEL.to_owned());
    label.or_insert_with(|| MANAGER.to_owned());
}

/// Puts the document into the secret, beside whatever else is in it.
pub(super) fn put_document(secret: &mut Secret, document: &Hidden) {
    let bytes = ByteString(document.expose().as_bytes().to_vec());
    let data = secret.data.get_or_insert_with(BTreeMap::new);
    data.insert(DOCUMENT_KEY.to_owned(), bytes);
}

fn lines_of(document: &Hidden) -> Vec<String> {
    DockerConfig::parse(document.expose().as_bytes()).map_or_else(|_| unreadable(), |d| lines(&d))
}

fn unreadable() -> Vec<String> {
    vec![format!("{DOCUMENT_KEY}: not a docker config")]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::{
        live_secret::{OLD_SECRET_TYPE, tests::live},
        plan::Goal,
    };

    fn host(text: &str) -> RegistryHost {
        RegistryHost::parse(text).unwrap()
    }

    fn wanted(password: &str, realm_hosts: &[&str]) -> Goal {
        Goal::Present(PullSecret {
            name: ObjectName::new("openshift", "imagestreamsecret"),
            host: host("r.example.com"),
            credential: Credential::new("u", Hidden::new(password)).unwrap(),
            realm_hosts: realm_hosts.iter().map(|text| host(text)).collect(),
        })
    }

    fn plan(goal: &Goal, live: Option<&LiveSecret>) -> Plan {
        goal.plan(live, Strangers::Refuse).unwrap()
    }

    fn sent(plan: &Plan) -> &Secret {
        match &plan.step {
            Step::Create(secret) | Step::Replace(secret) | Step::Recreate(_, secret) => secret,
            step => panic!("nothing is sent: {step:?}"),
        }
    }

    fn document_in(plan: &Plan) -> Value {
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
    fn rotation_updates_in_place_and_keeps_what_is_not_ours() {
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

    #[test]
    fn a_realm_entry_of_an_earlier_run_follows_the_rotation() {
        let live = live(
            SECRET_TYPE,
            r#"{"auths":{"r.example.com":{"auth":"dTpvbGQ="},"sso":{"auth":"dTpvbGQ="},"q":{"auth":"eDp5"}}}"#,
        );
        let auths = document_in(&plan(&wanted("new", &[]), Some(&live)))["auths"].clone();
        assert_eq!(auths["sso"]["password"], "new");
        assert_eq!(auths["q"], json!({"auth": "eDp5"}));
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
    fn content_that_nobody_can_read_is_replaced() {
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
            let error = goal.plan(Some(&live), Strangers::Refuse).unwrap_err();
            assert_eq!(error.reason(), "malformed");
            assert!(error.to_string().contains("`recreate: true`"), "{error}");
            let plan = goal.plan(Some(&live), Strangers::Replace).unwrap();
            assert_eq!(plan.action, Action::Updated);
            assert_eq!(document_in(&plan)["auths"].as_object().unwrap().len(), 1);
        }
    }

    #[test]
    fn another_type_is_refused_or_replaced() {
        for kind in ["Opaque", OLD_SECRET_TYPE] {
            let live = live(kind, "x");
            let error = wanted("p", &[])
                .plan(Some(&live), Strangers::Refuse)
                .unwrap_err();
            assert!(error.to_string().contains("`recreate: true`"), "{error}");
            let plan = wanted("p", &[])
                .plan(Some(&live), Strangers::Replace)
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
            .plan(None, Strangers::Refuse)
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
