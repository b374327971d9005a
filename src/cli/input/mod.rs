//! Where credentials come from: files of every form, standard input, credential helpers, an inventory.

pub mod ansible;
pub mod cluster;
pub mod discovery;
pub mod entries;
pub mod file;
pub mod form;
pub mod helper;
pub mod prompt;
