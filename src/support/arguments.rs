//! Arguments of a command line. What is wrong with them is said in their own words, which may have come
//! from a file or a web page: they must steer no terminal.

use std::ffi::OsString;

use crate::domain::visible::is_invisible;

/// Parses `arguments`. An error quotes them, so it is that of arguments with a mark in the place of every
/// character that a terminal would not show.
///
/// # Errors
/// As `parse` has them.
pub fn parse_visible<T, E>(
    arguments: &[OsString],
    parse: impl Fn(&[OsString]) -> Result<T, E>,
) -> Result<T, E> {
    parse(arguments).map_err(|error| {
        let visible: Vec<_> = arguments.iter().map(make_visible).collect();
        // A mark makes no argument good that was none before.
        parse(&visible).err().unwrap_or(error)
    })
}

fn make_visible(argument: &OsString) -> OsString {
    argument
        .to_string_lossy()
        .replace(is_invisible, "\u{fffd}")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_quotes_nothing_that_steers_a_terminal() {
        let arguments = ["a\u{1b}[2J\n\u{202e}b".into(), "ü".into()];
        let refused = parse_visible(&arguments, |given| Err::<(), _>(given.to_vec())).unwrap_err();
        assert_eq!(refused, ["a\u{fffd}[2J\u{fffd}\u{fffd}b", "ü"]);
        let taken = parse_visible(&arguments, |given| Ok::<_, ()>(given.to_vec())).unwrap();
        assert_eq!(taken, arguments);
    }
}
