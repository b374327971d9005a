//! Which registry is meant, whatever way it was written.
//!
//! Canonical form: `host[:port][/path]`, lower-case host, no scheme, no trailing slash, no API
//! version. Docker Hub has many names and one key, `https://index.docker.io/v1/`
//! (docker/cli `registry/config.go`, `IndexServer`).

use std::fmt;

use thiserror::Error;

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
    /// There is no host in it.
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
        let authority = authority.to_ascii_lowercase();
        let path = canonical_path(path)?;
        if path.is_none() && DOCKER_HUB_NAMES.contains(&authority.as_str()) {
            return Ok(Self::docker_hub());
        }
        Ok(Self { authority, path })
    }

    /// Returns Docker Hub.
    #[must_use]
    pub fn docker_hub() -> Self {
        Self {
            authority: DOCKER_HUB_NAMES[0].to_owned(),
            path: None,
        }
    }

    /// Returns whether this is Docker Hub as a whole.
    #[must_use]
    pub fn is_docker_hub(&self) -> bool {
        *self == Self::docker_hub()
    }

    /// Returns the key of this registry in `auths` of a docker config or pull secret.
    #[must_use]
    pub fn key(&self) -> String {
        if self.is_docker_hub() {
            DOCKER_HUB_KEY.to_owned()
        } else {
            self.to_string()
        }
    }

    /// Returns `host[:port]` of the server that answers the registry API.
    #[must_use]
    pub fn api_authority(&self) -> &str {
        let hub = DOCKER_HUB_NAMES.contains(&self.authority.as_str());
        if hub { DOCKER_HUB_API } else { &self.authority }
    }

    /// Returns `host[:port]` as the registry is named, without any path.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns the host name or address alone, IPv6 without its brackets.
    #[must_use]
    pub fn hostname(&self) -> &str {
        hostname_of(&self.authority)
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
        host if is_ipv6(host) || host.chars().all(is_host_character) => Ok(()),
        _ => Err(HostError::Malformed),
    }
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
    host.parse::<std::net::Ipv6Addr>().is_ok()
}

fn is_host_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')
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

/// The path without slashes around it; `v1` and `v2` alone name the API, not a namespace.
fn canonical_path(path: &str) -> Result<Option<String>, HostError> {
    let path = path.trim_matches('/');
    match path {
        "" | "v1" | "v2" => Ok(None),
        _ if path.contains([':', '@']) => Err(HostError::Image),
        _ if path.chars().all(|c| is_host_character(c) || c == '/') => Ok(Some(path.to_owned())),
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
        ];
        for (text, error) in table {
            assert_eq!(RegistryHost::parse(text), Err(error), "{text}");
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
