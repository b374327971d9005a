//! Proxies: their addresses, their logins, and the hosts that are reached without one.
//!
//! Docker, kubelet, the image importer and kubectl are Go programs, and so read `NO_PROXY` with
//! `golang.org/x/net/http/httpproxy`. This is the same reading: a proof must take the way that they
//! will take.

use std::net::IpAddr;

use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::{Host, Url};

use crate::domain::{credential::encode, secret::Secret};

/// A proxy: where it is, and the user and password that it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    address: Url,
    login: Option<Login>,
}

/// User and password of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Login {
    /// The password as the address has it, percent-encoded.
    written: Secret,
    password: Vec<u8>,
    /// Base64 of `user:password`.
    pair: Secret,
}

/// Why an address is not that of a proxy. The address may hold a password and is never part of the
/// message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProxyError {
    /// Not a URL.
    #[error("is not a proxy address: expected http://host:port or http://user:password@host:port")]
    Address,
    /// A scheme that is not supported.
    #[error("has a scheme other than http:// or https://")]
    Scheme,
    /// A user such as `CORP\jane`.
    #[error("holds a backslash, which ends the host of a URL: write it as %5C")]
    Backslash,
    /// A user or password with a character that ends the host.
    #[error(
        "holds /, ? or # in its user or password, which ends the host of a URL: write them as %2F, \
         %3F and %23"
    )]
    Delimiter,
    /// Line breaks and the like, which URL parsers drop in silence.
    #[error("holds a control character")]
    Control,
}

/// Hosts that are reached without a proxy.
///
/// Loopback is always among them. The list is separated by commas (Go) or spaces (curl); a host has
/// neither, so to read both takes nothing from either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Exemption>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Exemption {
    hosts: Hosts,
    port: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    /// `*`
    All,
    /// `10.0.0.0/8`, `fd00::/8`
    Network(IpNet),
    /// `192.168.1.7`, `[::1]`
    Address(IpAddr),
    /// `example.com`: the domain and everything below it.
    Domain(String),
    /// `.example.com`, `*.example.com`: what is below the domain.
    Below(String),
}

/// The proxies of a run.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    no_proxy: NoProxy,
}

impl Proxy {
    /// Reads an address; without a scheme it is plain HTTP.
    ///
    /// # Errors
    /// [`ProxyError`] without the address, also for one that another parser would read as another
    /// host: `http://CORP\jane:pw@proxy` is the host `CORP` for browsers.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        // Go and curl take an address without a scheme for http.
        let text = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        require_unambiguous(&text)?;
        let mut address = Url::parse(&text).map_err(|_| ProxyError::Address)?;
        if !["http", "https"].contains(&address.scheme()) {
            return Err(ProxyError::Scheme);
        }
        if address.host().is_none() {
            return Err(ProxyError::Address);
        }
        let login = Login::of(&address);
        // What is left can be shown, and given to a library that has its own idea of a login.
        let _ = address.set_username("");
        let _ = address.set_password(None);
        Ok(Self { address, login })
    }

    /// The address without user and password.
    pub fn address(&self) -> &Url {
        &self.address
    }

    /// What follows `Basic ` in the header Proxy-Authorization (RFC 7617 §2): user and
    /// password percent-decoded, byte for byte.
    pub fn login(&self) -> Option<&Secret> {
        self.login.as_ref().map(|login| &login.pair)
    }

    /// What must not be shown: the password as written and as meant, and the login.
    pub fn secrets(&self) -> Vec<Secret> {
        let Some(login) = &self.login else {
            return Vec::new();
        };
        if login.password.is_empty() {
            return Vec::new();
        }
        let meant = Secret::new(String::from_utf8_lossy(&login.password));
        // The proxy may repeat any of the three in its answer.
        vec![login.written.clone(), meant, login.pair.clone()]
    }
}

