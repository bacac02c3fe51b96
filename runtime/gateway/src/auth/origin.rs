//! Which names the gateway answers to, and which pages may talk to it.
//!
//! **Promise.** A page of another site reaches nothing, neither directly nor by making its own name point here: a Host
//! that is a name nobody gave to this gateway is refused, and so is an Origin that is neither the gateway's own nor
//! allowed. **Cost.** A few comparisons of text.

use std::net::IpAddr;

use http::HeaderMap;
use openclaw_config::tree::gateway::{Bind, Gateway as Config, TailscaleMode};
use url::{Host, Url};

/// The names and pages of one gateway.
#[derive(Clone, Debug)]
pub struct Origins {
    any: bool,
    allowed: Vec<String>,
    hosts: Vec<String>,
    own_name: Option<String>,
    tailnet: bool,
    host_header: bool,
}

impl Origins {
    /// Those of the config, for a machine of this name.
    pub fn new(config: &Config, host_name: Option<&str>) -> Self {
        let page = &config.control_ui;
        let public = config.public_origin.iter();
        let listed: Vec<&String> = page.allowed_origins.iter().chain(public).collect();
        let hosts = listed
            .iter()
            .filter_map(|origin| Url::parse(origin).ok()?.host_str().map(lower));
        Self {
            any: page.allowed_origins.iter().any(|origin| origin == "*"),
            allowed: listed.iter().map(|origin| normal(origin)).collect(),
            hosts: hosts.collect(),
            own_name: host_name.map(lower),
            tailnet: config.bind == Some(Bind::Tailnet) || config.tailscale.mode != TailscaleMode::Off,
            host_header: page.dangerously_allow_host_header_origin_fallback,
        }
    }

    /// Whether the gateway answers to the Host of a request that came in at this address.
    pub fn answers_to(&self, headers: &HeaderMap, local: IpAddr) -> bool {
        let mut values = headers.get_all(http::header::HOST).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        value
            .to_str()
            .ok()
            .and_then(host_of)
            .is_some_and(|host| match host {
                Host::Domain(name) => self.is_our_name(&name),
                // An address is nobody's to point elsewhere. Behind a port mapping it is another than the socket's,
                // and then a private one.
                Host::Ipv4(ip) => is_near(IpAddr::V4(ip)) || IpAddr::V4(ip) == local.to_canonical(),
                Host::Ipv6(ip) => is_near(IpAddr::V6(ip).to_canonical()) || IpAddr::V6(ip) == local,
            })
    }

    fn is_our_name(&self, name: &str) -> bool {
        let name = lower(name.trim_end_matches('.'));
        let own = self
            .own_name
            .as_deref()
            .is_some_and(|own| name == own || name.strip_suffix(".local").is_some_and(|stem| stem == own));
        is_loopback_name(&name)
            || own
            || name == "host.docker.internal"
            || self.hosts.contains(&name)
            || (self.tailnet && name.ends_with(".ts.net"))
    }

    /// Whether a request comes from no page, or from one that may talk to the gateway.
    pub fn lets_in(&self, headers: &HeaderMap, local: bool) -> bool {
        headers.get(http::header::ORIGIN).is_none_or(|origin| {
            origin
                .to_str()
                .is_ok_and(|origin| self.allows(origin, headers, local))
        })
    }

