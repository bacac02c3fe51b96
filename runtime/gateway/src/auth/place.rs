//! Where a request comes from: this machine, a network, or a proxy that speaks for somebody.
//!
//! **Promise.** Headers that speak for somebody are believed from trusted proxies only; from anybody else such a
//! request is refused, as it cannot be told whose it is.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// The headers by which a proxy speaks for somebody.
const FORWARDED: [&str; 7] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "tailscale-user-login",
    "cf-connecting-ip",
];

/// Where a request comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// Whose request it is.
    pub ip: IpAddr,
    /// Whether it comes from this machine, and from nobody whom a proxy speaks for.
    pub is_local: bool,
}

/// A request that cannot be told whose it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unattributable;

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    nets: Vec<IpNet>,
    real_ip: bool,
}

impl Proxies {
    /// Those that the config names; the second part is what it names that is neither an address nor a range.
    pub fn new(entries: &[String], real_ip: bool) -> (Self, Vec<String>) {
        let (mut nets, mut wrong) = (Vec::new(), Vec::new());
        for entry in entries {
            let net = entry
                .trim()
                .parse::<IpNet>()
                .or_else(|_| entry.trim().parse::<IpAddr>().map(IpNet::from));
            match net {
                Ok(net) => nets.push(net),
                Err(_) => wrong.push(entry.clone()),
            }
        }
        (Self { nets, real_ip }, wrong)
    }

    /// Whether this peer is one of them.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.nets.iter().any(|net| net.contains(&peer))
    }

    /// Where a request comes from.
    pub fn locate(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Place, Unattributable> {
        let peer = peer.to_canonical();
        if !FORWARDED.iter().any(|name| headers.contains_key(*name)) {
            return Ok(Place {
                ip: peer,
                is_local: peer.is_loopback(),
            });
        }
        if !self.trusts(peer) {
            return Err(Unattributable);
        }
        let named = |name: &str| {
            let values = headers
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok());
            let mut hops: Vec<IpAddr> = Vec::new();
            for hop in values.flat_map(|value| value.split(',')) {
                hops.push(hop.trim().parse::<IpAddr>().ok()?.to_canonical());
            }
            // The nearest that is no proxy of ours: what stands before it was said by strangers.
            hops.iter()
                .rev()
                .find(|hop| !self.trusts(**hop))
                .or(hops.first())
                .copied()
        };
        let ip = named("x-forwarded-for").or_else(|| self.real_ip.then(|| named("x-real-ip")).flatten());
        ip.map(|ip| Place { ip, is_local: false }).ok_or(Unattributable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        all.iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_stranger_cannot_speak_for_this_machine() {
        let (none, _) = Proxies::new(&[], false);
        let forwarded = headers(&[("x-forwarded-for", "127.0.0.1")]);
        assert_eq!(none.locate(ip("127.0.0.1"), &forwarded), Err(Unattributable));
        assert!(none.locate(ip("127.0.0.1"), &headers(&[])).unwrap().is_local);
        assert!(!none.locate(ip("192.0.2.1"), &headers(&[])).unwrap().is_local);
    }

    #[test]
    fn a_trusted_proxy_is_believed_up_to_the_first_stranger() {
        let (proxies, wrong) = Proxies::new(&["10.0.0.0/8".into(), "nonsense".into()], false);
        assert_eq!(wrong, ["nonsense"]);
        let forwarded = headers(&[("x-forwarded-for", "127.0.0.1, 203.0.113.9, 10.1.1.1")]);
        let place = proxies.locate(ip("10.2.2.2"), &forwarded).unwrap();
        assert_eq!((place.ip, place.is_local), (ip("203.0.113.9"), false));
        let broken = headers(&[("x-forwarded-for", "not-an-address")]);
        assert_eq!(proxies.locate(ip("10.2.2.2"), &broken), Err(Unattributable));
    }

    #[test]
    fn the_other_header_counts_only_when_the_config_says_so() {
        let real = headers(&[("x-real-ip", "203.0.113.9")]);
        let trusted = ["10.0.0.1".to_owned()];
        let (without, with) = (Proxies::new(&trusted, false).0, Proxies::new(&trusted, true).0);
        assert_eq!(without.locate(ip("10.0.0.1"), &real), Err(Unattributable));
        assert_eq!(with.locate(ip("10.0.0.1"), &real).unwrap().ip, ip("203.0.113.9"));
    }
}
