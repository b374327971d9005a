//! The pull secret that OKD 4 gives to every node, and the way to the wanted entries in it.
//!
//! The secret is the cluster's, not oreg's: entries are set or removed, and everything else stays as it is,
//! byte for byte and in order, metadata included. It is never replaced or deleted (docs/okd4.md).

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    core::{ApiResource, DynamicObject},
};

use super::{
    api::{ApiCall, Cluster},
    document::{empty_document, entry_lines, mark_difference, put_document},
    error::ClusterError,
    live_secret::LiveSecret,
    names::{ObjectName, SECRET_TYPE},
    plan::{Action, SecretPlan, Step, require_lasting},
    retry::{Attempt, retry_write},
};
use crate::domain::{
    credential::Credential,
    docker_config::DockerConfig,
    merge::{Others, plan_absent, plan_present},
    plan::Plan,
    registry_host::RegistryHost,
    secret::Secret as Sensitive,
};

/// The telemetry token stands under this key. It is not a registry, and without it a cluster loses its
/// subscription.
pub const TELEMETRY: &str = "cloud.openshift.com";

/// Secrets with this label are merged by a controller of the cluster, which then owns the result.
const LABEL: (&str, &str) = ("config.openshift.io/global-pull-secret", "true");

/// The topology of a cluster whose control plane runs elsewhere (openshift/api `config/v1`,
/// `ExternalTopologyMode`).
const HOSTED: &str = "External";

/// Which of the two secrets that reach every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobalSecret {
    /// The secret of a cluster with its own control plane.
    Cluster,
    /// The one beside it that an administrator of a hosted cluster may write.
    Additional,
}

/// What is wanted of the secret.
#[derive(Clone, Debug)]
pub enum GlobalGoal {
    /// These registries have these credentials.
    Present(Vec<(RegistryHost, Credential)>),
    /// These registries have none.
    Absent(Vec<RegistryHost>),
}

impl GlobalSecret {
    /// Returns where the secret is.
    #[must_use]
    pub fn name(self) -> ObjectName {
        match self {
            Self::Cluster => ObjectName::new("openshift-config", "pull-secret"),
            Self::Additional => ObjectName::new("kube-system", "additional-pull-secret"),
        }
    }
}

impl GlobalGoal {
    /// Plans the way from `live`.
    ///
    /// # Errors
    /// [`ClusterError`] for a secret that cannot be merged into, or would be too large.
    pub(super) fn plan(&self, live: &LiveSecret) -> Result<SecretPlan, ClusterError> {
        require_lasting(live)?;
        let unusable = |problem: String| ClusterError::GlobalSecretUnusable {
            secret: live.name(),
            problem,
        };
        if live.kind() != SECRET_TYPE {
            return Err(unusable(format!(
                "has type {} instead of {SECRET_TYPE}",
                live.kind()
            )));
        }
        let document = match live.document() {
            Ok(Some(document)) => document,
            Ok(None) => return Err(unusable("holds no docker config".to_owned())),
            Err(problem) => return Err(unusable(format!("cannot be read ({problem})"))),
        };
        // An immutable secret that is already as wanted needs no write, so it is refused only below.
        let Some(merged) = self.merge(&document) else {
            let lines = entry_lines(&document);
            return Ok(SecretPlan {
                before: lines.clone(),
                after: lines,
                ..SecretPlan::nothing(&live.name())
            });
        };
        if live.is_immutable() {
            return Err(unusable("is immutable".to_owned()));
        }
        // Of the object as it was read: the update carries its resource version, and all its metadata stays.
        let mut secret = live.0.clone();
        put_document(&mut secret, &Sensitive::new(merged.document().to_text()));
        let mut plan = SecretPlan {
            action: Action::Updated,
            before: entry_lines(&document),
            after: entry_lines(merged.document()),
            changes: merged.changes.clone(),
            ..SecretPlan::nothing(&live.name())
        };
        mark_difference(&mut plan.before, &plan.after);
        plan.checked(Step::Replace(Box::new(secret)))
    }

    fn plan_creation(&self, name: &ObjectName) -> Result<SecretPlan, ClusterError> {
        let Some(merged) = self.merge(&empty_document()) else {
            return Ok(SecretPlan::nothing(name));
        };
        let mut secret = Secret {
            type_: Some(SECRET_TYPE.to_owned()),
            ..Secret::default()
        };
        secret.metadata.name = Some(name.name.clone());
        put_document(&mut secret, &Sensitive::new(merged.document().to_text()));
        let plan = SecretPlan {
            action: Action::Created,
            after: entry_lines(merged.document()),
            changes: merged.changes,
            ..SecretPlan::nothing(name)
        };
        plan.checked(Step::Create(Box::new(secret)))
    }

