//! Which secrets a service account names: pure planning, no I/O.
//!
//! Lists are edited, never replaced: on OpenShift a service account that lost the entries its
//! controller made gets new tokens, and new ones again, without end. For the same reason no
//! server-side apply is used: `imagePullSecrets` of a service account is one atomic list there.

use k8s_openapi::api::core::v1::{LocalObjectReference, ObjectReference, ServiceAccount};

use super::names::ObjectName;

/// What is wanted of one service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountGoal {
    /// The account.
    pub account: ObjectName,
    /// Secrets it is to name.
    pub add: Vec<String>,
    /// Secrets it is not to name.
    pub remove: Vec<String>,
}

/// The way from one state of a service account to another.
#[derive(Clone, Debug)]
pub struct AccountPlan {
    /// The account.
    pub account: ObjectName,
    /// What its lists are, one line each.
    pub before: Vec<String>,
    /// What they will be.
    pub after: Vec<String>,
    pub(super) object: ServiceAccount,
}

impl AccountPlan {
    /// Returns whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before == self.after
    }

    /// Returns the plan to do nothing instead, as for an account that is gone.
    pub(super) fn given_up(self) -> Self {
        Self {
            after: self.before.clone(),
            ..self
        }
    }
}

impl AccountGoal {
    /// Plans the way from `live` to this goal.
    pub(super) fn plan(&self, live: &ServiceAccount) -> AccountPlan {
        let mut object = live.clone();
        edit(&mut object.image_pull_secrets, self, |name| {
            LocalObjectReference { name }
        });
        edit(&mut object.secrets, self, |name| ObjectReference {
            name: Some(name),
            ..ObjectReference::default()
        });
        AccountPlan {
            account: self.account.clone(),
            before: lines(live),
            after: lines(&object),
            object,
        }
    }
}

/// A member of one of the two lists.
trait Reference {
    fn named(&self) -> &str;
}

impl Reference for LocalObjectReference {
    fn named(&self) -> &str {
        &self.name
    }
}

impl Reference for ObjectReference {
    fn named(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

fn edit<R: Reference>(
    list: &mut Option<Vec<R>>,
    goal: &AccountGoal,
    reference: impl Fn(String) -> R,
) {
    let mut members = list.take().unwrap_or_default();
    // The order of the others stays: people may have chosen it.
    members.retain(|member| !goal.remove.iter().any(|name| name == member.named()));
    for name in &goal.add {
        if !members.iter().any(|member| member.named() == name) {
            members.push(reference(name.clone()));
        }
    }
    // Of an empty list and none, the server keeps none: the other would differ in every run.
    *list = (!members.is_empty()).then_some(members);
}

fn lines(account: &ServiceAccount) -> Vec<String> {
    vec![
        line("imagePullSecrets", account.image_pull_secrets.as_deref()),
        line("secrets", account.secrets.as_deref()),
    ]
}

fn line<R: Reference>(name: &str, members: Option<&[R]>) -> String {
    let names: Vec<_> = members
        .unwrap_or_default()
        .iter()
        .map(Reference::named)
        .collect();
    format!("{name}: {}", names.join(", "))
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(add: &[&str], remove: &[&str], account: serde_json::Value) -> AccountPlan {
        let goal = AccountGoal {
            account: ObjectName::new("ns", "default"),
            add: add.iter().map(|&name| name.to_owned()).collect(),
            remove: remove.iter().map(|&name| name.to_owned()).collect(),
        };
        goal.plan(&serde_json::from_value(account).unwrap())
    }

    #[test]
    fn appends_and_keeps_what_others_put_there() {
        let plan = plan(
            &["a", "b"],
            &[],
            json!({
                "imagePullSecrets": [{"name": "default-dockercfg-x"}, {"name": "a"}],
                "secrets": [{"name": "default-token-x", "kind": "Secret"}],
            }),
        );
        assert_eq!(
            serde_json::to_value(&plan.object).unwrap(),
            json!({
                "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {},
                "imagePullSecrets": [{"name": "default-dockercfg-x"}, {"name": "a"}, {"name": "b"}],
                "secrets": [{"name": "default-token-x", "kind": "Secret"}, {"name": "a"}, {"name": "b"}],
            })
        );
        assert_eq!(
            plan.after,
            [
                "imagePullSecrets: default-dockercfg-x, a, b",
                "secrets: default-token-x, a, b"
            ]
        );
    }

    #[test]
    fn nothing_to_do_is_seen() {
        let account = json!({"imagePullSecrets": [{"name": "a"}], "secrets": [{"name": "a"}]});
        assert!(plan(&["a"], &["z"], account).is_empty());
        assert!(plan(&[], &["a"], json!({})).is_empty());
    }

    #[test]
    fn removes_our_names_alone() {
        let account =
            json!({"imagePullSecrets": [{"name": "x"}, {"name": "a"}], "secrets": [{"name": "a"}]});
        let plan = plan(&[], &["a"], account);
        assert_eq!(plan.after, ["imagePullSecrets: x", "secrets:"]);
    }
}
