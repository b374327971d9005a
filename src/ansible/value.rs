//! What code gets for a row: the value of an option, in the type that the row names.

use super::{
    options::{Given, Options},
    row::{Choice, Mode, OneOf, Row},
};
use crate::domain::secret::Secret;

/// What code gets for an option.
pub trait Value {
    /// The value, borrowed from the options where it is large.
    type Read<'a>;

    /// Reads what was given; `None` where the reader of options would have refused it.
    fn read(given: Option<&Given>) -> Option<Self::Read<'_>>;
}

impl Options {
    /// The value of the option `row`.
    ///
    /// # Panics
    /// When the row is not in the table that the options were read by: a mistake in the module, which its
    /// first test finds.
    #[inline]
    pub fn get<T: Value>(&self, row: Row<T>) -> T::Read<'_> {
        self.value::<T>(row.spec().name)
    }

    fn value<T: Value>(&self, name: &str) -> T::Read<'_> {
        T::read(self.0.get(name)).expect("the row is in the table")
    }
}

/// Each kind of value reads what the reader of options has made of it.
macro_rules! values {
    ($($kind:ty => $read:ty, $given:pat => $value:expr $(, else $absent:expr)?;)+) => {
        $(impl Value for $kind {
            type Read<'a> = $read;

            fn read(given: Option<&Given>) -> Option<Self::Read<'_>> {
                match given {
                    $given => Some($value),
                    $(None => Some($absent),)?
                    _ => None,
                }
            }
        })+
    };
}

values! {
    String => &'a str, Some(Given::Text(text)) => text;
    Option<String> => Option<&'a str>, Some(Given::Text(text)) => Some(text), else None;
    Secret => &'a Secret, Some(Given::Secret(secret)) => secret;
    Option<Secret> => Option<&'a Secret>, Some(Given::Secret(secret)) => Some(secret), else None;
    bool => bool, Some(Given::Flag(flag)) => *flag;
    Vec<String> => &'a [String], Some(Given::Texts(texts)) => texts, else &[];
    Vec<(String, String)> => &'a [(String, String)], Some(Given::Map(pairs)) => pairs, else &[];
    Vec<Options> => &'a [Options], Some(Given::Records(records)) => records, else &[];
}

impl Value for u64 {
    type Read<'a> = Self;

    fn read(given: Option<&Given>) -> Option<Self::Read<'_>> {
        match given {
            Some(Given::Integer(number)) => Self::try_from(*number).ok(),
            _ => None,
        }
    }
}

impl Value for Mode {
    type Read<'a> = u32;

    fn read(given: Option<&Given>) -> Option<u32> {
        match given {
            Some(Given::Integer(mode)) => u32::try_from(*mode).ok(),
            _ => None,
        }
    }
}

impl<C: Choice> Value for OneOf<C> {
    type Read<'a> = C;

    fn read(given: Option<&Given>) -> Option<C> {
        let Some(Given::Text(word)) = given else {
            return None;
        };
        C::ALL.iter().copied().find(|choice| choice.word() == word)
    }
}

impl<C: Choice> Value for Option<OneOf<C>> {
    type Read<'a> = Option<C>;

    fn read(given: Option<&Given>) -> Option<Self::Read<'_>> {
        match given {
            None => Some(None),
            given => OneOf::<C>::read(given).map(Some),
        }
    }
}
