//! How an option is read: names, kind, default. Modules write rows ([`super::row`]), which hold this
//! together with the documentation.

/// What the reader of options knows of one option.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// The name, as users write it.
    pub name: &'static str,
    /// Other names for the same option.
    pub aliases: &'static [&'static str],
    /// Which values it takes.
    pub kind: Kind,
    /// Whether it must be given.
    pub required: bool,
    /// The value where it is not given.
    pub default: OptionDefault,
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// The kinds of values, with Ansible's names for them.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `str`
    Str,
    /// `str` with `choices`: the words of an enum
    Choice(fn() -> Vec<&'static str>),
    /// `path`, absolute
    Path,
    /// `bool`
    Bool,
    /// `int`, not less than the number
    Int(i64),
    /// `raw`: a file mode, in octal text or as a number
    Mode,
    /// `list` of `str`
    ListOfStr,
    /// `list` of `path`
    ListOfPath,
    /// `dict` of `str` to `str`
    Dict,
    /// `list` of `dict`
    ListOfDict(&'static RecordSpec),
}

/// What each member of a list of dicts takes.
#[derive(Debug)]
pub struct RecordSpec {
    /// The option whose value names the record in messages.
    pub label: &'static str,
    /// Its options.
    pub options: &'static [OptionSpec],
}

/// The value of an option that is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionDefault {
    /// There is none.
    Absent,
    /// This text.
    Str(&'static str),
    /// This truth value.
    Bool(bool),
    /// This number.
    Int(i64),
    /// This list.
    List(&'static [&'static str]),
}

/// The options of a module: its own, and those that it shares with others.
pub type Table = &'static [&'static [OptionSpec]];

impl OptionSpec {
    /// Whether users may call the option `name`.
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}
