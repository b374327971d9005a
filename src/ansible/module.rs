//! What a program says to be a module: name, option table, and the function that does its work.

use super::{
    call::Call,
    option::{OptionSpec, Table},
    response::{Failure, Response},
};

/// Larger arguments are a mistake; the largest honest ones without results of other tasks hold some thousand
/// registries.
const MOST_BYTES: u64 = 16 << 20;

/// A module: its name, its options and what it does.
#[derive(Debug)]
pub struct Module {
    /// The name under which Ansible finds it.
    pub name: &'static str,
    /// What it does, in one sentence without its stop.
    pub about: &'static str,
    pub(super) table: Table,
    pub(super) run: fn(&Call) -> Result<Response, Failure>,
    pub(super) finish_failure: fn(Response) -> Response,
    pub(super) most_bytes: u64,
}

impl Module {
    /// Makes a module that does `run`.
    pub const fn new(
        name: &'static str,
        about: &'static str,
        table: Table,
        run: fn(&Call) -> Result<Response, Failure>,
    ) -> Self {
        Self {
            name,
            about,
            table,
            run,
            finish_failure: std::convert::identity,
            most_bytes: MOST_BYTES,
        }
    }

    /// Takes arguments of up to so many bytes.
    #[must_use]
    pub const fn taking(self, most_bytes: u64) -> Self {
        Self { most_bytes, ..self }
    }

    /// Every option that it takes.
    pub fn options(&self) -> impl Iterator<Item = &'static OptionSpec> {
        self.table.iter().copied().flatten()
    }

    /// Has `finish` add what every failure of this module returns, also one of its options.
    #[must_use]
    pub const fn finishing_failures(self, finish: fn(Response) -> Response) -> Self {
        Self {
            finish_failure: finish,
            ..self
        }
    }
}