    fn merge(&self, document: &DockerConfig) -> Option<Plan> {
        let plan = match self {
            Self::Present(entries) => plan_present(document, entries, Others::Keep),
            Self::Absent(hosts) => plan_absent(document, hosts),
        };
        (!plan.is_empty()).then_some(plan)
    }
}

impl Cluster {
    /// Plans the way to `goal`. One list answers for the secret and for labelled ones beside it; whose the
    /// control plane is, is asked only before a change.
    ///
    /// # Errors
    /// [`ClusterError`] when the secret is not there, or is not to be written by hand.
    pub fn plan_global_secret(
        &self,
        target: GlobalSecret,
        goal: &GlobalGoal,
    ) -> Result<SecretPlan, ClusterError> {
        if let GlobalGoal::Present(entries) = goal {
            for (_, credential) in entries {
                self.cleaner().learn_credential(credential);
            }
        }
        let name = target.name();
        // The whole namespace, because labelled secrets beside this one decide whether it may be written.
        let secrets = self.secrets(std::slice::from_ref(&name.namespace))?;
        let live = secrets.iter().find(|secret| secret.name() == name);
        let plan = match (live, target) {
            (Some(live), _) => goal.plan(live)?,
            // An administrator makes it when it is needed first.
            (None, GlobalSecret::Additional) => goal.plan_creation(&name)?,
            (None, GlobalSecret::Cluster) => {
                return Err(ClusterError::GlobalSecretMissing { secret: name });
            }
        };
        // A run that has nothing to write needs no permission to, and costs one request.
        if !plan.is_empty() {
            require_unlabelled(&name, &secrets)?;
            self.require_topology(target)?;
        }
        Ok(plan)
    }

    /// Carries the plan out; read and planned anew when somebody else was faster.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not answer or refuses.
    pub fn change_global_secret(
        &self,
        goal: &GlobalGoal,
        plan: SecretPlan,
    ) -> Result<SecretPlan, ClusterError> {
        let name = plan.name.clone();
        let mut attempt = Attempt::new(plan);
        let send = async |attempt: &mut Attempt<SecretPlan>| match &attempt.plan.step {
            Step::Replace(secret) => self.replace_secret(&name, secret).await,
            Step::Create(secret) => self.create_secret(&name, secret).await,
            // The global secret belongs to the cluster: it is never deleted, and so never made anew.
            Step::Nothing | Step::Recreate(..) | Step::Delete(_) => Ok(()),
        };
        let replan = async |attempt: &mut Attempt<SecretPlan>| {
            let live = self.read_secret(&name).await?;
            let live = live.ok_or_else(|| ClusterError::GlobalSecretMissing {
                secret: name.clone(),
            })?;
            attempt.plan = goal.plan(&live)?;
            Ok(())
        };
        self.wait_for(retry_write(&mut attempt, send, replan))?;
        Ok(attempt.outcome())
    }

    /// Keeps the secret as it is now in another one, named by its content; returns that name.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not answer or refuses.
    pub fn keep_global_secret(&self, name: &ObjectName) -> Result<ObjectName, ClusterError> {
        let found = self.wait_for(self.read_secret(name))?;
        let live = found.ok_or_else(|| ClusterError::GlobalSecretMissing {
            secret: name.clone(),
        })?;
        let document = live.document().ok().flatten();
        let text = Sensitive::new(document.map(|d| d.to_text()).unwrap_or_default());
        // Named by its content: a run that is repeated after a failure makes no second copy.
        let mark = text.fingerprint().replace("sha256:", "");
        let copy = ObjectName::new(&name.namespace, format!("{}-before-{mark}", name.name));
        let mut secret = Secret {
            type_: Some(SECRET_TYPE.to_owned()),
            data: live.0.data.clone(),
            ..Secret::default()
        };
        secret.metadata.name = Some(copy.name.clone());
        match self.wait_for(self.create_secret(&copy, &secret)) {
            // It has been kept before.
            Ok(()) | Err(ClusterError::Contended { .. }) => Ok(copy),
            Err(error) => Err(error),
        }
    }

    /// The control plane of a hosted cluster writes its secret over, and only there the additional one is
    /// read. A cluster that says nothing, or to others only, is believed to be as usual.
    fn require_topology(&self, target: GlobalSecret) -> Result<(), ClusterError> {
        let resource = ApiResource {
            group: "config.openshift.io".to_owned(),
            version: "v1".to_owned(),
            api_version: "config.openshift.io/v1".to_owned(),
            kind: "Infrastructure".to_owned(),
            plural: "infrastructures".to_owned(),
        };
        let api: Api<DynamicObject> = Api::all_with(self.client(), &resource);
        let call = ApiCall::new("get", "infrastructures").named("cluster");
        let found = match self.wait_for(self.ask(&call, api.get_opt("cluster"))) {
            Err(
                ClusterError::Forbidden { .. }
                | ClusterError::NotServed { .. }
                | ClusterError::Contended { .. },
            ) => return Ok(()),
            found => found?,
        };
        let Some(infrastructure) = found else {
            return Ok(());
        };
        let topology = infrastructure.data.pointer("/status/controlPlaneTopology");
        let is_hosted = topology.is_some_and(|topology| topology == HOSTED);
        match target {
            GlobalSecret::Cluster if is_hosted => Err(ClusterError::HostedControlPlane),
            GlobalSecret::Additional if !is_hosted => Err(ClusterError::OwnControlPlane),
            GlobalSecret::Cluster | GlobalSecret::Additional => Ok(()),
        }
    }
}

