//! Token request and token response (distribution `spec/auth/token`; also with the names of OAuth 2).

use base64::{
    Engine,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::NO_PAD},
};
use serde_json::Value;
use url::Url;

use crate::domain::{image::ImageReference, secret::Secret};

/// What a realm may issue.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token to use first.
    pub first: Secret,
    /// A different one under the other name, to be used when the first is refused.
    pub second: Option<Secret>,
    /// Whether the token names somebody: a JWT whose `sub` is not empty and not `anonymous`.
    /// A hint that the credential was examined; nobody verifies the signature here.
    pub names_subject: bool,
}

/// Returns the scope that allows pulling `image`.
#[must_use]
pub fn pull_scope(image: &ImageReference) -> String {
    format!("repository:{}:pull", image.repository())
}

/// Returns the URL of a token request; a query that the realm already has is kept. `account` names
/// the user: some servers (Katello) take a request without it for an anonymous one.
#[must_use]
pub fn token_url(
    realm: &Url,
    service: Option<&str>,
    account: Option<&str>,
    scope: Option<&str>,
) -> Url {
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in [("account", account), ("service", service), ("scope", scope)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.append_pair("client_id", "oreg");
    }
    url
}

/// Reads the body of a token response: `token`, `access_token`, or both. `expires_in` and
/// `issued_at` do not matter here: the token is used at once.
#[must_use]
pub fn read_token(body: &[u8]) -> Option<Token> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| value[name].as_str().filter(|text| is_token(text));
    let (token, access_token) = (text("token"), text("access_token"));
    let first = token.or(access_token)?;
    let second = access_token.filter(|other| *other != first);
    Some(Token {
        first: Secret::new(first),
        second: second.map(Secret::new),
        names_subject: names_subject(first),
    })
}

/// What fits into a header: visible ASCII (RFC 6750 §2.1 allows less).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn names_subject(token: &str) -> bool {
    const LENIENT: GeneralPurposeConfig = NO_PAD
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let claims = engine
        .decode(claims)
        .ok()
        .and_then(|json| serde_json::from_slice::<Value>(&json).ok());
    let subject = claims
        .as_ref()
        .and_then(|claims| claims["sub"].as_str())
        .unwrap_or_default();
    !matches!(subject.trim_matches(['(', ')']), "" | "anonymous")
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn request_keeps_the_query_of_the_realm_and_encodes() {
        let realm = Url::parse("https://t/auth?x=1").unwrap();
        let url = token_url(
            &realm,
            Some("a b&c"),
            Some("12|ü+$"),
            Some("repository:a/b:pull"),
        );
        assert_eq!(
            url.as_str(),
            "https://t/auth?x=1&account=12%7C%C3%BC%2B%24&service=a+b%26c&scope=repository%3Aa%2Fb%3Apull&client_id=oreg"
        );
        assert_eq!(
            token_url(&realm, None, None, None).as_str(),
            "https://t/auth?x=1&client_id=oreg"
        );
    }

    #[test]
    fn response_has_either_name_or_both() {
        let read = |body: &str| {
            let token = read_token(body.as_bytes())?;
            Some((
                token.first.expose().to_owned(),
                token.second.map(|t| t.expose().to_owned()),
            ))
        };
        let some =
            |first: &str, second: Option<&str>| Some((first.to_owned(), second.map(str::to_owned)));
        let table = [
            (r#"{"token":"a"}"#, some("a", None)),
            (
                r#"{"access_token":"x","expires_in":"soon","issued_at":7}"#,
                some("x", None),
            ),
            (r#"{"token":"","access_token":"x"}"#, some("x", None)),
            (r#"{"token":"a","access_token":"b"}"#, some("a", Some("b"))),
            (r#"{"token":"a","access_token":"a"}"#, some("a", None)),
            (r#"{"token":"a\r\nX: y"}"#, None),
            ("{}", None),
            ("<html>", None),
            ("[]", None),
        ];
        for (body, expected) in table {
            assert_eq!(read(body), expected, "{body}");
        }
    }

    #[test]
    fn a_subject_is_a_hint() {
        let jwt = |claims: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
        assert!(names_subject(&jwt(r#"{"sub":"1234|installer"}"#)));
        for token in [
            jwt(r#"{"sub":""}"#),
            jwt(r#"{"sub":"(anonymous)"}"#),
            jwt("{}"),
            "opaque".to_owned(),
        ] {
            assert!(!names_subject(&token), "{token}");
        }
    }
}
