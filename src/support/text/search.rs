//! Finds every form of every secret in a text, in all notations at once.
//!
//! A state says: the form was begun at `start`, its first `matched` bytes stand before this place. The
//! states of one place are kept together, and of two that differ in `start` alone the longer match. So
//! there are at most (length of text × length of form) states for each form, however many ways there
//! are to read the text. A form gets its first state only where its first two bytes can be read.

use std::collections::HashMap;

use super::{
    forms::{Form, Kind, forms_of},
    notation::{Text, Unit},
};
use crate::domain::secret::Secret;

/// The most steps that one text may take.
pub(super) const BUDGET: u64 = 1 << 20;

/// Bytes by which a form is found among the others.
const HEAD: usize = 2;

/// A found secret: bytes of the text from `start` to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The text takes more than [`BUDGET`] steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooCostly;

/// Whether the text is all that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The text ends here.
    Complete,
    /// More was said, and a secret may reach into it.
    Cut,
}

/// The forms of all known secrets, by their first bytes.
#[derive(Default)]
pub(super) struct Index {
    forms: Vec<Form>,
    by_head: HashMap<[u8; HEAD], Vec<usize>>,
    /// Forms of one byte.
    by_byte: Vec<(u8, usize)>,
}

impl Index {
    pub(super) fn add(&mut self, secret: &Secret) {
        for form in forms_of(secret.expose()) {
            let number = self.forms.len();
            match *form.text.expose().as_bytes() {
                [] => continue,
                [byte] => self.by_byte.push((folded(byte), number)),
                [first, second, ..] => {
                    let head = [first, second].map(folded);
                    self.by_head.entry(head).or_default().push(number);
                }
            }
            self.forms.push(form);
        }
    }

    /// Where secrets are, in no order, overlapping or not, and adds the steps taken to `steps`.
    pub(super) fn find(
        &self,
        text: &Text<'_>,
        ending: Ending,
        steps: &mut u64,
    ) -> Result<Vec<Span>, TooCostly> {
        if self.forms.is_empty() {
            return Ok(Vec::new());
        }
        let states = vec![Vec::new(); text.len() + 1];
        let mut search = Search {
            index: self,
            text,
            ending,
            states,
            found: Vec::new(),
        };
        for at in 0..text.len() {
            // Counted, not timed: the same text is withheld on every machine.
            *steps += search.step(at);
            if *steps > BUDGET {
                return Err(TooCostly);
            }
        }
        search.finish();
        Ok(search.found)
    }

    fn with_head(&self, first: u8, second: u8) -> impl Iterator<Item = &usize> {
        let head = [first, second].map(folded);
        self.by_head.get(&head).into_iter().flatten()
    }

    fn of_byte(&self, byte: u8) -> impl Iterator<Item = &usize> {
        let byte = folded(byte);
        let forms = self.by_byte.iter().filter(move |(first, _)| *first == byte);
        forms.map(|(_, form)| form)
    }
}

struct Search<'a> {
    index: &'a Index,
    text: &'a Text<'a>,
    ending: Ending,
    /// The states of each place; those of earlier places are used up.
    states: Vec<Vec<State>>,
    found: Vec<Span>,
}

/// The order makes the earliest start the first of equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    form: usize,
    matched: usize,
    start: usize,
}

