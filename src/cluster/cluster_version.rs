//! Which OpenShift a cluster is. OKD 4 and OpenShift 4 have a `ClusterVersion`, which names the release
//! that runs; 3.11 and plain Kubernetes have none (openshift/api `config/v1`).

use kube::{
    Api,
    core::{ApiResource, DynamicObject},
};

use super::{
    api::{ApiCall, Cluster},
    error::ClusterError,
};
use crate::domain::visible::is_invisible;

/// The group of OpenShift 4's own settings.
pub(super) const CONFIG_GROUP: &str = "config.openshift.io";

/// The name of the only `ClusterVersion`.
const NAME: &str = "version";

/// Which OpenShift a cluster is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterKind {
    /// OKD 4 or OpenShift 4.
    Okd4(Release),
    /// OpenShift 3.11, or a Kubernetes without OpenShift.
    Other,
}

/// The release that runs; empty where the user may not read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Such as `4.15.3`.
    pub version: String,
    /// The image that the release was installed from, by digest.
    pub image: String,
}

impl Cluster {
    /// Finds out which OpenShift the cluster is, by one request or two.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not answer.
    pub fn kind(&self) -> Result<ClusterKind, ClusterError> {
        self.wait_for(async {
            let call = ApiCall::new("get", "clusterversions").named(NAME);
            match self.ask(&call, cluster_versions(self).get_opt(NAME)).await {
                Ok(Some(version)) => Ok(ClusterKind::Okd4(Release::of(&version))),
                Ok(None) => Ok(ClusterKind::Other),
                // Rights are looked at before the resource is, so a refusal says nothing of the cluster. A
                // server that starts does not know its resources yet.
                Err(ClusterError::Forbidden { .. } | ClusterError::NotServed { .. }) => {
                    self.kind_by_groups().await
                }
                Err(error) => Err(error),
            }
        })
    }

    /// Every user may list the groups, and a server lists those that it is about to serve as well.
    async fn kind_by_groups(&self) -> Result<ClusterKind, ClusterError> {
        let call = ApiCall::new("list", "API groups");
        let client = self.client();
        let groups = self.ask(&call, client.list_api_groups()).await?;
        let mut names = groups.groups.iter().map(|group| group.name.as_str());
        if names.any(|name| name == CONFIG_GROUP) {
            return Ok(ClusterKind::Okd4(Release::default()));
        }
        Ok(ClusterKind::Other)
    }
}

fn cluster_versions(cluster: &Cluster) -> Api<DynamicObject> {
    let resource = ApiResource {
        group: CONFIG_GROUP.to_owned(),
        version: "v1".to_owned(),
        api_version: format!("{CONFIG_GROUP}/v1"),
        kind: "ClusterVersion".to_owned(),
        plural: "clusterversions".to_owned(),
    };
    Api::all_with(cluster.client(), &resource)
}

impl Release {
    fn of(version: &DynamicObject) -> Self {
        let text = |path| {
            let text = version.data.pointer(path).and_then(|text| text.as_str());
            let text = text.filter(|text| !text.contains(|c: char| c == ' ' || is_invisible(c)));
            text.unwrap_or_default().to_owned()
        };
        Self {
            version: text("/status/desired/version"),
            image: text("/status/desired/image"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    /// What is made of a server that answers a request for a path with a status and a body.
    fn kind(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Option<ClusterKind> {
        let service = tower::service_fn(move |request: Request<Body>| {
            let (status, body) = answer(request.uri().path());
            let answer = Response::builder()
                .status(status)
                .body(Body::from(body.into_bytes()));
            async { Ok::<_, Infallible>(answer.unwrap()) }
        });
        Cluster::scripted(service).kind().ok()
    }

    fn refusal(code: u16, reason: &str) -> (u16, String) {
        let status = json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": "m"});
        (code, status.to_string())
    }

    fn groups(names: &[&str]) -> (u16, String) {
        let version = json!({"groupVersion": "g/v1", "version": "v1"});
        let group =
            |name: &&str| json!({"name": name, "versions": [version], "preferredVersion": version});
        let groups: Vec<_> = names.iter().map(group).collect();
        (
            200,
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}).to_string(),
        )
    }

    #[test]
    fn the_version_names_the_release_image() {
        let image = "quay.io/openshift-release-dev/ocp-release@sha256:00";
        let found = |image: &str| {
            let object = json!({
                "apiVersion": "config.openshift.io/v1", "kind": "ClusterVersion", "metadata": {"name": "version"},
                "status": {"desired": {"version": "4.15.3", "image": image}},
            });
            kind(move |_| (200, object.to_string()))
        };
        let release = |image: &str| {
            Some(ClusterKind::Okd4(Release {
                version: "4.15.3".to_owned(),
                image: image.to_owned(),
            }))
        };
        assert_eq!(found(image), release(image));
        assert_eq!(found("quay.io/a b\u{1b}"), release(""), "that is no image");
    }

    #[test]
    fn a_refusal_or_a_start_says_nothing_of_the_cluster() {
        let by_groups = |first: (u16, String), names: &'static [&str]| {
            kind(move |path| match path {
                "/apis" => groups(names),
                _ => first.clone(),
            })
        };
        let unknown = Some(ClusterKind::Okd4(Release::default()));
        for first in [
            refusal(403, "Forbidden"),
            (404, "404 page not found".to_owned()),
        ] {
            let okd4 = by_groups(first.clone(), &["apps", "config.openshift.io"]);
            assert_eq!(okd4, unknown);
            let okd3 = by_groups(first, &["apps", "apps.openshift.io"]);
            assert_eq!(okd3, Some(ClusterKind::Other));
        }
        assert_eq!(kind(|_| refusal(404, "NotFound")), Some(ClusterKind::Other));
        assert_eq!(kind(|_| refusal(503, "ServiceUnavailable")), None);
    }
}
