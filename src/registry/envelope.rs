//! Code and message of a refusal, out of whatever body a registry sends.
//!
//! Formats: distribution spec `errors: [{code, message, detail}]`, or such an array by itself; OAuth 2
//! `error` with `error_description`; Docker Hub `details`; others `message`, `detail`; plain text; HTML.
//! The text is the server's ([`Foreign`]).

use serde_json::Value;

use crate::support::text::Foreign;

/// Characters of a message that decisions are made by; more than what is shown, since pages begin with
/// much that says nothing.
const SEARCHED: usize = 1 << 13;

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
    pub fn read(body: &[u8]) -> Self {
        let text = Foreign::from_bytes(body);
        match serde_json::from_str::<Value>(text.raw()) {
            Ok(value) => Self::from_json(&value),
            // Proxies and firewalls answer in plain text or HTML, and their words matter as much as a registry's.
            Err(_) => Self {
                code: String::new(),
                message: text,
            },
        }
    }

    fn from_json(value: &Value) -> Self {
        let error = first_error(value);
        let text = |name: &&str| error[*name].as_str().filter(|text| !text.is_empty());
        // A list of bare texts occurs as well: `{"errors": ["..."]}`.
        let message = MESSAGES.iter().find_map(text).or(error.as_str());
        // OAuth has the code in `error` (RFC 6749 §5.2).
        let [code, oauth] = ["code", "error"].map(|name| text(&name));
        Self {
            code: code
                .or(message.and(oauth))
                .unwrap_or_default()
                .trim()
                .to_owned(),
            message: Foreign::new(message.or(oauth).unwrap_or_default().trim()),
        }
    }

    /// The server's words, code first; `None` when it said nothing.
    pub fn words(self) -> Option<Foreign> {
        match (self.code.as_str(), self.message.is_blank()) {
            ("", true) => None,
            (code, true) => Some(Foreign::new(code)),
            ("", false) => Some(self.message),
            (code, false) => Some(Foreign::new(format!("{code}: {}", self.message.raw()))),
        }
    }

    /// Whether the message holds `words` (lower case), in any case.
    pub fn says(&self, words: &str) -> bool {
        self.says_any(&[words])
    }

    /// Whether the server says that the credential has expired.
    pub fn says_expired(&self) -> bool {
        const CREDENTIALS: [&str; 7] = [
            "token",
            "credential",
            "password",
            "account",
            "secret",
            "login",
            "license",
        ];
        // Both: an expired certificate or cookie says nothing about the password.
        self.says("expired") && self.says_any(&CREDENTIALS)
    }

    /// Whether the server says that it does not accept its own realm's token (Quay).
    pub fn says_bad_token(&self) -> bool {
        const TOKENS: [&str; 4] = ["signature", "service key", "token", "jwt"];
        self.says_any(&TOKENS)
    }

    /// Whether the server says that user or password are wrong, or gives an error code that OAuth has for it
    /// (RFC 6749 §5.2).
    pub fn says_wrong_login(&self) -> bool {
        const CODES: [&str; 5] = [
            "invalid_grant",
            "invalid_client",
            "unauthorized_client",
            "access_denied",
            "unauthorized",
        ];
        const WRONG: [&str; 5] = ["invalid", "incorrect", "wrong", "bad ", "unknown"];
        const LOGINS: [&str; 5] = ["password", "credential", "username", "user name", "login"];
        let is_code = |text: &str| CODES.iter().any(|code| text.eq_ignore_ascii_case(code));
        is_code(&self.code)
            || is_code(self.message.raw())
// Messages differ between products and releases, so pairs of words are looked for, in any order.
            || (self.says_any(&WRONG) && self.says_any(&LOGINS))
    }

    /// Whether the server says that it has locked the account, or the caller, after failed logins.
    pub fn says_locked_out(&self) -> bool {
        const MANY: [&str; 7] = [
            "too many",
            "recurrent",
            "repeated",
            "excessive",
            "consecutive",
            "maximum number",
            "multiple",
        ];
        const LOGINS: [&str; 8] = [
            "login",
            "log in",
            "logon",
            "sign in",
            "sign-in",
            "signin",
            "authentication",
            "password",
        ];
        const TRIES: [&str; 3] = ["fail", "attempt", "tries"];
        const LOCKS: [&str; 4] = [
            "lockout",
            "lock-out",
            "temporarily blocked",
            "temporarily banned",
        ];
        let counted = self.says_any(&MANY) && self.says_any(&LOGINS) && self.says_any(&TRIES);
        counted || self.says_any(&LOCKS) || self.says_locked()
    }

    /// `locked` as a word of its own: neither `blocked` nor `unlocked`.
    fn says_locked(&self) -> bool {
        let text = self.searchable();
        let starts_word = |at: usize| !text[..at].ends_with(char::is_alphanumeric);
        // Not `blocked`, which firewalls say of addresses, nor `unlocked`.
        text.match_indices("locked").any(|(at, _)| starts_word(at))
    }

    fn says_any(&self, words: &[&str]) -> bool {
        let text = self.searchable();
        words.iter().any(|words| text.contains(words))
    }

    /// The message in lower case and one line, longer than what is shown of it.
    fn searchable(&self) -> String {
        // A message may be a page of megabytes, and is searched several times.
        let text: String = self.message.raw().chars().take(SEARCHED).collect();
        let words: Vec<_> = text.split_whitespace().collect();
        words.join(" ").to_ascii_lowercase()
    }
}

