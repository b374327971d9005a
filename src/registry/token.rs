//! Token request and token response (distribution `spec/auth/token`; also with the names of OAuth 2).

use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::domain::{image::ImageReference, secret::Secret};

/// What a realm issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token to use first.
    pub first: Secret,
    /// A different one under the other name, to be used when the first is refused.
    pub second: Option<Secret>,
}

/// How the client names itself to token servers.
const CLIENT: &str = "oreg";

/// The scope that allows pulling `image`.
pub fn pull_scope(image: &ImageReference) -> String {
    format!("repository:{}:pull", image.repository())
}

/// The URL of a token request; a query that the realm already has is kept. `account` names
/// the user: some servers (Katello) take a request without it for an anonymous one.
pub fn token_url(
    realm: &Url,
    service: Option<&str>,
    account: Option<&str>,
    scope: Option<&str>,
) -> Url {
    // Added, not set: realms of some registries carry a query of their own, which selects the tenant.
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in [("account", account), ("service", service), ("scope", scope)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.append_pair("client_id", CLIENT);
    }
    url
}

/// The form that exchanges an identity token (distribution `spec/auth/oauth`; RFC 6749 §6). It goes into the
/// body of a request: a URL would be logged.
pub fn token_form(service: Option<&str>, scope: Option<&str>, identity_token: &Secret) -> Secret {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    for (name, value) in [("service", service), ("scope", scope)] {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    form.append_pair("client_id", CLIENT);
    form.append_pair("refresh_token", identity_token.expose());
    Secret::new(form.finish())
}

/// Reads the body of a token response: `token`, `access_token`, or both. `expires_in` and
/// `issued_at` do not matter here: the token is used at once.
///
/// Claims in the token are not looked at. Registries put random subjects into anonymous tokens, and
/// the signature is not verified here: a subject proves nothing.
pub fn read_token(body: &[u8]) -> Option<Token> {
    // A byte order mark is skipped (RFC 8259 §8.1).
    let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let value: Value = serde_json::from_slice(json).ok()?;
    let text = |name: &str| value[name].as_str().filter(|text| is_token(text));
    let (token, access_token) = (text("token"), text("access_token"));
    // The distribution spec has `token`, OAuth 2.0 has `access_token`. Where both are there and differ, some
    // registries accept one alone.
    let first = token.or(access_token)?;
    let second = access_token.filter(|other| *other != first);
    Some(Token {
        first: Secret::new(first),
        second: second.map(Secret::new),
    })
}

/// Whether the text fits into a header: visible ASCII (RFC 6750 §2.1 allows less).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
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
    fn a_form_exchanges_an_identity_token() {
        let form = token_form(
            Some("a b"),
            Some("repository:a/b:pull"),
            &Secret::new("t+/="),
        );
        assert_eq!(
            form.expose(),
            "grant_type=refresh_token&service=a+b&scope=repository%3Aa%2Fb%3Apull&client_id=oreg&refresh_token=t%2B%2F%3D"
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
            ("\u{feff}{\"token\":\"a\"}", some("a", None)),
            (r#"{"token":"a\r\nX: y"}"#, None),
            ("access_token=a&token_type=bearer", None),
            ("a.b.c", None),
            ("{}", None),
            ("<html>", None),
            ("[]", None),
        ];
        for (body, expected) in table {
            assert_eq!(read(body), expected, "{body}");
        }
    }
}
