//! Where a value does not go.

use std::sync::Arc;

use serde_json::json;

use super::{api, everywhere, is_silent, vault};
use crate::Kind;
use crate::secret::{Encoding, Injected, Part, SecretFailure, Vault};

const VALUE: &str = "s3cret-value";

fn setup() -> (Arc<Vault>, String) {
    let vault = vault(json!([everywhere("token")]), &[("token", VALUE)]);
    let token = vault.lookup("token").unwrap();
    (vault, token)
}

fn refused(result: Result<Injected<'_>, SecretFailure>) -> SecretFailure {
    let failure = result.unwrap_err();
    assert!(is_silent(&failure, VALUE), "{failure}");
    failure
}

#[test]
fn a_value_goes_to_no_host_that_its_rule_does_not_name() {
    let (vault, token) = setup();
    let text = json!({"auth": {"token": token}}).to_string();
    for host in [
        "example.com",
        "api.example.com.evil.example",
        "evil.example",
        "127.0.0.1",
    ] {
        let host = host.parse().unwrap();
        let injector = vault.inject(&host, true);
        for result in [
            injector.header("authorization", &token),
            injector.query(&format!("key={token}")),
            injector.path(&format!("/{token}")),
            injector.body(Some("application/json"), text.as_bytes()),
            injector.line(&format!("PASS {token}")),
        ] {
            let failure = refused(result);
            assert!(matches!(failure, SecretFailure::NotAllowed { .. }) && failure.kind() == Kind::Denied);
        }
    }
}

#[test]
fn a_value_goes_to_no_place_that_its_rule_does_not_name() {
    let (vault, token) = setup();
    let host = api();
    let injector = vault.inject(&host, true);
    let message = json!({"chat_id": 1, "text": token, "auth": {"token": "x"}}).to_string();
    let nested = json!({"auth": {"token": [token]}}).to_string();
    let form = format!("text={token}&client_secret=x");
    for result in [
        // A chat message to the right host.
        injector.body(Some("application/json"), message.as_bytes()),
        injector.body(Some("application/json; charset=utf-8"), nested.as_bytes()),
        injector.body(Some("application/x-www-form-urlencoded"), form.as_bytes()),
        injector.body(None, format!("hello {token}").as_bytes()),
        injector.text_frame(&message),
        injector.form_field("text", &token),
        injector.header("x-other", &token),
        injector.query(&format!("other={token}")),
        injector.line(&format!("PRIVMSG #a :{token}")),
        injector.line(&format!("PRIVMSG #a :\r\nPASS {token}")),
    ] {
        let failure = refused(result);
        assert!(matches!(failure, SecretFailure::NotAllowed { .. }), "{failure}");
    }
}

#[test]
fn each_occurrence_is_judged_by_itself() {
    let (vault, token) = setup();
    let host = api();
    let injector = vault.inject(&host, true);
    let both = json!({"auth": {"token": token}, "text": token}).to_string();
    refused(injector.body(Some("application/json"), both.as_bytes()));
    refused(injector.query(&format!("key={token}&other={token}")));
    refused(injector.body(
        Some("text/plain"),
        format!("PASS {token}\r\nPRIVMSG #a :{token}\r\n").as_bytes(),
    ));
}

#[test]
fn nothing_goes_over_a_connection_that_others_can_read_unless_the_rule_says_so() {
    let mut rule = everywhere("open");
    rule["plaintext"] = json!(true);
    let vault = vault(
        json!([everywhere("token"), rule]),
        &[("token", VALUE), ("open", VALUE)],
    );
    let host = api();
    let injector = vault.inject(&host, false);
    let failure = refused(injector.header("authorization", &vault.lookup("token").unwrap()));
    assert!(matches!(failure, SecretFailure::Plaintext { .. }) && failure.kind() == Kind::Denied);
    assert!(
        injector
            .header("authorization", &vault.lookup("open").unwrap())
            .unwrap()
            .has_secret()
    );
}

