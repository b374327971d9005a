//! L1: a docker config file on a node's disk. Knows nothing of inventories or modules.
//!
//! Kubelet and docker read the file at any moment, a node can lose power at any moment, and two
//! playbooks can run at once. So the file is never written, only replaced: read under a [`Lock`],
//! write beside, sync, rename, sync the directory. What a killed run leaves behind is recognised
//! by its name and removed by the next one.
//!
//! Reading order: [`location`] says where the file really is and refuses what is not safe,
//! [`lock`] keeps others away, [`store`] reads and replaces, [`attributes`] are what a new file
//! keeps of the old one.

pub mod accounts;
pub mod attributes;
mod backup;
mod directories;
pub mod error;
pub mod location;
pub mod lock;
pub mod store;

pub use attributes::{Attributes, WantedAttributes};
pub use error::AuthFileError;
pub use location::Location;
pub use lock::Lock;
pub use store::{Replacement, Stored};
