//! Reading and writing secrets at the API: one list per namespace, writes side by side, and reading
//! again when somebody else was faster.

use std::cell::Cell;

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api,
    api::{DeleteParams, ListParams, PostParams, Preconditions},
};

use super::{
    api::{Cluster, PARALLEL, Request, TRIES, pause},
    error::ClusterError,
    live_secret::{Identity, LiveSecret},
    names::ObjectName,
    plan::{Action, Goal, Plan, Step, Strangers},
};

const SECRETS: &str = "secrets";

/// Secrets are read in pages of this size, which fit into the largest answer unless all are huge. The
/// `openshift` namespace has a tenth.
const PAGE: u32 = 250;

/// A change that is to be carried out.
#[derive(Clone, Debug)]
pub struct Change {
    /// What is wanted: the way there is planned anew when the secret has changed meanwhile.
    pub goal: Goal,
    /// The way there from what was read.
    pub plan: Plan,
}

/// What came of changes.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was carried out, as it was in the end.
    pub done: Vec<Plan>,
    /// What went wrong. After a fault nothing more is begun.
    pub faults: Vec<ClusterError>,
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

    /// Makes sure that a namespace exists. A user who may not look is believed.
    ///
    /// # Errors
    /// [`ClusterError::NamespaceMissing`], or that the API does not answer.
    pub fn require_namespace(&self, namespace: &str) -> Result<(), ClusterError> {
        let api: Api<Namespace> = Api::all(self.client());
        let request = Request::new("get", "namespaces")
            .named(namespace)
            .within(namespace);
        match self.wait_for(self.ask(&request, api.get(namespace))) {
            Ok(_) | Err(ClusterError::Forbidden { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Carries changes out, several at a time.
    pub fn change_secrets(&self, changes: &[Change], strangers: Strangers) -> Outcome {
        for change in changes {
            if let Goal::Present(secret) = &change.goal {
                self.cleaner().learn_credential(&secret.credential);
            }
        }
        let stopped = Cell::new(false);
        let one = async |change: &Change| {
            if stopped.get() {
                return None;
            }
            let outcome = self.change_secret(change, strangers).await;
            stopped.set(stopped.get() || outcome.is_err());
            Some(outcome)
        };
        let all = stream::iter(changes).map(one).buffer_unordered(PARALLEL);
        let mut outcome = Outcome::default();
        for result in self.wait_for(all.collect::<Vec<_>>()).into_iter().flatten() {
            match result {
                Ok(plan) => outcome.done.push(plan),
                Err(fault) => outcome.faults.push(fault),
            }
        }
        outcome
    }

    async fn change_secret(
        &self,
        change: &Change,
        strangers: Strangers,
    ) -> Result<Plan, ClusterError> {
        let deleted = Cell::new(false);
        let result = self.try_to_change(change, strangers, &deleted).await;
        match result {
            Ok(mut plan) => {
                if deleted.get() && plan.action != Action::Deleted {
                    plan.action = Action::Recreated;
                }
                Ok(plan)
            }
            Err(source) if deleted.get() => Err(ClusterError::LeftDeleted {
                secret: change.goal.name().clone(),
                source: Box::new(source),
            }),
            Err(error) => Err(error),
        }
    }

    async fn try_to_change(
        &self,
        change: &Change,
        strangers: Strangers,
        deleted: &Cell<bool>,
    ) -> Result<Plan, ClusterError> {
        let mut plan = change.plan.clone();
        // Of which nobody knows whether it was carried out.
        let mut doubtful: Option<Plan> = None;
        for attempt in 0.. {
            match self.perform(&plan, deleted).await {
                Ok(()) => break,
                Err(error) if error.is_passing() && attempt + 1 < TRIES => {
                    if error.leaves_doubt() {
                        doubtful = Some(plan);
                    }
                    pause(attempt).await;
                }
                Err(error) => return Err(error),
            }
            let live = self.read_secret(change.goal.name()).await?;
            let is_gone = |sent: &Plan| live.is_none() && matches!(sent.step, Step::Recreate(..));
            deleted.set(deleted.get() || doubtful.as_ref().is_some_and(is_gone));
            plan = change.goal.plan(live.as_ref(), strangers)?;
        }
        // That it is as wanted now is our own doing.
        let sent = doubtful.filter(|_| plan.is_empty());
        Ok(sent.unwrap_or(plan))
    }

    async fn perform(&self, plan: &Plan, deleted: &Cell<bool>) -> Result<(), ClusterError> {
        match &plan.step {
            Step::Nothing => Ok(()),
            Step::Create(secret) => self.create_secret(&plan.name, secret).await,
            Step::Replace(secret) => self.replace_secret(&plan.name, secret).await,
            Step::Delete(identity) => self.delete_secret(&plan.name, identity).await,
            Step::Recreate(identity, secret) => {
                self.delete_secret(&plan.name, identity).await?;
                deleted.set(true);
                self.create_secret(&plan.name, secret).await
            }
        }
    }

    async fn list_secrets(&self, namespace: &str) -> Result<Vec<LiveSecret>, ClusterError> {
        let request = Request::new("list", SECRETS).within(namespace);
        let api = self.secret_api(namespace);
        let page = ListParams::default().limit(PAGE);
        let list = self.list(&request, &api, page, LiveSecret::new).await?;
        self.learn(&list);
        Ok(list)
    }

    async fn read_secret(&self, name: &ObjectName) -> Result<Option<LiveSecret>, ClusterError> {
        let api = self.secret_api(&name.namespace);
        let secret = self
            .ask(&request("get", name), api.get_opt(&name.name))
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

    async fn create_secret(&self, name: &ObjectName, secret: &Secret) -> Result<(), ClusterError> {
        let api = self.secret_api(&name.namespace);
        let parameters = PostParams::default();
        let created = api.create(&parameters, secret);
        self.ask(&request("create", name), created).await.map(drop)
    }

    async fn replace_secret(&self, name: &ObjectName, secret: &Secret) -> Result<(), ClusterError> {
        let api = self.secret_api(&name.namespace);
        let parameters = PostParams::default();
        let replaced = api.replace(&name.name, &parameters, secret);
        self.ask(&request("update", name), replaced).await.map(drop)
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
        self.ask(&request("delete", name), deleted).await.map(drop)
    }

    fn secret_api(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client(), namespace)
    }
}

fn request<'a>(verb: &'static str, name: &'a ObjectName) -> Request<'a> {
    Request::new(verb, SECRETS)
        .within(&name.namespace)
        .named(&name.name)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        convert::Infallible,
        sync::{Arc, Mutex},
    };

    use http::{Request as HttpRequest, Response};
    use kube::client::Body;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        cluster::pull_secret::PullSecret,
        domain::{credential::Credential, registry_host::RegistryHost, secret::Secret as Hidden},
    };

    /// A server that gives these answers in this order, and the requests it got.
    fn scripted(answers: Vec<(u16, Value)>) -> (Cluster, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
        let service = tower::service_fn(move |request: HttpRequest<Body>| {
            let uri = request.uri().path().rsplit('/').next().unwrap().to_owned();
            log.lock()
                .unwrap()
                .push(format!("{} {uri}", request.method()));
            let (status, body) = answers.lock().unwrap().pop_front().unwrap();
            let response = Response::builder().status(status);
            let response = response
                .body(Body::from(body.to_string().into_bytes()))
                .unwrap();
            async { Ok::<_, Infallible>(response) }
        });
        (Cluster::scripted(service), seen)
    }

    fn status(code: u16, reason: &str) -> (u16, Value) {
        let details = json!({"name": "s", "kind": "secrets"});
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": format!("secrets \"s\" {reason}"), "reason": reason, "details": details,
            "code": code});
        (code, body)
    }

    fn stored(kind: &str, password: &str, version: &str) -> Value {
        let goal = goal(password);
        let Goal::Present(secret) = &goal else {
            unreachable!()
        };
        let document = secret.document();
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
            host: RegistryHost::parse("r").unwrap(),
            credential: Credential::new("u", Hidden::new(password)).unwrap(),
            realm_hosts: Vec::new(),
        })
    }

    fn run(live: Option<&LiveSecret>, answers: Vec<(u16, Value)>) -> (Outcome, Vec<String>) {
        let (cluster, seen) = scripted(answers);
        let goal = goal("new");
        let plan = goal.plan(live, Strangers::Replace).unwrap();
        let outcome = cluster.change_secrets(&[Change { goal, plan }], Strangers::Replace);
        let seen = seen.lock().unwrap().clone();
        (outcome, seen)
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
    fn a_write_whose_answer_is_lost_is_told() {
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
            assert!(outcome.faults.is_empty(), "{seen:?}: {:?}", outcome.faults);
            assert_eq!(outcome.done[0].action, action, "{seen:?}");
        }
    }

    #[test]
    fn a_secret_that_may_be_left_deleted_is_told() {
        let opaque = live("Opaque", "old");
        let answers = vec![
            status(504, "Timeout"),
            status(404, "NotFound"),
            status(422, "Invalid"),
        ];
        let (outcome, _) = run(Some(&opaque), answers);
        assert_eq!(outcome.faults[0].reason(), "left_deleted");
    }

    #[test]
    fn endless_contention_ends() {
        let live = live(KIND, "old");
        let round = || [status(409, "Conflict"), (200, stored(KIND, "older", "2"))];
        let (outcome, seen) = run(Some(&live), (0..TRIES).flat_map(|_| round()).collect());
        assert_eq!(seen.len(), 2 * TRIES as usize - 1);
        assert_eq!(outcome.faults[0].reason(), "conflict");
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
    fn a_secret_left_deleted_is_told() {
        let live = live("Opaque", "old");
        let success = json!({"kind": "Status", "status": "Success"});
        let answers = vec![(200, success), status(422, "Invalid")];
        let (outcome, _) = run(Some(&live), answers);
        let fault = &outcome.faults[0];
        assert_eq!(fault.reason(), "left_deleted");
        assert!(
            fault
                .to_string()
                .starts_with("secret ns/s was deleted to be replaced")
        );
    }

    #[test]
    fn answers_that_are_no_api_are_told_without_their_content() {
        let (outcome, _) = run(None, vec![(201, json!({"metadata": "hunter2"}))]);
        let fault = outcome.faults[0].to_string();
        assert_eq!(outcome.faults[0].reason(), "not_an_api");
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}
