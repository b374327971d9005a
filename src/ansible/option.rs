//! What a module takes: its option table, and the options of one call read by that table.
//!
//! Each table is held equal to the module's sidecar documentation by `tests/it/sidecar.rs`.

use std::collections::HashMap;

use crate::domain::secret::Secret;

/// One row of an option table.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// The name, as users write it.
    pub name: &'static str,
    /// Other names for the same option.
    pub aliases: &'static [&'static str],
    /// What values it takes.
    pub kind: Kind,
    /// Whether it must be given.
    pub required: bool,
    /// What holds when it is not given.
    pub default: Default,
    /// The only values allowed; empty: any.
    pub choices: &'static [&'static str],
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// The kinds of values, with Ansible's names for them.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `str`
    Text,
    /// `path`, absolute
    Path,
    /// `bool`
    Flag,
    /// `int`, not less than the number
    Integer(i64),
    /// `raw`: a file mode, in octal text or as a number
    Mode,
    /// `list` of `str`
    Texts,
    /// `list` of `path`
    Paths,
    /// `dict` of text to text
    Map,
    /// `list` of `dict`
    Records(&'static RecordSpec),
}

/// What each member of a list of dicts takes.
#[derive(Debug)]
pub struct RecordSpec {
    /// The option whose value names the record in messages.
    pub label: &'static str,
    /// Its options.
    pub options: &'static [OptionSpec],
}

/// What holds when an option is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// Nothing.
    None,
    /// This text.
    Text(&'static str),
    /// This truth value.
    Flag(bool),
    /// This number.
    Integer(i64),
    /// This list; also the empty one.
    Texts(&'static [&'static str]),
}

impl OptionSpec {
    /// Starts a row: an optional option without default.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        let default = Default::None;
        Self {
            name,
            aliases: &[],
            kind,
            required: false,
            default,
            choices: &[],
            secret: false,
        }
    }

    /// The option must be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The value must never be shown.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// What holds when the option is not given.
    #[must_use]
    pub const fn default(mut self, default: Default) -> Self {
        self.default = default;
        self
    }

    /// The only values allowed.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    /// Other names for the option.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Returns whether users may call the option `name`.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// The options of one call, read by the module's table: names are the table's, defaults are
/// filled in, every value is of its row's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options(pub(super) HashMap<&'static str, Given>);

/// A value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Text(String),
    Secret(Secret),
    Flag(bool),
    Integer(i64),
    Texts(Vec<String>),
    Map(Vec<(String, String)>),
    Records(Vec<Options>),
}

impl Given {
    fn plain_texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::Texts(texts) => texts.clone(),
            Self::Map(pairs) => pairs
                .iter()
                .flat_map(|(name, value)| [name.clone(), value.clone()])
                .collect(),
            Self::Records(records) => records.iter().flat_map(Options::plain_texts).collect(),
            Self::Secret(_) | Self::Flag(_) | Self::Integer(_) => Vec::new(),
        }
    }
}

/// The accessors panic when the table has no such option of that kind: a mistake in the module,
/// which its first test finds.
impl Options {
    /// Returns a text or path; `None` when not given.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Given::Text(text) => Some(text),
            _ => mismatch(name),
        }
    }

    /// Returns a text or path that is required or has a default.
    #[must_use]
    pub fn required_text(&self, name: &str) -> &str {
        self.text(name)
            .expect("the option is required or has a default")
    }

    /// Returns a secret; `None` when not given.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        match self.0.get(name)? {
            Given::Secret(secret) => Some(secret),
            _ => mismatch(name),
        }
    }

    /// Returns a truth value; `None` when not given.
    #[must_use]
    pub fn flag_given(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Given::Flag(flag) => Some(*flag),
            _ => mismatch(name),
        }
    }

    /// Returns a truth value that has a default.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.flag_given(name).expect("the option has a default")
    }

    /// Returns a number or a file mode; `None` when not given.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Given::Integer(number) => Some(*number),
            _ => mismatch(name),
        }
    }

    /// Returns a number of zero or more that has a default.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        let number = self.integer(name).expect("the option has a default");
        u64::try_from(number).expect("the table's minimum is not negative")
    }

    /// Returns a list of texts or paths; empty when not given.
    #[must_use]
    pub fn texts(&self, name: &str) -> &[String] {
        match self.0.get(name) {
            None => &[],
            Some(Given::Texts(texts)) => texts,
            Some(_) => mismatch(name),
        }
    }

    /// Returns a dict, in the order given; empty when not given.
    #[must_use]
    pub fn map(&self, name: &str) -> &[(String, String)] {
        match self.0.get(name) {
            None => &[],
            Some(Given::Map(pairs)) => pairs,
            Some(_) => mismatch(name),
        }
    }

    /// Returns every text that is not secret, at all levels. What may hold a login, such as the URL of a
    /// proxy, is left out.
    pub(super) fn plain_texts(&self) -> Vec<String> {
        let texts = self.0.values().flat_map(Given::plain_texts);
        texts
            .filter(|text| !(text.contains("://") && text.contains('@')))
            .collect()
    }

    /// Returns a list of dicts; empty when not given.
    #[must_use]
    pub fn records(&self, name: &str) -> &[Options] {
        match self.0.get(name) {
            None => &[],
            Some(Given::Records(records)) => records,
            Some(_) => mismatch(name),
        }
    }
}

#[expect(
    clippy::panic,
    reason = "an option table that contradicts its module is a bug"
)]
fn mismatch<T>(name: &str) -> T {
    panic!("the option table gives {name} another kind")
}
