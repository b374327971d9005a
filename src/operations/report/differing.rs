//! Which credentials are not the same on all hosts. One set is proven for all of them
//! (docs/decisions/0010-one-set-of-credentials.md).

use std::collections::BTreeMap;

/// A mark of a value on each host: equal marks, equal values. It says nothing about the value.
pub type Marks = BTreeMap<String, String>;

/// Makes a sentence for each variable that some hosts have otherwise than `first`. `variables` is in the
/// order in which they are to be named.
#[must_use]
pub fn differing(first: &str, variables: &[(String, Marks)]) -> Vec<String> {
    let sentences = variables.iter().filter_map(|(variable, marks)| {
        let own = marks.get(first);
        let others = marks.iter().filter(|(_, mark)| Some(*mark) != own);
        let others: Vec<_> = others.map(|(host, _)| host.as_str()).collect();
        let hosts = others.join(", ");
        (!hosts.is_empty()).then(|| format!("{variable} is not the same on {first} as on {hosts}"))
    });
    sentences.collect()
}

/// Makes the message that stops a run.
#[must_use]
pub fn refusal(sentences: &[String]) -> Option<String> {
    (!sentences.is_empty()).then(|| {
        format!(
            "One set of credentials is proven for all hosts, but {}. Set these variables for all hosts alike, \
             or do the others in a run of their own, with --limit.",
            sentences.join("; ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(pairs: &[(&str, &str)]) -> Marks {
        let pairs = pairs
            .iter()
            .map(|(host, mark)| ((*host).to_owned(), (*mark).to_owned()));
        pairs.collect()
    }

    #[test]
    fn hosts_with_other_values_are_named() {
        let same = marks(&[("n1", "a"), ("n2", "a")]);
        let other = marks(&[("n1", "a"), ("n2", "b"), ("n3", "a"), ("n4", "c")]);
        let variables = [
            ("oreg_url".to_owned(), same),
            ("oreg_auth_password".to_owned(), other),
        ];
        let sentences = differing("n1", &variables);
        assert_eq!(
            sentences,
            ["oreg_auth_password is not the same on n1 as on n2, n4"]
        );
        assert!(
            refusal(&sentences)
                .unwrap()
                .contains("as on n2, n4. Set these variables")
        );
        assert_eq!(refusal(&[]), None);
    }
}
