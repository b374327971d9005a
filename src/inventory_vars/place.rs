//! Names for the places where credentials are given.

use super::names;
use crate::domain::registry_credential::Source;

/// Names the place of a credential as users know it.
pub fn place_of(source: &Source) -> String {
    match source {
        Source::Main => names::OREG_URL.to_owned(),
        Source::Additional(index) => format!("{}[{index}]", names::ADDITIONAL),
        Source::File(path) => path.display().to_string(),
        Source::Task => "registry".to_owned(),
        Source::Named(place) => place.clone(),
    }
}
