//! The name of a machine, as it may reach a command line, an inventory or a URL.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use thiserror::Error;

/// The longest DNS name (RFC 1035 §2.3.4, without the root).
const LONGEST: usize = 253;

/// How much of a rejected name a message quotes.
const QUOTED: usize = 60;

/// A DNS subdomain: labels of lower-case letters, digits and inner hyphens, joined by dots, at most
/// 253 characters (RFC 1123 §2.1). The API server accepts no other name for a node (Kubernetes,
/// `IsDNS1123Subdomain`).
///
/// A name with this shape is never an option of a program, a path, a template or a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

/// Why a text is not a [`DnsName`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DnsNameError {
    /// The text is empty.
    #[error("is empty")]
    Empty,
    /// More than 253 characters.
    #[error("has {0} characters; a DNS name has at most {LONGEST}")]
    Long(usize),
    /// Other characters, or hyphens and dots in other places.
    #[error(
        "{0} is not a DNS name: expected lower-case letters, digits, `-` and `.`, with a letter or a \
         digit at both ends of each part"
    )]
    Malformed(Quoted),
    /// `127.1` or `0x7f.1`: an IPv4 address to `inet_aton`, a name to people.
    #[error("{0} ends like an IPv4 address and is not one with four numbers from 0 to 255")]
    OddAddress(Quoted),
}

/// A rejected name, cut and without any character that a terminal or Ansible could act upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted(String);

impl DnsName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`DnsNameError`] for anything that Kubernetes would not accept as the name of a node, and for
    /// the short, octal and hexadecimal spellings of IPv4 addresses.
    pub fn parse(text: &str) -> Result<Self, DnsNameError> {
        if text.is_empty() {
            return Err(DnsNameError::Empty);
        }
        if text.len() > LONGEST {
            return Err(DnsNameError::Long(text.chars().count()));
        }
        if !text.split('.').all(is_label) {
            return Err(DnsNameError::Malformed(Quoted::new(text)));
        }
        if ends_in_number(text) && text.parse::<Ipv4Addr>().is_err() {
            return Err(DnsNameError::OddAddress(Quoted::new(text)));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Quoted {
    /// Quotes a text of unknown origin.
    pub fn new(text: &str) -> Self {
        let start: String = text.chars().take(QUOTED).collect();
        let rest = if start.len() < text.len() { "…" } else { "" };
        Self(format!("\"{}{rest}\"", start.escape_default()))
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a program can reach another machine under this text: an IP address or a DNS name in
/// letters of either case, and not the machine on which the program itself runs.
pub fn is_remote_address(text: &str) -> bool {
    match text.parse::<IpAddr>() {
        Ok(address) => !is_own(address),
        Err(_) => is_remote_name(text),
    }
}

fn is_remote_name(text: &str) -> bool {
    let name = text.to_ascii_lowercase();
    DnsName::parse(&name).is_ok() && !is_local_name(&name)
}

/// `localhost` and its relatives in `/etc/hosts` of common systems (RFC 6761 §6.3).
pub fn is_local_name(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    matches!(
        first,
        "localhost" | "localhost4" | "localhost6" | "ip6-localhost" | "ip6-loopback" | "loopback"
    ) || name.ends_with(".localhost")
}

/// Loopback and unspecified addresses reach the machine that connects; multicast ones reach no single
/// machine.
fn is_own(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified() || address.is_multicast()
}

fn is_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_end = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
    let bytes = label.as_bytes();
    bytes.iter().copied().all(is_inner) && is_end(bytes.first()) && is_end(bytes.last())
}

/// As WHATWG's URL standard decides whether a host is an IPv4 address ("ends in a number").
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x");
    last.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_nodes_are_accepted() {
        let longest = format!("{}.example", "a".repeat(245));
        for name in [
            "n",
            "node-1.example.com",
            "10.0.0.1",
            "1node",
            "x--y",
            "a.0xg",
            &longest,
        ] {
            assert_eq!(DnsName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn everything_else_is_rejected() {
        let table = [
            ("", "is empty"),
            ("-oProxyCommand=x", "\"-oProxyCommand=x\" is not a DNS name"),
            ("{{ 1 }}", "is not a DNS name"),
            ("a_b", "is not a DNS name"),
            ("Node", "is not a DNS name"),
            ("a..b", "is not a DNS name"),
            ("a.", "is not a DNS name"),
            ("a-", "is not a DNS name"),
            ("a/b", "is not a DNS name"),
            ("a\nb", "\"a\\nb\" is not"),
            ("\u{202e}a", "\"\\u{202e}a\" is not"),
            ("127.1", "\"127.1\" ends like an IPv4 address"),
            ("0x7f.1", "ends like"),
            ("1.2.3.0x4", "ends like"),
            ("010.0.0.1", "ends like"),
            ("256.0.0.1", "ends like"),
        ];
        for (text, expected) in table {
            let error = DnsName::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let long = DnsName::parse(&"a".repeat(254)).unwrap_err();
        assert_eq!(
            long.to_string(),
            "has 254 characters; a DNS name has at most 253"
        );
        let quoted = DnsName::parse(&"_".repeat(200)).unwrap_err().to_string();
        assert!(
            quoted.len() < 220 && quoted.contains("_\u{2026}\""),
            "{quoted}"
        );
    }

    #[test]
    fn an_address_is_that_of_another_machine() {
        for remote in ["10.0.0.1", "fd00::1", "Node1.example.com", "n1"] {
            assert!(is_remote_address(remote), "{remote}");
        }
        for odd in [
            "",
            "-oProxyCommand=x",
            "a b",
            "a;b",
            "a/b",
            "a_b",
            "{{ x }}",
            "127.0.0.1",
            "127.9.9.9",
            "127.1",
            "2130706433",
            "0.0.0.0",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "224.0.0.1",
            "ff02::1",
            "localhost",
            "LocalHost",
            "localhost.localdomain",
            "a.localhost",
            "ip6-localhost",
            "fe80::1%eth0",
            "[::1]",
        ] {
            assert!(!is_remote_address(odd), "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn no_name_holds_what_a_shell_ssh_or_jinja_acts_upon(text in ".{1,40}") {
            if let Ok(name) = DnsName::parse(&text) {
                let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
                prop_assert!(name.as_str().chars().all(is_plain));
                prop_assert!(!name.as_str().starts_with(['-', '.']));
            }
        }
    }
}
