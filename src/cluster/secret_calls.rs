//! Reading and writing secrets at the API: one list per namespace, writes side by side, and reading
//! again when somebody else was faster.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api,
    api::{DeleteParams, ListParams, PostParams, Preconditions},
};

use super::{
    api::{ApiCall, Cluster, PARALLEL},
    error::ClusterError,
    goal::Goal,
    live_secret::{Identity, LiveSecret},
    names::ObjectName,
    plan::{Action, OnConflict, SecretPlan, Step},
    retry::{Attempt, ObjectPlan, retry_write},
};

const SECRETS: &str = "secrets";

/// Secrets of a namespace that do not fit into one answer are read in pages of this size, which do: a
/// secret has 1 MiB at most, a third more in base64.
const PAGE: u32 = 40;

/// A change that is to be carried out.
#[derive(Clone, Debug)]
pub struct Change {
    /// What is wanted: the way there is planned anew when the secret has changed meanwhile.
    pub goal: Goal,
    /// The way there from what was read.
    pub plan: SecretPlan,
}

/// What came of changes.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was carried out, as it was in the end.
    pub done: Vec<SecretPlan>,
    /// What went wrong. After an error nothing more is begun.
    pub errors: Vec<ClusterError>,
}

impl ObjectPlan for SecretPlan {
    fn is_settled(&self) -> bool {
        self.is_empty()
    }
}

impl Cluster {
    /// Returns the secrets of the namespaces, with one request for each.
    ///
    /// # Errors
    /// The first [`ClusterError`] in the order of the namespaces.
    pub fn secrets(&self, namespaces: &[String]) -> Result<Vec<LiveSecret>, ClusterError> {
        let lists = namespaces
            .iter()
            .map(|namespace| self.list_secrets(namespace));
        let lists = self.wait_for(stream::iter(lists).buffered(PARALLEL).collect::<Vec<_>>());
        let lists = lists.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(lists.into_iter().flatten().collect())
    }

