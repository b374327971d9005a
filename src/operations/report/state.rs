//! The words of a report for one registry, and what they mean to a reader: good, bad, or neither.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::domain::verdict::Verdict;

/// How a registry stands at one place: the verdict of a proof, or what a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// A proof ended so.
    Proven(Verdict),
    /// The same as in the inventory.
    InPlace,
    /// Not there.
    Missing,
    /// Not the same as in the inventory.
    Differs,
    /// The file or secret cannot be read.
    Unreadable,
    /// The secret is of another type.
    WrongType,
    /// There, though the inventory does not want it.
    NotWanted,
    /// The task failed.
    Failed,
    /// Not looked at.
    NotAsked,
    /// Somebody else's entry.
    NotOurs,
}

/// What a state means to a reader, with a mark that does not need color.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// A registry refuses: nothing can be pulled.
    Refused,
    /// Nothing can be said.
    Unknown,
    /// A node or a namespace does not hold what the inventory holds.
    Differs,
    /// Proven, or in place.
    Good,
    /// Not asked, not ours, not judged.
    Apart,
}

impl State {
    /// The states that are not verdicts.
    const OTHERS: [Self; 9] = [
        Self::InPlace,
        Self::Missing,
        Self::Differs,
        Self::Unreadable,
        Self::WrongType,
        Self::NotWanted,
        Self::Failed,
        Self::NotAsked,
        Self::NotOurs,
    ];

    /// Returns the word by which the state is known in documents.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proven(verdict) => verdict.word(),
            Self::InPlace => "in_place",
            Self::Missing => "missing",
            Self::Differs => "differs",
            Self::Unreadable => "unreadable",
            Self::WrongType => "wrong_type",
            Self::NotWanted => "not_wanted",
            Self::Failed => "failed",
            Self::NotAsked => "not_asked",
            Self::NotOurs => "not_ours",
        }
    }

    /// Finds the state that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let verdicts = Verdict::ALL.into_iter().map(Self::Proven);
        let mut all = verdicts.chain(Self::OTHERS);
        all.find(|state| state.word() == word)
    }

    /// Returns what the state means to a reader.
    #[must_use]
    pub const fn standing(self) -> Standing {
        match self {
            Self::Proven(verdict) => standing_of(verdict),
            Self::InPlace => Standing::Good,
            Self::Missing
            | Self::Differs
            | Self::Unreadable
            | Self::WrongType
            | Self::NotWanted => Standing::Differs,
            Self::Failed => Standing::Unknown,
            Self::NotAsked | Self::NotOurs => Standing::Apart,
        }
    }
}

const fn standing_of(verdict: Verdict) -> Standing {
    match verdict {
        Verdict::Valid => Standing::Good,
        Verdict::InvalidCredentials
        | Verdict::Denied
        | Verdict::DeniedOrMissing
        | Verdict::ImageNotFound => Standing::Refused,
        Verdict::NotProven
        | Verdict::RateLimited
        | Verdict::Unreachable
        | Verdict::TlsFailure
        | Verdict::ProxyFailure
        | Verdict::NotARegistry
        | Verdict::RegistryError => Standing::Unknown,
        Verdict::Skipped => Standing::Apart,
    }
}

/// The word as a sentence has it: without underscores.
impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.word().replace('_', " "))
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| D::Error::custom("not a state"))
    }
}

impl Standing {
    /// Returns the name of its class in the page's style sheet.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Differs => "differs",
            Self::Good => "good",
            Self::Apart => "apart",
        }
    }

    /// Returns its mark.
    #[must_use]
    pub const fn mark(self) -> char {
        match self {
            Self::Refused => '✘',
            Self::Unknown => '?',
            Self::Differs => '≠',
            Self::Good => '✔',
            Self::Apart => '–',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_names_its_state() {
        let verdicts = Verdict::ALL.into_iter().map(State::Proven);
        for state in verdicts.chain(State::OTHERS) {
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        assert_eq!(State::from_word("Valid"), None);
    }
}
