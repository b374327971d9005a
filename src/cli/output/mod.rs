//! How results are shown: for people on a terminal, for machines in files.

pub mod files;
pub mod json;
pub mod junit;
pub mod page;
pub mod progress;
pub mod prometheus;
pub mod result;
pub mod screen;
pub mod table;
