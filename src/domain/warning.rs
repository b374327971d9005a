//! Reasons why a reader of a docker config document will not use an entry, although the plan is right.

use std::collections::HashMap;

use super::{
    docker_config::{DockerConfig, Helpers},
    reader::Reader,
    registry_host::RegistryHost,
    stored_entry::EntryError,
};

/// A warning about a document; it stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// docker asks this helper for this registry and never reads our entry.
    HiddenByHelper {
        /// The key in `auths`.
        key: String,
        /// The helper's name in `credHelpers`.
        helper: String,
    },
    /// podman and CRI-O ask this helper for this registry and never read our entry.
    HelperOnly {
        /// The key in `auths`.
        key: String,
        /// The helper's name in `credHelpers`.
        helper: String,
    },
    /// docker asks this store for every registry and never reads `auths`.
    HiddenByStore {
        /// The name in `credsStore`.
        store: String,
    },
    /// kubelet ignores the whole file because of this entry.
    Unreadable {
        /// The key in `auths`.
        key: String,
        /// What is wrong with it.
        error: EntryError,
    },
}

/// The warnings for `reader` of a document in which entries for `ours` are wanted.
pub(super) fn warnings<'a>(
    reader: Reader,
    document: &DockerConfig,
    ours: impl Iterator<Item = &'a RegistryHost>,
) -> Vec<Warning> {
    let helpers = document.helpers();
    let ours: Vec<_> = ours.collect();
    let by_helper = helped(&helpers, &ours);
    match reader {
        Reader::Containers => by_helper
            .map(|(host, helper)| Warning::HelperOnly {
                key: reader.key_of(host),
                helper,
            })
            .collect(),
        Reader::DockerAndKubelet => {
            let by_helper = by_helper.map(|(host, helper)| Warning::HiddenByHelper {
                key: reader.key_of(host),
                helper,
            });
            let store = helpers.store.iter().filter(|_| !ours.is_empty());
            let by_store = store.map(|store| Warning::HiddenByStore {
                store: store.clone(),
            });
            by_store
                .chain(by_helper)
                .chain(unreadable(document))
                .collect()
        }
    }
}

fn unreadable(document: &DockerConfig) -> impl Iterator<Item = Warning> {
    document.auths().iter().filter_map(|entry| {
        let error = entry.credential().err().filter(|f| f.stops_kubelet())?;
        Some(Warning::Unreadable {
            key: entry.key.clone(),
            error,
        })
    })
}

/// The registries among `ours` that have a helper.
fn helped<'a>(
    helpers: &Helpers,
    ours: &[&'a RegistryHost],
) -> impl Iterator<Item = (&'a RegistryHost, String)> {
    let helper_of: HashMap<RegistryHost, String> = helpers
        .per_registry
        .iter()
        .filter_map(|(key, helper)| Some((RegistryHost::parse(key).ok()?, helper.clone())))
        .collect();
    let pairs = ours.iter().filter_map(|host| {
        let helper = helper_of.get(*host)?;
        Some((*host, helper.clone()))
    });
    pairs.collect::<Vec<_>>().into_iter()
}