#[test]
fn a_name_is_no_place() {
    let (vault, token) = setup();
    let host = api();
    let injector = vault.inject(&host, true);
    let key = json!({ (token.clone()): 1 }).to_string();
    for result in [
        injector.header(&token, "x"),
        injector.query(&format!("{token}=1")),
        injector.query(&token),
        injector.form_field(&token, "x"),
        injector.body(Some("application/json"), key.as_bytes()),
        injector.body(
            Some("application/x-www-form-urlencoded"),
            format!("a=1&{token}").as_bytes(),
        ),
        injector
            .refuse_in(&token, "a method")
            .map(|()| Injected::Untouched(b"")),
    ] {
        let failure = refused(result);
        assert!(
            matches!(failure, SecretFailure::Misplaced { .. }) && failure.kind() == Kind::Denied,
            "{failure}"
        );
    }
}

#[test]
fn a_composed_secret_goes_only_where_all_of_its_parts_may() {
    let rules = json!([
        everywhere("user"),
        {"name": "pass", "audience": ["api.example.com", "b.example"], "places": ["header authorization"]},
    ]);
    let vault = vault(rules, &[("user", "u-value"), ("pass", "p-value")]);
    let [user, pass] = ["user", "pass"].map(|name| vault.lookup(name).unwrap());
    let parts = [Part::Secret(&user), Part::Text(":"), Part::Secret(&pass)];
    let composed = vault.compose(&parts, Encoding::Plain).unwrap();
    let host = api();
    let injector = vault.inject(&host, true);
    let filled = injector.header("authorization", &composed).unwrap();
    assert_eq!(filled.as_str(), Some("u-value:p-value"));
    refused(injector.query(&format!("key={composed}")));
    let other = "b.example".parse().unwrap();
    refused(vault.inject(&other, true).header("authorization", &composed));
}

