//! Writing names and values into addresses and forms.
//!
//! **Promise.** Whatever a value holds, it stays one value: nothing in it can end it, begin another parameter or
//! leave its segment. Letters, digits and `_` stand as they are, so a placeholder is still one afterwards.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes a value.
pub(super) fn encode(value: &str) -> String {
    utf8_percent_encode(value, ENCODED).to_string()
}

/// Adds a parameter to the query of an address.
pub(super) fn add_query(url: &mut String, name: &str, value: &str) {
    insert_before(url, "#", |url| {
        let joint = match url.find('?') {
            None => "?",
            Some(at) if at + 1 == url.len() || url.ends_with('&') => "",
            Some(_) => "&",
        };
        url.push_str(&format!("{joint}{}={}", encode(name), encode(value)));
    });
}

/// Adds a segment to the path of an address. Fails with what is wrong with the segment.
pub(super) fn add_segment(url: &mut String, segment: &str) -> Result<(), String> {
    if matches!(segment, "" | "." | "..") {
        return Err(format!("{segment:?} cannot be a segment of a path"));
    }
    insert_before(url, "?#", |url| {
        if !url.ends_with('/') {
            url.push('/');
        }
        url.push_str(&encode(segment));
    });
    Ok(())
}

/// Changes what stands before the first of these characters.
fn insert_before(url: &mut String, ends: &str, change: impl FnOnce(&mut String)) {
    let end = url.find(|c| ends.contains(c)).unwrap_or(url.len());
    let rest = url.split_off(end);
    change(url);
    url.push_str(&rest);
}

/// The body of an `application/x-www-form-urlencoded` form.
pub(super) fn write_form<K: AsRef<str>, V: AsRef<str>>(fields: &[(K, V)]) -> String {
    let write = |text: &str| encode(text).replace("%20", "+");
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{}={}", write(name.as_ref()), write(value.as_ref())));
    fields.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(url: &str, name: &str, value: &str) -> String {
        let mut url = url.to_owned();
        add_query(&mut url, name, value);
        url
    }

    #[test]
    fn a_parameter_stays_one_whatever_it_holds() {
        let url = query("https://a.example/", "q", "a&b=c#d?e/f g+h%41ü");
        assert_eq!(
            url,
            "https://a.example/?q=a%26b%3Dc%23d%3Fe%2Ff%20g%2Bh%2541%C3%BC"
        );
        assert_eq!(
            query("https://a.example/", "a[]", ""),
            "https://a.example/?a%5B%5D="
        );
    }

    #[test]
    fn parameters_follow_what_is_there_and_precede_the_fragment() {
        for (url, expected) in [
            ("https://a.example", "https://a.example?k=v"),
            ("https://a.example/x?y=1", "https://a.example/x?y=1&k=v"),
            ("https://a.example/x?", "https://a.example/x?k=v"),
            ("https://a.example/x?y&", "https://a.example/x?y&k=v"),
            ("https://a.example/x#top", "https://a.example/x?k=v#top"),
            ("https://a.example/x?y#top?z", "https://a.example/x?y&k=v#top?z"),
            ("https://a.example/#?", "https://a.example/?k=v#?"),
        ] {
            assert_eq!(query(url, "k", "v"), expected);
        }
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        let segment = |url: &str, segment: &str| {
            let mut url = url.to_owned();
            add_segment(&mut url, segment).map(|()| url)
        };
        assert_eq!(
            segment("https://a.example/v1?x=/#/", "a/../b?c#d").unwrap(),
            "https://a.example/v1/a%2F..%2Fb%3Fc%23d?x=/#/"
        );
        assert_eq!(
            segment("https://a.example/v1/", "x").unwrap(),
            "https://a.example/v1/x"
        );
        assert_eq!(segment("https://a.example", "x").unwrap(), "https://a.example/x");
        for no_segment in ["", ".", ".."] {
            assert!(segment("https://a.example/v1", no_segment).is_err());
        }
    }

    #[test]
    fn a_form_has_plus_for_spaces_and_codes_for_all_that_means_something() {
        let form = write_form(&[("grant type", "a b+c"), ("ü", "=&%~")]);
        assert_eq!(form, "grant+type=a+b%2Bc&%C3%BC=%3D%26%25~");
        assert_eq!(write_form::<&str, &str>(&[]), "");
    }

    #[test]
    fn a_placeholder_passes_untouched() {
        let placeholder = "OCS_abcXYZ_0123456789_";
        assert_eq!(encode(placeholder), placeholder);
        assert_eq!(write_form(&[("k", placeholder)]), format!("k={placeholder}"));
    }
}
