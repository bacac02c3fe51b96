//! Telling a model early what the gate would refuse anyway, in words that it can act on. The gate has the last word.

use openclaw_sdk::Failure;

/// What is left of an address when it can be asked for.
pub(crate) fn check(url: &str) -> Result<&str, Failure> {
    let url = url.trim();
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(Failure::new(format!(
            "{url:?} is no address; it must begin with https://"
        )));
    };
    if scheme.eq_ignore_ascii_case("http") {
        return Err(Failure::new(format!("only https is allowed; try https://{rest}")));
    }
    if !scheme.eq_ignore_ascii_case("https") {
        return Err(Failure::new(format!(
            "{scheme}: is not supported; only https is allowed"
        )));
    }
    let url = url.split('#').next().unwrap_or(url);
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Failure::new("an address has no spaces; write them as %20"));
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Err(Failure::new(
            "an address must not have a user and a password in it",
        ));
    }
    if host.is_empty() {
        return Err(Failure::new(format!("{url:?} has no host")));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_without_its_fragment() {
        let url = check(" https://a.example/x?y=1#z ");
        assert!(matches!(url, Ok("https://a.example/x?y=1")), "{url:?}");
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused_with_the_way_out() {
        for (url, why) in [
            ("a.example", "must begin with https://"),
            ("http://a.example/x", "try https://a.example/x"),
            ("file:///etc/passwd", "file: is not supported"),
            ("https:///x", "has no host"),
            ("https://ann:pw@a.example/", "user and a password"),
            ("https://a.example/a b", "%20"),
        ] {
            let refused = check(url);
            assert!(
                matches!(&refused, Err(Failure::Told(text)) if text.contains(why)),
                "{refused:?}"
            );
        }
    }
}
