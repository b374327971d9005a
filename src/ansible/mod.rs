//! L1: the protocol between Ansible and a compiled module. Knows nothing about registries.
//!
//! Ansible starts the module with one argument, the path of a JSON file, and reads one JSON
//! object from its standard output (docs/module-protocol.md). Reading order: [`mod@run`] drives;
//! [`invocation`] reads the file; [`option`] says what a module takes, [`read_options`], [`coerce`]
//! and [`literal`] turn what people write into it; [`response`] and [`redact`] guard what leaves.

mod coerce;
pub mod invocation;
pub mod literal;
pub mod option;
mod path;
pub mod read_options;
pub mod redact;
pub mod response;
pub mod run;

pub use invocation::Call;
pub use option::{Kind, OptionSpec, Options};
pub use path::Lookup;
pub use response::{Failure, Response};
pub use run::{Module, run};
