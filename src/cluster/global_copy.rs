//! The copy of the global pull secret by which the cluster's own image registry pulls through. The
//! registry's operator makes it and does not watch what it copies, so it can be stale for a while
//! (openshift/enhancements "Multi-Secret Global Pull Configuration"). It is only looked at here.

use super::{
    api::Cluster,
    error::ClusterError,
    global_secret::{GlobalSecret, TELEMETRY},
    live_secret::LiveSecret,
    names::ObjectName,
};
use crate::domain::{
    credential::Credential,
    docker_config::DockerConfig,
    merge::{Others, plan_present},
    registry_host::RegistryHost,
};

/// How the copy stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalCopy {
    /// The copy.
    pub name: ObjectName,
    /// The registries whose credentials it lacks, or has in another form than the global secret.
    pub stale: Vec<String>,
}

impl Cluster {
    /// Compares the copy with the global secret; `None` where one of them is not there, as on a cluster
    /// without its own image registry.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not answer or refuses.
    pub fn global_copy(&self) -> Result<Option<GlobalCopy>, ClusterError> {
        let name = ObjectName::new("openshift-image-registry", "installation-pull-secrets");
        let source = self.wait_for(self.read_secret(&GlobalSecret::Cluster.name()))?;
        let copy = self.wait_for(self.read_secret(&name))?;
        // A cluster may do without the registry, and then has no copy.
        let (Some(source), Some(copy)) = (source, copy) else {
            return Ok(None);
        };
        Ok(Some(GlobalCopy {
            name,
            stale: stale(&source, &copy),
        }))
    }
}

/// What cannot be read in the copy lacks everything.
fn stale(source: &LiveSecret, copy: &LiveSecret) -> Vec<String> {
    let document = |secret: &LiveSecret| secret.document().ok().flatten();
    let wanted = document(source).map(|source| credentials(&source));
    let wanted = wanted.unwrap_or_default();
    let Some(copy) = document(copy) else {
        return wanted.iter().map(|(host, _)| host.to_string()).collect();
    };
    let differing = wanted.into_iter().filter(|(host, credential)| {
        let one = [(host.clone(), credential.clone())];
        !plan_present(&copy, &one, Others::Keep).is_empty()
    });
    differing.map(|(host, _)| host.to_string()).collect()
}

/// The credentials of registries. The telemetry token is none.
fn credentials(document: &DockerConfig) -> Vec<(RegistryHost, Credential)> {
    let entries = document.auths().iter();
    let pairs = entries.filter_map(|entry| Some((entry.host()?, entry.credential().ok()??)));
    pairs
        .filter(|(host, _)| host.hostname() != TELEMETRY)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{live_secret::tests::live, names::SECRET_TYPE};

    #[test]
    fn registries_whose_credentials_differ_are_stale() {
        let source = live(
            SECRET_TYPE,
            r#"{"auths":{"cloud.openshift.com":{"auth":"dDp0"},"a.io":{"auth":"dTpuZXc="},"b.io":{"auth":"dTpw"},"c.io":{}}}"#,
        );
        for (copy, expected) in [
            (
                r#"{"auths":{"a.io":{"auth":"dTpuZXc="},"b.io":{"auth":"dTpw"}}}"#,
                &[][..],
            ),
            (
                r#"{"auths":{"a.io":{"auth":"dTpvbGQ="},"b.io":{"auth":"dTpw"}}}"#,
                &["a.io"],
            ),
            (
                r#"{"auths":{"a.io":{"auth":"dTpuZXc="},"x.io":{"auth":"dTpw"}}}"#,
                &["b.io"],
            ),
            ("[]", &["a.io", "b.io"]),
        ] {
            assert_eq!(stale(&source, &live(SECRET_TYPE, copy)), expected, "{copy}");
        }
    }
}