    /// Makes sure that new objects can be made in each of the namespaces. A user who may not look at one is
    /// believed.
    ///
    /// # Errors
    /// Every namespace that is missing or on its way out, or that the API does not answer.
    pub fn require_namespaces<'a>(
        &self,
        namespaces: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Vec<ClusterError>> {
        let looks = namespaces
            .into_iter()
            .map(|namespace| self.require_namespace(namespace));
        let looks = self.wait_for(stream::iter(looks).buffered(PARALLEL).collect::<Vec<_>>());
        let errors: Vec<_> = looks.into_iter().filter_map(Result::err).collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    async fn require_namespace(&self, namespace: &str) -> Result<(), ClusterError> {
        let api: Api<Namespace> = Api::all(self.client());
        let call = ApiCall::new("get", "namespaces")
            .named(namespace)
            .within(namespace);
        let found = match self.ask(&call, api.get(namespace)).await {
            Err(ClusterError::Forbidden { .. }) => return Ok(()),
            found => found?,
        };
        let phase = found.status.and_then(|status| status.phase);
        if phase.as_deref() == Some("Terminating") || found.metadata.deletion_timestamp.is_some() {
            return Err(ClusterError::NamespaceTerminating {
                endpoint: self.endpoint().clone(),
                namespace: namespace.to_owned(),
            });
        }
        Ok(())
    }

    /// Carries changes out, several at a time. After an error nothing more is begun.
    pub fn change_secrets(&self, changes: &[Change], on_conflict: OnConflict) -> Outcome {
        for change in changes {
            if let Goal::Present(secret) = &change.goal {
                for (_, credential) in &secret.content.entries {
                    self.cleaner().learn_credential(credential);
                }
            }
        }
        let stopped = AtomicBool::new(false);
        let one = async |change: &Change| {
            if stopped.load(Ordering::Relaxed) {
                return None;
            }
            let outcome = self.change_secret(change, on_conflict).await;
            stopped.fetch_or(outcome.is_err(), Ordering::Relaxed);
            Some(outcome)
        };
        let all = stream::iter(changes).map(one).buffer_unordered(PARALLEL);
        let mut outcome = Outcome::default();
        for result in self.wait_for(all.collect::<Vec<_>>()).into_iter().flatten() {
            match result {
                Ok(plan) => outcome.done.push(plan),
                Err(error) => outcome.errors.push(error),
            }
        }
        outcome
    }

    async fn change_secret(
        &self,
        change: &Change,
        on_conflict: OnConflict,
    ) -> Result<SecretPlan, ClusterError> {
        let mut attempt = Attempt::new(change.plan.clone());
        let send = async |attempt: &mut Attempt<SecretPlan>| self.send(attempt).await;
        let replan = async |attempt: &mut Attempt<SecretPlan>| {
            let live = self.read_secret(change.goal.name()).await?;
            // A replacement whose answer was lost may have come as far as the deletion.
            let recreates = |sent: &SecretPlan| matches!(sent.step, Step::Recreate(..));
            attempt.deleted |= live.is_none() && attempt.may_have_done(recreates);
            attempt.plan = change.goal.plan(live.as_ref(), on_conflict)?;
            Ok(())
        };
        let result = retry_write(&mut attempt, send, replan).await;
        let deleted = attempt.deleted;
        match result {
            Ok(()) => Ok(reported(attempt.outcome(), deleted)),
            Err(source) if deleted => Err(ClusterError::LeftDeleted {
                secret: change.goal.name().clone(),
                source: Box::new(source),
            }),
            Err(error) => Err(error),
        }
    }

    async fn send(&self, attempt: &mut Attempt<SecretPlan>) -> Result<(), ClusterError> {
        let plan = &attempt.plan;
        match &plan.step {
            Step::Nothing => Ok(()),
            Step::Create(secret) => self.create_secret(&plan.name, secret).await,
            Step::Replace(secret) => self.replace_secret(&plan.name, secret).await,
            Step::Delete(identity) => self.delete_secret(&plan.name, identity).await,
            Step::Recreate(identity, secret) => {
                self.delete_secret(&plan.name, identity).await?;
                attempt.deleted = true;
                self.create_secret(&plan.name, secret).await
            }
        }
    }

    async fn list_secrets(&self, namespace: &str) -> Result<Vec<LiveSecret>, ClusterError> {
        let call = ApiCall::new("list", SECRETS).within(namespace);
        let api = self.secret_api(namespace);
        let whole = ListParams::default();
        let list = match self.list(&call, &api, whole, LiveSecret::new).await {
            Err(ClusterError::AnswerTooLarge { .. }) => {
                let page = ListParams::default().limit(PAGE);
                self.list(&call, &api, page, LiveSecret::new).await?
            }
            list => list?,
        };
        self.learn(&list);
        Ok(list)
    }

    pub(super) async fn read_secret(
        &self,
        name: &ObjectName,
    ) -> Result<Option<LiveSecret>, ClusterError> {
        let api = self.secret_api(&name.namespace);
        let secret = self
            .ask(&call("get", name), api.get_opt(&name.name))
            .await?;
        let secret = secret.map(LiveSecret::new);
        self.learn(secret.as_slice());
        Ok(secret)
    }

    /// What is stored for others may be in the server's words as well.
    fn learn(&self, secrets: &[LiveSecret]) {
        let passwords = secrets.iter().flat_map(LiveSecret::passwords);
        self.cleaner().learn(passwords);
    }

    pub(super) async fn create_secret(
        &self,
        name: &ObjectName,
        secret: &Secret,
    ) -> Result<(), ClusterError> {
        let api = self.secret_api(&name.namespace);
        let parameters = PostParams::default();
        let created = api.create(&parameters, secret);
        self.ask(&call("create", name), created).await.map(drop)
    }

    pub(super) async fn replace_secret(
        &self,
        name: &ObjectName,
        secret: &Secret,
    ) -> Result<(), ClusterError> {
        let api = self.secret_api(&name.namespace);
        let parameters = PostParams::default();
        let replaced = api.replace(&name.name, &parameters, secret);
        self.ask(&call("update", name), replaced).await.map(drop)
    }

    async fn delete_secret(&self, name: &ObjectName, old: &Identity) -> Result<(), ClusterError> {
        let api = self.secret_api(&name.namespace);
        // Kubernetes 1.11 knows the precondition `uid` and ignores the other.
        let parameters = DeleteParams {
            preconditions: Some(Preconditions {
                uid: old.uid.clone(),
                resource_version: old.resource_version.clone(),
            }),
            ..DeleteParams::default()
        };
        let deleted = api.delete(&name.name, &parameters);
        self.ask(&call("delete", name), deleted).await.map(drop)
    }

    fn secret_api(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client(), namespace)
    }
}

