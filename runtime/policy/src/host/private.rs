//! Which addresses and names are not of the public network, by their own words.
//!
//! A table; what a name resolves to is judged where it is dialled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Host;

/// Last labels that no public name has.
const TOPS: &[&str] = &[
    "corp",
    "home",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
];

/// Names that home routers answer, with all that is below them.
const ZONES: &[&str] = &["fritz.box", "home.arpa"];

/// Whether a host is on this machine or its network by its own words.
pub(super) fn is_private(host: &Host) -> bool {
    match host {
        Host::Address(IpAddr::V4(address)) => is_private_v4(*address),
        Host::Address(IpAddr::V6(address)) => is_private_v6(*address),
        Host::Domain(name) => {
            let top = name.as_str().rsplit('.').next().unwrap_or_default();
            let within = |zone: &&str| {
                let rest = name.as_str().strip_suffix(*zone);
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            top == name.as_str() || TOPS.contains(&top) || ZONES.iter().any(within)
        }
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || matches!((a, b, c), (0 | 224.., ..) | (100, 64..128, _) | (198, 18..20, _))
        // Of the protocols themselves, and the way into 6to4.
        || matches!((a, b, c), (192, 0, 0) | (192, 88, 99))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4() {
        return is_private_v4(inner);
    }
    // Only 2000::/3 is given out to the public, and of it these lead elsewhere: Teredo and the rest of the
    // protocols' block, documentation, and 6to4.
    match address.segments() {
        [0x2001, 0..0x200 | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..0x1000, ..] => true,
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Host;

    #[test]
    fn private_names_and_addresses_are_known_as_such() {
        for text in [
            "localhost",
            "nas",
            "a.local",
            "db.internal",
            "localhost.localdomain",
            "home.arpa",
            "a.home.arpa",
            "fritz.box",
            "nas.fritz.box",
            "db.private",
            "10.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.88.99.1",
            "198.51.100.1",
            "::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "0",
        ] {
            assert!(text.parse::<Host>().unwrap().is_private_by_name(), "{text}");
        }
        for text in [
            "example.com",
            "1.1.1.1",
            "192.0.78.9",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "mylocal.example",
            "badfritz.box",
        ] {
            assert!(!text.parse::<Host>().unwrap().is_private_by_name(), "{text}");
        }
    }
}
