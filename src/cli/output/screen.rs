//! The terminal that a person looks at: its width, its colors, its characters.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets::NOTHING};
use rustix::termios::tcgetwinsize;
use unicode_width::UnicodeWidthChar;

use crate::{
    cli::environment::Environment,
    operations::report::{Standing, markup::plain},
};

/// When to use colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `$NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What standard output can show.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Whether it shows colors.
    pub has_color: bool,
    /// Whether it shows more than ASCII.
    pub has_unicode: bool,
    /// Its width in columns; `None` when it is a pipe or a file, where nothing is wrapped.
    pub width: Option<usize>,
}

/// A narrower terminal is taken for one of this width.
const NARROWEST: usize = 20;

impl Screen {
    /// Looks at standard output.
    #[must_use]
    pub fn of_stdout(choice: ColorChoice, environment: &Environment) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let size = tcgetwinsize(&stdout).ok().filter(|_| is_terminal);
        let columns = size.map(|size| usize::from(size.ws_col));
        Self {
            has_color: match choice {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => is_terminal && !environment.is_colorless,
            },
            has_unicode: environment.is_utf8,
            width: columns
                .filter(|columns| *columns > 0)
                .map(|columns| columns.max(NARROWEST)),
        }
    }

    /// Colors `text` by how it stands.
    #[must_use]
    pub fn paint(&self, standing: Standing, text: &str) -> String {
        if !self.has_color {
            return text.to_owned();
        }
        let code = match standing {
            Standing::Refused => "31;1",
            Standing::Unknown | Standing::Differs => "33",
            Standing::Good => "32",
            Standing::Apart => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Makes `text` bold.
    #[must_use]
    pub fn bold(&self, text: &str) -> String {
        if self.has_color {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Begins a table with these headings, as wide as the screen.
    #[must_use]
    pub fn table(&self, headings: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_preset(NOTHING);
        table.force_no_tty();
        if self.has_color {
            table.enforce_styling();
        }
        let arrangement = match self.width {
            Some(width) => {
                table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
                ContentArrangement::Dynamic
            }
            None => ContentArrangement::Disabled,
        };
        table.set_content_arrangement(arrangement);
        let headings = headings.iter().map(Cell::new);
        table.set_header(headings.map(|name| name.add_attribute(Attribute::Bold)));
        table
    }

    /// Writes `text`, in ASCII where the terminal shows no more.
    ///
    /// # Errors
    /// As the system has them. A reader that has gone away is none.
    pub fn write(&self, text: &str) -> io::Result<()> {
        let shown = if self.has_unicode {
            text.to_owned()
        } else {
            ascii(text)
        };
        let mut stdout = io::stdout().lock();
        let written = stdout
            .write_all(shown.as_bytes())
            .and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

/// Returns the lines of a table. Cells are padded on both sides: the first column begins at the margin all
/// the same, and no line ends in blanks.
#[must_use]
pub fn lines(mut table: Table) -> String {
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect()
}

/// Returns foreign text as it may be shown on a terminal.
#[must_use]
pub fn make_visible(text: &str) -> String {
    plain(text)
}

/// Returns foreign text as [`make_visible`] does, its line ends kept.
#[must_use]
pub fn make_lines_visible(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(make_visible).collect();
    lines.join("\n")
}

/// Returns how many columns `text` takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

fn ascii(text: &str) -> String {
    let mut ascii = String::new();
    for character in text.chars() {
        match character {
            '✔' => ascii.push('+'),
            '✘' => ascii.push('x'),
            '≠' => ascii.push('!'),
            '–' => ascii.push('-'),
            '→' => ascii.push_str("->"),
            '…' => ascii.push_str("..."),
            '·' | '│' => ascii.push('|'),
            _ if character.is_ascii() => ascii.push(character),
            _ => ascii.push('?'),
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_ascii_where_no_more_is_shown() {
        assert_eq!(ascii("✔ valid · ü → ?"), "+ valid | ? -> ?");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!((width("abc"), width("日本"), width("")), (3, 4, 0));
    }
}
