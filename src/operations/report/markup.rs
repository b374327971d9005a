//! What the parts of the page share: foreign text made harmless, marks, counted nouns.

use maud::{Markup, html};

use super::state::Standing;
use crate::domain::visible::is_invisible;

/// Returns foreign text without the characters that would steer a terminal, turn the direction of
/// writing, or hide: a mark stands in their place. Escaping is maud's.
#[must_use]
pub fn plain(text: &str) -> String {
    text.replace(is_invisible, "\u{fffd}")
}

/// Joins a number and a noun: `1 node`, `2 nodes`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// The mark beside a word; a screen reader speaks the word alone.
pub(super) fn mark(standing: Standing) -> Markup {
    html! { span.mark aria-hidden="true" { (standing.mark()) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_steers_nothing() {
        assert_eq!(
            plain("a\u{1b}[2Jb\u{202e}c\u{200b}\n"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\u{fffd}"
        );
        assert_eq!(plain("ü <b> ✔"), "ü <b> ✔");
    }
}
