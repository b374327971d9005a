//! Which registry is meant, whatever way it was written.
//!
//! Canonical form: `host[:port][/path]`, lower-case host, no scheme, no trailing slash, no API
//! version. Docker Hub has many names and one key, `https://index.docker.io/v1/`
//! (docker/cli `registry/config.go`, `IndexServer`).

use std::{
    borrow::Cow,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use thiserror::Error;

use super::{
    secret::MASK,
    visible::{is_invisible, made_visible},
};

/// The key under which docker, podman and kubelet look for Docker Hub's credential.
pub const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// The host that answers for Docker Hub's registry API.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

/// The names by which people mean Docker Hub.
const DOCKER_HUB_NAMES: [&str; 4] = [
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
];

/// A registry, or a namespace on one. Equal when the same registry is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistryHost {
    authority: String,
    path: Option<String>,
}

/// What is wrong with the text of a registry host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HostError {
    /// The text names no host.
    #[error("is empty")]
    Empty,
    /// A scheme that no registry speaks.
    #[error("has a scheme other than https:// or http://")]
    Scheme,
    /// `user:password@host`; the text must not be echoed.
    #[error("holds a user before `@`: write user and password in their own keys")]
    UserInfo,
    /// Characters that cannot be in a host name.
    #[error(
        "is not a host: expected host, host:port or host:port/path without spaces or quotes \
             (an IPv6 address goes in square brackets)"
    )]
    Malformed,
    /// Looks like an IPv4 address. Other spellings (octal, hexadecimal, shorter) mean another
    /// machine to some programs than to people (WHATWG URL, IPv4 parser).
    #[error("is not an IPv4 address: expected four numbers from 0 to 255 without leading zeros")]
    Address,
    /// The port is not a number from 1 to 65535.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
    /// Something that belongs to an image reference.
    #[error("is an image reference: write only the registry's host")]
    Image,
}

impl RegistryHost {
    /// Reads `host`, `host:port`, either with a path, optionally with `https://` or `http://`,
    /// a trailing slash or an API version (`/v1/`, `/v2/`).
    ///
    /// # Errors
    /// [`HostError`] when no registry can be meant by the text.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let rest = without_scheme(text.trim())?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        check_authority(authority)?;
        // Names of hosts ignore case (RFC 4343); readers of config.json compare bytes, and docker writes lower
        // case.
        let authority = authority.to_ascii_lowercase();
        let path = canonical_path(path)?;
        // `docker.io`, `index.docker.io` and `registry-1.docker.io` are one registry with one key. A namespace on
        // it is not: podman has keys with paths.
        if path.is_none() && DOCKER_HUB_NAMES.contains(&authority.as_str()) {
            return Ok(Self::docker_hub());
        }
        Ok(Self { authority, path })
    }

    /// Returns Docker Hub.
    pub fn docker_hub() -> Self {
        Self {
            authority: DOCKER_HUB_NAMES[0].to_owned(),
            path: None,
        }
    }

    /// Whether this is Docker Hub as a whole.
    pub fn is_docker_hub(&self) -> bool {
        *self == Self::docker_hub()
    }

    /// The key of this registry in `auths` of a docker config or pull secret.
    pub fn key(&self) -> String {
        if self.is_docker_hub() {
            DOCKER_HUB_KEY.to_owned()
        } else {
            self.to_string()
        }
    }

    /// Returns `host[:port]` of the server that answers the registry API.
    pub fn api_authority(&self) -> &str {
        let hub = DOCKER_HUB_NAMES.contains(&self.authority.as_str());
        if hub { DOCKER_HUB_API } else { &self.authority }
    }

    /// Returns `host[:port]` as the registry is named, without any path.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host name or address alone, IPv6 without its brackets.
    pub fn hostname(&self) -> &str {
        hostname_of(&self.authority)
    }
}

/// A key of `auths`, or what else was written for a host, as it may be shown: what stands before
/// `@` may hold a password, and another user may have chosen the characters.
pub fn mask_userinfo(key: &str) -> Cow<'_, str> {
    let is_scheme = |text: &&str| text.chars().all(char::is_alphanumeric);
    let scheme = key.split("://").next().filter(is_scheme);
    let start = scheme.map_or(0, |scheme| (scheme.len() + "://".len()).min(key.len()));
    match key[start..].rsplit_once('@') {
        None if !key.contains(is_invisible) => Cow::Borrowed(key),
        None => Cow::Owned(made_visible(key)),
        Some((_, host)) => Cow::Owned(made_visible(&format!("{}{MASK}@{host}", &key[..start]))),
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.authority)?;
        self.path
            .as_ref()
            .map_or(Ok(()), |path| write!(formatter, "/{path}"))
    }
}

fn without_scheme(text: &str) -> Result<&str, HostError> {
    match text.split_once("://") {
        None if text.is_empty() => Err(HostError::Empty),
        None => Ok(text),
        Some((scheme, rest)) if is_web_scheme(scheme) => Ok(rest),
        Some(_) => Err(HostError::Scheme),
    }
}

fn is_web_scheme(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
}

fn check_authority(authority: &str) -> Result<(), HostError> {
    if authority.contains('@') {
        return Err(HostError::UserInfo);
    }
    let (host, port) = split_port(authority)?;
    port.map_or(Ok(()), check_port)?;
    match host {
        "" => Err(HostError::Empty),
        _ if authority.starts_with('[') => check(is_ipv6(host), HostError::Malformed),
        // A name that ends in a number is an IPv4 address to the URL standard, `1.2` being 1.0.0.2.
        _ if ends_in_number(host) => check(is_ipv4(host), HostError::Address),
        _ => check(host.split('.').all(is_label), HostError::Malformed),
    }
}