/// Whether the body of a success reports errors all the same.
pub(super) fn holds_errors(body: &[u8]) -> bool {
    let value = serde_json::from_slice::<Value>(body).unwrap_or_default();
    value["errors"]
        .as_array()
        .is_some_and(|errors| !errors.is_empty())
}

/// The names under which servers put their message, the most specific first.
const MESSAGES: [&str; 8] = [
    "message",
    "details",
    "detail",
    "error_description",
    "reason",
    "description",
    "title",
    "msg",
];

/// The first of the errors in a body: in `errors`, in `error`, in an array, or the body itself.
fn first_error(value: &Value) -> &Value {
    let value = first_of(value).unwrap_or(value);
    let inner = ["errors", "error"]
        .into_iter()
        .filter_map(|name| first_of(&value[name]));
    // A text in `error` stands beside its message, and is not one by itself.
    let mut inner = inner
        .filter(|inner| inner.is_object() || (inner.is_string() && value["errors"].is_array()));
    inner.next().unwrap_or(value)
}

fn first_of(value: &Value) -> Option<&Value> {
    match value {
        // The distribution spec has a list; the first error is the one that decided.
        Value::Array(list) => list.first(),
        other => Some(other),
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
                Some("access_denied: nope"),
            ),
            (r#"{"error":"invalid_grant"}"#, Some("invalid_grant")),
            (
                r#"{"error":{"code":"X","message":"in an object"}}"#,
                Some("X: in an object"),
            ),
            (
                r#"[{"code":"UNAUTHORIZED","message":"in an array"}]"#,
                Some("UNAUTHORIZED: in an array"),
            ),
            (r#"{"errors":["plain text"]}"#, Some("plain text")),
            (r#""a text""#, Some("a text")),
            ("[]", None),
            (
                "\u{feff}{\"message\":\"behind a mark\"}",
                Some("behind a mark"),
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
        assert!(says("Your password has expired") && says("robot account has expired"));
        assert!(!says("certificate expired"));
    }

    #[test]
    fn a_lock_out_is_distinguished_from_a_wrong_password() {
        let says = |text: &str| Envelope::read(text.as_bytes()).says_locked_out();
        for text in [
            "too many failed login attempts for username or IP address",
            "Too many login attempts",
            "This request is blocked due to recurrent login failures, please try again in 40 seconds",
            "Your account is locked.",
            "User locked out",
            "Maximum number of password tries exceeded",
            r#"{"errors":[{"status":403,"message":"Account temporarily blocked"}]}"#,
        ] {
            assert!(says(text), "{text}");
        }
        for text in [
            "incorrect username or password",
            "login failed, please try again",
            "blocked by policy",
            "the account is unlocked, but the password is wrong",
            "too many requests",
        ] {
            assert!(!says(text), "{text}");
        }
    }

    #[test]
    fn a_wrong_login_has_many_names() {
        let says = |text: &str| Envelope::read(text.as_bytes()).says_wrong_login();
        assert!(says(
            r#"{"error":"invalid_grant","error_description":"no"}"#
        ));
        assert!(says(r#"{"error":"invalid_client"}"#));
        assert!(says(
            r#"{"error":"invalid_request","error_description":"Invalid user credentials"}"#
        ));
        assert!(says("Incorrect username or password"));
        assert!(!says(r#"{"error":"invalid_scope"}"#) && !says("scope required") && !says(""));
    }
}
