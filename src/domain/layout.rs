//! How a docker config document is written: its indentation and its last newline.

use std::fmt::{self, Write};

use serde_json::value::RawValue;

/// The longest indentation that is kept. Every line of every entry repeats it, so a longer one would
/// let a small file ask for gigabytes.
const LONGEST_INDENT: usize = 16;

/// How the document is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// `None`: all in one line.
    indent: Option<String>,
    final_newline: bool,
}

/// Where an object stands in the document; the number is its depth.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    Document = 0,
    Auths = 1,
    Entry = 2,
}

impl Layout {
    /// The layout of docker's own files: tabs.
    pub(super) fn docker() -> Self {
        Self {
            indent: Some("\t".to_owned()),
            final_newline: true,
        }
    }

    /// The layout of the text: the white space before its first member is one indentation.
    pub(super) fn of(text: &str) -> Self {
        let inside = text.trim_start().trim_start_matches('{');
        let space = &inside[..inside.len() - inside.trim_start().len()];
        let indent = space.rsplit_once('\n').map(|(_, indent)| indent);
        Self {
            indent: indent.map(|indent| indent.chars().take(LONGEST_INDENT).collect()),
            final_newline: text.ends_with('\n'),
        }
    }

    /// The end of the document.
    pub(super) fn ending(&self) -> &'static str {
        if self.final_newline { "\n" } else { "" }
    }

    /// Prints an object whose values are JSON already.
    pub(super) fn object<'a>(
        &self,
        level: Level,
        members: impl Iterator<Item = (&'a str, &'a RawValue)>,
    ) -> Box<RawValue> {
        let mut text = String::new();
        let printed = self.write_object(&mut text, level, members, |out, value| {
            out.write_str(value.get())
        });
        printed.expect("a text takes all that is written");
        RawValue::from_string(text).expect("members are JSON already")
    }

    /// Writes an object, each value by `write_value`.
    pub(super) fn write_object<'a, T, W: Write>(
        &self,
        out: &mut W,
        level: Level,
        members: impl Iterator<Item = (&'a str, T)>,
        mut write_value: impl FnMut(&mut W, T) -> fmt::Result,
    ) -> fmt::Result {
        let mut before = "{";
        for (name, value) in members {
            out.write_str(before)?;
            self.start_line(out, level as usize + 1)?;
            out.write_str(&quoted(name))?;
            out.write_str(if self.indent.is_some() { ": " } else { ":" })?;
            write_value(out, value)?;
            before = ",";
        }
        if before == "{" {
            return out.write_str("{}");
        }
        self.start_line(out, level as usize)?;
        out.write_str("}")
    }

    fn start_line(&self, out: &mut impl Write, depth: usize) -> fmt::Result {
        let Some(indent) = &self.indent else {
            return Ok(());
        };
        out.write_str("\n")?;
        (0..depth).try_for_each(|_| out.write_str(indent))
    }
}

/// `text` as JSON writes it, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("every text has a JSON form")
}

/// Counts what is written to it.
#[derive(Default)]
pub(super) struct Length(pub(super) usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_is_kept_up_to_a_limit() {
        let indent = |spaces: usize| {
            let text = format!("{{\n{}\"a\": 1}}", " ".repeat(spaces));
            Layout::of(&text).indent.unwrap().len()
        };
        assert_eq!(indent(8), 8);
        assert_eq!(indent(100_000), LONGEST_INDENT);
        assert_eq!(Layout::of("{\"a\":1}").indent, None);
    }
}
