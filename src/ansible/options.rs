//! The options of one call, read by the table of the module.

use std::collections::HashMap;

use crate::domain::secret::Secret;

/// The options of one call: names are the table's, defaults are filled in, every value is of the kind of
/// its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options(pub(super) HashMap<&'static str, Given>);

/// A value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// `str`, `path`, or a choice
    Text(String),
    /// `str` that must never be shown
    Secret(Secret),
    /// `bool`
    Flag(bool),
    /// `int`, or a file mode
    Integer(i64),
    /// `list` of `str` or `path`
    Texts(Vec<String>),
    /// `dict`, in the order given
    Map(Vec<(String, String)>),
    /// `list` of `dict`
    Records(Vec<Options>),
}

impl Options {
    /// Every text that is not secret, at all levels. What may hold a login, such as the URL of a
    /// proxy, is left out.
    pub(super) fn plain_texts(&self) -> Vec<String> {
        let texts = self.0.values().flat_map(Given::plain_texts);
        texts
            // `http://user:password@proxy` is an option in clear, and must not keep its password from being masked
            // elsewhere.
            .filter(|text| !(text.contains("://") && text.contains('@')))
            .collect()
    }
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
