//! The option `registries`: which registries to remove, where not all that the inventory names are meant.

use super::credential_options::{all_at_once, inventory};
use crate::{
    ansible::{Failure, Options, Row},
    domain::{registry_credential::Source, registry_host::RegistryHost},
    inventory_vars::NamedRegistry,
};

/// The row of the registries to remove.
pub(super) const REGISTRIES: Row<Vec<String>> = Row::texts("registries").about(&[
    "The registries to remove, in any spelling, instead of all that the credential options name. These say in which \
     other forms the inventory has them. Only for removals.",
]);

/// Reads the registries to remove: those of the option `registries`, in every form in which the credential
/// options have them as well; without it, all that the credential options name. Passwords are not needed.
pub(super) fn removals(options: &Options) -> Result<Vec<NamedRegistry>, Failure> {
    let inventory = inventory(options)?;
    let given = options.get(REGISTRIES);
    if given.is_empty() {
        return inventory.names().map_err(|errors| all_at_once(&errors));
    }
    let known = inventory.known().map_err(|errors| all_at_once(&errors))?;
    let mut removals = Vec::new();
    for (index, text) in given.iter().enumerate() {
        let host = RegistryHost::parse(text).map_err(|error| {
            Failure::new(format!("{}[{index}]: {error}", REGISTRIES.spec().name))
        })?;
        // A map would be quicker only for thousands of removals; each map adds 2 kB to the smallest module.
        removals.extend(known.iter().filter(|known| known.host == host).cloned());
        // A pull secret is named after the form in which the inventory had the registry. The inventory may
        // have lost it since, so the form given here and the canonical one are tried as well.
        let forms = [text.trim_end_matches('/').to_owned(), host.to_string()];
        removals.extend(forms.map(|written| NamedRegistry {
            source: Source::Additional(index),
            host: host.clone(),
            written,
        }));
    }
    Ok(removals)
}

/// Checks that only a removal names registries without their credentials.
pub(super) fn check_registries(options: &Options) -> Result<(), Failure> {
    if options.get(REGISTRIES).is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        "registries: says what to remove, and means nothing with state=present; give credentials instead",
    ))
}

/// Reads which registries of the option `registries` the inventory still has a credential for.
pub(super) fn still_wanted(options: &Options) -> Result<Vec<String>, Failure> {
    let inventory = inventory(options)?;
    let known = inventory.known().map_err(|errors| all_at_once(&errors))?;
    // The main registry has a name by default; only a user says that its credential is wanted.
    let is_wanted =
        |known: &&NamedRegistry| known.source != Source::Main || inventory.has_main_user();
    let wanted: Vec<_> = known.iter().filter(is_wanted).collect();
    let mut still = Vec::new();
    for removal in removals(options)? {
        let name = removal.host.to_string();
        // A registry that is removed from nodes, but not from the inventory, comes back with the next run.
        if wanted.iter().any(|wanted| wanted.host == removal.host) && !still.contains(&name) {
            still.push(name);
        }
    }
    Ok(still)
}
