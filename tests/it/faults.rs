//! Faults at any moment, and hostile input: processes killed, connections cut, servers that die, stand still or never
//! end. What the tests of one module do for its every system call and answer is done here for many runs at once.
//!
//! Each test has a short form; `make test-faults` runs the long one.

mod api;
mod kills;
mod large;
mod memory;
mod slow;

/// Returns how often something is done: `long` under `make test-faults`, else `short`.
#[expect(
    clippy::disallowed_methods,
    reason = "a variable of the tests, not of a program"
)]
fn times(short: usize, long: usize) -> usize {
    if std::env::var_os("OREG_LONG_FAULTS").is_some() {
        long
    } else {
        short
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // Constants of Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
