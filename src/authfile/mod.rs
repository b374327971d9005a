//! Layer 2: a docker config file on disk: `support::files` with the document in it. Knows nothing of
//! inventories or modules.

mod error;
mod stored;

pub use error::AuthFileError;
pub use stored::{MAX_BYTES, Stored, read_document, text_of};
