//! Layer 2: the protocol between Ansible and a compiled module. Knows nothing about registries.
//!
//! Ansible starts the module with one argument, the path of a JSON file, and reads one JSON
//! object from its standard output (docs/module-protocol.md). Reading order: [`mod@run`] drives;
//! [`invocation`] reads the file; [`option`] says what a module takes, [`read_options`], [`coerce`]
//! and [`literal`] turn what people write into it; [`response`] and [`redact`] guard what leaves.

mod call;
mod coerce;
mod help;
pub mod invocation;
pub mod literal;
mod module;
pub mod option;
pub mod options;
mod path;
pub mod read_options;
pub mod redact;
pub mod response;
pub mod row;
pub mod run;
mod value;

pub use call::Call;
pub use module::Module;
pub use option::{OptionSpec, RecordSpec, Table};
pub use options::Options;
pub use path::Lookup;
pub use response::{Failure, Response};
pub use row::{Choice, Documented, Mode, OneOf, Row};
pub use run::run;