    /// Whether a page may talk to the gateway. `local`: the request comes from this machine.
    pub fn allows(&self, origin: &str, headers: &HeaderMap, local: bool) -> bool {
        if self.any || self.allowed.contains(&normal(origin)) {
            return true;
        }
        let Some(page) = Url::parse(origin)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
        else {
            return false;
        };
        let Some(page_host) = page.host() else {
            return false;
        };
        let loopback = match &page_host {
            Host::Domain(name) => is_loopback_name(&lower(name)),
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
        if loopback {
            return local;
        }
        let asked = headers
            .get(http::header::HOST)
            .and_then(|host| host.to_str().ok());
        let authority = page
            .port()
            .map_or_else(|| page_host.to_string(), |port| format!("{page_host}:{port}"));
        let same = asked.is_some_and(|asked| lower(asked) == lower(&authority));
        let near = match &page_host {
            Host::Domain(name) => self.is_our_name(name),
            Host::Ipv4(ip) => is_near(IpAddr::V4(*ip)),
            Host::Ipv6(ip) => is_near(IpAddr::V6(*ip).to_canonical()),
        };
        same && (near || self.host_header)
    }
}

fn is_loopback_name(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// This machine or a private network.
fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

fn host_of(authority: &str) -> Option<Host> {
    if authority.contains(['/', '@', '?', '#', '\\']) {
        return None;
    }
    Some(
        Url::parse(&format!("http://{authority}/"))
            .ok()?
            .host()?
            .to_owned(),
    )
}

fn normal(origin: &str) -> String {
    lower(origin.trim().trim_end_matches('/'))
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "127.0.0.1";

    fn origins(change: impl FnOnce(&mut Config)) -> Origins {
        let mut config = Config::default();
        change(&mut config);
        Origins::new(&config, Some("Box"))
    }

    fn host(host: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        headers
    }

    #[test]
    fn a_name_that_somebody_points_here_is_refused() {
        let origins = origins(|_| {});
        let answers = |name: &str| origins.answers_to(&host(name), HERE.parse().unwrap());
        for name in [
            "127.0.0.1:18789",
            "localhost",
            "LOCALHOST:1",
            "[::1]:18789",
            "box:18789",
            "box.local",
            "192.168.1.4",
        ] {
            assert!(answers(name), "{name}");
        }
        for name in [
            "evil.example",
            "evil.example:18789",
            "localhost.evil.example",
            "8.8.8.8",
            "box.evil.example",
            "x.ts.net",
            "user@localhost",
            "localhost/x",
            "",
            "evil.local",
        ] {
            assert!(!answers(name), "{name}");
        }
        assert!(!origins.answers_to(&HeaderMap::new(), HERE.parse().unwrap()));
        let mut twice = host("localhost");
        twice.append("host", "evil.example".parse().unwrap());
        assert!(!origins.answers_to(&twice, HERE.parse().unwrap()));
        assert!(origins.answers_to(&host("8.8.8.8"), "8.8.8.8".parse().unwrap()));
    }

    #[test]
    fn a_name_that_the_operator_gave_is_answered_to() {
        let origins = origins(|config| {
            config.public_origin = Some("https://claw.example".into());
            config.control_ui.allowed_origins = vec!["https://desk.example:8443".into()];
        });
        let answers = |name: &str| origins.answers_to(&host(name), HERE.parse().unwrap());
        assert!(answers("claw.example") && answers("desk.example:1") && !answers("other.example"));
    }

    #[test]
    fn only_pages_of_the_gateway_or_of_the_list_may_talk() {
        let strict = origins(|_| {});
        let near = host("127.0.0.1:18789");
        assert!(strict.allows("http://127.0.0.1:18789", &near, true));
        assert!(strict.allows("http://localhost:5173", &near, true));
        assert!(!strict.allows("http://localhost:5173", &near, false));
        for evil in [
            "http://evil.example",
            "null",
            "file://",
            "http://localhost.evil.example",
            "ftp://localhost",
        ] {
            assert!(!strict.allows(evil, &near, true), "{evil}");
        }
        let lan = host("192.168.1.4:18789");
        assert!(strict.allows("http://192.168.1.4:18789", &lan, false));
        assert!(!strict.allows("http://192.168.1.5:18789", &lan, false));
        assert!(!strict.allows("http://evil.example", &host("evil.example"), false));
        let listed =
            origins(|config| config.control_ui.allowed_origins = vec!["https://Desk.example/".into()]);
        assert!(listed.allows("https://desk.example", &near, false));
        let any = origins(|config| config.control_ui.allowed_origins = vec!["*".into()]);
        assert!(any.allows("http://evil.example", &near, false));
    }
}
