use serde_json::json;

use super::{everywhere, is_silent, vault, vault_with};
use crate::Kind;
use crate::secret::{Captured, Encoding, Keep, MAX_MADE, Part, PlaceholderKey, SecretFailure};
use openclaw_secrets::SecretValue;

const VALUE: &str = "s3cret value";

#[test]
fn what_is_not_granted_and_what_has_no_value_are_one_answer() {
    let vault = vault(
        json!([everywhere("token"), everywhere("empty")]),
        &[("token", VALUE), ("hidden", "x")],
    );
    let text = |name: &str| vault.lookup(name).unwrap_err().to_string().replace(name, "NAME");
    assert_eq!(text("hidden"), text("empty"));
    assert_eq!(text("hidden"), text("nothing"));
    assert_eq!(vault.lookup("hidden").unwrap_err().kind(), Kind::NotFound);
    assert_eq!(
        vault.lookup("hidden").unwrap_err().kind(),
        vault.lookup("empty").unwrap_err().kind()
    );
}

#[test]
fn the_same_lookup_gives_the_same_placeholder_until_the_key_changes() {
    let key = PlaceholderKey::random().unwrap();
    let of = |key: &PlaceholderKey| {
        let vault = vault_with(
            json!([everywhere("token")]),
            &[("token", VALUE)],
            Captured::default(),
            key,
        );
        let first = vault.lookup("token").unwrap();
        assert_eq!(first, vault.lookup("token").unwrap());
        first
    };
    assert_eq!(of(&key), of(&key));
    assert_ne!(of(&key), of(&PlaceholderKey::random().unwrap()));
}

#[test]
fn only_what_was_given_out_is_a_placeholder() {
    let key = PlaceholderKey::random().unwrap();
    let rules = || json!([everywhere("token")]);
    let (one, other) = (
        vault_with(rules(), &[("token", VALUE)], Captured::default(), &key),
        vault(rules(), &[("token", VALUE)]),
    );
    let placeholder = one.lookup("token").unwrap();
    let text = format!("a {placeholder} b");
    assert!(one.holds_placeholder(text.as_bytes()) && !other.holds_placeholder(text.as_bytes()));
    assert!(!one.holds_placeholder(&text.as_bytes()[..20]));
    assert_eq!(one.name_of(&placeholder).as_deref(), Some("token"));
    assert_eq!(other.name_of(&placeholder), None);
    assert_eq!(one.hide_placeholders(&text), "a [secret:token] b");
    assert_eq!(other.hide_placeholders(&text), text);
}

#[test]
fn a_value_is_revealed_only_under_its_flag() {
    let rules = json!([everywhere("open"), {"name": "closed", "audience": ["a.example"]}]);
    let vault = vault(rules, &[("open", VALUE), ("closed", VALUE)]);
    let [open, closed] = ["open", "closed"].map(|name| vault.lookup(name).unwrap());
    assert_eq!(vault.reveal(&open).unwrap().expose(), VALUE);
    let failure = vault.reveal(&closed).unwrap_err();
    assert!(
        failure.kind() == Kind::Denied && is_silent(&failure, VALUE),
        "{failure}"
    );
    let mixed = vault
        .compose(&[Part::Secret(&open), Part::Secret(&closed)], Encoding::Plain)
        .unwrap();
    assert_eq!(vault.reveal(&mixed).unwrap_err().kind(), Kind::Denied);
    assert_eq!(vault.reveal("ocsecret_no").unwrap_err(), SecretFailure::Unknown);
}

