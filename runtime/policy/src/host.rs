//! Names of hosts in one spelling, and patterns over them.
//!
//! A host is a domain name in lower-case ASCII without a trailing dot, or an address. Every numeric spelling of
//! an IPv4 address is that address. Names outside of ASCII are refused: their punycode form is to be written, so
//! that nothing looks like what it is not. Costs are linear in the text, which has 253 bytes at most.

mod address;
mod private;
mod shared;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use address::AddressClass;

use crate::account::AccountField;
use crate::error::{Error, Result};
use crate::text::text_type;

/// A domain name: lower case, no trailing dot, no number.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DomainName(String);

impl DomainName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this name is below another, at any depth.
    pub fn is_below(&self, parent: &Self) -> bool {
        let rest = self.0.strip_suffix(parent.as_str());
        rest.is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    }
}

impl FromStr for DomainName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = |why| Err(Error::value("host", text, why));
        let name = text.strip_suffix('.').unwrap_or(text);
        if !name.is_ascii() {
            return refuse("is not ASCII; write its punycode form, xn--…");
        }
        if name.len() > 253 || !name.split('.').all(is_label) {
            return refuse("is no name of a host");
        }
        if ends_in_number(name) {
            return refuse("is a number and not a name");
        }
        Ok(Self(name.to_ascii_lowercase()))
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
}

/// Whether resolvers take the name for an address: its last label is a decimal, octal or hexadecimal number, of
/// whatever size.
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|c| c.is_ascii_hexdigit()),
        None => is_number(last),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())
}

fn read_number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some("") => return Some(0),
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // `from_str_radix` would take a sign.
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

/// Reads an IPv4 address as resolvers do: one to four numbers, of which the last fills all bytes that are left.
fn read_ipv4(text: &str) -> Option<Ipv4Addr> {
    let numbers: Option<Vec<u32>> = text.split('.').map(read_number).collect();
    let numbers = numbers.filter(|numbers| numbers.len() <= 4)?;
    let (last, first) = numbers.split_last()?;
    let mut address = 0_u64;
    for number in first {
        address = (address << 8) | u64::from(u8::try_from(*number).ok()?);
    }
    let bits = 8 * (4 - u32::try_from(first.len()).ok()?);
    if u64::from(*last) >= 1 << bits {
        return None;
    }
    let address = (address << bits) | u64::from(*last);
    u32::try_from(address).ok().map(Ipv4Addr::from)
}

/// A host: a name or an address.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Host {
    /// A name, to be resolved.
    Domain(DomainName),
    /// An address.
    Address(IpAddr),
}

impl Host {
    /// Whether the host is on this machine or its network by its own words: a non-public address, or a name
    /// that only a private network answers. For warnings; what a name resolves to is judged where it is dialled.
    pub fn is_private_by_name(&self) -> bool {
        private::is_private(self)
    }
}

impl FromStr for Host {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why| Error::value("host", text, why);
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(inner) = bracketed.or_else(|| text.contains(':').then_some(text)) {
            let why = match text.rsplit_once(':') {
                Some((host, port)) if (host.ends_with(']') || !host.contains(':')) && is_number(port) => {
                    "has a port behind it; write the port into \"port\""
                }
                _ => "is no IPv6 address",
            };
            let address: Result<Ipv6Addr, _> = inner.parse();
            return address
                .map(|address| Self::Address(address.into()))
                .map_err(|_| wrong(why));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if ends_in_number(name) {
            let address = read_ipv4(name).ok_or_else(|| wrong("is no IPv4 address"));
            return address.map(|address| Self::Address(address.into()));
        }
        text.parse().map(Self::Domain)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => f.write_str(name.as_str()),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

text_type!(Host);

/// Which hosts a request names.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum HostPattern {
    /// One host.
    Exact(Host),
    /// `*.example.com`: every name below, and not the name itself.
    Below(DomainName),
    /// `*`: every host.
    Any,
    /// `${account.server}`: the host that the operator configured for the account.
    Account(AccountField),
}

impl HostPattern {
    /// Whether every host of the other pattern is one of this.
    pub fn covers(&self, asked: &Self) -> bool {
        match (self, asked) {
            (Self::Any, _) => true,
            (Self::Below(parent), Self::Below(name)) => name == parent || name.is_below(parent),
            (granted, Self::Exact(host)) => granted.matches(host),
            (granted, asked) => granted == asked,
        }
    }