/// What is created after a deletion takes the place of what was there.
fn reported(mut plan: SecretPlan, deleted: bool) -> SecretPlan {
    if deleted && plan.action != Action::Deleted {
        plan.action = Action::Recreated;
    }
    plan
}

fn call<'a>(verb: &'static str, name: &'a ObjectName) -> ApiCall<'a> {
    ApiCall::new(verb, SECRETS)
        .within(&name.namespace)
        .named(&name.name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        cluster::{
            pull_secret::{Content, PullSecret},
            retry::TRIES,
            scripted::{Answer, Scripted, status},
        },
        domain::{
            credential::Credential, registry_host::RegistryHost, secret::Secret as Sensitive,
        },
    };

    fn stored(kind: &str, password: &str, version: &str) -> Value {
        let goal = goal(password);
        let Goal::Present(secret) = &goal else {
            unreachable!()
        };
        let document = secret.content.document();
        json!({"apiVersion": "v1", "kind": "Secret", "type": kind,
            "metadata": {"name": "s", "namespace": "ns", "uid": "u", "resourceVersion": version},
            "data": {".dockerconfigjson": base64(document.expose())}})
    }

    fn base64(text: &str) -> String {
        use base64::{Engine, engine::general_purpose::STANDARD};
        STANDARD.encode(text)
    }

    fn live(kind: &str, password: &str) -> LiveSecret {
        LiveSecret::new(serde_json::from_value(stored(kind, password, "1")).unwrap())
    }

    fn goal(password: &str) -> Goal {
        Goal::Present(PullSecret {
            name: ObjectName::new("ns", "s"),
            content: Arc::new(Content::new(
                RegistryHost::parse("r").unwrap(),
                Credential::new("u", Sensitive::new(password)).unwrap(),
                [],
            )),
        })
    }

    fn run(live: Option<&LiveSecret>, answers: Vec<Answer>) -> (Outcome, Vec<String>) {
        let server = Scripted::new(answers);
        let goal = goal("new");
        let plan = goal.plan(live, OnConflict::Replace).unwrap();
        let changes = [Change { goal, plan }];
        let outcome = server.cluster.change_secrets(&changes, OnConflict::Replace);
        (outcome, server.calls())
    }

    const KIND: &str = "kubernetes.io/dockerconfigjson";

    #[test]
    fn a_conflict_is_read_again_and_retried() {
        let live = live(KIND, "old");
        let (outcome, seen) = run(
            Some(&live),
            vec![
                status(409, "Conflict"),
                (200, stored(KIND, "older", "2")),
                (200, stored(KIND, "new", "3")),
            ],
        );
        assert_eq!(seen, ["PUT s", "GET s", "PUT s"]);
        assert_eq!(outcome.done[0].action, Action::Updated);
    }

    #[test]
    fn created_by_someone_else_in_between() {
        for (found, last, action) in [
            ("new", None, Action::Unchanged),
            ("old", Some("PUT s"), Action::Updated),
        ] {
            let answers = vec![
                status(409, "AlreadyExists"),
                (200, stored(KIND, found, "2")),
                (200, stored(KIND, "new", "3")),
            ];
            let (outcome, seen) = run(None, answers);
            let mut expected = vec!["POST secrets", "GET s"];
            expected.extend(last);
            assert_eq!(seen, expected);
            assert_eq!(outcome.done[0].action, action);
        }
    }

    #[test]
    fn deleted_by_someone_else_in_between() {
        let live = live(KIND, "old");
        let answers = vec![
            status(404, "NotFound"),
            status(404, "NotFound"),
            (201, stored(KIND, "new", "3")),
        ];
        let (outcome, seen) = run(Some(&live), answers);
        assert_eq!(seen, ["PUT s", "GET s", "POST secrets"]);
        assert_eq!(outcome.done[0].action, Action::Created);
    }

    #[test]
    fn a_write_whose_answer_is_lost_is_reported() {
        let lost = || status(504, "Timeout");
        let new = || (200, stored(KIND, "new", "2"));
        let conflict = || status(409, "AlreadyExists");
        let gone = || status(404, "NotFound");
        let live = live(KIND, "old");
        let opaque = self::live("Opaque", "old");
        let table = [
            (None, vec![lost(), new()], Action::Created),
            (Some(&live), vec![lost(), new()], Action::Updated),
            (
                Some(&opaque),
                vec![lost(), gone(), new()],
                Action::Recreated,
            ),
            // It was carried out late.
            (
                None,
                vec![lost(), gone(), conflict(), new()],
                Action::Created,
            ),
            // Who is sent away was not heard: somebody else did it.
            (None, vec![status(429, "x"), new()], Action::Unchanged),
        ];
        for (live, answers, action) in table {
            let (outcome, seen) = run(live, answers);
            assert!(outcome.errors.is_empty(), "{seen:?}: {:?}", outcome.errors);
            assert_eq!(outcome.done[0].action, action, "{seen:?}");
        }
    }

    #[test]
    fn a_secret_that_may_be_left_deleted_is_reported() {
        let opaque = live("Opaque", "old");
        let answers = vec![
            status(504, "Timeout"),
            status(404, "NotFound"),
            status(422, "Invalid"),
        ];
        let (outcome, _) = run(Some(&opaque), answers);
        assert_eq!(outcome.errors[0].reason(), "left_deleted");
    }

    #[test]
    fn endless_contention_ends() {
        let live = live(KIND, "old");
        let round = || [status(409, "Conflict"), (200, stored(KIND, "older", "2"))];
        let (outcome, seen) = run(Some(&live), (0..TRIES).flat_map(|_| round()).collect());
        assert_eq!(seen.len(), 2 * TRIES as usize - 1);
        assert_eq!(outcome.errors[0].reason(), "conflict");
    }

    #[test]
    fn replacing_deletes_and_creates_at_once() {
        let live = live("Opaque", "old");
        let success = json!({"kind": "Status", "status": "Success"});
        let answers = vec![(200, success), (201, stored(KIND, "new", "3"))];
        let (outcome, seen) = run(Some(&live), answers);
        assert_eq!(seen, ["DELETE s", "POST secrets"]);
        assert_eq!(outcome.done[0].action, Action::Recreated);
    }

    #[test]
    fn a_secret_left_deleted_is_reported() {
        let live = live("Opaque", "old");
        let success = json!({"kind": "Status", "status": "Success"});
        let answers = vec![(200, success), status(422, "Invalid")];
        let (outcome, _) = run(Some(&live), answers);
        let error = &outcome.errors[0];
        assert_eq!(error.reason(), "left_deleted");
        assert!(
            error
                .to_string()
                .starts_with("secret ns/s was deleted to be replaced")
        );
    }

    #[test]
    fn answers_that_are_not_an_api_s_are_reported_without_their_content() {
        let (outcome, _) = run(None, vec![(201, json!({"metadata": "hunter2"}))]);
        let error = outcome.errors[0].to_string();
        assert_eq!(outcome.errors[0].reason(), "not_an_api");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
