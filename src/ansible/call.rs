//! What one call of a module asks for.

use super::options::Options;
use crate::support::text::Cleaner;

/// What a module is asked to do.
#[derive(Debug)]
pub struct Call {
    /// The options, read by the module's table.
    pub options: Options,
    /// Check mode: report what would be done, and do nothing.
    pub check: bool,
    /// Whether the user wants to see the difference.
    pub diff: bool,
    /// Knows every secret of the options; adapters teach it what they read, and clean by it what other
    /// machines say.
    pub cleaner: Cleaner,
}
