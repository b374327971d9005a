//! Secret manifests in a directory, for `oc apply -f`: one file per secret, with a stable name and
//! stable bytes, so that a second run changes nothing and version control sees only real changes.
//!
//! Files are written beside and renamed, mode 0600: they hold credentials.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::{
    error::ClusterError,
    live_secret::LiveSecret,
    names::ObjectName,
    plan::{Action, Goal, Plan, Strangers},
    pull_secret::{DOCUMENT_KEY, MANAGER, MANAGER_LABEL, PullSecret, SECRET_TYPE},
    removal::deletion,
};
use crate::domain::secret::Secret as Hidden;

const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
const PERMISSION_BITS: u32 = 0o7777;

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

/// A file as it is.
struct Found {
    text: Vec<u8>,
    mode: u32,
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
        let text = manifest(secret);
        // Planned from nothing, because a manifest does not keep what others add to it.
        let mut plan = goal.plan(None, strangers)?;
        if let Some(found) = &found {
            let removed = live.as_ref().map(deletion);
            plan.before = removed.map(|plan| plan.before).unwrap_or_default();
            plan.action = found.action(&text);
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
            if !is_manifest || !path.is_file() {
                continue;
            }
            let secret = read(&path)?.and_then(|found| found.secret());
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
            Action::Deleted => fs::remove_file(&plan.path)
                .and_then(|()| sync(&self.path))
                .map_err(failed("remove", &plan.path)),
            Action::Created | Action::Updated | Action::Recreated => create_directory(&self.path)
                .and_then(|()| write(&self.path, &plan.path, &plan.text))
                .map_err(failed("write", &plan.path)),
        }
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

    fn action(&self, text: &Hidden) -> Action {
        match self.secret() {
            None => Action::Recreated,
            Some(_) if self.text == text.expose().as_bytes() && self.mode == FILE_MODE => {
                Action::Unchanged
            }
            Some(_) => Action::Updated,
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

fn read(path: &Path) -> Result<Option<Found>, ClusterError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    };
    let text = fs::read(path).map_err(failed("read", path))?;
    let mode = metadata.permissions().mode() & PERMISSION_BITS;
    Ok(Some(Found { text, mode }))
}

fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)
}

/// The temporary file begins with a dot and does not end in `.json`: `oc apply -f` passes it by.
fn write(directory: &Path, path: &Path, text: &Hidden) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".oreg-")
        .suffix(".tmp")
        .permissions(Permissions::from_mode(FILE_MODE))
        .tempfile_in(directory)?;
    file.write_all(text.expose().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync(directory)
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn failed(verb: &'static str, path: &Path) -> impl Fn(io::Error) -> ClusterError {
    let attempt = format!("{verb} {}", path.display());
    move |source| ClusterError::Local {
        attempt: attempt.clone(),
        source,
    }
}
