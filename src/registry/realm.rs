//! Where a credential may go: the registry itself and the realm that it names. This file is the only
//! place that decides it.
//!
//! Rules: https, unless the registry itself is spoken to in plain HTTP; no user info; an address in a
//! private, loopback or link-local range only when it is the registry's own host, so that a registry
//! cannot have the credential sent into the network it is called from.

use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

/// Why credentials are not sent to a realm.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RealmError {
    /// No URL.
    #[error("its realm is not a URL")]
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
    /// An address that only means something on the network of the caller.
    #[error("its realm {0} is an address on a private network that is not the registry's own")]
    Private(String),
}

/// Reads the `realm` of a challenge that `registry` sent; a relative one is resolved against it.
///
/// # Errors
/// [`RealmError`] when no credential may be sent there.
pub fn realm_url(registry: &Url, realm: &str) -> Result<Url, RealmError> {
    let mut url = registry
        .join(realm.trim())
        .map_err(|_| RealmError::Malformed)?;
    url.set_fragment(None);
    let host = url.host_str().ok_or(RealmError::Malformed)?.to_owned();
    match url.scheme() {
        "https" => {}
        "http" if registry.scheme() == "http" => {}
        "http" => return Err(RealmError::Insecure(host)),
        other => return Err(RealmError::Scheme(other.to_owned())),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(RealmError::UserInfo);
    }
    if is_internal(&url) && !is_same_host(&url, registry) {
        return Err(RealmError::Private(host));
    }
    Ok(url)
}

/// Returns whether the user and password of `registry` may be sent to `url`: to the registry itself,
/// and to the realm that [`realm_url`] accepted; the same for what a redirect leads to.
#[must_use]
pub fn may_receive(url: &Url, registry: &Url, realm: Option<&Url>) -> bool {
    is_same_origin(url, registry) || realm.is_some_and(|realm| is_same_origin(url, realm))
}

/// Returns whether both URLs are served by one server: scheme, host and port.
#[must_use]
pub fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

fn is_same_host(url: &Url, registry: &Url) -> bool {
    url.host() == registry.host() || (is_loopback(url) && is_loopback(registry))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        _ => address(url).is_some_and(|ip| ip.is_loopback()),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

fn is_internal(url: &Url) -> bool {
    is_loopback(url) || address(url).is_some_and(is_internal_address)
}

/// The literal address of the URL; an IPv4 address wrapped in IPv6 is unwrapped.
fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(ip) => Some(ip.into()),
        Host::Ipv6(ip) => Some(IpAddr::from(ip).to_canonical()),
        Host::Domain(_) => None,
    }
}

fn is_internal_address(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_private()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || is_shared(ip.octets())
        }
        IpAddr::V6(ip) => {
            ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
        }
    }
}

/// 100.64.0.0/10, carrier-grade NAT (RFC 6598).
fn is_shared([first, second, ..]: [u8; 4]) -> bool {
    first == 100 && (64..128).contains(&second)
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
                "//t.example.com/a#b",
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
    fn line_ends_in_a_realm_inject_nothing() {
        let url = realm(
            "https://r.example.com/",
            "https://t.example.com/a\r\nX-Evil: 1",
        )
        .unwrap();
        assert!(!url.contains(['\r', '\n', ' ']), "{url}");
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
