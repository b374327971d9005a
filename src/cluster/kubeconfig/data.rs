//! Certificates and keys of a kubeconfig, which stand in it or in files that it names.

use std::path::Path;

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};

use super::document::{Flaw, Place};
use crate::support::trust::read_file;

/// Base64 as Go reads it: padded, and what is left of the last bits may be anything.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Returns the content of `NAME-data`, else of the file that `NAME` names.
pub(super) fn data_or_file(
    place: &Place<'_>,
    name: &str,
    directory: &Path,
) -> Result<Option<Vec<u8>>, Flaw> {
    let data = format!("{name}-data");
    if let Some(text) = place.text(&data)? {
        let packed: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(packed);
        return bytes.map(Some).map_err(|_| {
            let place = place.member(&data).ok().flatten();
            let what = format!("its {data} is not base64");
            place.map_or_else(|| Flaw::new(&what), |place| place.flaw(&what))
        });
    }
    let Some(path) = place.text(name)? else {
        return Ok(None);
    };
    let path = directory.join(path);
    let bytes = read_file(&path);
    bytes.map(Some).map_err(|error| {
        Flaw::new(format!(
            "cannot read its {name} {}: {error}",
            path.display()
        ))
    })
}
