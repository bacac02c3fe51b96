//! What kind of address it is: one that the public network routes, or one of the many that lead elsewhere.
//!
//! **Promise.** One table, from the registries of special addresses. An address that carries an IPv4 address in
//! itself is never public: whoever writes one wants a translator to go where the other address leads. Addresses of
//! version 6 that nobody gave out to the public are not public either. **Cost.** Some comparisons.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of address it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AddressClass {
    /// Routed by the public network.
    Public,
    /// This machine.
    Loopback,
    /// "This network", which systems take for this machine.
    Unspecified,
    /// A network of one's own.
    Private,
    /// The neighbours on a link, and the metadata services of clouds.
    LinkLocal,
    /// Shared by a provider's customers.
    Shared,
    /// Many receivers.
    Multicast,
    /// Everybody on the link.
    Broadcast,
    /// For the examples of books.
    Documentation,
    /// For measurements between networks.
    Benchmark,
    /// Set aside by the protocols.
    Reserved,
    /// An IPv4 address in the dress of another: mapped, compatible, translated or tunnelled.
    Embedded,
}

impl AddressClass {
    /// What kind an address is.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// Whether the public network routes it.
    pub fn is_public(self) -> bool {
        self == Self::Public
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [0, ..] => Self::Unspecified,
            [127, ..] => Self::Loopback,
            [10, ..] | [172, 16..32, ..] | [192, 168, ..] => Self::Private,
            // The second is Azure's: a public address on which each of its machines finds its own host.
            [169, 254, ..] | [168, 63, 129, 16] => Self::LinkLocal,
            [100, 64..128, ..] => Self::Shared,
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Self::Documentation,
            [198, 18..20, ..] => Self::Benchmark,
            // Of the protocols themselves, and the ways into 6to4 and AS112.
            [192, 0, 0, _] | [192, 88, 99, _] | [192, 31, 196, _] | [192, 52, 193, _] | [192, 175, 48, _] => {
                Self::Reserved
            }
            [224..240, ..] => Self::Multicast,
            [255, 255, 255, 255] => Self::Broadcast,
            [240..=255, ..] => Self::Reserved,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::Unspecified,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // Compatible, mapped, and both ways of translating without a state.
            [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => {
                Self::Embedded
            }
            // NAT64, Teredo and 6to4.
            [0x64, 0xff9b, ..] | [0x2001, 0, ..] | [0x2002, ..] => Self::Embedded,
            [0xfe80..0xfec0, ..] => Self::LinkLocal,
            // The second range had this meaning once, and some routers still give it.
            [0xfc00..0xfe00, ..] | [0xfec0..0xff00, ..] => Self::Private,
            [0xff00..=0xffff, ..] => Self::Multicast,
            [0x2001, 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => Self::Documentation,
            [0x2001, 2, 0, ..] => Self::Benchmark,
            [0x2001, 0..0x200, ..] | [0x2620, 0x4f, 0x8000, ..] => Self::Reserved,
            // An interface's half that hides an address of version 4 (ISATAP) leads to it.
            [_, _, _, _, 0 | 0x200, 0x5efe, ..] => Self::Embedded,
            // Only 2000::/3 is given out to the public.
            [0x2000..0x4000, ..] => Self::Public,
            _ => Self::Reserved,
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Unspecified => "unspecified",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Shared => "carrier-shared",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Documentation => "documentation",
            Self::Benchmark => "benchmark",
            Self::Reserved => "reserved",
            Self::Embedded => "IPv4-in-IPv6",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::AddressClass::{self, *};

    #[test]
    fn every_range_has_its_class_from_its_first_to_its_last_address() {
        for (class, addresses) in [
            (Unspecified, "0.0.0.0 0.255.255.255 ::"),
            (Loopback, "127.0.0.0 127.0.0.1 127.255.255.255 ::1"),
            (
                Private,
                "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 \
                 fc00:: fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fec0:: feff::1",
            ),
            (
                LinkLocal,
                "169.254.0.0 169.254.169.254 169.254.255.255 168.63.129.16 fe80:: febf:ffff::1",
            ),
            (Shared, "100.64.0.0 100.100.100.200 100.127.255.255"),
            (
                Documentation,
                "192.0.2.0 192.0.2.255 198.51.100.1 203.0.113.255 2001:db8:: 2001:db8:ffff::1 3fff:: 3fff:fff::1",
            ),
            (Benchmark, "198.18.0.0 198.19.255.255 2001:2:: 2001:2:0:ffff::1"),
            (Multicast, "224.0.0.0 239.255.255.255 ff00:: ff02::1 ffff::1"),
            (Broadcast, "255.255.255.255"),
            (
                Reserved,
                "192.0.0.0 192.0.0.170 192.0.0.255 192.88.99.1 192.31.196.1 192.52.193.1 192.175.48.1 \
                 240.0.0.0 255.255.255.254 2001:1::1 2001:1ff::1 100::1 4000:: 8000::1 fe00::1 5f00::1 \
                 2620:4f:8000::1 64:1::1",
            ),
            (
                Embedded,
                "::ffff:0.0.0.0 ::ffff:8.8.8.8 ::ffff:127.0.0.1 ::127.0.0.1 ::8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::1 \
                 64:ff9b::7f00:1 64:ff9b:1::1 2001:: 2001:0:ffff::1 2002:: 2002:7f00:1:: 2606:4700::5efe:7f00:1 \
                 2606:4700::200:5efe:7f00:1",
            ),
            (
                Public,
                "1.0.0.0 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 \
                 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 \
                 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255 \
                 2000:: 2001:200:: 2001:4860:4860::8888 2003::1 2606:4700::1111 3ffe::1 3fff:1000::1",
            ),
        ] {
            for address in addresses.split_whitespace() {
                let found = AddressClass::of(address.parse().unwrap());
                assert_eq!(found, class, "{address}");
            }
        }
    }
}
