//! L1: proving a credential to a registry.
//!
//! The proof is a state machine without I/O ([`flow`]): the answer so far decides the next request or
//! the conclusion, so that odd servers are rows of a table (`flow/vectors.rs`). Reading order:
//! [`exchange`] (the values), [`challenge`], [`realm`] (where a credential may go: nowhere
//! else is that decided), [`token`], [`envelope`], [`flow`], and at the rim [`transport`].

pub mod challenge;
pub mod conclusion;
pub mod envelope;
pub mod exchange;
mod fault;
pub mod flow;
pub mod realm;
pub mod retry;
pub mod token;
pub mod transport;
pub mod trust;
mod tunnel;
mod verifier;

pub use conclusion::{Conclusion, Reason, Words};
pub use exchange::Target;
pub use flow::{Flow, Step};
pub use retry::RetryPolicy;
