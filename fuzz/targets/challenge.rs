//! `WWW-Authenticate`. Reading invents nothing: each scheme and value is spelled by characters of the header
//! in their order; and what was read, written by the grammar, is read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oreg::registry::challenge::parse_challenges;

const PARAMETERS: [&str; 5] = ["realm", "service", "scope", "error", "charset"];

fuzz_target!(|text: &str| {
    let headers: Vec<&str> = text.split('\n').collect();
    let challenges = parse_challenges(&headers);
    let mut written = Vec::new();
    for challenge in &challenges {
        assert!(!challenge.scheme.is_empty());
        assert_eq!(challenge.scheme, challenge.scheme.to_ascii_lowercase());
        let mut header = challenge.scheme.clone();
        let mut separator = " ";
        for name in PARAMETERS {
            let Some(value) = challenge.parameter(name) else {
                continue;
            };
            assert!(is_spelled_in(value, text), "{value:?} is not in {text:?}");
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            header.push_str(&format!("{separator}{name}=\"{escaped}\""));
            separator = ", ";
        }
        written.push(header);
    }
    let again = parse_challenges(&written);
    assert_eq!(again.len(), challenges.len());
    for (one, other) in challenges.iter().zip(&again) {
        assert_eq!(one.scheme, other.scheme);
        for name in PARAMETERS {
            assert_eq!(one.parameter(name), other.parameter(name), "{text:?}");
        }
    }
});

/// Whether the characters of `value` stand in `text` in this order.
fn is_spelled_in(value: &str, text: &str) -> bool {
    let mut rest = text.chars();
    value
        .chars()
        .all(|wanted| rest.any(|found| found == wanted))
}
