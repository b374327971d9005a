//! The result of a run, for people and machines: [`document`] is its JSON form, [`html`] makes a page of
//! it. The command, `oreg_report` and `verify.yml` share both.

pub mod answer;
pub mod differing;
pub mod document;
pub mod findings;
pub mod global_settings;
pub mod html;
pub mod left;
pub mod main_registry;
pub mod markup;
mod matrix;
pub mod proof;
pub mod restart;
pub mod secrets;
pub mod settings;
pub mod state;
pub mod table;
pub mod target;
pub mod verify;

pub use document::{
    CHECK_SCHEMA, Finding, Namespace, Node, NodeRegistry, NodeState, PullSecret, Registry, Report,
    SCHEMA, Summary,
};
pub use state::{Standing, State};
