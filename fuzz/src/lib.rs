//! What several targets need.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The members of a JSON object with their values as bytes; none where the text is not one.
#[must_use]
pub fn members_of(text: &str) -> BTreeMap<String, String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap_or_default();
    let text = |(name, value): (String, Box<RawValue>)| (name, value.get().to_owned());
    members.into_iter().map(text).collect()
}

/// The member that readers written in Go take for `auths`.
#[must_use]
pub fn is_auths(name: &str) -> bool {
    name.eq_ignore_ascii_case("auths")
}
