//! What a module answered on another machine. Whoever controls that machine chooses every byte of it, so
//! any member may be missing, of another type, endless or full of line breaks.

use serde::Deserialize;
use serde_json::Value;

use super::document::Registry;
use crate::{
    domain::registry_host::RegistryHost,
    support::text::{Cleaner, Foreign},
};

/// How many registries and files one machine may name. Beyond that, its answer is not understood: it
/// must not make the report of all others unreadable.
const MOST: usize = 100;

/// The result of one task on one host, as Ansible registered it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Answer(Value);

/// One docker config file, as `oreg_node_config` reports it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct File {
    /// Where it is.
    pub path: String,
    /// Whether it is not as wanted.
    pub changed: bool,
    /// Keys that it lacks.
    #[serde(default)]
    pub added: Vec<String>,
    /// Keys whose entries are not as wanted.
    #[serde(default)]
    pub updated: Vec<String>,
    /// Keys that are not wanted.
    #[serde(default)]
    pub removed: Vec<String>,
    /// Why it could not be read or written.
    #[serde(default)]
    pub message: Option<String>,
}

/// One pull secret, as `oreg_pull_secrets` reports it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Secret {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The registry that it is for.
    #[serde(default)]
    pub host: Option<String>,
    /// What was done, or would be.
    pub action: String,
    /// Keys that it lacks, where it holds many registries.
    #[serde(default)]
    pub added: Vec<String>,
    /// Keys whose entries are not as wanted.
    #[serde(default)]
    pub updated: Vec<String>,
}

/// The copy of the global pull secret, as `oreg_pull_secrets` reports it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Copy {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Registries whose entries are not those of the secret that it copies.
    pub stale: Vec<String>,
}

impl Answer {
    /// Returns whether the task ran at all.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0
            .as_object()
            .is_some_and(|members| !members.is_empty())
    }

    /// Returns whether Ansible could not reach the machine. The courier says so in its own words of one that a
    /// task is delegated to.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.0["unreachable"] == true || self.says("not_reached")
    }

    /// Returns whether the task failed, or its machine could not be reached.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.0["failed"] == true || self.is_unreachable()
    }

    /// Returns whether the task changed something.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.0["changed"] == true
    }

    /// Returns whether a member is true.
    #[must_use]
    pub fn says(&self, member: &str) -> bool {
        self.0[member] == true
    }

    /// Returns the text of a member, in one line of visible characters.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<String> {
        self.0[member]
            .as_str()
            .map(clean)
            .filter(|text| !text.is_empty())
    }

    /// Returns the message of a failure.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let member = if self.says("not_reached") {
            "details"
        } else {
            "msg"
        };
        self.text(member)
    }

    /// Returns the lines of what a command printed.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let text = self.0["stdout"].as_str().unwrap_or_default();
        text.split('\n').map(|line| line.trim_end_matches('\r'))
    }

    /// Returns what is registered under `member`, whatever it is.
    #[must_use]
    pub fn has(&self, member: &str) -> bool {
        !self.0[member].is_null()
    }

    /// Reads the proofs; `None` where there are none, or not in the form of `oreg_validate`.
    #[must_use]
    pub fn registries(&self) -> Option<Vec<Registry>> {
        let mut registries: Vec<Registry> = self.list("registries")?;
        // A host that is not one could be a table of its own.
        let is_host = |registry: &Registry| {
            RegistryHost::parse(&registry.host).is_ok() && clean(&registry.host) == registry.host
        };
        if !registries.iter().all(is_host) {
            return None;
        }
        for registry in &mut registries {
            registry.message = clean(&registry.message);
            registry.user = registry.user.as_deref().map(clean);
            registry.test_image = registry.test_image.as_deref().map(clean);
            registry.digest = registry.digest.as_deref().map(clean);
            registry.realm_host = registry.realm_host.as_deref().map(clean);
        }
        Some(registries)
    }

    /// Reads the files; `None` where there are none, or not in the form of `oreg_node_config`.
    #[must_use]
    pub fn files(&self) -> Option<Vec<File>> {
        let mut files: Vec<File> = self.list("files")?;
        for file in &mut files {
            file.path = clean(&file.path);
            file.message = file.message.as_deref().map(clean);
            for keys in [&mut file.added, &mut file.updated, &mut file.removed] {
                keys.truncate(MOST);
                for key in keys.iter_mut() {
                    *key = clean(key);
                }
            }
        }
        Some(files)
    }

    /// Reads the pull secrets; `None` where there are none, or not in the form of `oreg_pull_secrets`.
    #[must_use]
    pub fn secrets(&self) -> Option<Vec<Secret>> {
        let secrets: Vec<Secret> = serde_json::from_value(self.0["secrets"].clone()).ok()?;
        let secrets = secrets.into_iter().map(|secret| Secret {
            namespace: clean(&secret.namespace),
            name: clean(&secret.name),
            host: secret.host.as_deref().map(clean),
            action: secret.action,
            added: cleaned(&secret.added),
            updated: cleaned(&secret.updated),
        });
        Some(secrets.collect())
    }

    /// Reads the copies of the global pull secret.
    #[must_use]
    pub fn copies(&self) -> Vec<Copy> {
        let copies: Vec<Copy> = self.list("copies").unwrap_or_default();
        let copies = copies.into_iter().map(|copy| Copy {
            namespace: clean(&copy.namespace),
            name: clean(&copy.name),
            stale: cleaned(&copy.stale),
        });
        copies.collect()
    }

    fn list<T: for<'de> Deserialize<'de>>(&self, member: &str) -> Option<Vec<T>> {
        let members: Vec<T> = serde_json::from_value(self.0[member].clone()).ok()?;
        (members.len() <= MOST).then_some(members)
    }
}

