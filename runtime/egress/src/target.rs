//! Where a request goes: a URL that can be read in one way only.
//!
//! **Promise.** What one reader of URLs would take for another place than the next is refused, never repaired: names
//! and passwords, backslashes, tabs, spaces, empty ports, signs before numbers. What is judged is what is sent.
//! **Cost.** Linear in the text, which has [`MAX_URL`] bytes at most.

use std::fmt;

use openclaw_policy::capability::http::Scheme;
use openclaw_policy::{Host, RequestPath};

use crate::error::{Cause, Measure, Result};

/// The longest URL, in bytes.
pub const MAX_URL: usize = 16 * 1024;

/// Where a request goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    scheme: Scheme,
    host: Host,
    port: u16,
    path: RequestPath,
    query: Option<String>,
}

impl Target {
    /// Reads the URL of a request: `https://` or `http://`.
    pub fn of_request(url: &str) -> Result<Self> {
        Self::read(url, [("https", Scheme::Https), ("http", Scheme::Http)])
    }

    /// Reads the URL of a WebSocket: `wss://` or `ws://`, which travel as the schemes of requests do.
    pub fn of_websocket(url: &str) -> Result<Self> {
        Self::read(url, [("wss", Scheme::Https), ("ws", Scheme::Http)])
    }

    fn read(url: &str, schemes: [(&str, Scheme); 2]) -> Result<Self> {
        if url.len() > MAX_URL {
            let (measure, most) = (Measure::Url, MAX_URL as u64);
            return Err(Cause::TooLarge { measure, most }.unsent());
        }
        if let Some(odd) = url.chars().find(|c| !c.is_ascii_graphic() || *c == '\\') {
            let why = format!(
                "has the character {:?}; write it with percent codes, and names of hosts in punycode",
                odd
            );
            return Err(Cause::url(why).unsent());
        }
        let known = schemes.iter().find_map(|(name, scheme)| {
            let (given, rest) = url.split_once("://")?;
            given.eq_ignore_ascii_case(name).then_some((*scheme, rest))
        });
        let Some((scheme, rest)) = known else {
            let [(secure, _), (open, _)] = schemes;
            return Err(Cause::url(format!("must begin with {secure}:// or {open}://")).unsent());
        };
        let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (host, port) = read_authority(authority)?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (rest, None),
        };
        let path = if path.is_empty() { "/" } else { path };
        let path = path
            .parse()
            .map_err(|error| Cause::url(format!("has a bad path: {error}")))?;
        Ok(Self {
            scheme,
            host,
            port: port.unwrap_or_else(|| scheme.port()),
            path,
            query,
        })
    }

    /// How it travels.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether nobody on the way can read along.
    pub fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, also where it is the usual one.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path, without the query.
    pub fn path(&self) -> &RequestPath {
        &self.path
    }

    /// The query, without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The host, with its port where that is not the usual one: the header `Host`.
    pub fn authority(&self) -> String {
        match self.port == self.scheme.port() {
            true => self.host.to_string(),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Whether both have the same scheme, host and port.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        (self.scheme, &self.host, self.port) == (other.scheme, &other.host, other.port)
    }

    /// Where a redirect from here leads.
    pub fn redirected(&self, location: &str) -> Result<Self> {
        let bad = |why: String| Cause::peer(&self.host, &format!("redirected to a bad address: {why}"));
        if let Some(odd) = location.chars().find(|c| !c.is_ascii_graphic() || *c == '\\') {
            return Err(bad(format!("it has the character {odd:?}")).into());
        }
        let base = url::Url::parse(&self.to_string()).map_err(|error| bad(error.to_string()))?;
        let joined = base.join(location).map_err(|error| bad(error.to_string()))?;
        Self::of_request(joined.as_str()).map_err(|error| bad(error.to_string()).into())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority(), self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

fn read_authority(text: &str) -> Result<(Host, Option<u16>)> {
    let refuse = |why: &str| Err(Cause::url(why).unsent());
    if text.contains('@') {
        return refuse("has a user name in it; send credentials as a header");
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((inner, "")) => (inner, None),
            Some((inner, rest)) => match rest.strip_prefix(':') {
                Some(port) => (inner, Some(port)),
                None => return refuse("has something behind its address"),
            },
            None => return refuse("has an address without its closing bracket"),
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    // An address of version 6 has brackets, and nothing else has.
    if text.starts_with('[') != host.contains(':') {
        return refuse("has brackets around what is no IPv6 address");
    }
    let host = host
        .parse()
        .map_err(|error| Cause::url(format!("has a bad host: {error}")))?;
    let Some(port) = port else {
        return Ok((host, None));
    };
    let digits = port.bytes().all(|c| c.is_ascii_digit()) && !port.starts_with('0');
    match port.parse() {
        Ok(port) if digits => Ok((host, Some(port))),
        _ => refuse("has a bad port: it is a number from 1 to 65535, or left out with its colon"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(url: &str) -> String {
        match Target::of_request(url) {
            Ok(target) => target.to_string(),
            Err(_) => "refused".to_owned(),
        }
    }

    #[test]
    fn a_url_has_one_spelling() {
        for (url, wanted) in [
            ("https://Api.Example.com", "https://api.example.com/"),
            ("HTTPS://api.example.com:443/a?b#c", "https://api.example.com/a?b"),
            ("http://a.example.:8080?x=/../@", "http://a.example:8080/?x=/../@"),
            ("https://0x7f.1/", "https://127.0.0.1/"),
            ("https://2130706433/", "https://127.0.0.1/"),
            (
                "https://[::FFFF:127.0.0.1]:8443/",
                "https://[::ffff:127.0.0.1]:8443/",
            ),
            (
                "https://a.example/%7Euser/%c3%a9",
                "https://a.example/~user/%C3%A9",
            ),
        ] {
            assert_eq!(read(url), wanted, "{url}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for url in [
            "",
            "a.example",
            "//a.example/",
            "ftp://a.example/",
            "wss://a.example/",
            "https:/a.example/",
            "https:a.example",
            "https:///a.example",
            "https://",
            "https://:443/",
            "https://user@a.example/",
            "https://user:pw@a.example/",
            "https://a.example@b.example/",
            "https://a.example\\@b.example/",
            "https://a.example\\.b.example/",
            "https:\\\\a.example/",
            "https://a.example/\\..",
            "https://a.exa\tmple/",
            "https://a.example/\r\nX: y",
            "https://a.example/ x",
            "https://a.example/\u{e9}",
            "https://ä.example/",
            "https://a%2eexample/",
            "https://a.example%00.b.example/",
            "https://a.example:/",
            "https://a.example:0/",
            "https://a.example:+443/",
            "https://a.example:0443/",
            "https://a.example:65536/",
            "https://a.example:443:80/",
            "https://a.example:80b/",
            "https://::1/",
            "https://[::1/",
            "https://[::1]x/",
            "https://[::1]:/",
            "https://[127.0.0.1]/",
            "https://[a.example]/",
            "https://[fe80::1%25eth0]/",
            "https://1.2.3.4.5/",
            "https://0x/../",
            "https://a..example/",
            "https://.example/",
            "https://*.example/",
            "https://${account.x}/",
        ] {
            let found = read(url);
            assert!(found == "refused" || url == "https://0x/../", "{url}: {found}");
        }
        assert!(Target::of_request(&format!("https://a.example/{}", "a".repeat(MAX_URL))).is_err());
    }

    #[test]
    fn a_redirect_is_joined_as_the_standard_says_and_judged_again() {
        let from = Target::of_request("https://a.example/x/y?z").unwrap();
        for (location, wanted) in [
            ("w", "https://a.example/x/w"),
            ("/w?q", "https://a.example/w?q"),
            ("?q", "https://a.example/x/y?q"),
            ("../../../w", "https://a.example/w"),
            ("//b.example/w", "https://b.example/w"),
            ("http://127.1/", "http://127.0.0.1/"),
        ] {
            assert_eq!(from.redirected(location).unwrap().to_string(), wanted);
        }
        for location in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://u:p@b.example/",
            "/\\b.example",
            "/a\tb",
            "https://b.example:99999/",
            "data:,x",
        ] {
            assert!(from.redirected(location).is_err(), "{location}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_means_the_same_to_another_reader(
            url in "https?://[a-z0-9.@:\\[\\]\\\\/%?#\\t-]{0,40}"
        ) {
            if let Ok(target) = Target::of_request(&url) {
                let other = url::Url::parse(&url);
                prop_assert!(other.is_ok(), "{url}");
                let other = other.unwrap();
                prop_assert_eq!(other.port_or_known_default(), Some(target.port()));
                let host = other.host_str().unwrap();
                prop_assert_eq!(host.strip_suffix('.').unwrap_or(host), target.host().to_string());
                prop_assert!(other.username().is_empty() && other.password().is_none());
                prop_assert_eq!(Target::of_request(&target.to_string()).unwrap(), target);
            }
        }
    }
}
