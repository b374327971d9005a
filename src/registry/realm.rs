//! Where a credential may go: the registry itself and the realm that it names. This file is the only
//! place that decides it.
//!
//! Rules: an absolute URL, or an absolute path on the registry itself; https, unless the registry is
//! spoken to in plain HTTP; no user info; no host of a private network ([`super::address`]) unless it is
//! the registry's own, so that a registry cannot have the credential sent into the network it is called
//! from. `connect.rs` applies the last rule to the addresses that a realm's name resolves to.

use thiserror::Error;
use url::Url;

use super::address::{is_internal, is_loopback};

/// Why credentials are not sent to a realm.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RealmError {
    /// Neither an absolute URL nor an absolute path.
    #[error("its realm is neither a URL nor an absolute path")]
    Malformed,
    /// The password would be readable on the way.
    #[error("its realm {0} is plain HTTP: the credential would be sent in clear")]
    Insecure(String),
    /// Neither http nor https.
    #[error("its realm has the scheme {0}")]
    Scheme(String),
    /// `https://user:password@host`.
    #[error("its realm holds a user name")]
    UserInfo,
    /// A host that only means something on the network of the caller.
    #[error("its realm {0} is on a private network that is not the registry's own")]
    Private(String),
}

/// Reads the `realm` of a challenge that `registry` sent; an absolute path is resolved against it.
///
/// # Errors
/// [`RealmError`] when no credential may be sent there.
pub fn realm_url(registry: &Url, realm: &str) -> Result<Url, RealmError> {
    // Only spaces: other white space is rejected below.
    let realm = realm.trim_matches(' ');
    if !is_absolute(realm) {
        return Err(RealmError::Malformed);
    }
    let mut url = registry.join(realm).map_err(|_| RealmError::Malformed)?;
    // A fragment is never sent, and would make equal realms differ.
    url.set_fragment(None);
    let host = url.host_str().ok_or(RealmError::Malformed)?.to_owned();
    match url.scheme() {
        "https" => {}
        // The credential goes to the registry in clear already; its own realm adds no risk.
        "http" if registry.scheme() == "http" => {}
        "http" => return Err(RealmError::Insecure(host)),
        other => return Err(RealmError::Scheme(other.to_owned())),
    }
    // Such a login would replace the one that is to be proven.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(RealmError::UserInfo);
    }
    if leads_inside(&url, registry) {
        return Err(RealmError::Private(host));
    }
    Ok(url)
}

/// Whether `url` is a host of a private network, and not that of the registry.
pub fn leads_inside(url: &Url, registry: &Url) -> bool {
    is_internal(url) && !is_same_host(url, registry)
}

/// URL parsers are lenient: they drop line breaks, take `\\` for `/`, and resolve `'http://host'` as a path
/// on the registry. A credential goes only where every reader of the challenge would send it.
fn is_absolute(realm: &str) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "\"<>\\^`{|}".contains(c);
    let has_scheme = || {
        let (scheme, rest) = realm.split_once("://")?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        Some(is_scheme && !rest.starts_with('/'))
    };
    let is_path = realm.starts_with('/') && !realm.starts_with("//");
    !realm.contains(odd) && (is_path || has_scheme() == Some(true))
}

/// Whether the user and password of `registry` may be sent to `url`: to the registry itself, and to the
/// realm that [`realm_url`] accepted. Redirects lead nowhere else.
pub fn may_receive(url: &Url, registry: &Url, realm: Option<&Url>) -> bool {
    is_same_origin(url, registry) || realm.is_some_and(|realm| is_same_origin(url, realm))
}

/// Whether one server answers for both URLs: scheme, host and port.
pub fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

