//! What a terminal, a log or a browser would not show as it is, cut out of foreign text.

use crate::domain::visible::is_invisible;

/// Returns `text` in one line of visible characters, at most `most` of them. Words are kept apart by
/// one space each.
pub(super) fn in_one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    let words = text.split(|c: char| c.is_whitespace() || is_invisible(c));
    for word in words.filter(|word| !word.is_empty()) {
        let gap = usize::from(count > 0);
        let room = most.saturating_sub(count + gap);
        if gap == 1 && room > 0 {
            line.push(' ');
            count += 1;
        }
        let end = word.char_indices().nth(room);
        if let Some((end, _)) = end {
            line.push_str(&word[..end]);
            line.push('…');
            return line;
        }
        line.push_str(word);
        count += word.chars().count();
    }
    line
}

/// Whether `text` is a page or a fragment of one, not a sentence with an angle bracket.
pub(super) fn is_markup(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c))
        .starts_with('<')
        || text.contains("</")
}

/// Replaces tags by spaces. A tag reaches from `<` to the next `>`, as [`super::notation`] skips it.
pub(super) fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        plain.push_str(before);
        match tag.split_once('>') {
            Some((_, after)) => {
                plain.push(' ');
                rest = after;
            }
            None => {
                plain.push('<');
                rest = tag;
                break;
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_of_visible_characters() {
        let table = [
            ("a\u{1b}[31mr\r\n\u{202e}x", "a [31mr x"),
            (" \t ", ""),
            ("ab cd", "ab cd"),
            ("abcdefghij", "abcdefghij"),
            ("abcdefghijk", "abcdefghij…"),
            ("abcdefghi jk", "abcdefghi…"),
            ("abcdefghij k", "abcdefghij…"),
            ("ééééé ééé ééé", "ééééé ééé…"),
        ];
        for (text, line) in table {
            assert_eq!(in_one_line(text, 10), line, "{text:?}");
        }
    }

    #[test]
    fn tags_are_spaces() {
        let table = [
            ("<html><b>403</b> Forbidden", "  403  Forbidden"),
            ("a < b", "a < b"),
            ("<a<b>c>", " c>"),
        ];
        for (text, plain) in table {
            assert_eq!(without_tags(text), plain);
        }
        assert!(is_markup(" \u{feff}<html>") && is_markup("no</b>") && !is_markup("1 < 2"));
    }
}
