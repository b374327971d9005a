//! Secret manifests in a directory, for `oc apply -f`: one file per secret, with a stable name and
//! stable bytes, so that a second run changes nothing and version control sees only real changes.
//!
//! What a file holds is planned here as for a secret in a cluster; [`manifest_file`] reads and
//! replaces it.

use std::{path::PathBuf, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::{
    document::mark_difference,
    error::ClusterError,
    goal::Goal,
    live_secret::LiveSecret,
    manifest_file::{self, Found},
    names::{DOCUMENT_KEY, MANAGER, MANAGER_LABEL, ObjectName, REALM_HOSTS, SECRET_TYPE},
    plan::{Action, OnConflict, SecretPlan},
    pull_secret::PullSecret,
};
use crate::{domain::secret::Secret as Sensitive, support::files::FileError};

/// A directory of manifests.
#[derive(Clone, Debug)]
pub struct ManifestDir {
    path: PathBuf,
}

/// The way from one state of a manifest to another.
#[derive(Clone, Debug)]
pub struct PlannedManifest {
    /// The file.
    pub path: PathBuf,
    /// What happens, as for a secret.
    pub plan: SecretPlan,
    text: Sensitive,
}

impl ManifestDir {
    /// Names the directory. It need not exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Plans the way to `goal`.
    ///
    /// # Errors
    /// [`ClusterError`] when the file cannot be read, or is somebody else's.
    pub fn plan(
        &self,
        goal: &Goal,
        on_conflict: OnConflict,
    ) -> Result<PlannedManifest, ClusterError> {
        let path = self.file_of(goal.name());
        let found = manifest_file::read(&path)?;
        let live = found.as_ref().and_then(Found::secret);
        let is_foreign = found.is_some() && live.is_none();
        if is_foreign && matches!(goal, Goal::Present(_)) && on_conflict == OnConflict::Refuse {
            return Err(ClusterError::ForeignFile { path });
        }
        let Goal::Present(secret) = goal else {
            let plan = goal.plan(live.as_ref(), on_conflict)?;
            let text = found.and_then(|found| found.text_after(&plan));
            let text = text.unwrap_or_else(|| Sensitive::new(String::new()));
            return Ok(PlannedManifest { path, plan, text });
        };
        // Realm hosts that an earlier run has stored are kept, as in a cluster.
        let mut secret = secret.clone();
        if let Some(live) = &live {
            secret.content = Arc::new(secret.content.following(live));
        }
        let text = manifest(&secret);
        manifest_file::check_size(&path, &text)?;
        // Planned from nothing, because a manifest keeps nothing else of what was added to it.
        let mut plan = Goal::Present(secret).plan(None, on_conflict)?;
        if let Some(found) = &found {
            found.compare(live.as_ref(), &text, &mut plan);
        }
        Ok(PlannedManifest { path, plan, text })
    }

    /// Returns the secrets in the manifests that we made.
    ///
    /// # Errors
    /// [`ClusterError`] when the directory cannot be read.
    pub fn ours(&self) -> Result<Vec<LiveSecret>, ClusterError> {
        let mut ours = Vec::new();
        for name in manifest_file::names(&self.path)? {
            let path = self.path.join(name);
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let found = match manifest_file::read(&path) {
                Err(error @ FileError::System { .. }) => return Err(error.into()),
                // A manifest that we wrote is always a regular file within the limit.
                Err(_) => continue,
                Ok(found) => found,
            };
            let secret = found.and_then(|found| found.secret());
            ours.extend(secret.filter(|secret| self.file_of(&secret.name()) == path));
        }
        ours.sort_by_key(LiveSecret::name);
        Ok(ours)
    }

    /// Carries a plan out.
    ///
    /// # Errors
    /// [`ClusterError`] when the file cannot be written or removed; it is then as it was.
    pub fn carry_out(&self, plan: &PlannedManifest) -> Result<(), ClusterError> {
        match plan.plan.action {
            Action::Unchanged => Ok(()),
            Action::Deleted => manifest_file::remove(&plan.path),
            Action::Created | Action::Updated | Action::Recreated => {
                manifest_file::replace(&plan.path, &plan.text)
            }
        }
    }

    /// Removes what runs left behind that were killed.
    pub fn tidy(&self) {
        manifest_file::tidy(&self.path);
    }

    fn file_of(&self, name: &ObjectName) -> PathBuf {
        self.path
            .join(format!("{}-{}.json", name.namespace, name.name))
    }
}

impl Found {
    /// The secret in the file, if it is one that we made.
    fn secret(&self) -> Option<LiveSecret> {
        let secret: Secret = serde_json::from_slice(&self.text).ok()?;
        let label = secret.metadata.labels.as_ref()?.get(MANAGER_LABEL)?;
        (label == MANAGER).then(|| LiveSecret::new(secret.clone()))
    }

    /// The text with the document that a plan gives it; all else is as it was.
    fn text_after(&self, plan: &SecretPlan) -> Option<Sensitive> {
        let document = plan.document()?;
        let mut object: Value = serde_json::from_slice(&self.text).ok()?;
        object["data"][DOCUMENT_KEY] = STANDARD.encode(document).into();
        Some(printed(&object))
    }

    /// Makes of the plan for a fresh file the way there from this one.
    fn compare(&self, live: Option<&LiveSecret>, text: &Sensitive, plan: &mut SecretPlan) {
        let Some(live) = live else {
            plan.action = Action::Recreated;
            return;
        };
        plan.before = live.entry_lines();
        plan.action = Action::Unchanged;
        if self.mode != manifest_file::MODE {
            let in_words = |mode: u32| format!("mode: {mode:04o}");
            plan.before.insert(0, in_words(self.mode));
            plan.after.insert(0, in_words(manifest_file::MODE));
            plan.action = Action::Updated;
        }
        if self.text != text.expose().as_bytes() {
            mark_difference(&mut plan.before, &plan.after);
            plan.action = Action::Updated;
        }
    }
}

fn manifest(secret: &PullSecret) -> Sensitive {
    let document = STANDARD.encode(secret.content.document().expose());
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": secret.name.name,
            "namespace": secret.name.namespace,
            "labels": {MANAGER_LABEL: MANAGER},
        },
        "type": SECRET_TYPE,
        "data": {DOCUMENT_KEY: document},
    });
    if let Some(hosts) = secret.content.annotation() {
        object["metadata"]["annotations"] = json!({REALM_HOSTS: hosts});
    }
    printed(&object)
}

fn printed(object: &Value) -> Sensitive {
    Sensitive::new(format!("{object:#}\n"))
}
