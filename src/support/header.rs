//! Headers that carry credentials.

use http::HeaderValue;

use crate::domain::secret::Secret;

/// Makes the value of `Authorization` or `Proxy-Authorization`; `None` when the secret holds a character
/// that no header can hold. Tokens are ASCII (RFC 6750 §2.1), and so is base64.
pub fn authorization(scheme: &str, secret: &Secret) -> Option<HeaderValue> {
    // `HeaderValue` takes the bytes above 127, too, which servers read in charsets of their choice.
    let text = Some(secret.expose()).filter(|text| text.is_ascii())?;
    let mut value = HeaderValue::try_from(format!("{scheme} {text}")).ok()?;
    // hyper and http print headers in their debug output, but not those that are marked.
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_sent_whole_and_printed_never() {
        let header = authorization("Bearer", &Secret::new("hunter2")).unwrap();
        assert_eq!(header.as_bytes(), b"Bearer hunter2");
        assert!(!format!("{header:?}").contains("hunter2"));
        for unsendable in ["a\nb", "a\rb", "p\u{e4}ss", "a\0b"] {
            assert!(authorization("Bearer", &Secret::new(unsendable)).is_none());
        }
    }
}
