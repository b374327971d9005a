//! When a credential ends, as far as it says so itself: passwords of service accounts are often JSON Web
//! Tokens (RFC 7519), whose claim `exp` is the end of their life.

use std::time::Duration;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;

use super::secret::Secret;

/// Base64url; RFC 7515 §2 leaves the padding out, some issuers do not.
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
}

/// The end of the life of `password` in seconds since 1970 (RFC 7519 §4.1.4). `None` when it is
/// not a JSON Web Token, or one without an end. The signature is for the registry to check.
pub fn expiry_of(password: &Secret) -> Option<i64> {
    let parts: Vec<&str> = password.expose().split('.').collect();
    // Passwords with dots are common: the claims decide whether it is a token.
    let [_, claims, _] = parts.as_slice() else {
        return None;
    };
    let claims = URL_SAFE.decode(claims).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    seconds(claims.exp?)
}

/// The year 9999 is the last one that people and RFC 3339 know.
const LAST: f64 = 253_402_300_799.0;

#[expect(
    clippy::cast_possible_truncation,
    reason = "the number is in the range of the type, and its fraction does not matter"
)]
fn seconds(exp: f64) -> Option<i64> {
    // Tokens that never expire have numbers far beyond any calendar.
    (0.0..=LAST).contains(&exp).then_some(exp as i64)
}

/// Reads a span of time: a number and `w`, `d`, `h` or `m`.
///
/// # Errors
/// The form that is expected, for messages.
pub fn parse_time(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number and a unit, such as 30d, 12h or 2w".to_owned();
    let at = text
        .find(|c: char| !c.is_ascii_digit())
        .ok_or_else(expected)?;
    let (number, unit) = text.split_at(at);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let seconds = match unit {
        "w" => 604_800,
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        _ => return Err(expected()),
    };
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> Secret {
        Secret::new(format!(
            "eyJhbGciOiJSUzI1NiJ9.{}.c2ln",
            URL_SAFE.encode(claims)
        ))
    }

    #[test]
    fn the_claim_is_read() {
        for (claims, expected) in [
            (r#"{"exp": 1796774400}"#, Some(1_796_774_400)),
            (
                r#"{"exp": 1796774400.75, "sub": "ü?"}"#,
                Some(1_796_774_400),
            ),
            (r#"{"sub": "a"}"#, None),
            (r#"{"exp": null}"#, None),
            (r#"{"exp": "soon"}"#, None),
            (r#"{"exp": -1}"#, None),
            (r#"{"exp": 1e300}"#, None),
            ("[]", None),
        ] {
            assert_eq!(expiry_of(&token(claims)), expected, "{claims}");
        }
    }

    #[test]
    fn other_passwords_state_nothing() {
        for password in ["", "hunter2", "a.b", "a.b.c", "...", "a.b.c.d"] {
            assert_eq!(expiry_of(&Secret::new(password)), None, "{password}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(parse_time("30d"), Ok(Duration::from_hours(720)));
        assert_eq!(parse_time("2w"), Ok(Duration::from_hours(336)));
        for text in [
            "",
            "30",
            "d",
            "-1d",
            "3x",
            "3 d",
            "99999999999999999999d",
            "99999999999999999d",
        ] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
