//! Reading and writing service accounts at the API, with the version that was read.

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, api::PostParams};

use super::{
    api::{ApiCall, Cluster, PARALLEL},
    error::ClusterError,
    names::ObjectName,
    retry::{Attempt, ObjectPlan, retry_write},
    service_account::{AccountGoal, AccountPlan},
};

const ACCOUNTS: &str = "serviceaccounts";

impl ObjectPlan for AccountPlan {
    fn is_settled(&self) -> bool {
        self.is_empty()
    }
}

impl Cluster {
    /// Plans what is wanted of each service account. One that does not exist needs nothing when
    /// nothing is to be added to it.
    ///
    /// # Errors
    /// The first [`ClusterError`] in the order of the goals.
    pub fn plan_accounts(&self, goals: &[AccountGoal]) -> Result<Vec<AccountPlan>, ClusterError> {
        let plans = goals.iter().map(|goal| self.plan_account(goal));
        let plans = self.wait_for(stream::iter(plans).buffered(PARALLEL).collect::<Vec<_>>());
        let plans = plans.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(plans.into_iter().flatten().collect())
    }

    /// Carries a plan out; planned anew for `goal` when the account has changed meanwhile.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not answer or refuses.
    pub fn change_account(
        &self,
        goal: &AccountGoal,
        plan: AccountPlan,
    ) -> Result<AccountPlan, ClusterError> {
        let mut attempt = Attempt::new(plan);
        let send =
            async |attempt: &mut Attempt<AccountPlan>| self.replace_account(&attempt.plan).await;
        let replan = async |attempt: &mut Attempt<AccountPlan>| {
            // An account that is gone needs nothing any more.
            attempt.plan = match self.plan_account(goal).await? {
                Some(anew) => anew,
                None => attempt.plan.clone().given_up(),
            };
            Ok(())
        };
        self.wait_for(retry_write(&mut attempt, send, replan))?;
        Ok(attempt.outcome())
    }

    async fn plan_account(&self, goal: &AccountGoal) -> Result<Option<AccountPlan>, ClusterError> {
        let account = &goal.account;
        let api = self.account_api(account);
        let read = api.get_opt(&account.name);
        match self.ask(&call("get", account), read).await? {
            Some(live) => Ok(Some(goal.plan(&live))),
            None if goal.add.is_empty() => Ok(None),
            None => Err(ClusterError::AccountMissing {
                account: account.clone(),
            }),
        }
    }

    async fn replace_account(&self, plan: &AccountPlan) -> Result<(), ClusterError> {
        let api = self.account_api(&plan.account);
        let parameters = PostParams::default();
        let replaced = api.replace(&plan.account.name, &parameters, &plan.object);
        self.ask(&call("update", &plan.account), replaced)
            .await
            .map(drop)
    }

    fn account_api(&self, account: &ObjectName) -> Api<ServiceAccount> {
        Api::namespaced(self.client(), &account.namespace)
    }
}

fn call<'a>(verb: &'static str, account: &'a ObjectName) -> ApiCall<'a> {
    ApiCall::new(verb, ACCOUNTS)
        .within(&account.namespace)
        .named(&account.name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::scripted::{Answer, Scripted, status};

    fn account(names: &[&str]) -> Value {
        let secrets: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
        json!({"metadata": {"name": "builder", "namespace": "ns"},
            "imagePullSecrets": secrets, "secrets": secrets})
    }

    /// Whether the account, which lacks the secret, is reported as changed after these answers.
    fn is_changed(add: bool, answers: Vec<Answer>) -> bool {
        let ours = vec!["ours".to_owned()];
        let (add, remove) = if add { (ours, vec![]) } else { (vec![], ours) };
        let goal = AccountGoal {
            account: ObjectName::new("ns", "builder"),
            add,
            remove,
        };
        let live = account(if goal.add.is_empty() { &["ours"] } else { &[] });
        let plan = goal.plan(&serde_json::from_value(live).unwrap());
        let server = Scripted::new(answers);
        !server
            .cluster
            .change_account(&goal, plan)
            .unwrap()
            .is_empty()
    }

    #[test]
    fn what_was_done_is_reported_whatever_was_answered() {
        let (with, without) = (|| (200, account(&["ours"])), || (200, account(&[])));
        let lost = || status(504, "Timeout");
        let conflict = || status(409, "Conflict");
        assert!(is_changed(true, vec![with()]));
        assert!(is_changed(true, vec![conflict(), without(), with()]));
        assert!(is_changed(true, vec![lost(), with()]));
        assert!(!is_changed(true, vec![conflict(), with()]));
        assert!(!is_changed(
            false,
            vec![conflict(), status(404, "NotFound")]
        ));
    }
}