fn require_unlabelled(name: &ObjectName, secrets: &[LiveSecret]) -> Result<(), ClusterError> {
    let labelled = secrets.iter().filter(|secret| secret.has_label(LABEL));
    let labelled: Vec<_> = labelled.map(|secret| secret.name().to_string()).collect();
    if labelled.is_empty() {
        return Ok(());
    }
    Err(ClusterError::GlobalSecretsLabelled {
        secret: name.clone(),
        labelled,
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::cluster::{
        live_secret::tests::live,
        names::{DOCUMENT_KEY, OLD_SECRET_TYPE},
    };

    fn host(text: &str) -> RegistryHost {
        RegistryHost::parse(text).unwrap()
    }

    fn present(registry: &str, password: &str) -> GlobalGoal {
        let credential = Credential::new("u", Sensitive::new(password)).unwrap();
        GlobalGoal::Present(vec![(host(registry), credential)])
    }

    fn sent(plan: &SecretPlan) -> String {
        let Step::Replace(secret) = &plan.step else {
            panic!("{plan:?}")
        };
        String::from_utf8(secret.data.as_ref().unwrap()[DOCUMENT_KEY].0.clone()).unwrap()
    }

    const STORED: &str = r#"{"auths":{"cloud.openshift.com":{"auth":"dGVs", "email":"e"},"quay.io":{"auth":"dTpvbGQ="},"registry.redhat.io":{ "auth" : "eDp5" }}}"#;

    #[test]
    fn everything_else_stays_byte_for_byte_and_in_order() {
        let live = live(SECRET_TYPE, STORED);
        let plan = present("quay.io", "new").plan(&live).unwrap();
        assert_eq!(sent(&plan), STORED.replace("dTpvbGQ=", "dTpuZXc="));
        let Step::Replace(secret) = &plan.step else {
            panic!("{plan:?}")
        };
        assert_eq!(secret.metadata, live.0.metadata);
        let plan = present("r.example.com", "p").plan(&live).unwrap();
        let kept = STORED.strip_suffix("}}").unwrap();
        assert_eq!(
            sent(&plan),
            format!(r#"{kept},"r.example.com":{{"auth":"dTpw"}}}}}}"#)
        );
        assert_eq!(plan.after.len(), 4);
        assert!(present("quay.io", "old").plan(&live).unwrap().is_empty());
        let absent = GlobalGoal::Absent(vec![host("quay.io"), host("x")]);
        assert_eq!(
            sent(&absent.plan(&live).unwrap()),
            STORED.replace(r#""quay.io":{"auth":"dTpvbGQ="},"#, "")
        );
    }

    #[test]
    fn what_cannot_be_merged_into_is_refused() {
        for (kind, document, expected) in [
            (OLD_SECRET_TYPE, "{}", "has type kubernetes.io/dockercfg"),
            (SECRET_TYPE, "[]", "holds no docker config"),
            (
                SECRET_TYPE,
                r#"{"auths":{"q":{},"q":{}}}"#,
                "cannot be read",
            ),
        ] {
            let error = present("r", "p").plan(&live(kind, document)).unwrap_err();
            assert_eq!(error.reason(), "global_secret_unusable");
            assert!(error.to_string().contains(expected), "{error}");
        }
        let large = present("r", &"x".repeat(1 << 20));
        let error = large.plan(&live(SECRET_TYPE, STORED)).unwrap_err();
        assert_eq!(error.reason(), "too_large");
    }

    #[test]
    fn five_hundred_entries_are_merged_in_a_moment() {
        let credential = Credential::new("u", Sensitive::new("password")).unwrap();
        let entries = (0..500).map(|n| (host(&format!("r{n}.example.com")), credential.clone()));
        let goal = GlobalGoal::Present(entries.collect());
        let live = live(SECRET_TYPE, STORED);
        let begin = Instant::now();
        let plan = goal.plan(&live).unwrap();
        assert_eq!(plan.after.len(), 503);
        // 50 ms are promised of the released program; this one is not optimized.
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "{:?}",
            begin.elapsed()
        );
    }
}
