//! What a terminal, a log or a browser would not show as it is.

/// Whether `character` changes how others are shown, or takes no room: control and format
/// characters, bidirectional marks, zero-width and filling characters, tags, variation selectors
/// (Unicode 15, `Cc`, `Cf`, `Zl`, `Zp`, `Default_Ignorable_Code_Point`).
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}')
}

/// Returns `text` with a space in the place of every invisible character: it stays in one line, and
/// acts upon no terminal.
pub fn made_visible(text: &str) -> String {
    text.replace(is_invisible, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_acts_upon_nothing() {
        assert_eq!(made_visible("a\u{1b}[2J\n\u{202e}b\u{200b}"), "a [2J  b ");
        assert_eq!(made_visible("ü <b> ✔"), "ü <b> ✔");
    }
}
