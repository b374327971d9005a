//! What keeps readers of a docker config document from an entry, though nothing is wrong with the plan.

use std::collections::HashMap;

use super::{
    docker_config::{DockerConfig, Helpers},
    registry_host::RegistryHost,
    stored_entry::EntryFault,
};

/// Something about a document that is worth telling, though it stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// docker asks this helper for this registry and never reads our entry.
    HiddenByHelper {
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
        fault: EntryFault,
    },
}

/// Returns the warnings about a document in which entries for `ours` are wanted.
pub(super) fn warnings<'a>(
    document: &DockerConfig,
    ours: impl Iterator<Item = &'a RegistryHost>,
) -> Vec<Warning> {
    let hidden = hidden(&document.helpers(), ours);
    let unreadable = document.auths().iter().filter_map(|entry| {
        let fault = entry.credential().err().filter(|f| f.stops_kubelet())?;
        Some(Warning::Unreadable {
            key: entry.key.clone(),
            fault,
        })
    });
    hidden.into_iter().chain(unreadable).collect()
}

fn hidden<'a>(helpers: &Helpers, ours: impl Iterator<Item = &'a RegistryHost>) -> Vec<Warning> {
    let mut ours = ours.peekable();
    let store = helpers.store.as_ref().filter(|_| ours.peek().is_some());
    let store = store.map(|store| Warning::HiddenByStore {
        store: store.clone(),
    });
    let helper_of: HashMap<RegistryHost, &String> = helpers
        .per_registry
        .iter()
        .filter_map(|(key, helper)| RegistryHost::parse(key).ok().map(|host| (host, helper)))
        .collect();
    let by_helper = ours.filter_map(|host| {
        let helper = (*helper_of.get(host)?).clone();
        Some(Warning::HiddenByHelper {
            key: host.key(),
            helper,
        })
    });
    store.into_iter().chain(by_helper).collect()
}