fn cleaned(keys: &[String]) -> Vec<String> {
    keys.iter().map(|key| clean(key)).collect()
}

/// Text of another machine for a line of the report.
#[must_use]
pub fn clean(text: &str) -> String {
    let cleaner = Cleaner::new([]);
    cleaner.quote_explanation(&Foreign::new(text)).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(value: Value) -> Answer {
        Answer(value)
    }

    #[test]
    fn forms_that_no_module_gives_are_not_understood() {
        let host = |host: &str| json!({"registries": [{"host": host, "verdict": "valid"}]});
        let many: Vec<_> = (0..101)
            .map(|n| json!({"host": format!("r{n}"), "verdict": "valid"}))
            .collect();
        for odd in [
            json!({}),
            json!("registries"),
            json!({"registries": {"a": 1}}),
            json!({"registries": [1]}),
            json!({"registries": [{"host": "a.io", "verdict": "splendid"}]}),
            host("a\nnode-2  valid"),
            host("{{ 1 }}"),
            host(""),
            json!({"registries": many}),
        ] {
            assert_eq!(answer(odd.clone()).registries(), None, "{odd}");
        }
        for odd in [
            json!({"files": {"a": 1}}),
            json!({"files": "x"}),
            json!({"files": [{"path": 1}]}),
            json!(1),
        ] {
            assert_eq!(answer(odd.clone()).files(), None, "{odd}");
        }
        for odd in [
            json!({"failed": "true"}),
            json!([]),
            json!({"unreachable": 1}),
        ] {
            assert!(!answer(odd).is_failed());
        }
        assert!(!answer(json!({"changed": "true"})).is_changed());
    }

    #[test]
    fn text_is_one_line() {
        let lie = "fine\n* n2: invalid_credentials\r\u{202e}";
        let file = json!({"path": lie, "changed": false, "added": [lie], "message": lie});
        let [file] = answer(json!({"files": [file]}))
            .files()
            .unwrap()
            .try_into()
            .unwrap();
        let expected = "fine * n2: invalid_credentials";
        assert_eq!(
            [file.path.as_str(), &file.added[0], &file.message.unwrap()],
            [expected; 3]
        );
        assert_eq!(answer(json!({"msg": lie})).message().unwrap(), expected);
    }
}