#[test]
fn a_field_of_a_secret_is_its_text_or_its_json() {
    let document = r#"{"private_key":"-----BEGIN\n","ids":[1,{"a":"b"}]}"#;
    let vault = vault(
        json!([everywhere("file"), everywhere("token")]),
        &[("file", document), ("token", VALUE)],
    );
    let field = |pointer| {
        let placeholder = vault.lookup_field("file", pointer).unwrap();
        vault.reveal(&placeholder).unwrap().expose().to_owned()
    };
    assert_eq!(field("/private_key"), "-----BEGIN\n");
    assert_eq!(field("/ids"), r#"[1,{"a":"b"}]"#);
    for (name, pointer) in [
        ("file", "/none"),
        ("file", "ids"),
        ("token", "/x"),
        ("nothing", "/x"),
    ] {
        let failure = vault.lookup_field(name, pointer).unwrap_err();
        assert!(
            failure.kind() == Kind::NotFound && is_silent(&failure, "BEGIN"),
            "{failure}"
        );
    }
}

#[test]
fn parts_are_joined_and_written_as_asked() {
    let vault = vault(json!([everywhere("token")]), &[("token", VALUE)]);
    let token = vault.lookup("token").unwrap();
    let write = |parts: &[Part<'_>], encoding| {
        let composed = vault.compose(parts, encoding).unwrap();
        assert_eq!(composed, vault.compose(parts, encoding).unwrap());
        vault.reveal(&composed).unwrap().expose().to_owned()
    };
    let basic = [Part::Text("user:"), Part::Secret(&token)];
    assert_eq!(write(&basic, Encoding::Plain), "user:s3cret value");
    assert_eq!(write(&basic, Encoding::Base64), "dXNlcjpzM2NyZXQgdmFsdWU=");
    assert_eq!(write(&basic, Encoding::Base64Url), "dXNlcjpzM2NyZXQgdmFsdWU");
    assert_eq!(
        write(&basic, Encoding::Hex),
        "757365723a73336372657420".to_owned() + "76616c7565"
    );
    assert_eq!(write(&basic, Encoding::Percent), "user%3As3cret%20value");
    assert_eq!(
        write(&[Part::Bytes(&[0xff]), Part::Secret(&token)], Encoding::Hex),
        "ff7333637265742076616c7565"
    );
    let nested = vault.compose(&basic, Encoding::Base64).unwrap();
    assert_eq!(
        write(&[Part::Text("Basic "), Part::Secret(&nested)], Encoding::Plain),
        "Basic dXNlcjpzM2NyZXQgdmFsdWU="
    );
    assert_eq!(vault.name_of(&nested).as_deref(), Some("token"));
}

#[test]
fn what_cannot_be_composed_is_told_without_a_value() {
    let vault = vault(json!([everywhere("token")]), &[("token", VALUE)]);
    let token = vault.lookup("token").unwrap();
    let secret = Part::Secret(&token);
    let long = "x".repeat(64 * 1024);
    let fails = |parts: &[Part<'_>], kind| {
        let failure = vault.compose(parts, Encoding::Plain).unwrap_err();
        assert!(failure.kind() == kind && is_silent(&failure, VALUE), "{failure}");
    };
    fails(&[Part::Text("x")], Kind::Invalid);
    fails(&[secret, Part::Bytes(&[0xff])], Kind::Invalid);
    fails(&[secret; 33], Kind::TooLarge);
    fails(&[secret, Part::Text(&long)], Kind::TooLarge);
    fails(&[secret, Part::Text(&long[..16 * 1024])], Kind::TooLarge);
    fails(&[Part::Secret("token")], Kind::NotFound);
}

#[test]
fn a_vault_makes_only_so_many_secrets_and_gives_old_ones_again() {
    let vault = vault(json!([everywhere("token")]), &[("token", VALUE)]);
    let token = vault.lookup("token").unwrap();
    let make = |i: usize| {
        vault.compose(
            &[Part::Text(&i.to_string()), Part::Secret(&token)],
            Encoding::Plain,
        )
    };
    for i in 0..MAX_MADE {
        make(i).unwrap();
    }
    assert_eq!(make(MAX_MADE).unwrap_err().kind(), Kind::Quota);
    make(0).unwrap();
    let large = "x".repeat(7 * 1024);
    let other = super::vault(json!([everywhere("token")]), &[("token", VALUE)]);
    let token = other.lookup("token").unwrap();
    let make = |text| {
        other.compose(
            &[Part::Text(text), Part::Secret(&token), Part::Text(&large)],
            Encoding::Plain,
        )
    };
    let made = ["a", "b", "c", "d", "e"].map(|text| make(text).is_ok());
    assert_eq!(made, [true, true, false, false, false]);
}

#[test]
fn a_captured_value_outlives_the_vault_but_not_the_grant() {
    let (key, kept) = (PlaceholderKey::random().unwrap(), Captured::default());
    let with = |rules| vault_with(rules, &[("token", "configured")], kept.clone(), &key);
    let first = with(json!([everywhere("token")]));
    let placeholder = first
        .capture("token", SecretValue::new("captured"), Keep::UntilRestart)
        .unwrap();
    let second = with(json!([everywhere("token")]));
    assert_eq!(second.lookup("token").unwrap(), placeholder);
    assert_eq!(second.reveal(&placeholder).unwrap().expose(), "captured");
    let narrowed = with(json!([{"name": "token", "audience": ["a.example"], "reveal": true}]));
    assert_eq!(
        narrowed
            .reveal(&narrowed.lookup("token").unwrap())
            .unwrap()
            .expose(),
        "configured"
    );
    assert!(narrowed.forget("token").is_err());
    assert!(second.forget("token").unwrap() && !second.forget("token").unwrap());
    assert_eq!(first.reveal(&placeholder).unwrap().expose(), "configured");
}

#[test]
fn what_was_made_of_a_forgotten_secret_ends_with_it() {
    let vault = vault(json!([everywhere("token")]), &[]);
    let token = vault
        .capture("token", SecretValue::new(VALUE), Keep::UntilRestart)
        .unwrap();
    let composed = vault
        .compose(&[Part::Text("Bearer "), Part::Secret(&token)], Encoding::Plain)
        .unwrap();
    assert!(vault.reveal(&composed).is_ok());
    vault.forget("token").unwrap();
    assert_eq!(vault.reveal(&composed).unwrap_err().kind(), Kind::NotFound);
    assert_eq!(vault.reveal(&token).unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn the_scanner_knows_what_was_captured_and_made_since() {
    let vault = vault(
        json!([everywhere("token"), everywhere("pin")]),
        &[("pin", "1234")],
    );
    assert!(vault.scanner().is_none());
    vault
        .capture("token", SecretValue::new("new-and-long"), Keep::UntilRestart)
        .unwrap();
    let pin = vault.lookup("pin").unwrap();
    vault
        .compose(&[Part::Text("user:"), Part::Secret(&pin)], Encoding::Base64)
        .unwrap();
    let scanner = vault.scanner().unwrap();
    assert_eq!(
        scanner.mask_text("new-and-long dXNlcjoxMjM0"),
        "[secret:token] [secret:pin]"
    );
    vault.forget("token").unwrap();
    assert_eq!(vault.scanner().unwrap().mask_text("new-and-long"), "new-and-long");
}

#[test]
fn nothing_prints_a_value() {
    let (key, kept) = (PlaceholderKey::random().unwrap(), Captured::default());
    let vault = vault_with(
        json!([everywhere("token")]),
        &[("token", VALUE)],
        kept.clone(),
        &key,
    );
    vault
        .capture("token", SecretValue::new("captured-value"), Keep::UntilRestart)
        .unwrap();
    let host = super::api();
    let token = vault.lookup("token").unwrap();
    let injector = vault.inject(&host, true);
    let injected = injector.header("authorization", &token).unwrap();
    let shown = format!("{vault:?} {kept:?} {key:?} {injector:?} {injected:?}");
    assert!(
        !shown.contains(VALUE) && !shown.contains("captured-value"),
        "{shown}"
    );
}
