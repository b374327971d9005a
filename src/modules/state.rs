//! The option `state` of the modules that write.

use crate::ansible::Choice;

/// Whether credentials are to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Present,
    Absent,
}

impl Choice for State {
    const ALL: &'static [Self] = &[Self::Present, Self::Absent];

    fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
        }
    }
}
