//! The options of `oreg_pull_secrets`.

use crate::{
    ansible::{OneOf, Row},
    cluster::global_secret::GlobalSecret,
    modules::{
        cluster_answer::{CONTEXT, KUBECONFIG},
        removals::REGISTRIES,
        state::State,
    },
    rows,
};

pub(super) const NAMESPACES: Row<Vec<String>> = Row::texts("namespaces")
    .default(&["openshift"])
    .variable("oreg_namespaces")
    .about(&["The namespaces that get the secrets. They must exist."]);
pub(super) const STATE: Row<OneOf<State>> = Row::choice("state").default("present").about(&[
    "V(present) stores the credentials.",
    "V(absent) removes the secrets of the registries named, however these were written when the secrets were \
     made, and their names from O(service_accounts); passwords are not needed. The registry of O(oreg_url) \
     counts when O(oreg_url) or O(oreg_auth_user) is given. A secret that holds further registries keeps those.",
]);
pub(super) const RECREATE: Row<bool> = Row::flag("recreate", false)
    .variable("oreg_recreate")
    .about(&[
        "Whether to replace a secret that has one of these names and another type; the type of a secret cannot be \
         changed. It is deleted and created at once; its labels and annotations are kept.",
        "Without it such a secret is an error, and nothing is written. The same holds for a secret whose document \
         cannot be read here and may be by others, and for files in O(manifest_dir) that have a manifest's name \
         and were not written by this module; they are overwritten.",
    ]);
pub(super) const PRUNE: Row<bool> = Row::flag("prune", false).variable("oreg_prune").about(&[
    "Whether to remove secrets of oreg that the options no longer name, in O(namespaces) only. Secrets of oreg are \
     pull secrets with its label, and pull secrets named C(o-a-) and 32 hexadecimal digits that nobody else claims \
     with that label. Secrets of other types stay, whatever their label.",
    "Cannot be used with O(state=absent), which does not say what is wanted.",
]);
pub(super) const SERVICE_ACCOUNTS: Row<Vec<String>> = Row::texts("service_accounts")
    .variable("oreg_service_accounts")
    .about(&[
        "Service accounts that are to name the secrets in C(imagePullSecrets) and C(secrets), as C(NAME) (in each \
         of O(namespaces)) or C(NAMESPACE/NAME). They must exist.",
        "Names are appended, and those of removed secrets taken out. The lists are never replaced, because \
         OpenShift then makes new tokens without end.",
        "Cannot be used with O(manifest_dir).",
    ]);
pub(super) const REALM_HOSTS: Row<Vec<(String, String)>> = Row::dict("realm_hosts").about(&[
    "Hosts of token servers by registry, as M(oreg_validate) learns them. The credential is stored under that \
     host too, because the image import of 3.x looks for it there.",
    "Registries that are not asked for are passed by, and so are empty values.",
]);
pub(super) const MANIFEST_DIR: Row<Option<String>> = Row::path("manifest_dir")
    .variable("oreg_manifest_dir")
    .about(&[
        "Directory for manifests, one file C(NAMESPACE-NAME.json) per secret, mode 0600. No API is called then; \
         apply them with C(oc apply -f).",
        "The directory is made, with mode 0700, if it is not there.",
    ]);

pub(super) const GLOBAL: Row<bool> = Row::flag("global", false).about(&[
    "Whether to merge the credentials into the secret that OKD 4 gives to every node, instead of secrets in \
     O(namespaces). Every other entry stays byte for byte and in order; with O(state=absent) the entries of the \
     registries named are removed. The entry C(cloud.openshift.com) is never touched.",
    "Refused when secrets with the label C(config.openshift.io/global-pull-secret=true) exist, and for a secret \
     that cannot be merged into.",
    "O(namespaces), O(service_accounts), O(realm_hosts), O(recreate), O(prune) and O(manifest_dir) cannot be used \
     with it.",
]);
pub(super) const GLOBAL_SECRET: Row<OneOf<GlobalSecret>> = Row::choice("global_secret")
    .default("openshift-config/pull-secret")
    .variable("oreg_global_secret")
    .about(&[
        "Which secret is the global one. On a cluster whose control plane is hosted elsewhere only the second one \
         may be written.",
    ]);
pub(super) const BACKUP: Row<bool> = Row::flag("backup", false).variable("oreg_global_backup").about(&[
    "Whether to keep the content of the global secret before a change in a secret beside it, whose name ends with \
     a mark of the content. The module names it, and it holds credentials.",
]);
pub(super) const COPY: Row<bool> = Row::flag("copy", false).about(&[
    "With O(global), whether to look at C(openshift-image-registry/installation-pull-secrets) as well, the copy by \
     which the cluster's own image registry pulls through. RV(copies) says how it stands. It is never written.",
]);

rows! {pub KUBECONFIG, CONTEXT, NAMESPACES, STATE, REGISTRIES, RECREATE, PRUNE, SERVICE_ACCOUNTS, REALM_HOSTS, MANIFEST_DIR,
GLOBAL, GLOBAL_SECRET, BACKUP, COPY}
