//! What may be shown of a registry's key or of an address: people write a user and a password into
//! them, and those must not leave.

use std::borrow::Cow;

use crate::domain::docker_config::DocumentError;

/// Returns `text` without what stands before its last `@`; the scheme stays. A password may hold
/// `@` and `/`, so where the authority ends is not asked.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    let Some((hidden, rest)) = text.rsplit_once('@') else {
        return text.into();
    };
    match hidden.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://{rest}").into(),
        None => rest.into(),
    }
}

/// Returns the words for a fault of a document; they may quote one of its keys.
#[must_use]
pub fn shown_fault(fault: &DocumentError) -> String {
    let words = fault.to_string();
    let quoted = words.split_once('"').and_then(|(before, rest)| {
        let (key, after) = rest.rsplit_once('"')?;
        Some(format!("{before}\"{}\"{after}", shown(key)))
    });
    quoted.unwrap_or(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::docker_config::DockerConfig;

    #[test]
    fn a_key_that_a_fault_quotes_is_no_exception() {
        let fault = |text: &str| {
            let fault = DockerConfig::parse(text.as_bytes()).unwrap_err();
            shown_fault(&fault)
        };
        assert_eq!(
            fault(r#"{"auths":{"https://u:hun\"ter2@r":1,"https://u:hun\"ter2@r":2}}"#),
            "a second member named \"https://r\" at line 1 column 59"
        );
        assert_eq!(
            fault("[]"),
            "expected an object in braces at line 1 column 1"
        );
    }

    #[test]
    fn users_and_passwords_are_left_out() {
        for (text, expected) in [
            (
                "registry.example.com:5000/team",
                "registry.example.com:5000/team",
            ),
            (
                "https://u:hunter2@r.example.com/v1/",
                "https://r.example.com/v1/",
            ),
            ("u:hunter2@r.example.com", "r.example.com"),
            ("https://u:hun/ter@2@r", "https://r"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
