//! The components of the test bed, proven by other people's clients.
//!
//! Nothing is skipped: what is not installed fails with the advice to run `testbed/setup`.

#![expect(
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing there"
)]

mod bed;
mod client;
mod cluster;
mod guests;
mod lifetime;
mod registry;
mod tls;
mod token_server;
