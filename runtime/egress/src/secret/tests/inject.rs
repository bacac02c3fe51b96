//! Where a value goes, and that its reader gets it back.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{api, everywhere, vault};
use crate::secret::{Injected, SecretFailure, Vault};

fn setup(value: &str) -> (Arc<Vault>, String) {
    let vault = vault(json!([everywhere("token")]), &[("token", value)]);
    let token = vault.lookup("token").unwrap();
    (vault, token)
}

fn text(result: Result<Injected<'_>, SecretFailure>) -> String {
    let filled = result.unwrap();
    assert!(filled.has_secret());
    assert_eq!(filled.as_bytes(), filled.as_str().unwrap().as_bytes());
    let shown = filled.as_str().unwrap().to_owned();
    assert_eq!(filled.into_bytes(), shown);
    shown
}

#[test]
fn a_value_is_written_as_its_place_writes_it() {
    let value = "a\"b\\c&d=e%41+ f\u{e4}";
    let (vault, token) = setup(value);
    let host = api();
    let injector = vault.inject(&host, true);
    assert_eq!(
        text(injector.header("Authorization", &format!("Bearer {token}"))),
        format!("Bearer {value}")
    );
    let query = format!("a=1&key=x{token}&b=%20+");
    assert_eq!(
        text(injector.query(&query)),
        "a=1&key=xa%22b%5Cc%26d%3De%2541%2B%20f%C3%A4&b=%20+"
    );
    let form = format!("client%5Fsecret={token}&text=hi+there");
    let form = injector.body(Some("Application/X-WWW-Form-Urlencoded"), form.as_bytes());
    assert_eq!(
        text(form),
        "client%5Fsecret=a%22b%5Cc%26d%3De%2541%2B+f%C3%A4&text=hi+there"
    );
    assert_eq!(text(injector.form_field("client_secret", &token)), value);
    assert_eq!(
        text(injector.line(&format!("PASS {token}"))),
        format!("PASS {value}")
    );
}

#[test]
fn a_telegram_path_keeps_its_colon() {
    let (vault, token) = setup("123456:AA-bb_c");
    let host = api();
    let path = text(vault.inject(&host, true).path(&format!("/bot{token}/getMe")));
    assert_eq!(path, "/bot123456:AA-bb_c/getMe");
}

#[test]
fn json_around_a_value_stays_byte_for_byte() {
    let (vault, token) = setup("q\"\n\u{1}\u{2028}");
    let host = api();
    let injector = vault.inject(&host, true);
    let body =
        format!(" {{\"n\" : 1.0e00, \"auth\":{{ \"token\":\"Bearer {token}!\"}},\r\n\"\\u0041\":\"\\/\"}} ");
    let expected = body.replace(&token, "q\\\"\\n\\u0001\u{2028}");
    assert_eq!(
        text(injector.body(Some("application/problem+json"), body.as_bytes())),
        expected
    );
    assert_eq!(text(injector.text_frame(&body)), expected);
}

#[test]
fn lines_of_a_body_or_frame_are_judged_one_by_one() {
    let (vault, token) = setup("value");
    let host = api();
    let injector = vault.inject(&host, true);
    for end in ["\n", "\r\n"] {
        let body = format!("USER a b c{end}PASS {token}{end}JOIN #a{end}");
        assert_eq!(
            text(injector.body(Some("text/plain"), body.as_bytes())),
            body.replace(&token, "value")
        );
        assert_eq!(text(injector.text_frame(&body)), body.replace(&token, "value"));
    }
}

#[test]
fn what_holds_no_placeholder_is_handed_through() {
    let (vault, token) = setup("value");
    let host = "evil.example".parse().unwrap();
    let injector = vault.inject(&host, false);
    let other = token.replace(&token[12..20], "aaaaaaaa");
    for text in ["{\"a\":1,\"a\":2", "\0\r\n", "ocsecret_", &other] {
        for result in [
            injector.header("x", text),
            injector.query(text),
            injector.path(text),
            injector.line(text),
            injector.text_frame(text),
            injector.body(Some("application/json"), text.as_bytes()),
        ] {
            let result = result.unwrap();
            assert!(!result.has_secret() && result.as_str() == Some(text));
        }
    }
    let binary = injector.body(None, b"\xff\x00").unwrap();
    assert!(binary.as_bytes() == b"\xff\x00" && binary.as_str().is_none());
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\"&%+\r\n=\\\\/;. é]{1,12}", "\\PC{1,20}"]
}

/// The value of the first pair of this name.
fn pair(text: &str, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

proptest! {
    #[test]
    fn a_query_or_form_gives_the_value_back(value in values()) {
        let (vault, token) = setup(&value);
        let host = api();
        let injector = vault.inject(&host, true);
        let query = text(injector.query(&format!("a=b&key={token}&c=d")));
        prop_assert_eq!(pair(&query, "key"), Some(value.clone()));
        prop_assert_eq!(pair(&query, "c"), Some("d".to_owned()));
        let url = url::Url::parse(&format!("https://api.example.com/?{query}")).unwrap();
        prop_assert_eq!(url.query(), Some(query.as_str()));
        let form = format!("a=b&client_secret={token}&c=d");
        let form = text(injector.body(Some("application/x-www-form-urlencoded"), form.as_bytes()));
        prop_assert_eq!(pair(&form, "client_secret"), Some(value));
        prop_assert_eq!(pair(&form, "c"), Some("d".to_owned()));
    }

    #[test]
    fn json_gives_the_value_back(value in values()) {
        let (vault, token) = setup(&value);
        let host = api();
        let body = json!({"a": "b", "auth": {"token": format!("x{token}y")}});
        let filled = text(vault.inject(&host, true).body(Some("application/json"), body.to_string().as_bytes()));
        let read: Value = serde_json::from_str(&filled).unwrap();
        prop_assert_eq!(read, json!({"a": "b", "auth": {"token": format!("x{value}y")}}));
    }

    #[test]
    fn a_segment_gives_the_value_back_or_is_refused_whole(value in values()) {
        let (vault, token) = setup(&value);
        let host = api();
        let path = format!("/a/x{token}/b");
        if let Ok(filled) = vault.inject(&host, true).path(&path) {
            let url = url::Url::parse(&format!("https://api.example.com{}", filled.as_str().unwrap())).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 3);
            let read = percent_encoding::percent_decode_str(segments[1]).decode_utf8().unwrap();
            prop_assert_eq!(read, format!("x{value}"));
        } else {
            let structure = |c: char| "/\\;%".contains(c) || c.is_control() || !c.is_ascii() || c.is_whitespace();
            prop_assert!(value.is_empty() || value.contains(structure));
        }
    }

    #[test]
    fn a_header_or_line_holds_the_value_as_it_is_or_not_at_all(value in values()) {
        let (vault, token) = setup(&value);
        let host = api();
        let injector = vault.inject(&host, true);
        match injector.header("authorization", &format!("Bearer {token}")) {
            Ok(filled) => {
                prop_assert_eq!(filled.as_str().unwrap(), format!("Bearer {value}"));
                prop_assert!(http::HeaderValue::from_bytes(filled.as_bytes()).is_ok());
            }
            Err(_) => prop_assert!(value.contains(|c: char| c.is_ascii_control())),
        }
        match injector.line(&format!("PASS {token}")) {
            Ok(filled) => prop_assert!(!filled.as_str().unwrap().contains(['\r', '\n', '\0'])),
            Err(_) => prop_assert!(value.contains(['\r', '\n', '\0'])),
        }
    }
}