impl Search<'_> {
    /// Begins forms at `at`, moves every state there over every unit, and returns how much work it was.
    fn step(&mut self, at: usize) -> u64 {
        let mut units = Vec::with_capacity(4);
        self.text.units(at, &mut |unit| units.push(unit));
        let mut states = std::mem::take(&mut self.states[at]);
        self.begin(at, &units, &mut states);
        let work = units.len() * (states.len() + 3);
        states.sort_unstable();
        // Two ways to read the same beginning go on in the same way; the earlier start masks more.
        states.dedup_by_key(|state| (state.form, state.matched));
        for state in states {
            for unit in &units {
                self.follow(state, at, *unit);
            }
        }
        work as u64
    }

    /// Begins the forms whose first bytes can be read at `at`.
    fn begin(&self, at: usize, units: &[Unit], states: &mut Vec<State>) {
        let mut begin = |form: &usize| {
            states.push(State {
                form: *form,
                matched: 0,
                start: at,
            });
        };
        for unit in units {
            match *unit.meaning() {
                [] => {}
                [first] => {
                    self.index.of_byte(first).for_each(&mut begin);
                    let mut with =
                        |second| self.index.with_head(first, second).for_each(&mut begin);
                    self.second_bytes(at + unit.length, &mut with);
                }
                [first, second, ..] => self.index.with_head(first, second).for_each(&mut begin),
            }
        }
    }

    /// Reports the bytes that can be read at `at` or behind what can be skipped there.
    fn second_bytes(&self, mut at: usize, report: &mut impl FnMut(u8)) {
        const SKIPPED: usize = 8;
        for _ in 0..=SKIPPED {
            if at >= self.text.len() {
                return;
            }
            let mut next = None;
            self.text
                .units(at, &mut |unit| match unit.meaning().first() {
                    Some(byte) => report(*byte),
                    None => next = Some(at + unit.length),
                });
            let Some(behind) = next else { return };
            at = behind;
        }
    }

    fn follow(&mut self, state: State, at: usize, unit: Unit) {
        let form = &self.index.forms[state.form];
        let rest = &form.text.expose().as_bytes()[state.matched..];
        let meaning = unit.meaning();
        // Bytes without meaning, such as tags, are skipped inside a secret only: before it they would make every
        // place a beginning.
        let skips_too_much =
            meaning.is_empty() && (state.matched == 0 || form.kind == Kind::WholeToken);
        if skips_too_much || !form.kind.reads(meaning, rest) {
            return;
        }
        let end = at + unit.length;
        if meaning.len() == rest.len() {
            self.accept(form.kind, state.start, end);
            return;
        }
        self.states[end].push(State {
            matched: state.matched + meaning.len(),
            ..state
        });
    }

    fn accept(&mut self, kind: Kind, start: usize, end: usize) {
        let text = self.text.as_str();
        let span = match kind {
            Kind::Anywhere => Span { start, end },
            Kind::WholeToken if !self.is_whole(start, end) => return,
            Kind::WholeToken => Span {
                start,
                end: padded(text, end),
            },
            Kind::Base64 => {
                let before = text[..start].trim_end_matches(is_base64);
                Span {
                    start: before.len(),
                    end: padded(text, end_of_base64(text, end)),
                }
            }
            Kind::Beginning => {
                let stops = |c: char| c.is_whitespace() || "\"'<>,;".contains(c);
                let more = text[end..].find(stops).unwrap_or(text.len() - end);
                Span {
                    start,
                    end: end + more,
                }
            }
            Kind::Endless => Span {
                start,
                end: text.len(),
            },
        };
        self.found.push(span);
    }

    /// Whether the token ends on both sides. What is escaped before it counts as what it means.
    fn is_whole(&self, start: usize, end: usize) -> bool {
        let text = self.text.as_str();
        let (Some(before), Some(token), Some(after)) =
            (text.get(..start), text.get(start..end), text.get(end..))
        else {
            return true;
        };
        let ends = |outer: Option<char>, inner: Option<char>| {
            !(outer.is_some_and(is_word) && inner.is_some_and(is_word))
        };
        ends(after.chars().next(), token.chars().next_back())
            && (ends(before.chars().next_back(), token.chars().next())
                || self.follows_escape(start))
    }

    /// Whether an escape of something other than a letter or digit ends at `start`.
    fn follows_escape(&self, start: usize) -> bool {
        const LONGEST: usize = 12;
        let mut found = false;
        for at in start.saturating_sub(LONGEST)..start.saturating_sub(1) {
            self.text.units(at, &mut |unit| {
                let meant = std::str::from_utf8(unit.meaning()).ok();
                let is_other = meant.is_some_and(|text| !text.chars().any(is_word));
                found |= at + unit.length == start && is_other;
            });
        }
        found
    }

    /// Masks the beginning of a secret where the text ends.
    fn finish(&mut self) {
        let end = self.text.len();
        let begun = std::mem::take(&mut self.states[end]);
        for State {
            form,
            matched,
            start,
        } in begun
        {
            let form = &self.index.forms[form];
            let is_most = matched * 2 >= form.text.expose().len() && matched >= 4;
            let shows = match self.ending {
                Ending::Cut => true,
                Ending::Complete => is_most && form.kind != Kind::WholeToken,
            };
            if shows {
                self.found.push(Span { start, end });
            }
        }
    }
}

impl Kind {
    /// Whether the form goes on with what a unit means.
    fn reads(self, meaning: &[u8], rest: &[u8]) -> bool {
        let Some(wanted) = rest.get(..meaning.len()) else {
            return false;
        };
        match self {
            Self::Anywhere | Self::Beginning | Self::Endless => meaning
                .iter()
                .map(u8::to_ascii_lowercase)
                .eq(wanted.iter().copied()),
            Self::WholeToken => meaning == wanted,
            Self::Base64 => meaning
                .iter()
                .map(|byte| in_standard_alphabet(*byte))
                .eq(wanted.iter().copied()),
        }
    }
}

/// One key for all ways in which kinds compare: case and the alphabets of base64 do not matter.
fn folded(byte: u8) -> u8 {
    in_standard_alphabet(byte).to_ascii_lowercase()
}

fn in_standard_alphabet(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn is_base64(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+/-_".contains(character)
}

fn end_of_base64(text: &str, end: usize) -> usize {
    text.len() - text[end..].trim_start_matches(is_base64).len()
}

/// Takes the padding of base64 along.
fn padded(text: &str, end: usize) -> usize {
    text.len() - text[end..].trim_start_matches('=').len()
}
