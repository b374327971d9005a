//! What has to happen to one secret: pure planning, no I/O.
//!
//! What is compared is the decoded content, entry by entry, never bytes: the same credentials in
//! another order or layout are no difference. What others put beside ours is kept: labels,
//! annotations, data keys, and entries for other registries.

use std::{collections::BTreeMap, fmt};

use k8s_openapi::{
    ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{
    error::ClusterError,
    lines::lines,
    live_secret::{Identity, LiveSecret},
    names::ObjectName,
    shown::shown_fault,
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

/// What the API server takes (`MaxSecretSize`, Kubernetes `pkg/apis/core/types.go`).
const MAX_BYTES: usize = 1 << 20;

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

/// What is wanted of one secret.
#[derive(Clone, Debug)]
pub enum Goal {
    /// It holds this.
    Present(PullSecret),
    /// It is not there.
    Absent(ObjectName),
    /// It is not there, as long as it is one of ours.
    Pruned(ObjectName),
}

/// What becomes of a secret that has our name and another type, or a document that we cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// It stays, and that is an error.
    Refuse,
    /// Ours takes its place.
    Replace,
}

/// What happens, or happened, to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was not there.
    Created,
    /// It was changed in place.
    Updated,
    /// It was deleted and created.
    Recreated,
    /// It was as wanted.
    Unchanged,
    /// It was there.
    Deleted,
}

/// The way from one state of a secret to another.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The secret.
    pub name: ObjectName,
    /// The first registry it is, or was, for.
    pub host: Option<String>,
    /// What happens.
    pub action: Action,
    /// What it holds, one line per entry, without secrets.
    pub before: Vec<String>,
    /// What it will hold.
    pub after: Vec<String>,
    /// What a user should know.
    pub warnings: Vec<String>,
    pub(super) step: Step,
}

/// What is to be sent.
#[derive(Clone)]
pub(super) enum Step {
    Nothing,
    Create(Box<Secret>),
    Replace(Box<Secret>),
    Recreate(Identity, Box<Secret>),
    Delete(Identity),
}

/// Without the credentials, which a derived one would print.
impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Create(_) => "Create",
            Self::Replace(_) => "Replace",
            Self::Recreate(..) => "Recreate",
            Self::Delete(_) => "Delete",
        })
    }
}

impl Goal {
    /// Returns the secret's name.
    #[must_use]
    pub fn name(&self) -> &ObjectName {
        match self {
            Self::Present(secret) => &secret.name,
            Self::Absent(name) | Self::Pruned(name) => name,
        }
    }

    /// Plans the way from `live` to this goal.
    ///
    /// # Errors
    /// [`ClusterError::WrongType`], [`ClusterError::Malformed`] and [`ClusterError::TooLarge`].
    pub fn plan(
        &self,
        live: Option<&LiveSecret>,
        strangers: Strangers,
    ) -> Result<Plan, ClusterError> {
        match (self, live) {
            (Self::Absent(name) | Self::Pruned(name), None) => Ok(Plan::nothing(name)),
            (Self::Pruned(name), Some(live)) if !live.is_ours() => Ok(Plan::nothing(name)),
            (Self::Absent(name) | Self::Pruned(name), Some(live)) => Ok(Plan::removal(name, live)),
            (Self::Present(wanted), None) => wanted.plan_creation(),
            (Self::Present(wanted), Some(live)) if live.kind() == SECRET_TYPE => {
                wanted.plan_update(live, strangers)
            }
            (Self::Present(wanted), Some(live)) => match strangers {
                Strangers::Replace => wanted.plan_replacement(live),
                Strangers::Refuse => Err(ClusterError::WrongType {
                    secret: wanted.name.clone(),
                    found: live.kind().to_owned(),
                }),
            },
        }
    }
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

    fn plan_creation(&self) -> Result<Plan, ClusterError> {
        let document = self.document();
        let secret = self.fresh(&document, ObjectMeta::default());
        let plan = self.plan_to(Action::Created, Vec::new(), lines_of(&document));
        plan.checked(Step::Create(Box::new(secret)))
    }

    fn plan_update(&self, live: &LiveSecret, strangers: Strangers) -> Result<Plan, ClusterError> {
        let stored = document_of(live, strangers)?;
        let document = stored.clone().unwrap_or_else(empty_document);
        let merged = plan_pull_secret(&document, &self.followed(&document));
        let before = stored.as_ref().map_or_else(unreadable, lines);
        if stored.is_some() && merged.is_empty() {
            return Ok(self.plan_to(Action::Unchanged, before.clone(), before));
        }
        let text = Hidden::new(merged.document().to_text());
        let mut secret = live.0.clone();
        claim(&mut secret.metadata);
        put_document(&mut secret, &text);
        let plan = self.plan_to(Action::Updated, before, lines(merged.document()));
        plan.checked(Step::Replace(Box::new(secret)))
    }

