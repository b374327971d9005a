//! What the tests share.

pub(crate) mod cluster;
pub(crate) mod command;
pub(crate) mod module;
pub(crate) mod mounts;
pub(crate) mod playbook;
pub(crate) mod scratch;
pub(crate) mod scripted;
pub(crate) mod tools;
