//! The row of an option: written once, it is what the reader goes by, what the code gets, and what
//! `make generate` writes documentation from.
//!
//! `Row<T>` says in its type what [`Options::get`] returns, so that code and table cannot disagree. What
//! only the documentation needs is not part of [`OptionSpec`], and so not part of the programs.

use std::marker::PhantomData;

use super::{
    option::{Kind, OptionDefault, OptionSpec, RecordSpec},
    options::Options,
};
use crate::domain::secret::Secret;

/// An option that code gets as a `T`.
#[derive(Debug)]
pub struct Row<T> {
    spec: OptionSpec,
    about: About,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Row<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Row<T> {}

/// What people read of an option.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Sentences, in Ansible's markup.
    pub text: &'static [&'static str],
    /// The variable of the role that sets it.
    pub variable: Option<&'static str>,
    /// Whether it only says how a credential is proven: then it does nothing in modules that prove none.
    pub is_about_proof: bool,
    /// Whether the role takes its variable in any form: as text with commas, or as Ansible must not print it.
    pub is_raw_in_role: bool,
    /// The options of each member of a list of dicts.
    pub members: &'static [Documented],
}

/// An option with its documentation.
#[derive(Clone, Copy, Debug)]
pub struct Documented {
    /// How it is read.
    pub spec: OptionSpec,
    /// What people read of it.
    pub about: About,
}

/// An enum whose words are the choices of an option.
pub trait Choice: Copy + 'static {
    /// Every choice, in the order of the documentation.
    const ALL: &'static [Self];

    /// The word that users write.
    fn word(self) -> &'static str;
}

/// The type of a row whose value is one of the words of `C`.
#[derive(Debug)]
pub struct OneOf<C>(PhantomData<C>);

/// The type of a row whose value is a file mode.
#[derive(Debug)]
pub struct Mode;

impl<T> Row<T> {
    const fn new(name: &'static str, kind: Kind, default: OptionDefault) -> Self {
        Self {
            spec: OptionSpec {
                name,
                aliases: &[],
                kind,
                required: false,
                default,
                secret: false,
            },
            about: About {
                text: &[],
                variable: None,
                is_about_proof: false,
                is_raw_in_role: false,
                members: &[],
            },
            kind: PhantomData,
        }
    }

    const fn read_as<U>(self) -> Row<U> {
        Row {
            spec: self.spec,
            about: self.about,
            kind: PhantomData,
        }
    }

    const fn and_required<U>(mut self) -> Row<U> {
        self.spec.required = true;
        self.read_as()
    }

    /// Adds other names for the option.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.spec.aliases = aliases;
        self
    }

    /// Adds the documentation, a sentence or paragraph each.
    #[must_use]
    pub const fn about(mut self, text: &'static [&'static str]) -> Self {
        self.about.text = text;
        self
    }

    /// Names the variable of the role that sets the option.
    #[must_use]
    pub const fn variable(mut self, name: &'static str) -> Self {
        self.about.variable = Some(name);
        self
    }

    /// Marks an option that only says how a credential is proven.
    #[must_use]
    pub const fn about_proof(mut self) -> Self {
        self.about.is_about_proof = true;
        self
    }

    /// Marks an option whose variable the role takes in any form.
    #[must_use]
    pub const fn raw_in_role(mut self) -> Self {
        self.about.is_raw_in_role = true;
        self
    }

    /// The part that programs need.
    pub const fn spec(&self) -> OptionSpec {
        self.spec
    }

    /// The row for the generator of documentation.
    pub const fn documented(&self) -> Documented {
        Documented {
            spec: self.spec,
            about: self.about,
        }
    }
}

impl Row<Option<String>> {
    /// Text, where it is given.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Str, OptionDefault::Absent)
    }

    /// An absolute path, where it is given.
    pub const fn path(name: &'static str) -> Self {
        Self::new(name, Kind::Path, OptionDefault::Absent)
    }

    /// The option must be given.
    #[must_use]
    pub const fn required(self) -> Row<String> {
        self.and_required()
    }

    /// The option has a default.
    #[must_use]
    pub const fn default(mut self, text: &'static str) -> Row<String> {
        self.spec.default = OptionDefault::Str(text);
        self.read_as()
    }

    /// The value must never be shown.
    #[must_use]
    pub const fn secret(mut self) -> Row<Option<Secret>> {
        self.spec.secret = true;
        self.read_as()
    }
}

impl Row<Option<Secret>> {
    /// The option must be given.
    #[must_use]
    pub const fn required(self) -> Row<Secret> {
        self.and_required()
    }
}

impl<C: Choice> Row<Option<OneOf<C>>> {
    /// A word of `C`, where it is given.
    pub const fn choice(name: &'static str) -> Self {
        Self::new(name, Kind::Choice(words::<C>), OptionDefault::Absent)
    }

    /// The option must be given.
    #[must_use]
    pub const fn required(self) -> Row<OneOf<C>> {
        self.and_required()
    }

    /// The option has a default.
    #[must_use]
    pub const fn default(mut self, word: &'static str) -> Row<OneOf<C>> {
        self.spec.default = OptionDefault::Str(word);
        self.read_as()
    }
}

impl Row<bool> {
    /// A truth value.
    pub const fn flag(name: &'static str, default: bool) -> Self {
        Self::new(name, Kind::Bool, OptionDefault::Bool(default))
    }
}

impl Row<u64> {
    /// A number, not less than `least`.
    pub const fn count(name: &'static str, least: u32, default: u32) -> Self {
        let default = OptionDefault::Int(default as i64);
        Self::new(name, Kind::Int(least as i64), default)
    }
}

impl Row<Mode> {
    /// A file mode; the default is octal text.
    pub const fn mode(name: &'static str, default: &'static str) -> Self {
        Self::new(name, Kind::Mode, OptionDefault::Str(default))
    }
}

impl Row<Vec<String>> {
    /// A list of texts; empty where it is not given.
    pub const fn texts(name: &'static str) -> Self {
        Self::new(name, Kind::ListOfStr, OptionDefault::Absent)
    }

    /// A list of absolute paths; empty where it is not given.
    pub const fn paths(name: &'static str) -> Self {
        Self::new(name, Kind::ListOfPath, OptionDefault::Absent)
    }

    /// The option has a default.
    #[must_use]
    pub const fn default(mut self, texts: &'static [&'static str]) -> Self {
        self.spec.default = OptionDefault::List(texts);
        self
    }
}

impl Row<Vec<(String, String)>> {
    /// A dict of texts; empty where it is not given.
    pub const fn dict(name: &'static str) -> Self {
        Self::new(name, Kind::Dict, OptionDefault::Absent)
    }
}

impl Row<Vec<Options>> {
    /// A list of dicts; empty where it is not given.
    pub const fn records(
        name: &'static str,
        record: &'static RecordSpec,
        members: &'static [Documented],
    ) -> Self {
        let mut row = Self::new(name, Kind::ListOfDict(record), OptionDefault::List(&[]));
        row.about.members = members;
        row
    }
}

fn words<C: Choice>() -> Vec<&'static str> {
    C::ALL.iter().map(|choice| choice.word()).collect()
}

/// Makes the option table of a module, `OPTIONS`, and its documentation, `DOCUMENTED`, of its rows.
#[macro_export]
macro_rules! rows {
    ($seen:vis $($row:ident),+ $(,)?) => {
        /// The options, as they are read.
        $seen const OPTIONS: &[$crate::ansible::OptionSpec] = &[$($row.spec()),+];
        /// The same options, as they are documented.
        $seen const DOCUMENTED: &[$crate::ansible::Documented] = &[$($row.documented()),+];
    };
}