    /// Whether a host is one of these. A field of an account matches nothing before it is resolved.
    pub fn matches(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Exact(granted), host) => granted == host,
            (Self::Below(parent), Host::Domain(name)) => name.is_below(parent),
            (Self::Below(_), Host::Address(_)) | (Self::Account(_), _) => false,
        }
    }

    /// Whether it stands for hosts of people who have nothing to do with each other. For warnings; it rests on a
    /// short list.
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Below(parent) => shared::is_shared(parent.as_str()),
            Self::Exact(_) | Self::Account(_) => false,
        }
    }

    /// Whether it names one host, so that a person knows what is meant.
    pub fn is_one_host(&self) -> bool {
        matches!(self, Self::Exact(_) | Self::Account(_))
    }
}

impl FromStr for HostPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if text.starts_with("${") {
            return text.parse().map(Self::Account);
        }
        let Some(parent) = text.strip_prefix("*.") else {
            return text.parse().map(Self::Exact);
        };
        let wrong = |why| Error::value("host", text, why);
        let parent: DomainName = parent
            .parse()
            .map_err(|_| wrong("must have a domain name behind its \"*.\""))?;
        if !parent.as_str().contains('.') {
            return Err(wrong(
                "stands for a whole top-level domain; name at least two labels",
            ));
        }
        Ok(Self::Below(parent))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => host.fmt(f),
            Self::Below(parent) => write!(f, "*.{}", parent.as_str()),
            Self::Any => f.write_str("*"),
            Self::Account(field) => field.fmt(f),
        }
    }
}

text_type!(HostPattern);

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> String {
        text.parse::<Host>().unwrap().to_string()
    }

    #[test]
    fn a_host_has_one_spelling() {
        assert_eq!(host("API.Example.COM."), "api.example.com");
        assert_eq!(host("xn--BCHER-kva.example"), "xn--bcher-kva.example");
        assert_eq!(host("[0:0::0001]"), "[::1]");
        assert_eq!(host("2001:DB8::1"), "[2001:db8::1]");
    }

    #[test]
    fn every_numeric_spelling_of_an_address_is_that_address() {
        for text in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "0X7F000001",
            "127.0.0.1.",
        ] {
            assert_eq!(host(text), "127.0.0.1", "{text}");
        }
        for text in [
            "256.1.1.1",
            "1.2.3.4.5",
            "4294967296",
            "0xfffffffff",
            "a.0xfffffffff",
            "0x100000000",
            "1.2.3.08",
            "a.1",
            "1.-2",
            "1.+2",
            "1..2",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let long = format!("{}.example", "a".repeat(64));
        for text in [
            "",
            ".",
            "a..b",
            "bücher.example",
            "a b",
            "a/b",
            "a@b",
            "a:80",
            "-a.b",
            "[::1",
            "*.a.b",
            &long,
            "a%2eb",
            "[fe80::1%eth0]",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_in_a_host_is_told_where_it_belongs() {
        for text in ["a.example:8443", "[::1]:80", "127.0.0.1:80"] {
            let error = text.parse::<Host>().unwrap_err().to_string();
            assert!(error.contains("write the port into \"port\""), "{error}");
        }
        let error = "::g:1".parse::<Host>().unwrap_err().to_string();
        assert!(error.contains("no IPv6 address"), "{error}");
    }

    #[test]
    fn a_wildcard_matches_what_is_below_and_nothing_else() {
        let pattern: HostPattern = "*.Example.com".parse().unwrap();
        let matches = |text: &str| pattern.matches(&text.parse().unwrap());
        assert!(matches("a.example.com") && matches("a.b.EXAMPLE.com."));
        assert!(!matches("example.com") && !matches("badexample.com") && !matches("example.com.evil.org"));
    }

    #[test]
    fn a_wildcard_over_numbers_or_a_top_level_domain_is_refused() {
        for text in [
            "*.1",
            "*.0.0.1",
            "*.0x7f",
            "*.x.0xfffffffff",
            "*.com",
            "*.",
            "**",
            "*.*.com",
            "a.*.com",
            "*.[::1]",
            "*.${account.server}",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }
}
