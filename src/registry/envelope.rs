//! What a registry says when it refuses: code and message out of whatever body it sends.
//!
//! Formats: distribution spec `errors: [{code, message, detail}]`; Docker Hub `details`; others
//! `message`, `detail`, `error`; plain text; HTML. The text is the server's ([`Foreign`]).

use serde_json::Value;

use crate::support::text::Foreign;

/// Code and message of a refusal; empty where the server says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The code, such as `UNAUTHORIZED`.
    pub code: String,
    /// The message.
    pub message: Foreign,
}

impl Envelope {
    /// Reads a body.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let text = Foreign::from_bytes(body);
        match serde_json::from_str::<Value>(text.raw()) {
            Ok(value) => Self::from_json(&value),
            Err(_) => Self {
                code: String::new(),
                message: text,
            },
        }
    }

    fn from_json(value: &Value) -> Self {
        let error = value["errors"].get(0).unwrap_or(value);
        let code = error["code"].as_str().unwrap_or_default();
        let names = ["message", "details", "detail", "error_description", "error"];
        let message = names.iter().find_map(|name| error[name].as_str());
        Self {
            code: code.trim().to_owned(),
            message: Foreign::new(message.unwrap_or_default().trim()),
        }
    }

    /// Returns the server's words, code first; `None` when it said nothing.
    #[must_use]
    pub fn words(self) -> Option<Foreign> {
        match (self.code.as_str(), self.message.is_blank()) {
            ("", true) => None,
            (code, true) => Some(Foreign::new(code)),
            ("", false) => Some(self.message),
            (code, false) => Some(Foreign::new(format!("{code}: {}", self.message.raw()))),
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
        self.message.says(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::text::Cleaner;

    fn words(body: &str) -> Option<String> {
        let words = Envelope::read(body.as_bytes()).words();
        words.map(|words| Cleaner::default().quote(&words).to_string())
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