impl Login {
    fn of(address: &Url) -> Option<Self> {
        let (user, written) = (address.username(), address.password());
        if user.is_empty() && written.is_none() {
            return None;
        }
        let written = written.unwrap_or_default();
        // Bytes, not text: a password may be in Latin-1.
        let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
        let password = decoded(written);
        Some(Self {
            pair: encode(&decoded(user), &password),
            written: Secret::new(written),
            password,
        })
    }
}

/// URL parsers disagree on these, or drop them: the host would be another than the writer's.
fn require_unambiguous(text: &str) -> Result<(), ProxyError> {
    if text.chars().any(char::is_control) {
        return Err(ProxyError::Control);
    }
    let (_, rest) = text.split_once("://").ok_or(ProxyError::Address)?;
    // The URL standard ends the host here, other parsers at the last `@`: an address that they read
    // differently would send the password to another host.
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('\\') {
        return Err(ProxyError::Backslash);
    }
    if path.contains('@') {
        return Err(ProxyError::Delimiter);
    }
    Ok(())
}

impl NoProxy {
    /// Reads a list. Members that mean nothing exempt nothing.
    pub fn parse(list: &str) -> Self {
        // Go separates at commas, but lists in environment files have spaces.
        let members = list.split([',', ' ']).map(str::trim);
        let members = members.filter(|member| !member.is_empty());
        Self(members.filter_map(Exemption::parse).collect())
    }

    /// Whether `url` is reached without a proxy.
    pub fn covers(&self, url: &Url) -> bool {
        // Go never uses a proxy for the loopback.
        is_loopback(url) || self.0.iter().any(|exemption| exemption.covers(url))
    }
}

/// Go never uses a proxy for `localhost` and loopback addresses: they are other hosts there.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

impl Exemption {
    fn parse(member: &str) -> Option<Self> {
        let member = member.to_ascii_lowercase();
        let network = member.parse::<IpNet>().map(Hosts::Network).ok();
        if let Some(hosts) = network.or_else(|| (member == "*").then_some(Hosts::All)) {
            return Some(Self { hosts, port: None });
        }
        let (host, port) = split_port(&member);
        Some(Self {
            hosts: Hosts::parse(host)?,
            port: port.filter(|port| !port.is_empty()).map(str::to_owned),
        })
    }

    fn covers(&self, url: &Url) -> bool {
        let port = url.port_or_known_default().map(|port| port.to_string());
        (self.port.is_none() || self.port == port) && self.hosts.contain(url)
    }
}

/// `[::1]:5000`, `registry:5000`, `::1`.
fn split_port(member: &str) -> (&str, Option<&str>) {
    match member.rsplit_once(':') {
        // Else a bare IPv6 address would lose its last group.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (member, None),
    }
}

impl Hosts {
    fn parse(host: &str) -> Option<Self> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical()));
        }
        match host.strip_prefix("*.").or_else(|| host.strip_prefix('.')) {
            // Go: `.example.com` and `*.example.com` leave out example.com itself, `example.com` has it and all
            // below.
            Some(domain) => ascii(domain).map(Self::Below),
            None => ascii(host).map(Self::Domain),
        }
    }

    fn contain(&self, url: &Url) -> bool {
        let (name, address) = (url.domain().unwrap_or_default(), address_of(url));
        match self {
            Self::All => true,
            Self::Network(network) => address.is_some_and(|address| network.contains(&address)),
            Self::Address(own) => address == Some(*own),
            Self::Domain(domain) => name == domain || is_below(name, domain),
            Self::Below(domain) => is_below(name, domain),
        }
    }
}

/// A domain as URLs have it: `registry.bücher.example` becomes `registry.xn--bcher-kva.example`.
fn ascii(domain: &str) -> Option<String> {
    // URLs hold international names in punycode.
    let ascii = Host::parse(domain).ok()?.to_string();
    Some(ascii).filter(|domain| !domain.is_empty())
}

fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        // At a dot only: `notexample.com` is not below `example.com`.
        .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

fn address_of(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(IpAddr::V6(address).to_canonical()),
    }
}

