//! Which names and addresses only mean something on the network of the caller.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Names of the host itself (systemd `nss-myhostname`, `/etc/hosts` of common systems).
const LOOPBACK_NAMES: [&str; 7] = [
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
    "ip6-localhost",
    "ip6-loopback",
];

/// Names under which clouds serve the secrets of a machine to it.
const METADATA_NAMES: [&str; 5] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
];

/// Whether the URL's host is this machine, by its usual name or a literal address. Its other names are
/// of no use to an honest registry.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name.trim_end_matches('.')),
        _ => literal_address(url).is_some_and(|ip| ip.is_loopback()),
    }
}

/// Whether the URL's host is a name or literal address of a private network.
pub(super) fn is_internal(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            is_loopback_name(name) || METADATA_NAMES.contains(&name)
        }
        _ => literal_address(url).is_some_and(is_internal_address),
    }
}

/// The literal address of the URL; an IPv4 address mapped into IPv6 is unwrapped.
pub(super) fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(ip) => Some(ip.into()),
        // `::ffff:127.0.0.1` reaches what `127.0.0.1` reaches.
        Host::Ipv6(ip) => Some(IpAddr::from(ip).to_canonical()),
        Host::Domain(_) => None,
    }
}

/// Whether a name that was looked up leads into a private network. A resolver on an IPv6-only network
/// answers with NAT64 addresses for every public IPv4 host (RFC 6147): those count as what they hold.
pub(super) fn is_internal_result(ip: IpAddr) -> bool {
    let holds = match ip {
        // DNS64 makes such addresses for public IPv4 hosts (RFC 6147): what counts is the address inside.
        IpAddr::V6(ip) if ip.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => embedded(ip).into(),
        other => other.to_canonical(),
    };
    is_internal_address(holds)
}

/// Whether the address is on this link alone; clouds serve secrets there (169.254.169.254).
pub(super) fn is_link_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn is_loopback_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    LOOPBACK_NAMES.contains(&name) || is_localhost(name)
}

/// RFC 6761 §6.3.
fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn is_internal_address(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_internal_v4(ip),
        IpAddr::V6(ip) => is_internal_v6(ip),
    }
}

/// The special-purpose blocks of RFC 6890 that are not globally reachable.
fn is_internal_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT, RFC 6598
        || (a == 198 && (18..20).contains(&b)) // benchmarks, RFC 2544
        || (a == 192 && b == 0 && c == 0) // IETF protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
}

/// The same for IPv6, with all forms that hold an IPv4 address: whoever writes one into a realm wants a
/// host that a plain address would not be allowed to name.
fn is_internal_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_unique_local()
        || ip.is_unicast_link_local()
        || ip.is_multicast()
        || segments[0] & 0xffc0 == 0xfec0 // site-local, RFC 3879
        || segments[0] == 0x2002 // 6to4
        || segments[..2] == [0x2001, 0] // Teredo
        || segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] // NAT64, RFC 6052
        || segments[..3] == [0x64, 0xff9b, 1] // NAT64 of one's own, RFC 8215
        || segments[..6] == [0, 0, 0, 0, 0, 0] // IPv4-compatible
        || segments[..6] == [0, 0, 0, 0, 0xffff, 0] // IPv4-translated, RFC 2765
        || segments[..6] == [0, 0, 0, 0, 0, 0xffff] // IPv4-mapped
        || segments[..4] == [0x100, 0, 0, 0] // discard, RFC 6666
}

/// The IPv4 address in the last 32 bits.
fn embedded(ip: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = ip.octets();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn internal(host: &str) -> bool {
        is_internal(&Url::parse(&format!("https://{host}/")).unwrap())
    }

    #[test]
    fn every_notation_of_a_private_host_is_known() {
        for host in [
            "127.0.0.1",
            "0x7f.1",
            "2130706433",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.0.0.8",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::7f00:1]",
            "[::ffff:10.0.0.1]",
            "[::ffff:0:10.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b::808:808]",
            "[64:ff9b:1::a00:1]",
            "[2002:a00:1::1]",
            "[2001:0:1::1]",
            "[fc00::1]",
            "[fd00::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "localhost.localdomain",
            "localhost6",
            "ip6-localhost",
            "metadata.google.internal",
            "metadata.google.internal.",
        ] {
            assert!(internal(host), "{host}");
        }
    }

    #[test]
    fn public_hosts_and_names_are_not_private() {
        for host in [
            "8.8.8.8",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "[2606:4700::1]",
            "[2001:4860::8888]",
            "token.internal",
            "localhost.example.com",
            "notlocalhost",
        ] {
            assert!(!internal(host), "{host}");
        }
    }

    #[test]
    fn a_nat64_result_is_judged_by_the_address_that_it_holds() {
        let result = |ip: &str| is_internal_result(ip.parse().unwrap());
        assert!(!result("64:ff9b::808:808") && !result("8.8.8.8") && !result("2606:4700::1"));
        assert!(result("64:ff9b::a9fe:a9fe") && result("::ffff:10.0.0.1") && result("fd00::1"));
    }
}
