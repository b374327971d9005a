//! Files that hold credentials: find their place safely, read them, replace them whole.
//!
//! Readers open such a file at any moment, a machine can lose power at any moment, two runs can
//! meet, and the directory can belong to a user who does not wish root well. Two ideas answer that:
//!
//! * **Work by descriptor.** [`walk`] opens a path one name at a time without following links, and
//!   judges each directory and link by `fstat` of the opened descriptor. Every later call (`mkdirat`,
//!   `openat`, `fchown`, `renameat`, `unlinkat`) goes through the last descriptor. A name that
//!   another user swaps between two calls therefore changes nothing: no path is resolved twice.
//! * **Replace, never write.** Under a [`Lock`] the new file is written beside the old one, synced
//!   and renamed over it. A killed run leaves the old file or the new one, and a neighbor that the
//!   next run recognizes by its name.
//!
//! Reading order: [`judge`] holds the rules as pure functions, [`walk`] applies them to a path,
//! [`Directory`] and [`Place`] are its results, [`Lock`] is the right to change a place,
//! [`trusted`] reads files whose content decides what a program does.

pub mod accounts;
mod attributes;
mod backup;
mod directory;
mod error;
mod judge;
mod lock;
mod mark;
mod mounts;
mod place;
mod replace;
mod system;
pub mod trusted;
mod walk;

pub use attributes::{Attributes, WantedAttributes};
pub use directory::Directory;
pub use error::FileError;
pub use lock::{Lock, PATIENCE};
pub use place::{Found, Place};
pub use replace::Replacement;