fn is_same_host(url: &Url, registry: &Url) -> bool {
    url.host() == registry.host() || (is_loopback(url) && is_loopback(registry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(registry: &str, realm: &str) -> Result<String, RealmError> {
        realm_url(&Url::parse(registry).unwrap(), realm).map(|url| url.to_string())
    }

    #[test]
    fn accepts_realms_of_honest_registries() {
        let table = [
            (
                "https://r.example.com/v2/",
                "https://sso.example.com/auth?x=1",
                "https://sso.example.com/auth?x=1",
            ),
            (
                "https://r.example.com/v2/",
                "/token",
                "https://r.example.com/token",
            ),
            (
                "https://r.example.com/v2/",
                "HTTPS://t.example.com/a#b",
                "https://t.example.com/a",
            ),
            (
                "https://10.0.0.5:5000/v2/",
                "https://10.0.0.5:8443/auth",
                "https://10.0.0.5:8443/auth",
            ),
            (
                "https://127.0.0.1:5000/v2/",
                "https://localhost:1/auth",
                "https://localhost:1/auth",
            ),
            (
                "https://r.example.com/v2/",
                "https://token.internal/auth",
                "https://token.internal/auth",
            ),
            (
                "http://r.example.com:5000/v2/",
                "http://t.example.com/a",
                "http://t.example.com/a",
            ),
            ("https://r/v2/", "https://8.8.8.8/a", "https://8.8.8.8/a"),
        ];
        for (registry, given, expected) in table {
            assert_eq!(realm(registry, given).as_deref(), Ok(expected), "{given}");
        }
    }

    #[test]
    fn refuses_realms_that_would_steal_the_credential() {
        let private = |host: &str| RealmError::Private(host.to_owned());
        let table = [
            (
                "http://t.example.com/a",
                RealmError::Insecure("t.example.com".into()),
            ),
            (
                "HTTP://r.example.com/a",
                RealmError::Insecure("r.example.com".into()),
            ),
            ("ftp://t.example.com/a", RealmError::Scheme("ftp".into())),
            ("file:///etc/passwd", RealmError::Malformed),
            ("//t.example.com/a", RealmError::Malformed),
            ("/\\t.example.com/a", RealmError::Malformed),
            ("https:t.example.com/a", RealmError::Malformed),
            ("https:/t.example.com/a", RealmError::Malformed),
            ("https:///t.example.com/a", RealmError::Malformed),
            ("https:\\\\t.example.com/a", RealmError::Malformed),
            ("'https://t.example.com/a'", RealmError::Malformed),
            ("\"https://t.example.com/a\"", RealmError::Malformed),
            ("https://t.example.com/a\"", RealmError::Malformed),
            (
                "https://t.example.com/a\r\nX-Evil: 1",
                RealmError::Malformed,
            ),
            ("<https://t.example.com/a>", RealmError::Malformed),
            ("token", RealmError::Malformed),
            ("Registry Realm", RealmError::Malformed),
            ("t.example.com/a", RealmError::Malformed),
            ("?x=1", RealmError::Malformed),
            ("https://user@t.example.com/", RealmError::UserInfo),
            (
                "https://r.example.com:x@evil.example.com/",
                RealmError::UserInfo,
            ),
            ("https://169.254.169.254/latest", private("169.254.169.254")),
            ("https://10.1.2.3/", private("10.1.2.3")),
            ("https://0x7f.1/", private("127.0.0.1")),
            ("https://2130706433/", private("127.0.0.1")),
            ("https://[::1]/", private("[::1]")),
            ("https://[::ffff:192.168.0.1]/", private("[::ffff:c0a8:1]")),
            ("https://[fd00::1]/", private("[fd00::1]")),
            ("https://localhost/", private("localhost")),
            ("https://100.64.0.1/", private("100.64.0.1")),
            ("https://0.0.0.0/", private("0.0.0.0")),
            ("https:///", RealmError::Malformed),
        ];
        for (given, error) in table {
            assert_eq!(
                realm("https://r.example.com/v2/", given),
                Err(error),
                "{given}"
            );
        }
    }

    #[test]
    fn credentials_stay_with_registry_and_realm() {
        let url = |text| Url::parse(text).unwrap();
        let (registry, realm) = (url("https://r/v2/"), url("https://t/auth"));
        let allowed = |text| may_receive(&url(text), &registry, Some(&realm));
        assert!(
            allowed("https://r/v2/x") && allowed("https://t/other") && allowed("https://r:443/")
        );
        assert!(!allowed("https://r:8443/") && !allowed("http://r/") && !allowed("https://evil/"));
    }
}