    fn plan_replacement(&self, live: &LiveSecret) -> Result<Plan, ClusterError> {
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

    /// The entries wanted, and those that held the same credential as our registry's: they are its
    /// realm hosts, learned by an earlier run, and would go on with a password that is no more.
    fn followed(&self, document: &DockerConfig) -> Vec<(RegistryHost, Credential)> {
        let mut entries = self.entries();
        let held = document
            .entry(&self.host)
            .and_then(|e| e.credential().ok()?);
        for entry in document.auths() {
            let (Some(host), Ok(Some(credential))) = (entry.host(), entry.credential()) else {
                continue;
            };
            let is_new = entries.iter().all(|(wanted, _)| *wanted != host);
            if is_new && held.as_ref() == Some(&credential) {
                entries.push((host, self.credential.clone()));
            }
        }
        entries
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

impl Plan {
    fn nothing(name: &ObjectName) -> Self {
        Self {
            name: name.clone(),
            host: None,
            action: Action::Unchanged,
            before: Vec::new(),
            after: Vec::new(),
            warnings: Vec::new(),
            step: Step::Nothing,
        }
    }

    fn removal(name: &ObjectName, live: &LiveSecret) -> Self {
        if !live.is_pull_secret() && !live.is_ours() {
            let warning = format!(
                "secret {name} has type {} and is not ours: it was left alone",
                live.kind()
            );
            return Self {
                warnings: vec![warning],
                ..Self::nothing(name)
            };
        }
        let document = live.document().ok().flatten();
        let first = document.as_ref().and_then(|d| d.auths().first());
        let host = first.and_then(StoredEntry::host);
        Self {
            host: host.map(|host| host.to_string()),
            action: Action::Deleted,
            before: document
                .as_ref()
                .map_or_else(|| vec![format!("type: {}", live.kind())], lines),
            step: Step::Delete(live.identity()),
            ..Self::nothing(name)
        }
    }

    /// Adds the step, unless the server would find it too large.
    fn checked(mut self, step: Step) -> Result<Self, ClusterError> {
        let bytes = match &step {
            Step::Create(secret) | Step::Replace(secret) | Step::Recreate(_, secret) => {
                size(secret)
            }
            Step::Nothing | Step::Delete(_) => 0,
        };
        if bytes > MAX_BYTES {
            let secret = self.name;
            return Err(ClusterError::TooLarge { secret, bytes });
        }
        self.step = step;
        Ok(self)
    }

    /// Returns whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.action == Action::Unchanged
    }
}

/// The document of a secret; one that others may read and we cannot stays, unless it may be replaced.
fn document_of(
    live: &LiveSecret,
    strangers: Strangers,
) -> Result<Option<DockerConfig>, ClusterError> {
    match live.document() {
        Err(fault) if strangers == Strangers::Refuse => Err(ClusterError::Malformed {
            secret: live.name(),
            fault: shown_fault(&fault),
        }),
        result => Ok(result.ok().flatten()),
    }
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

fn put_document(secret: &mut Secret, document: &Hidden) {
    let bytes = ByteString(document.expose().as_bytes().to_vec());
    let data = secret.data.get_or_insert_with(BTreeMap::new);
    data.insert(DOCUMENT_KEY.to_owned(), bytes);
}

fn size(secret: &Secret) -> usize {
    let values = secret.data.iter().flat_map(BTreeMap::values);
    values.map(|value| value.0.len()).sum()
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
    use crate::cluster::live_secret::OLD_SECRET_TYPE;

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

    fn absent() -> Goal {
        Goal::Absent(ObjectName::new("openshift", "imagestreamsecret"))
    }

    fn live(kind: &str, document: &str) -> LiveSecret {
        let data = BTreeMap::from([(DOCUMENT_KEY.to_owned(), ByteString(document.into()))]);
        LiveSecret(Secret {
            metadata: ObjectMeta {
                name: Some("imagestreamsecret".to_owned()),
                namespace: Some("openshift".to_owned()),
                uid: Some("u-1".to_owned()),
                resource_version: Some("7".to_owned()),
                labels: Some(BTreeMap::from([("team".to_owned(), "a".to_owned())])),
                annotations: Some(BTreeMap::from([(LAST_APPLIED.to_owned(), "{}".to_owned())])),
                ..ObjectMeta::default()
            },
            type_: Some(kind.to_owned()),
            data: Some(data),
            ..Secret::default()
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
    fn removal_spares_what_is_no_pull_secret() {
        let gone = plan(&absent(), Some(&live(SECRET_TYPE, r#"{"auths":{"r":{}}}"#)));
        assert_eq!(
            (gone.action, gone.host.as_deref()),
            (Action::Deleted, Some("r"))
        );
        let spared = plan(&absent(), Some(&live("Opaque", "x")));
        assert_eq!(
            (spared.action, spared.warnings.len()),
            (Action::Unchanged, 1)
        );
        assert!(plan(&absent(), None).is_empty());
    }

    #[test]
    fn what_is_to_be_pruned_must_still_be_ours() {
        let pruned = Goal::Pruned(ObjectName::new("openshift", "imagestreamsecret"));
        assert!(plan(&pruned, Some(&live(SECRET_TYPE, "{}"))).is_empty());
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

    #[test]
    fn ours_are_labelled_or_inherited() {
        let with = |name: &str, kind: &str, manager: Option<&str>| {
            let mut secret = live(kind, "{}");
            secret.0.metadata.name = Some(name.to_owned());
            let label = manager.map(|m| (MANAGER_LABEL.to_owned(), m.to_owned()));
            secret.0.metadata.labels = Some(label.into_iter().collect());
            secret.is_ours()
        };
        let inherited = "o-a-0cc175b9c0f1b6a831c399e269772661";
        let table = [
            ("x", SECRET_TYPE, Some("oreg"), true),
            ("x", SECRET_TYPE, None, false),
            ("imagestreamsecret", SECRET_TYPE, None, false),
            (inherited, SECRET_TYPE, None, true),
            (inherited, OLD_SECRET_TYPE, None, true),
            (inherited, "Opaque", None, false),
            (inherited, SECRET_TYPE, Some("Helm"), false),
        ];
        for (name, kind, manager, expected) in table {
            assert_eq!(
                with(name, kind, manager),
                expected,
                "{name} {kind} {manager:?}"
            );
        }
    }
}
