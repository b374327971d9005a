//! The module `oreg_cluster_info`: says which OpenShift a cluster is, and stops a playbook that is for
//! another one. It changes nothing.

use std::{path::Path, time::Duration};

use super::cluster_answer::{self, CONTEXT, KUBECONFIG};
use crate::{
    ansible::{Call, Choice, Failure, Module, OneOf, Response, Row},
    cluster::{
        Cluster, ClusterError,
        cluster_version::{ClusterKind, Release},
    },
    rows,
};

/// A playbook for 3.11 goes on without an answer, and must not wait long for one.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// The OpenShift that a playbook is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Okd3,
    Okd4,
}

impl Choice for Expected {
    const ALL: &'static [Self] = &[Self::Okd3, Self::Okd4];

    fn word(self) -> &'static str {
        match self {
            Self::Okd3 => "okd3",
            Self::Okd4 => "okd4",
        }
    }
}

const EXPECTED: Row<Option<OneOf<Expected>>> = Row::choice("expected").about(&[
    "Fails where the cluster is another one.",
    "V(okd4) fails as well where the cluster cannot be asked. V(okd3) does not: on 3.11 nodes can be written \
     while the API is down, and M(oreg_node_config) knows a node of OKD 4 by itself.",
]);

rows! {pub KUBECONFIG, CONTEXT, EXPECTED}

/// The module.
pub const MODULE: Module = Module::new(
    "oreg_cluster_info",
    "Says which OpenShift a cluster is",
    &[OPTIONS],
    run,
);

#[expect(
    clippy::unnecessary_wraps,
    reason = "every module is run by a function of this form"
)]
fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    let kubeconfig = Path::new(options.get(KUBECONFIG));
    let kind = Cluster::connect(&[kubeconfig], options.get(CONTEXT))
        .map(|cluster| cluster.with_cleaner(&call.cleaner).with_limit(ANSWER_LIMIT))
        .and_then(|cluster| cluster.kind());
    let response = answer(&kind);
    let expected = options.get(EXPECTED);
    Ok(match (kind, expected) {
        (Err(_), Some(Expected::Okd3)) => response,
        (Err(error), _) => cluster_answer::fail(response, &[error], &call.cleaner),
        (Ok(ClusterKind::Okd4(release)), Some(Expected::Okd3)) => {
            mismatch(response, &unexpected_okd4(&release))
        }
        (Ok(ClusterKind::Other), Some(Expected::Okd4)) => mismatch(response, UNEXPECTED_OKD3),
        (Ok(_), _) => response,
    })
}

fn answer(kind: &Result<ClusterKind, ClusterError>) -> Response {
    let (word, release) = match kind {
        Ok(ClusterKind::Okd4(release)) => ("okd4", release.clone()),
        Ok(ClusterKind::Other) => ("other", Release::default()),
        Err(_) => ("unknown", Release::default()),
    };
    Response::new(false)
        .with("kind", word)
        .with("version", release.version)
        .with("release_image", release.image)
}

fn mismatch(response: Response, message: &str) -> Response {
    response.with("reason", "other_cluster").fail(message)
}

fn unexpected_okd4(release: &Release) -> String {
    let version = match release.version.as_str() {
        "" => String::new(),
        version => format!(" ({version})"),
    };
    format!(
        "this is a cluster of OKD 4 or OpenShift 4{version}, whose nodes belong to the machine config operator, \
         and this playbook is for 3.11; nothing was written. Use global_pull_secret.yml instead of \
         registry_auth.yml and upgrade.yml, verify_global.yml instead of verify.yml, and revoke_global.yml instead \
         of revoke.yml"
    )
}

const UNEXPECTED_OKD3: &str = "this cluster has no ClusterVersion, so it is not OKD 4 or OpenShift 4, and this \
    playbook is for these; nothing was written. On OpenShift 3.11 use registry_auth.yml instead of \
    global_pull_secret.yml, verify.yml instead of verify_global.yml, and revoke.yml instead of revoke_global.yml";
