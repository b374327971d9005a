//! What a registry says when it refuses: code and message out of whatever body it sends.
//!
//! Formats: distribution spec `errors: [{code, message, detail}]`; Docker Hub `details`; others
//! `message`, `detail`, `error`; plain text; HTML. The text is the server's: it is masked, cleaned, cut,
//! in this order, and shown as a quotation only.

use serde_json::Value;

/// Characters of a server's text that are shown.
const SHOWN: usize = 200;

/// Characters of a server's text that are read. Only the first half is ever shown, so that no secret
/// stands at the cut.
const READ: usize = 1 << 14;

/// Code and message of a refusal; empty where the server says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The code, such as `UNAUTHORIZED`.
    pub code: String,
    /// The message. Like the code it is neither masked nor cleaned.
    pub message: String,
}

impl Envelope {
    /// Reads a body.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => Self::from_json(&value),
            Err(_) => Self {
                code: String::new(),
                message: beginning(&without_tags(&text)),
            },
        }
    }

    fn from_json(value: &Value) -> Self {
        let error = value["errors"].get(0).unwrap_or(value);
        let code = error["code"].as_str().unwrap_or_default();
        let names = ["message", "details", "detail", "error_description", "error"];
        let message = names.iter().find_map(|name| error[name].as_str());
        Self {
            code: beginning(code),
            message: beginning(message.unwrap_or_default()),
        }
    }

    /// Returns the server's words, code first; `None` when it said nothing.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match (self.code.as_str(), self.message.as_str()) {
            ("", "") => None,
            (code, "") => Some(code.to_owned()),
            ("", message) => Some(message.to_owned()),
            (code, message) => Some(format!("{code}: {message}")),
        }
    }

    /// Returns whether the server says that the credential has run out.
    #[must_use]
    pub fn says_expired(&self) -> bool {
        self.says("expired") && (self.says("token") || self.says("credential"))
    }

    /// Returns whether the message, as far as it is shown, holds `words`, in any case.
    #[must_use]
    pub fn says(&self, words: &str) -> bool {
        clean(&self.message).to_ascii_lowercase().contains(words)
    }
}

fn beginning(text: &str) -> String {
    text.trim().chars().take(READ).collect()
}

/// Returns `text` in one line of at most 200 characters, without control characters and without what
/// turns the direction of writing or hides.
#[must_use]
pub fn clean(text: &str) -> String {
    let end = text.char_indices().nth(READ / 2);
    let text = &text[..end.map_or(text.len(), |(end, _)| end)];
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || is_unprintable(c)) {
        if !word.is_empty() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if line.len() > 4 * SHOWN {
            break;
        }
    }
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// HTML pages say little outside their tags; what is left is shown.
fn without_tags(text: &str) -> String {
    if !looks_like_html(text) {
        return text.to_owned();
    }
    let mut plain = String::new();
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '<' => depth += 1,
            '>' if depth > 0 => {
                depth -= 1;
                plain.push(' ');
            }
            other if depth == 0 => plain.push(other),
            _ => {}
        }
    }
    plain
}

fn looks_like_html(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str) -> Option<String> {
        let words = Envelope::read(body.as_bytes()).words();
        words.map(|words| clean(&words))
    }

    #[test]
    fn reads_every_known_format() {
        let table = [
            (
                r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}"#,
                Some("UNAUTHORIZED: authentication required"),
            ),
            (
                r#"{"details":"incorrect username or password"}"#,
                Some("incorrect username or password"),
            ),
            (
                r#"{"error":"access_denied","error_description":"nope"}"#,
                Some("nope"),
            ),
            (r#"{"errors":[]}"#, None),
            (r#"{"errors":[{"code":"DENIED"}]}"#, Some("DENIED")),
            ("true", None),
            ("", None),
            ("Not Authorized\n", Some("Not Authorized")),
            (
                "<html><head><title>403</title></head><body>Forbidden\n</body></html>",
                Some("403 Forbidden"),
            ),
            ("a\u{1b}[31mred\r\n\u{202e}x", Some("a [31mred x")),
        ];
        for (body, expected) in table {
            assert_eq!(words(body).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(
            words(&"é".repeat(10_000)).unwrap().chars().count(),
            SHOWN + 1
        );
    }

    #[test]
    fn expiry_is_understood() {
        let says = |text: &str| Envelope::read(text.as_bytes()).says_expired();
        assert!(says(
            "Your Authorization Token has expired. Please run 'aws ecr get-login'"
        ));
        assert!(says(
            r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired."}]}"#
        ));
        assert!(!says("certificate expired"));
    }
}
