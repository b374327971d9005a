//! The one door from foreign text to text that may be shown.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    foreign::{Foreign, Quoted, READ, SHOWN},
    forms::is_distinctive,
    needles::Needles,
    notation::Text,
    search::{BUDGET, Ending, Index, Span, TooCostly},
    visible::{in_one_line, is_markup, without_tags},
};
use crate::domain::{
    credential::Credential,
    secret::{MASK, Secret},
};

/// Characters that are shown of the explanation that an admission webhook gives for its rule.
const SHOWN_OF_EXPLANATION: usize = 600;

/// Steps for all texts of one cleaner: one server cannot take the time of all by many texts.
const TOTAL_BUDGET: u64 = 32 * BUDGET;

/// Shown instead of a text that takes too long to search.
const WITHHELD: &str = "(withheld: searching it for secrets takes too long)";

/// A name longer than this is cut: longer than any host, user or label.
const LONGEST_NAME: usize = 255;

/// Knows secrets, and cleans foreign text of them. Clones share what they know and learn.
#[derive(Clone, Default)]
pub struct Cleaner {
    own: Arc<Mutex<Known>>,
    inherited: Vec<Arc<Mutex<Known>>>,
}

#[derive(Default)]
struct Known {
    secrets: Vec<Secret>,
    /// Covers the first `indexed` secrets. Most runs clean nothing, so it is built when it is used.
    index: Index,
    indexed: usize,
    /// The distinctive ones of the first `named` secrets, in lower case.
    in_names: Needles,
    named: usize,
    steps: u64,
}

impl Cleaner {
    /// Knows `secrets`.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let cleaner = Self::default();
        cleaner.learn(secrets);
        cleaner
    }

    /// A cleaner that knows all that this one knows and learns. What the new one learns it keeps
    /// to itself: secrets and costs of one server do not concern the others.
    #[must_use]
    pub fn child(&self) -> Self {
        let inherited = self.inherited.iter().chain([&self.own]).cloned();
        Self {
            own: Arc::default(),
            inherited: inherited.collect(),
        }
    }

    /// Adds secrets, from now on. White space around a secret may be missing where it is repeated.
    pub fn learn(&self, secrets: impl IntoIterator<Item = Secret>) {
        lock(&self.own)
            .secrets
            .extend(secrets.into_iter().filter(|secret| !secret.is_empty()));
    }

    /// Adds the password of `credential`, and user and password as Basic sends them.
    pub fn learn_credential(&self, credential: &Credential) {
        self.learn([credential.password().clone(), credential.encode()]);
    }

    /// Every secret that is known.
    pub fn secrets(&self) -> Vec<Secret> {
        self.layers()
            .flat_map(|known| lock(known).secrets.clone())
            .collect()
    }

    /// Cleans `text`, and cuts it to 200 characters.
    pub fn quote(&self, text: &Foreign) -> Quoted {
        self.clean(text.raw(), SHOWN)
    }

    /// As [`Cleaner::quote`], with room for the explanation that an admission webhook gives.
    pub fn quote_explanation(&self, text: &Foreign) -> Quoted {
        self.clean(text.raw(), SHOWN_OF_EXPLANATION)
    }

    /// Cleans a name that another system gave: a key of a file, a node, a user. A plain name stays
    /// as it is, so that it can be found and used; only a secret that cannot be a name is masked in it.
    pub fn quote_name(&self, name: &Foreign) -> Quoted {
        let is_plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\`".contains(c);
        let raw = name.raw();
        let holds_secret = || self.layers().any(|known| lock(known).is_in_name(raw));
        if raw.len() <= LONGEST_NAME && raw.chars().all(is_plain) && !holds_secret() {
            return Quoted::new(raw.to_owned());
        }
        self.clean(raw, LONGEST_NAME)
    }

    fn clean(&self, raw: &str, most: usize) -> Quoted {
        let markup = is_markup(raw);
        // Before tags are removed: a secret may hold `<` and `>`, and what is left of it would not be
        // found.
        let masked = match self.mask(raw) {
            Ok(masked) => masked,
            Err(TooCostly) => return Quoted::new(WITHHELD.to_owned()),
        };
        let plain = if markup {
            without_tags(&masked)
        } else {
            masked
        };
        Quoted::new(in_one_line(&plain, most))
    }

    fn mask(&self, raw: &str) -> Result<String, TooCostly> {
        // More than is shown, so that a secret across the end is seen whole.
        let read = &raw[..raw.floor_char_boundary(READ)];
        if self.layers().all(|known| lock(known).secrets.is_empty()) {
            return Ok(read.to_owned());
        }
        let ending = if read.len() < raw.len() {
            Ending::Cut
        } else {
            Ending::Complete
        };
        let text = Text::new(read);
        let mut spans = Vec::new();
        for known in self.layers() {
            spans.extend(lock(known).find(&text, ending)?);
        }
        Ok(replace(read, spans))
    }

    fn layers(&self) -> impl Iterator<Item = &Arc<Mutex<Known>>> {
        self.inherited.iter().chain([&self.own])
    }
}

impl Known {
    fn find(&mut self, text: &Text<'_>, ending: Ending) -> Result<Vec<Span>, TooCostly> {
        for secret in &self.secrets[self.indexed..] {
            self.index.add(secret);
        }
        self.indexed = self.secrets.len();
        // A server may answer many times, each time with a text that is just affordable.
        if self.steps > TOTAL_BUDGET {
            return Err(TooCostly);
        }
        let mut steps = 0;
        let found = self.index.find(text, ending, &mut steps);
        self.steps += steps;
        found
    }

    fn is_in_name(&mut self, name: &str) -> bool {
        if self.named < self.secrets.len() {
            let distinctive = self.secrets.iter().map(Secret::expose);
            let distinctive = distinctive.filter(|secret| is_distinctive(secret));
            self.in_names = Needles::new(distinctive.map(str::to_ascii_lowercase));
            self.named = self.secrets.len();
        }
        // Names of hosts are in lower case, whatever was written. A plain name is ASCII.
        self.in_names.any_in(&name.to_ascii_lowercase())
    }
}

impl fmt::Debug for Cleaner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cleaner({} secrets)", self.secrets().len())
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    // After a panic elsewhere the secrets are still secrets.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a mask in place of the spans; of those that touch each other, one for all.
fn replace(text: &str, spans: Vec<Span>) -> String {
    // For each place the end of the longest span that begins there; 0 where none does.
    let mut ends = vec![0; text.len() + 1];
    for Span { start, end } in spans {
        ends[start] = end.max(ends[start]);
    }
    let mut masked = String::with_capacity(text.len());
    let mut shown = 0;
    for (start, end) in ends.into_iter().enumerate().filter(|(_, end)| *end > 0) {
        let start = text.floor_char_boundary(start);
        if start > shown || masked.is_empty() {
            masked.push_str(&text[shown..start]);
            masked.push_str(MASK);
        }
        shown = shown.max(text.ceil_char_boundary(end));
    }
    masked.push_str(&text[shown..]);
    masked
}

#[cfg(test)]
mod tests;
