//! The way to a secret that holds nothing for some registries, and is not there when it was for
//! nothing else: pure planning, no I/O.

use std::sync::Arc;

use super::{
    error::ClusterError,
    lines::lines,
    live_secret::LiveSecret,
    names::ObjectName,
    plan::{Action, Plan, Step, Strangers, document_of},
    pull_secret::{put_document, realm_hosts_in},
};
use crate::domain::{
    docker_config::DockerConfig, merge::plan_absent, registry_host::RegistryHost,
    secret::Secret as Hidden,
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
    /// One that is neither a pull secret nor ours stays, and so do entries for other registries.
    pub(super) fn plan(
        &self,
        live: &LiveSecret,
        strangers: Strangers,
    ) -> Result<Plan, ClusterError> {
        if !live.is_pull_secret() && !live.is_ours() {
            let what = format!("has type {} and is not ours", live.kind());
            return Ok(left_alone(live, &what));
        }
        let Some(document) = document_of(live, strangers)? else {
            return Ok(deletion(live));
        };
        let rest = plan_absent(&document, &self.hosts_in(&document));
        if rest.document().auths().is_empty() {
            return Ok(deletion(live));
        }
        if rest.is_empty() {
            return Ok(left_alone(live, "holds other registries only"));
        }
        let mut secret = live.0.clone();
        put_document(&mut secret, &Hidden::new(rest.document().to_text()));
        let plan = Plan {
            host: live.own_registry().map(|host| host.to_string()),
            action: Action::Updated,
            before: lines(&document),
            after: lines(rest.document()),
            ..Plan::nothing(&self.name)
        };
        plan.checked(Step::Replace(Box::new(secret)))
    }

    /// The registries with their realm hosts.
    fn hosts_in(&self, document: &DockerConfig) -> Vec<RegistryHost> {
        let registries = self.registries.iter();
        let mut hosts: Vec<_> = registries
            .flat_map(|host| realm_hosts_in(document, host))
            .chain(self.registries.iter().cloned())
            .collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

/// Plans that a secret is not there, whatever it holds.
pub(super) fn deletion(live: &LiveSecret) -> Plan {
    let document = live.document().ok().flatten();
    let kind = || vec![format!("type: {}", live.kind())];
    Plan {
        host: live.own_registry().map(|host| host.to_string()),
        action: Action::Deleted,
        before: document.as_ref().map_or_else(kind, lines),
        step: Step::Delete(live.identity()),
        ..Plan::nothing(&live.name())
    }
}

fn left_alone(live: &LiveSecret, why: &str) -> Plan {
    let name = live.name();
    let warning = format!("secret {name} {why}: it was left alone");
    Plan {
        warnings: vec![warning],
        ..Plan::nothing(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{
        live_secret::tests::live,
        plan::Goal,
        pull_secret::{DOCUMENT_KEY, SECRET_TYPE},
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

    fn planned(document: &str) -> Plan {
        goal()
            .plan(Some(&live(SECRET_TYPE, document)), Strangers::Refuse)
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
        let spared = goal().plan(Some(&live("Opaque", "x")), Strangers::Refuse);
        let spared = spared.unwrap();
        assert_eq!(
            (spared.action, spared.warnings.len()),
            (Action::Unchanged, 1)
        );
        assert!(goal().plan(None, Strangers::Refuse).unwrap().is_empty());
    }

    #[test]
    fn what_others_may_read_and_we_cannot_is_not_lost() {
        let twice = live(SECRET_TYPE, r#"{"auths":{"r":{},"q":{},"r":{}}}"#);
        let error = goal().plan(Some(&twice), Strangers::Refuse).unwrap_err();
        assert_eq!(error.reason(), "malformed");
        let plan = goal().plan(Some(&twice), Strangers::Replace).unwrap();
        assert_eq!(plan.action, Action::Deleted);
    }

    #[test]
    fn what_is_to_be_pruned_must_still_be_ours() {
        let live = live(SECRET_TYPE, "{}");
        let plan = Goal::Pruned(name()).plan(Some(&live), Strangers::Refuse);
        assert!(plan.unwrap().is_empty());
    }
}