fn check(good: bool, error: HostError) -> Result<(), HostError> {
    if good { Ok(()) } else { Err(error) }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), HostError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(HostError::Malformed)?;
        return match after.strip_prefix(':') {
            None if after.is_empty() => Ok((address, None)),
            None => Err(HostError::Malformed),
            Some(port) => Ok((address, Some(port))),
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(HostError::Malformed),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

fn check_port(port: &str) -> Result<(), HostError> {
    let digits = !port.is_empty() && port.chars().all(|c| c.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if digits && number > 0 => Ok(()),
        _ => Err(HostError::Port),
    }
}

fn is_ipv6(host: &str) -> bool {
    host.parse::<Ipv6Addr>().is_ok()
}

fn is_ipv4(host: &str) -> bool {
    host.parse::<Ipv4Addr>().is_ok()
}

/// What readers of URLs take for an IPv4 address (WHATWG URL, "ends in a number").
fn ends_in_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => !last.is_empty() && last.chars().all(|c| c.is_ascii_digit()),
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.chars().all(is_host_character)
}

fn is_host_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_')
}

fn hostname_of(authority: &str) -> &str {
    match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((address, _)) => address,
        None => authority
            .split_once(':')
            .map_or(authority, |(host, _)| host),
    }
}

fn is_path_character(character: char) -> bool {
    is_host_character(character) || matches!(character, '.' | '/')
}

/// The path without slashes around it; `v1` and `v2` alone name the API, not a namespace.
fn canonical_path(path: &str) -> Result<Option<String>, HostError> {
    let path = path.trim_matches('/');
    match path {
        "" | "v1" | "v2" => Ok(None),
        _ if path.contains([':', '@']) => Err(HostError::Image),
        _ if path.chars().all(is_path_character) => Ok(Some(path.to_owned())),
        _ => Err(HostError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_registry_has_one_form() {
        let table = [
            ("registry.redhat.io", "registry.redhat.io"),
            ("https://Registry.Redhat.IO/", "registry.redhat.io"),
            ("http://registry:5000", "registry:5000"),
            ("registry.example.com/v2/", "registry.example.com"),
            ("https://registry.example.com/v1", "registry.example.com"),
            ("quay.io/namespace/", "quay.io/namespace"),
            ("[::1]:5000", "[::1]:5000"),
            ("[fe80::1]", "[fe80::1]"),
            (" registry.example.com ", "registry.example.com"),
            ("10.0.0.1:5000", "10.0.0.1:5000"),
            ("0xa.example.com", "0xa.example.com"),
            ("docker.io", DOCKER_HUB_KEY),
            ("https://index.docker.io/v1/", DOCKER_HUB_KEY),
            ("registry-1.docker.io", DOCKER_HUB_KEY),
            ("docker.io/team", "docker.io/team"),
        ];
        for (text, key) in table {
            assert_eq!(
                RegistryHost::parse(text).map(|host| host.key()),
                Ok(key.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_is_no_registry() {
        let table = [
            ("", HostError::Empty),
            ("https://", HostError::Empty),
            (":5000", HostError::Empty),
            ("ftp://registry", HostError::Scheme),
            ("user:pass@registry", HostError::UserInfo),
            ("regis try", HostError::Malformed),
            ("'registry'", HostError::Malformed),
            ("::1", HostError::Malformed),
            ("registry:0", HostError::Port),
            ("registry:+80", HostError::Port),
            ("registry:70000", HostError::Port),
            ("registry/image:tag", HostError::Image),
            ("registry/image@sha256", HostError::Image),
            ("registry/{{ x }}", HostError::Malformed),
            ("registry..example.com", HostError::Malformed),
            ("registry.example.com.", HostError::Malformed),
            ("[10.0.0.1]", HostError::Malformed),
            ("10.0.0.256", HostError::Address),
            ("192.168.001.010:5000", HostError::Address),
            ("1.2.3", HostError::Address),
            ("1.2.3.4.5", HostError::Address),
            ("0x7f.1", HostError::Address),
            ("registry.0x", HostError::Address),
            ("registry.1", HostError::Address),
            ("5000", HostError::Address),
        ];
        for (text, error) in table {
            assert_eq!(RegistryHost::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn shows_no_user() {
        let table = [
            ("registry.example.com/a", "registry.example.com/a"),
            ("https://u:p@h/v1/", "https://********@h/v1/"),
            ("u:p/q@h", "********@h"),
            ("u:p://q@h", "********@h"),
            ("u@h", "********@h"),
            ("a\u{1b}[2J\n* b: c\u{202e}", "a [2J * b: c "),
            ("u@h\n* b", "********@h * b"),
        ];
        for (key, expected) in table {
            assert_eq!(mask_userinfo(key), expected);
        }
    }

    #[test]
    fn knows_where_the_api_answers() {
        let api = |text| {
            RegistryHost::parse(text)
                .unwrap()
                .api_authority()
                .to_owned()
        };
        assert_eq!(api("docker.io"), "registry-1.docker.io");
        assert_eq!(api("docker.io/team"), "registry-1.docker.io");
        assert_eq!(api("quay.io/team"), "quay.io");
        assert_eq!(RegistryHost::parse("[::1]:5000").unwrap().hostname(), "::1");
        assert_eq!(RegistryHost::parse("h:5000").unwrap().hostname(), "h");
    }
}
