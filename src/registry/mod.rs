//! Layer 2: proving a credential to a registry.
//!
//! The proof is a state machine without I/O ([`flow`]): the answer so far decides the next request or
//! the conclusion, so that odd servers are rows of a table (`flow/vectors.rs`). Reading order:
//! [`exchange`] (the values), [`challenge`], [`realm`] (where a credential may go: nowhere
//! else is that decided), [`token`], [`envelope`], [`flow`]; then the wire: [`transport`] (time limits),
//! `client` (HTTP), `connect` (addresses, proxies, TLS), [`trust`].

mod address;
mod body;
pub mod challenge;
mod client;
pub mod conclusion;
mod connect;
pub mod envelope;
pub mod exchange;
pub mod flow;
pub mod network;
mod proxy_login;
pub mod realm;
pub mod retry;
pub mod token;
pub mod transport;
pub mod trust;
mod tunnel;
mod verifier;
mod wire;

pub use conclusion::{Conclusion, Reason, Scope, Speaker, Words};
pub use exchange::Target;
pub use flow::{Flow, Step};
pub use retry::RetryPolicy;
