//! Secret manifests in a directory, for `oc apply -f`: one file per secret, with a stable name and
//! stable bytes, so that a second run changes nothing and version control sees only real changes.
//!
//! What a file holds is planned here as for a secret in a cluster; [`manifest_file`] reads and
//! replaces it.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::{
    error::ClusterError,
    lines::differing,
    live_secret::LiveSecret,
    manifest_file::{self, Found, failed, read},
    names::ObjectName,
    plan::{Action, Goal, Plan, Strangers},
    pull_secret::{DOCUMENT_KEY, MANAGER, MANAGER_LABEL, PullSecret, SECRET_TYPE},
    removal::deletion,
};
use crate::domain::secret::Secret as Hidden;

const DIRECTORY_MODE: u32 = 0o700;

/// A directory of manifests.
#[derive(Clone, Debug)]
pub struct ManifestDir {
    path: PathBuf,
}

/// The way from one state of a manifest to another.
#[derive(Clone, Debug)]
pub struct ManifestPlan {
    /// The file.
    pub path: PathBuf,
    /// What happens, as for a secret.
    pub plan: Plan,
    text: Hidden,
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
    pub fn plan(&self, goal: &Goal, strangers: Strangers) -> Result<ManifestPlan, ClusterError> {
        let path = self.file_of(goal.name());
        let found = read(&path)?;
        let live = found.as_ref().and_then(Found::secret);
        let is_foreign = found.is_some() && live.is_none();
        if is_foreign && matches!(goal, Goal::Present(_)) && strangers == Strangers::Refuse {
            return Err(ClusterError::ForeignFile { path });
        }
        let Goal::Present(secret) = goal else {
            let plan = goal.plan(live.as_ref(), strangers)?;
            let text = found.and_then(|found| found.text_after(&plan));
            let text = text.unwrap_or_else(|| Hidden::new(String::new()));
            return Ok(ManifestPlan { path, plan, text });
        };
        // Realm hosts that an earlier run has stored are kept, as in a cluster.
        let document = live.as_ref().and_then(|live| live.document().ok()?);
        let secret =
            document.map_or_else(|| secret.clone(), |document| secret.following(&document));
        let text = manifest(&secret);
        if text.expose().len() > manifest_file::MAX_BYTES {
            return Err(ClusterError::ManifestTooLarge { path });
        }
        // Planned from nothing, because a manifest keeps nothing else of what was added to it.
        let mut plan = Goal::Present(secret).plan(None, strangers)?;
        if let Some(found) = &found {
            found.compare(live.as_ref(), &text, &mut plan);
        }
        Ok(ManifestPlan { path, plan, text })
    }

    /// Returns the secrets in the manifests that we made.
    ///
    /// # Errors
    /// [`ClusterError`] when the directory cannot be read.
    pub fn ours(&self) -> Result<Vec<LiveSecret>, ClusterError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read directory", &self.path)(error)),
        };
        let mut ours = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed("read directory", &self.path))?.path();
            let is_manifest = path
                .extension()
                .is_some_and(|extension| extension == "json");
            if !is_manifest {
                continue;
            }
            let found = match read(&path) {
                // Ours is neither.
                Err(ClusterError::InTheWay { .. } | ClusterError::ManifestTooLarge { .. }) => {
                    continue;
                }
                found => found?,
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
    pub fn carry_out(&self, plan: &ManifestPlan) -> Result<(), ClusterError> {
        match plan.plan.action {
            Action::Unchanged => Ok(()),
            Action::Deleted => manifest_file::remove(&plan.path),
            Action::Created | Action::Updated | Action::Recreated => {
                create_directory(&self.path).map_err(failed("create", &self.path))?;
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
    fn text_after(&self, plan: &Plan) -> Option<Hidden> {
        let document = plan.document()?;
        let mut object: Value = serde_json::from_slice(&self.text).ok()?;
        object["data"][DOCUMENT_KEY] = STANDARD.encode(document).into();
        Some(printed(&object))
    }

    /// Makes of the plan for a fresh file the way there from this one.
    fn compare(&self, live: Option<&LiveSecret>, text: &Hidden, plan: &mut Plan) {
        let Some(live) = live else {
            plan.action = Action::Recreated;
            return;
        };
        plan.before = deletion(live).before;
        plan.action = Action::Unchanged;
        if self.mode != manifest_file::MODE {
            let in_words = |mode: u32| format!("mode: {mode:04o}");
            plan.before.insert(0, in_words(self.mode));
            plan.after.insert(0, in_words(manifest_file::MODE));
            plan.action = Action::Updated;
        }
        if self.text != text.expose().as_bytes() {
            differing(&mut plan.before, &plan.after);
            plan.action = Action::Updated;
        }
    }
}

fn manifest(secret: &PullSecret) -> Hidden {
    let document = STANDARD.encode(secret.document().expose());
    let object = json!({
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
    printed(&object)
}

fn printed(object: &Value) -> Hidden {
    Hidden::new(format!("{object:#}\n"))
}

fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)
}