#[test]
fn what_can_be_read_in_two_ways_gets_no_value() {
    let (vault, token) = setup();
    let host = api();
    let injector = vault.inject(&host, true);
    let json = Some("application/json");
    let twins = format!(r#"{{"auth":{{"token":"{token}"}},"x":{{"a":1,"a":2}}}}"#);
    let spelt = format!(r#"{{"\u0061uth":{{"token":"x"}},"auth":{{"token":"{token}"}}}}"#);
    let binary = [b"\xff".as_slice(), token.as_bytes()].concat();
    let good = json!({"auth": {"token": token}}).to_string();
    for result in [
        injector.body(json, twins.as_bytes()),
        injector.body(json, spelt.as_bytes()),
        injector.body(json, format!("{good}{good}").as_bytes()),
        injector.body(None, &binary),
        injector.body(Some("application/json; charset=utf-16"), good.as_bytes()),
        injector.path(&format!("/a//{token}")),
        injector.path(&format!("/a%2f{token}")),
        injector.query(&format!("key=%4{token}")),
        injector.query(&format!("key=%{token}")),
    ] {
        let failure = refused(result);
        assert!(matches!(failure, SecretFailure::Unreadable { .. }), "{failure}");
    }
    // A server that ends lines only with CR LF would see the rest of a message.
    refused(injector.body(None, format!("PRIVMSG #a :\nPASS {token}\r\n").as_bytes()));
    refused(injector.body(None, format!("PRIVMSG #a :\rPASS {token}\n").as_bytes()));
}

#[test]
fn a_body_of_more_than_a_mebibyte_gets_no_value() {
    let (vault, token) = setup();
    let host = api();
    let injector = vault.inject(&host, true);
    let body = format!("PASS {token}\n{}", "x".repeat(1024 * 1024));
    assert_eq!(
        refused(injector.body(None, body.as_bytes())).kind(),
        Kind::TooLarge
    );
    let harmless = "x".repeat(2 * 1024 * 1024);
    assert!(!injector.body(None, harmless.as_bytes()).unwrap().has_secret());
}

#[test]
fn a_value_that_would_end_its_place_does_not_go_there() {
    for value in ["two\r\nlines", "two\nlines", "nul\0l", "bell\u{7}"] {
        let vault = vault(json!([everywhere("token")]), &[("token", value)]);
        let token = vault.lookup("token").unwrap();
        let host = api();
        let injector = vault.inject(&host, true);
        let failure = injector.header("authorization", &token).unwrap_err();
        assert!(
            matches!(&failure, SecretFailure::Unfit { .. }) && is_silent(&failure, value),
            "{failure}"
        );
        let fits = value.starts_with("bell");
        assert_eq!(injector.line(&format!("PASS {token}")).is_ok(), fits);
    }
}

#[test]
fn a_value_that_is_structure_of_a_path_does_not_go_there() {
    for value in [
        "", ".", "..", "a/b", "../x", "a\\b", "a%2fb", "a;b", "a\nb", "\u{2025}",
    ] {
        let vault = vault(json!([everywhere("token")]), &[("token", value)]);
        let token = vault.lookup("token").unwrap();
        let host = api();
        for path in [format!("/a/{token}/b"), format!("/{token}")] {
            let failure = vault.inject(&host, true).path(&path).unwrap_err();
            assert!(
                matches!(failure, SecretFailure::Unfit { .. }),
                "{value:?}: {failure}"
            );
        }
    }
    let vault = vault(json!([everywhere("dot")]), &[("dot", ".")]);
    let dot = vault.lookup("dot").unwrap();
    let host = api();
    assert!(vault.inject(&host, true).path(&format!("/a/.{dot}/b")).is_err());
    assert_eq!(
        vault
            .inject(&host, true)
            .path(&format!("/v1{dot}0/b"))
            .unwrap()
            .as_str(),
        Some("/v1.0/b")
    );
}

#[test]
fn a_failure_names_secret_host_and_place() {
    let (vault, token) = setup();
    let host = "evil.example".parse().unwrap();
    let injector = vault.inject(&host, true);
    assert_eq!(
        injector.header("x-key", &token).unwrap_err().to_string(),
        "the secret \"token\" may not be sent to evil.example in the header \"x-key\"; a rule must name this host \
         and this place"
    );
    let line = format!("PRIVMSG #a :my {token}");
    let failure = injector.line(&line).unwrap_err().to_string();
    assert!(
        failure.contains("a line that begins with \"PRIVMSG\"") && !failure.contains(&token),
        "{failure}"
    );
}

#[test]
fn a_field_that_only_some_servers_see_gets_no_value() {
    let (vault, token) = setup();
    let host = api();
    let injector = vault.inject(&host, true);
    let form = |text: &str| {
        let form = injector.body(Some("application/x-www-form-urlencoded"), text.as_bytes());
        form.map(|filled| filled.has_secret())
    };
    for value in ["x;other=", ";", "a%3B;"] {
        let failure = refused(injector.query(&format!("key={value}{token}")));
        assert!(
            matches!(failure, SecretFailure::Unreadable { .. }) && failure.to_string().contains("%3B"),
            "{failure}"
        );
        assert!(form(&format!("client_secret={value}{token}")).is_err(), "{value}");
    }
    refused(injector.query(&format!("key={token};other={token}")));
    for (query, posted) in [
        ("a;b&key=a%3B", "a;b&client_secret=%3B"),
        ("key=", "client_secret="),
    ] {
        let behind = format!("{query}{token};c&d;e");
        assert!(injector.query(&behind).unwrap().has_secret());
        assert!(form(&format!("{posted}{token};c")).unwrap());
    }
}

#[test]
fn a_place_in_json_that_no_rule_can_name_gets_no_value() {
    let (vault, token) = setup();
    let host = api();
    let injector = vault.inject(&host, true);
    let mut deep = json!(token);
    for _ in 0..100 {
        deep = json!({ "key": deep });
    }
    for body in [json!({"k".repeat(256): token}), deep] {
        let body = body.to_string();
        let failure = refused(injector.body(Some("application/json"), body.as_bytes()));
        assert!(
            matches!(failure, SecretFailure::Misplaced { .. }) && failure.kind() == Kind::Denied,
            "{failure}"
        );
    }
}