impl Proxies {
    /// Joins the settings of a run.
    pub fn new(http: Option<Proxy>, https: Option<Proxy>, no_proxy: NoProxy) -> Self {
        Self {
            http,
            https,
            no_proxy,
        }
    }

    /// What must not be shown of the proxies' addresses.
    pub fn secrets(&self) -> Vec<Secret> {
        let proxies = [&self.http, &self.https].into_iter().flatten();
        proxies.flat_map(Proxy::secrets).collect()
    }

    /// The proxy for `url`, if it goes through one.
    pub fn proxy_for(&self, url: &Url) -> Option<&Proxy> {
        self.of(url.scheme()).filter(|_| !self.no_proxy.covers(url))
    }

    /// The login of the proxy for URLs of `scheme`.
    pub fn login_for(&self, scheme: &str) -> Option<&Secret> {
        self.of(scheme)?.login()
    }

    fn of(&self, scheme: &str) -> Option<&Proxy> {
        match scheme {
            "http" => self.http.as_ref(),
            _ => self.https.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_exempt(list: &str, url: &str) -> bool {
        NoProxy::parse(list).covers(&Url::parse(url).unwrap())
    }

    /// The cases of Go's own test (`x/net/http/httpproxy/proxy_test.go`, `UseProxyTests`), and those
    /// that users meet.
    #[test]
    fn hosts_are_exempt_as_in_go() {
        let list = "foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, \
                    192.168.1.3:80, 10.0.0.0/30, 2001:db8::52:0:1, [2001:db8::52:0:2]:443, \
                    [2001:db8::52:0:3]:80, 2002:db8:a::45/64, registry:5000, .svc:8443, \
                    b\u{fc}cher.example";
        for (url, exempt) in [
            ("http://localhost", true),
            ("http://LOCALHOST:5000", true),
            ("https://127.0.0.1", true),
            ("https://127.0.0.2:5000", true),
            ("https://[::1]", true),
            ("https://[::ffff:127.0.0.1]", true),
            ("https://0.0.0.0:5000", false),
            ("https://[::2]", false),
            ("https://localhost.localdomain", false),
            ("https://192.168.1.1", true),
            ("https://192.168.1.2", false),
            ("http://192.168.1.3", true),
            ("https://192.168.1.4", false),
            ("https://10.0.0.2", true),
            ("https://[2001:db8::52:0:1]", true),
            ("https://[2001:db8::52:0:2]", true),
            ("http://[2001:db8::52:0:2]", false),
            ("https://[2001:db8::52:0:3]", false),
            ("https://[2002:db8:a::123]", true),
            ("https://[fe80::424b:c8be:1643:a1b6]", false),
            ("https://barbaz.net", false),
            ("https://www.barbaz.net", true),
            ("https://foobar.com", true),
            ("https://FOOBAR.com:8443", true),
            ("https://www.foobar.com", true),
            ("https://foofoobar.com", false),
            ("https://baz.com", false),
            ("https://localhost.net", false),
            ("https://wildcard.io", false),
            ("https://nested.www.wildcard.io", true),
            ("https://wwildcard.io", false),
            ("https://registry:5000", true),
            ("https://registry", false),
            ("https://r.svc:8443", true),
            ("https://r.svc", false),
            ("https://svc:8443", false),
            ("https://r.xn--bcher-kva.example", true),
        ] {
            assert_eq!(is_exempt(list, url), exempt, "{url}");
        }
    }

    #[test]
    fn odd_members_exempt_nothing_but_a_star_exempts_all() {
        for list in [
            "",
            ",.,",
            ":80",
            "a b",
            "https://r.example.com",
            "*example.com",
            "*:443",
            "/8",
            "[]",
        ] {
            assert!(!is_exempt(list, "https://r.example.com"), "{list}");
        }
        assert!(is_exempt("*", "https://r.example.com"));
        assert!(is_exempt("a, *", "https://10.0.0.1"));
        assert!(is_exempt("a r.example.com", "https://r.example.com"));
        assert!(is_exempt("[fd00::1]", "https://[fd00::1]"));
    }

    #[test]
    fn http_and_https_have_proxies_of_their_own() {
        let url = |text| Url::parse(text).unwrap();
        let proxy = Proxy::parse("p").unwrap();
        let proxies = Proxies::new(Some(proxy), None, NoProxy::parse("own.example.com"));
        assert!(proxies.proxy_for(&url("http://r/")).is_some());
        assert!(proxies.proxy_for(&url("https://r/")).is_none());
        assert!(proxies.proxy_for(&url("http://own.example.com/")).is_none());
    }

    #[test]
    fn addresses_are_read_without_their_login() {
        for (text, address) in [
            ("p:3128", "http://p:3128/"),
            (" https://p\n", "https://p/"),
            ("http://u:s%40cret@p:3128/", "http://p:3128/"),
            ("http://u@[fd00::1]:3128", "http://[fd00::1]:3128/"),
        ] {
            assert_eq!(Proxy::parse(text).unwrap().address().as_str(), address);
        }
    }

    #[test]
    fn addresses_that_mean_another_host_are_rejected() {
        for (text, error) in [
            ("", ProxyError::Address),
            ("http://", ProxyError::Address),
            ("http://u:pw@h o", ProxyError::Address),
            ("http://p:99999", ProxyError::Address),
            ("socks5://p:1", ProxyError::Scheme),
            (r"http://CORP\jane:pw@p", ProxyError::Backslash),
            (r"CORP\jane:pw@p:3128", ProxyError::Backslash),
            ("http://u:1/2@p", ProxyError::Delimiter),
            ("http://u:1?2@p", ProxyError::Delimiter),
            ("http://u:1#2@p", ProxyError::Delimiter),
            ("http://u:p\tw@p", ProxyError::Control),
        ] {
            assert_eq!(Proxy::parse(text).unwrap_err(), error, "{text}");
        }
        assert!(ProxyError::Backslash.to_string().contains("%5C"));
    }

    #[test]
    fn a_login_is_sent_byte_for_byte() {
        for (text, pair, secrets) in [
            ("http://p", None, 0),
            ("http://user@p", Some("dXNlcjo="), 0),
            ("http://u:s%40cret@p", Some("dTpzQGNyZXQ="), 3),
            ("http://u:p@ss@p", Some("dTpwQHNz"), 3),
            ("http://CORP%5Cjane:pw@p", Some("Q09SUFxqYW5lOnB3"), 3),
            ("http://u:%E9@p", Some("dTrp"), 3),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!(proxy.login().map(Secret::expose), pair, "{text}");
            assert_eq!(proxy.secrets().len(), secrets, "{text}");
        }
        let secrets = Proxy::parse("http://u:s%40cret@p").unwrap().secrets();
        let exposed: Vec<_> = secrets.iter().map(Secret::expose).collect();
        assert_eq!(exposed, ["s%40cret", "s@cret", "dTpzQGNyZXQ="]);
    }

    proptest! {
        #[test]
        fn the_host_is_what_stands_last(text in r"(http://)?[a-z:@/?#\\%. ]{0,12}(@p)?") {
            let Ok(proxy) = Proxy::parse(&text) else { return Ok(()) };
            let address = proxy.address();
            prop_assert!(address.username().is_empty() && address.password().is_none());
            prop_assert!(!text.ends_with("@p") || address.host_str() == Some("p"), "{}", address);
        }

        #[test]
        fn a_host_is_exempt_only_if_its_last_label_is_listed(
            list in "[ -~]{0,24}",
            host in r"[a-z]{1,3}(\.[a-z]{1,3}){0,2}",
        ) {
            let last = host.rsplit('.').next().unwrap();
            let listed = list.contains('*') || list.to_ascii_lowercase().contains(last);
            let url = format!("https://{host}/");
            prop_assert!(listed || !is_exempt(&list, &url));
        }
    }
}
