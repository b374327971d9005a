//! Reading and writing service accounts at the API, with the version that was read.

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, api::PostParams};

use super::{
    api::{Cluster, PARALLEL, Request, TRIES, pause},
    error::ClusterError,
    names::ObjectName,
    service_account::{AccountGoal, AccountPlan},
};

const ACCOUNTS: &str = "serviceaccounts";

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
        self.wait_for(self.try_to_change_account(goal, plan))
    }

    async fn try_to_change_account(
        &self,
        goal: &AccountGoal,
        mut plan: AccountPlan,
    ) -> Result<AccountPlan, ClusterError> {
        for attempt in 0.. {
            if plan.is_empty() {
                break;
            }
            match self.replace_account(&plan).await {
                Ok(()) => break,
                Err(error) if error.is_passing() && attempt + 1 < TRIES => pause(attempt).await,
                Err(error) => return Err(error),
            }
            match self.plan_account(goal).await? {
                Some(anew) => plan = anew,
                None => break,
            }
        }
        Ok(plan)
    }

    async fn plan_account(&self, goal: &AccountGoal) -> Result<Option<AccountPlan>, ClusterError> {
        let account = &goal.account;
        let api = self.account_api(account);
        let read = api.get_opt(&account.name);
        match self.ask(&request("get", account), read).await? {
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
        self.ask(&request("update", &plan.account), replaced)
            .await
            .map(drop)
    }

    fn account_api(&self, account: &ObjectName) -> Api<ServiceAccount> {
        Api::namespaced(self.client(), &account.namespace)
    }
}

fn request<'a>(verb: &'static str, account: &'a ObjectName) -> Request<'a> {
    Request::new(verb, ACCOUNTS)
        .within(&account.namespace)
        .named(&account.name)
}
