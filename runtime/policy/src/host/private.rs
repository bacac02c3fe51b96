//! Which addresses and names are not of the public network, by their own words.
//!
//! A table; what a name resolves to is judged where it is dialled.

use super::{AddressClass, Host};

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
        Host::Address(address) => !AddressClass::of(*address).is_public(),
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
