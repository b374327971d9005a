//! Texts that are looked for all at once. However many there are, and however alike, the searched text is
//! read once.
//!
//! The `aho-corasick` crate does the same and more. The smallest module, which is sent to every node, does
//! not link it otherwise.

use std::iter::successors;

/// Marks a needle that begins with no other.
const NONE: usize = usize::MAX;

/// The texts, sorted.
#[derive(Debug, Default)]
pub struct Needles {
    sorted: Vec<String>,
    /// For each needle, the longest other one that it begins with.
    prefixes: Vec<usize>,
}

impl Needles {
    /// Takes the texts to look for; empty ones are left out.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut sorted: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let prefixes = prefixes(&sorted);
        Self { sorted, prefixes }
    }

    /// The needles that occur in any of `texts`, each once, in their order.
    pub fn found_in<'a>(&'a self, texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let texts = texts.into_iter();
        let mut found: Vec<_> = texts.flat_map(|text| self.occurrences(text)).collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|at| &*self.sorted[at]).collect()
    }

    /// Whether any needle occurs in `text`.
    pub fn any_in(&self, text: &str) -> bool {
        self.occurrences(text).next().is_some()
    }

    fn occurrences<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        let bytes = text.as_bytes();
        (0..bytes.len()).flat_map(move |start| {
            let rest = &bytes[start..];
            let candidates = self.candidates(rest);
            candidates.filter(move |at| rest.starts_with(self.sorted[*at].as_bytes()))
        })
    }

    /// The needles that `rest` may begin with. In the sorted list, whatever stands between such a needle and
    /// `rest` begins with that needle. So all of them are among the last needle not behind `rest` and its
    /// prefixes: a walk over these is enough, where thousands of needles begin alike.
    fn candidates(&self, rest: &[u8]) -> impl Iterator<Item = usize> {
        // Bytes, because `rest` may begin inside a character.
        let behind = self.sorted.partition_point(|one| one.as_bytes() <= rest);
        successors(behind.checked_sub(1), |at| {
            Some(self.prefixes[*at]).filter(|prefix| *prefix != NONE)
        })
    }
}

fn prefixes(sorted: &[String]) -> Vec<usize> {
    let mut prefixes = Vec::with_capacity(sorted.len());
    // The needles that the last one begins with, the shortest first, and itself.
    let mut open: Vec<usize> = Vec::new();
    for (at, text) in sorted.iter().enumerate() {
        // In sorted order, what this needle does not begin with, no later one begins with either.
        while open
            .last()
            .is_some_and(|last| !text.starts_with(&sorted[*last]))
        {
            open.pop();
        }
        prefixes.push(open.last().copied().unwrap_or(NONE));
        open.push(at);
    }
    prefixes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn needles_are_found_wherever_they_are(
            texts in prop::collection::vec("[ab\"\\\\é]{0,6}", 0..8),
            haystack in "[ab\"\\\\é]{0,40}",
        ) {
            let needles = Needles::new(texts.iter().cloned());
            let mut expected = texts;
            expected.retain(|text| !text.is_empty() && haystack.contains(&**text));
            expected.sort();
            expected.dedup();
            prop_assert_eq!(needles.any_in(&haystack), !expected.is_empty());
            prop_assert_eq!(needles.found_in([&*haystack]), expected);
        }
    }

    /// Tokens begin alike, and an answer that repeats the beginning must not cost all of them each time.
    #[test]
    fn needles_that_begin_alike_cost_no_more() {
        let needles = Needles::new((0..20_000).map(|n| format!("eyJhbGciOi-{n:05}-token")));
        let text = "eyJhbGciOi-eyJhbGciOi-19999".repeat(100);
        let bytes = text.as_bytes();
        let steps: usize = (0..bytes.len())
            .map(|start| needles.candidates(&bytes[start..]).count())
            .sum();
        assert!(steps <= bytes.len(), "{steps} for {} bytes", bytes.len());
        assert!(!needles.any_in(&text));
    }
}
