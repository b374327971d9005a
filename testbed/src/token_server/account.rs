//! Accounts of the token server: who may log in, to do what, with tokens of which kind.

const LIFETIME: i64 = 300;

/// An account. It may log in, and do nothing until it is granted something.
#[derive(Clone)]
pub struct Account {
    name: String,
    password: String,
    grants: Vec<Grant>,
    pub(super) lifetime: i64,
    pub(super) clock_skew: i64,
}

#[derive(Clone)]
struct Grant {
    repositories: String,
    actions: Vec<String>,
}

impl Account {
    /// Makes an account without grants, whose tokens last as long as Red Hat's.
    #[must_use]
    pub fn new(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            grants: Vec::new(),
            lifetime: LIFETIME,
            clock_skew: 0,
        }
    }

    /// Allows actions (`pull`, `push`, `*` for all) on repositories (`*` matches any text).
    #[must_use]
    pub fn grant(mut self, repositories: &str, actions: &[&str]) -> Self {
        let actions = actions.iter().copied().map(str::to_owned).collect();
        self.grants.push(Grant {
            repositories: repositories.to_owned(),
            actions,
        });
        self
    }

    /// Sets how many seconds a token lasts; a negative number makes it expired when issued.
    #[must_use]
    pub fn token_lifetime(mut self, seconds: i64) -> Self {
        self.lifetime = seconds;
        self
    }

    /// Sets how many seconds the server's clock is ahead when it issues tokens for this account.
    #[must_use]
    pub fn clock_skew(mut self, seconds: i64) -> Self {
        self.clock_skew = seconds;
        self
    }

    /// Returns the user name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn set_password(&mut self, password: &str) {
        password.clone_into(&mut self.password);
    }

    pub(super) fn accepts(&self, name: &str, password: &str) -> bool {
        self.name == name && self.password == password
    }

    /// Says whether some grant allows `action` on `repository`.
    pub(super) fn allows(&self, repository: &str, action: &str) -> bool {
        self.grants.iter().any(|grant| {
            matches(&grant.repositories, repository)
                && grant
                    .actions
                    .iter()
                    .any(|allowed| allowed == "*" || allowed == action)
        })
    }
}

/// Compares with a pattern in which each `*` stands for any text, slashes included.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((literal, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(tail) = text.strip_prefix(literal) else {
        return false;
    };
    (0..=tail.len()).any(|at| tail.get(at..).is_some_and(|tail| matches(rest, tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_patterns() {
        let cases = [
            ("*", "a/b", true),
            ("openshift3/*", "openshift3/ose-pod", true),
            ("openshift3/*", "openshift/ose-pod", false),
            ("*/ose-*", "openshift3/ose-pod", true),
            ("a/b", "a/bc", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
