//! Reads `proxy_vars`: assignments as one would write them before a shell command.
//!
//! openshift-ansible puts the values there as they are, so an unquoted `&` or `;` is part of a
//! value. Quotes and backslashes mean what they mean to a shell; nothing is ever expanded or run.

use std::iter::Peekable;
use std::str::Chars;

use thiserror::Error;

/// The proxies to use; `None` where none is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProxyVars {
    pub(super) http: Option<String>,
    pub(super) https: Option<String>,
    pub(super) except: Option<String>,
}

/// What is wrong with the text. Values are not shown: proxies have passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum ProxyVarsError {
    #[error("has a quotation mark that is never closed")]
    OpenQuote,
    #[error(
        "must be assignments separated by spaces, such as \
         HTTP_PROXY=http://proxy.example.com:3128 NO_PROXY=.example.com; part {0} has no `=`"
    )]
    NoAssignment(usize),
}

impl ProxyVars {
    /// Reads the text. Of two assignments to one name the last holds, as in a shell; other
    /// variables than those of proxies are ignored.
    pub(super) fn parse(text: &str) -> Result<Self, ProxyVarsError> {
        let mut proxies = Self::default();
        for (position, word) in words(text)?.into_iter().enumerate() {
            let (name, value) = word
                .split_once('=')
                .ok_or(ProxyVarsError::NoAssignment(position + 1))?;
            let value = Some(value.to_owned()).filter(|value| !value.is_empty());
            match name.to_ascii_lowercase().as_str() {
                "http_proxy" => proxies.http = value,
                "https_proxy" => proxies.https = value,
                "no_proxy" => proxies.except = value,
                _ => {}
            }
        }
        Ok(proxies)
    }
}

fn words(text: &str) -> Result<Vec<String>, ProxyVarsError> {
    let mut rest = text.chars().peekable();
    let mut words = Vec::new();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return Ok(words);
        }
        words.push(word(&mut rest)?);
    }
}

fn word(rest: &mut Peekable<Chars<'_>>) -> Result<String, ProxyVarsError> {
    let mut word = String::new();
    while let Some(c) = rest.next_if(|c| !c.is_whitespace()) {
        match c {
            '\'' | '"' => quoted(rest, c, &mut word)?,
            '\\' => word.extend(rest.next()),
            c => word.push(c),
        }
    }
    Ok(word)
}

fn quoted(
    rest: &mut Peekable<Chars<'_>>,
    quote: char,
    word: &mut String,
) -> Result<(), ProxyVarsError> {
    loop {
        match rest.next() {
            None => return Err(ProxyVarsError::OpenQuote),
            Some(c) if c == quote => return Ok(()),
            Some('\\') if quote == '"' && rest.peek().is_some_and(|c| "\\\"$`".contains(*c)) => {
                word.extend(rest.next());
            }
            Some(c) => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(http: &str, https: &str, except: &str) -> ProxyVars {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ProxyVars {
            http: given(http),
            https: given(https),
            except: given(except),
        }
    }

    #[test]
    fn reads_what_people_write() {
        for (text, expected) in [
            ("", parsed("", "", "")),
            (" HTTP_PROXY=http://p:1 ", parsed("http://p:1", "", "")),
            (
                "HTTP_PROXY=http://p:1 HTTPS_PROXY='http://q:2'\tNO_PROXY=\"a, b\"",
                parsed("http://p:1", "http://q:2", "a, b"),
            ),
            ("http_proxy=a HTTP_PROXY=b FOO=c", parsed("b", "", "")),
            (
                "HTTPS_PROXY=http://u:a&b;c@p:1 NO_PROXY=",
                parsed("", "http://u:a&b;c@p:1", ""),
            ),
            (
                r#"NO_PROXY=a\ b"c\"\d"'e\'"#,
                parsed("", "", r#"a bc"\de\"#),
            ),
        ] {
            assert_eq!(ProxyVars::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_assignment() {
        let refusal = |text| ProxyVars::parse(text).unwrap_err();
        assert_eq!(
            refusal("NO_PROXY=a http://p:1"),
            ProxyVarsError::NoAssignment(2)
        );
        assert_eq!(refusal("HTTP_PROXY='a"), ProxyVarsError::OpenQuote);
    }
}
