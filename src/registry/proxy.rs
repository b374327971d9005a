//! Which proxy a request goes through, by `http_proxy`, `https_proxy` and `no_proxy` as OpenShift's
//! installer writes them: host suffixes with or without a dot, ports, addresses, networks, `*`.

use std::net::IpAddr;

use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::Url;

use crate::domain::{credential::encode, secret::Secret};

/// The proxies of a run.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    exempt: Vec<Exemption>,
}

/// What is wrong with a proxy's address. The address may hold a password and is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProxyError {
    /// No URL.
    #[error("is not a proxy address: expected http://host:port or http://user:password@host:port")]
    Address,
    /// A scheme that is not supported.
    #[error("has a scheme other than http:// or https://")]
    Scheme,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Exemption {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    Network(IpNet),
    Domain(String),
}

impl Proxies {
    /// Makes the settings. `no_proxy` is a list with commas or spaces; members that make no sense
    /// match nothing, as everywhere else.
    #[must_use]
    pub fn new(http: Option<Url>, https: Option<Url>, no_proxy: &str) -> Self {
        let members = no_proxy
            .split([',', ' '])
            .map(str::trim)
            .filter(|member| !member.is_empty());
        Self {
            http,
            https,
            exempt: members.map(Exemption::parse).collect(),
        }
    }

    /// Returns what must not be shown of the proxies' addresses.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let proxies = [&self.http, &self.https].into_iter().flatten();
        proxies.flat_map(proxy_secrets).collect()
    }

    /// Returns the proxy for `url`, if it goes through one.
    #[must_use]
    pub fn proxy_for(&self, url: &Url) -> Option<&Url> {
        let proxy = if url.scheme() == "http" {
            &self.http
        } else {
            &self.https
        };
        proxy
            .as_ref()
            .filter(|_| !self.exempt.iter().any(|exemption| exemption.covers(url)))
    }
}

/// Reads a proxy's address; without a scheme it is plain HTTP.
///
/// # Errors
/// [`ProxyError`], without the address.
pub fn parse_proxy(address: &str) -> Result<Url, ProxyError> {
    let address = address.trim();
    let text = if address.contains("://") {
        address.to_owned()
    } else {
        format!("http://{address}")
    };
    let url = Url::parse(&text).map_err(|_| ProxyError::Address)?;
    match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(_)) => Ok(url),
        ("http" | "https", None) => Err(ProxyError::Address),
        _ => Err(ProxyError::Scheme),
    }
}

/// What must not be shown of a proxy's address: the password, as it is written there and as it is meant,
/// and what the proxy is sent for it.
fn proxy_secrets(proxy: &Url) -> Vec<Secret> {
    let Some(written) = proxy.password() else {
        return Vec::new();
    };
    let own = [written, &decoded(written)].map(Secret::new);
    own.into_iter().chain(proxy_login(proxy)).collect()
}

/// Returns user and password of a proxy's address as the proxy is sent them, encoded.
pub(super) fn proxy_login(proxy: &Url) -> Option<Secret> {
    let (user, password) = (proxy.username(), proxy.password());
    let login = !user.is_empty() || password.is_some();
    login.then(|| {
        let password = decoded(password.unwrap_or_default());
        encode(decoded(user).as_bytes(), password.as_bytes())
    })
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl Exemption {
    fn parse(member: &str) -> Self {
        let member = member.split_once("://").map_or(member, |(_, rest)| rest);
        let (host, port) = match member.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().ok())
            }
            _ => (member, None),
        };
        Self {
            hosts: Hosts::parse(host),
            port,
        }
    }

    fn covers(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let port = self
            .port
            .is_none_or(|port| url.port_or_known_default() == Some(port));
        port && self.hosts.contain(host.trim_matches(['[', ']']))
    }
}

impl Hosts {
    fn parse(host: &str) -> Self {
        let host = host.trim_matches(['[', ']']);
        let address = host.parse::<IpAddr>().map(IpNet::from);
        match (host, host.parse::<IpNet>().or(address)) {
            ("*", _) => Self::All,
            (_, Ok(network)) => Self::Network(network),
            (host, Err(_)) => {
                let host = host.trim_start_matches('*').trim_matches('.');
                Self::Domain(host.to_ascii_lowercase())
            }
        }
    }

    fn contain(&self, host: &str) -> bool {
        match self {
            Self::All => true,
            Self::Network(network) => host.parse::<IpAddr>().is_ok_and(|ip| network.contains(&ip)),
            Self::Domain(domain) => host
                .to_ascii_lowercase()
                .trim_end_matches('.')
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| !domain.is_empty() && (rest.is_empty() || rest.ends_with('.'))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxied(no_proxy: &str, url: &str) -> bool {
        let proxy = parse_proxy("proxy.example.com:3128").unwrap();
        let proxies = Proxies::new(Some(proxy.clone()), Some(proxy), no_proxy);
        proxies.proxy_for(&Url::parse(url).unwrap()).is_some()
    }

    #[test]
    fn exemptions_are_read_as_installers_write_them() {
        let list =
            ".cluster.local, example.com,10.0.0.0/8 192.168.1.7,registry:5000,[::1],fd00::/8,*.svc";
        for url in [
            "https://a.cluster.local/",
            "https://example.com/",
            "https://r.example.com/",
            "https://R.EXAMPLE.COM/",
            "https://10.2.3.4:5000/",
            "http://192.168.1.7/",
            "https://registry:5000/",
            "https://[::1]:1/",
            "https://[fd00::5]/",
            "https://x.svc/",
        ] {
            assert!(!proxied(list, url), "{url}");
        }
        for url in [
            "https://notexample.com/",
            "https://11.0.0.1/",
            "https://192.168.1.8/",
            "https://registry/",
            "https://registry:5001/",
            "https://[::2]/",
            "https://local/",
        ] {
            assert!(proxied(list, url), "{url}");
        }
        assert!(!proxied("*", "https://anything/"));
        assert!(proxied("", "https://anything/") && proxied(",.", "https://anything/"));
    }

    #[test]
    fn http_and_https_have_proxies_of_their_own() {
        let proxies = Proxies::new(Some(parse_proxy("p").unwrap()), None, "");
        assert!(
            proxies
                .proxy_for(&Url::parse("http://r/").unwrap())
                .is_some()
        );
        assert!(
            proxies
                .proxy_for(&Url::parse("https://r/").unwrap())
                .is_none()
        );
    }

    #[test]
    fn addresses() {
        assert_eq!(parse_proxy("p:3128").unwrap().as_str(), "http://p:3128/");
        assert_eq!(parse_proxy("socks5://p:1").unwrap_err(), ProxyError::Scheme);
        assert_eq!(parse_proxy("http://").unwrap_err(), ProxyError::Address);
        let secrets = proxy_secrets(&parse_proxy("http://u:s%40cret@p").unwrap());
        let shown: Vec<_> = secrets.iter().map(Secret::expose).collect();
        assert_eq!(shown, ["s%40cret", "s@cret", "dTpzQGNyZXQ="]);
        assert!(proxy_secrets(&parse_proxy("http://p").unwrap()).is_empty());
    }
}
