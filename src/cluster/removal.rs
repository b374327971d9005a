//! The way to a secret that holds nothing for some registries, and is not there when it was for
//! nothing else: pure planning, no I/O.

use std::sync::Arc;

use super::{
    document::{entry_lines, hosts_with_credential_of, put_document},
    error::ClusterError,
    live_secret::LiveSecret,
    names::ObjectName,
    plan::{Action, OnConflict, SecretPlan, Step, document_of},
    pull_secret::plan_successor,
};
use crate::domain::{
    docker_config::DockerConfig, merge::plan_absent, registry_host::RegistryHost,
    secret::Secret as Sensitive,
};

/// What is to go of one secret.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The secret.
    pub name: ObjectName,
    /// The registries; the same for all secrets of a run.
    pub registries: Arc<[RegistryHost]>,
}

impl Removal {
    /// A secret of another type stays, and so do entries for other registries.
    pub(super) fn plan(
        &self,
        live: &LiveSecret,
        on_conflict: OnConflict,
    ) -> Result<SecretPlan, ClusterError> {
        if !live.is_pull_secret() {
            let why = format!(
                "has type {}, is not a pull secret, and was left alone",
                live.kind()
            );
            return Ok(SecretPlan::left_alone(live, &why));
        }
        if live.is_being_deleted() {
            return Ok(going(live));
        }
        // Nothing in it that any reader can use: nothing is lost with it.
        let Some(document) = document_of(live, on_conflict)? else {
            return Ok(SecretPlan::deletion(live));
        };
        let rest = plan_absent(&document, &self.hosts_in(&document));
        // An empty pull secret helps nobody, and its name would stay in service accounts.
        if rest.document().auths().is_empty() {
            return Ok(SecretPlan::deletion(live));
        }
        if rest.is_empty() {
            let why = "holds other registries only: it was left alone";
            return Ok(SecretPlan::left_alone(live, why));
        }
        let mut secret = live.0.clone();
        put_document(&mut secret, &Sensitive::new(rest.document().to_text()));
        let plan = SecretPlan {
            host: live.own_registry().map(|host| host.to_string()),
            action: Action::Updated,
            before: entry_lines(&document),
            after: entry_lines(rest.document()),
            ..SecretPlan::nothing(&self.name)
        };
        if live.is_immutable() {
            return plan_successor(plan, live, secret, on_conflict);
        }
        plan.checked(Step::Replace(Box::new(secret)))
    }

    /// The registries, and the other hosts that hold a credential which goes.
    fn hosts_in(&self, document: &DockerConfig) -> Vec<RegistryHost> {
        let registries = self.registries.iter();
        let mut hosts: Vec<_> = registries
            .flat_map(|host| hosts_with_credential_of(document, host))
            .chain(self.registries.iter().cloned())
            .collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

/// Nothing can be done about a secret that is on its way out, in this run or the next.
pub(super) fn going(live: &LiveSecret) -> SecretPlan {
    let why = match live.finalizers() {
        Some(finalizers) => format!(
            "is being deleted, and still there with its credentials until its finalizers let it go: \
             {finalizers}"
        ),
        None => "is being deleted".to_owned(),
    };
    SecretPlan::left_alone(live, &why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{
        goal::Goal,
        live_secret::tests::live,
        names::{DOCUMENT_KEY, SECRET_TYPE},
    };

    fn name() -> ObjectName {
        ObjectName::new("openshift", "imagestreamsecret")
    }

    fn goal() -> Goal {
        let registries = ["r", "docker.io"].map(|text| RegistryHost::parse(text).unwrap());
        Goal::Absent(Removal {
            name: name(),
            registries: registries.into(),
        })
    }

    fn planned(document: &str) -> SecretPlan {
        goal()
            .plan(Some(&live(SECRET_TYPE, document)), OnConflict::Refuse)
            .unwrap()
    }

    #[test]
    fn what_was_for_these_registries_alone_goes() {
        for document in [
            "",
            "[]",
            r#"{"auths":{}}"#,
            r#"{"auths":{"https://R/":{}}}"#,
            r#"{"auths":{"r":{"auth":"dTpw"},"sso":{"auth":"dTpw"},"https://index.docker.io/v1/":{}}}"#,
        ] {
            let plan = planned(document);
            assert_eq!(plan.action, Action::Deleted, "{document}");
            assert_eq!(plan.after, [""; 0]);
        }
        assert_eq!(planned(r#"{"auths":{"R":{}}}"#).host.as_deref(), Some("r"));
    }

    #[test]
    fn entries_for_other_registries_stay() {
        let text = r#"{"auths":{"r":{"auth":"dTpw"},"q":{"auth":"eDp5"},"sso":{"auth":"dTpw"},"https://x@y":{}},"z":1}"#;
        let plan = planned(text);
        assert_eq!(plan.action, Action::Updated);
        assert_eq!((plan.before.len(), plan.after.len()), (4, 2));
        let Step::Replace(secret) = &plan.step else {
            panic!("{plan:?}")
        };
        assert_eq!(
            String::from_utf8_lossy(&secret.data.as_ref().unwrap()[DOCUMENT_KEY].0),
            r#"{"auths":{"q":{"auth":"eDp5"},"https://x@y":{}},"z":1}"#
        );
        let after = planned(r#"{"auths":{"q":{"auth":"eDp5"}}}"#);
        assert_eq!(
            after.warnings,
            ["secret openshift/imagestreamsecret holds other registries only: it was left alone"]
        );
        assert!(after.is_empty());
    }

    #[test]
    fn what_is_no_pull_secret_is_spared() {
        let spared = goal().plan(Some(&live("Opaque", "x")), OnConflict::Refuse);
        let spared = spared.unwrap();
        assert_eq!(
            (spared.action, spared.warnings.len()),
            (Action::Unchanged, 1)
        );
        assert!(goal().plan(None, OnConflict::Refuse).unwrap().is_empty());
    }

    #[test]
    fn what_others_may_read_and_we_cannot_is_not_lost() {
        let twice = live(SECRET_TYPE, r#"{"auths":{"r":{},"q":{},"r":{}}}"#);
        let error = goal().plan(Some(&twice), OnConflict::Refuse).unwrap_err();
        assert_eq!(error.reason(), "malformed");
        let plan = goal().plan(Some(&twice), OnConflict::Replace).unwrap();
        assert_eq!(plan.action, Action::Deleted);
    }

    #[test]
    fn what_is_to_be_pruned_must_still_be_an_own_secret() {
        let live = live(SECRET_TYPE, "{}");
        let plan = Goal::Pruned(name()).plan(Some(&live), OnConflict::Refuse);
        assert!(plan.unwrap().is_empty());
    }
}
