//! `WWW-Authenticate` → challenges (RFC 9110 §11.3, §11.6.1).
//!
//! Registries and the proxies before them stray from the grammar in known ways, which are read all the
//! same: unquoted URLs in `realm=`, missing commas, several challenges in one header or in many,
//! any case. Reading takes linear time and never fails; what makes no sense is dropped.

/// One offer of the server: a scheme with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, in lower case.
    pub scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of the parameter `name` (lower case); `None` when absent or empty.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self
            .parameters
            .iter()
            .find(|(parameter, _)| parameter == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// Reads all `WWW-Authenticate` headers of one answer, in order.
pub fn parse_challenges<T: AsRef<str>>(headers: &[T]) -> Vec<Challenge> {
    headers
        .iter()
        .flat_map(|header| parse_header(header.as_ref()))
        .collect()
}

fn parse_header(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = header;
    while let Some((word, after)) = next_word(rest) {
        // A header may hold several challenges, separated by the same commas as their parameters (RFC 9110
        // §11.6.1): a word with a value is a parameter, one without begins the next scheme.
        match value_after(after) {
            Some((value, after)) => {
                // A parameter before any scheme belongs to nothing.
                if let Some(challenge) = challenges.last_mut() {
                    challenge
                        .parameters
                        .push((word.to_ascii_lowercase(), value));
                }
                rest = after;
            }
            None => {
                let scheme = word.to_ascii_lowercase();
                challenges.push(Challenge {
                    scheme,
                    parameters: Vec::new(),
                });
                rest = after;
            }
        }
    }
    challenges
}

/// The next token, past commas and white space; characters that begin no token are skipped.
fn next_word(text: &str) -> Option<(&str, &str)> {
    // Commas may be missing or doubled: RFC 9110 §5.6.1 has recipients accept empty list members.
    let text = text.trim_start_matches(|c| !is_token_character(c));
    let end = text.find(|c| !is_token_character(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The value after `=`, if the word before was a parameter's name.
fn value_after(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start().strip_prefix('=')?.trim_start();
    Some(match text.strip_prefix('"') {
        Some(quoted) => quoted_value(quoted),
        None => {
            // A URL without quotes is not a token, and registries send such realms: take all up to the comma.
            let end = text
                .find(|c: char| c == ',' || c.is_whitespace())
                .unwrap_or(text.len());
            (text[..end].to_owned(), &text[end..])
        }
    })
}

/// Up to the closing quote, or to the end where it is missing; `\x` stands for `x`.
fn quoted_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

fn is_token_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Parsed = Vec<(String, Vec<(String, String)>)>;

    fn parse(headers: &[&str]) -> Parsed {
        parse_challenges(headers)
            .into_iter()
            .map(|c| (c.scheme, c.parameters))
            .collect()
    }

    fn one(scheme: &str, parameters: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        let own = |&(n, v): &(&str, &str)| (n.to_owned(), v.to_owned());
        (scheme.to_owned(), parameters.iter().map(own).collect())
    }

    #[test]
    fn reads_what_registries_send() {
        let realm = ("realm", "https://h/t");
        let table: &[(&[&str], Parsed)] = &[
            (
                &[r#"Bearer realm="https://h/t",service="s""#],
                vec![one("bearer", &[realm, ("service", "s")])],
            ),
            (
                &[r#"BASIC realm="Sonatype Nexus""#],
                vec![one("basic", &[("realm", "Sonatype Nexus")])],
            ),
            (
                &[r#"bearer Realm="https://h/t""#],
                vec![one("bearer", &[realm])],
            ),
            (
                &["Negotiate", r#"Basic realm="r""#],
                vec![one("negotiate", &[]), one("basic", &[("realm", "r")])],
            ),
            (
                &[r#"Basic realm="r", Bearer realm="https://h/t",service="s""#],
                vec![
                    one("basic", &[("realm", "r")]),
                    one("bearer", &[realm, ("service", "s")]),
                ],
            ),
            (
                &[r#"Basic realm=openshift,error="access denied""#],
                vec![one(
                    "basic",
                    &[("realm", "openshift"), ("error", "access denied")],
                )],
            ),
            (
                &["Bearer realm=https://h/t?x=1,service=s"],
                vec![one(
                    "bearer",
                    &[("realm", "https://h/t?x=1"), ("service", "s")],
                )],
            ),
            (
                &[r#"Bearer realm="https://h/t" service="s""#],
                vec![one("bearer", &[realm, ("service", "s")])],
            ),
            (
                &[r#"Bearer realm = "a\"b" , error="" "#],
                vec![one("bearer", &[("realm", "a\"b"), ("error", "")])],
            ),
            (
                &[r#"Bearer realm="never closed"#],
                vec![one("bearer", &[("realm", "never closed")])],
            ),
            (&["", ",, ,", "=x"], vec![one("x", &[])]),
        ];
        for (headers, expected) in table {
            assert_eq!(parse(headers), *expected, "{headers:?}");
        }
    }

    #[test]
    fn empty_parameters_are_absent() {
        let challenge = &parse_challenges(&[r#"Bearer realm="",error="x""#])[0];
        assert_eq!(
            (challenge.parameter("realm"), challenge.parameter("error")),
            (None, Some("x"))
        );
    }

    /// A reader that takes quadratic time needs minutes for these.
    #[test]
    fn a_large_header_takes_linear_time() {
        let begin = std::time::Instant::now();
        for unit in [
            "a=\"\\\"\",",
            "Basic ",
            ",",
            " ",
            "a",
            "a ",
            "a = ",
            "a=b ",
            "a=b,",
            "\"",
            "\\",
            "=",
            "é",
            "Bearer realm=\"",
            "Bearer realm=\"x\", ",
        ] {
            let header = unit.repeat(65536 / unit.len());
            for challenge in parse_challenges(&[header.as_str(), header.as_str()]) {
                assert_eq!(challenge.parameter("none"), None);
            }
        }
        assert!(begin.elapsed() < std::time::Duration::from_secs(10));
    }

    proptest! {
        #[test]
        fn never_panics(header in "\\PC{0,80}|[A-Za-z=\", \\\\]{0,80}") {
            let _ = parse_challenges(&[header]);
        }

        /// Several challenges in one header or in many, with or without the commas between.
        #[test]
        fn many_challenges_come_back(
            schemes in prop::collection::vec("[A-Za-z]{1,8}", 1..6),
            realm in "\\PC{0,20}",
            between in prop::sample::select(vec![", ", ",", " ", "\t,, "]),
        ) {
            let quoted = realm.replace('\\', "\\\\").replace('"', "\\\"");
            let each: Vec<_> = schemes.iter().map(|s| format!("{s} Realm = \"{quoted}\"{between}x=1")).collect();
            let expected: Vec<_> = schemes
                .iter()
                .map(|s| one(&s.to_ascii_lowercase(), &[("realm", &realm), ("x", "1")]))
                .collect();
            prop_assert_eq!(parse(&[&each.join(between)]), expected.clone());
            let each: Vec<_> = each.iter().map(String::as_str).collect();
            prop_assert_eq!(parse(&each), expected);
        }

        #[test]
        fn well_formed_challenges_come_back(scheme in "[A-Za-z]{1,8}", name in "[a-z]{1,8}", value in "\\PC{0,20}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let parsed = parse(&[&format!("{scheme} {name}=\"{quoted}\"")]);
            prop_assert_eq!(parsed, vec![one(&scheme.to_ascii_lowercase(), &[(&name, &value)])]);
        }
    }
}
