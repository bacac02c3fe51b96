use serde_json::json;

use super::{everywhere, is_silent, vault};
use crate::Kind;
use crate::secret::{Keep, SecretFailure};

const TOKEN: &str = "iss\"ued-tok\u{e9}n";

fn headers(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn a_token_in_json_is_taken_and_everything_else_stays_byte_for_byte() {
    let vault = vault(json!([everywhere("token")]), &[]);
    let quoted = serde_json::to_string(TOKEN).unwrap().replace('é', "\\u00e9");
    let text = format!(" {{ \"n\": 1.0e0,\r\n\"a\" : [ {{\"t\":{quoted} }}], \"z\":\"\\u0041\"}}\n");
    let mut body = text.clone().into_bytes();
    let placeholder = vault
        .capture_json(&mut body, "/a/0/t", "token", Keep::UntilRestart)
        .unwrap();
    assert_eq!(
        String::from_utf8(body).unwrap(),
        text.replace(&quoted, &format!("\"{placeholder}\""))
    );
    assert_eq!(vault.reveal(&placeholder).unwrap().expose(), TOKEN);
    assert_eq!(vault.lookup("token").unwrap(), placeholder);
}

#[test]
fn of_a_member_that_stands_there_twice_none_is_left() {
    let vault = vault(json!([everywhere("token")]), &[]);
    let mut body = br#"{"t":"first-one","t":"second-one"}"#.to_vec();
    let placeholder = vault
        .capture_json(&mut body, "/t", "token", Keep::UntilRestart)
        .unwrap();
    assert_eq!(vault.reveal(&placeholder).unwrap().expose(), "second-one");
    assert_eq!(
        String::from_utf8(body).unwrap(),
        format!(r#"{{"t":"{placeholder}","t":"{placeholder}"}}"#)
    );
}

#[test]
fn a_header_is_taken_whole_and_only_the_first() {
    let vault = vault(json!([everywhere("token")]), &[]);
    let mut list = headers(&[("a", "b"), ("X-Token", "one-token"), ("x-token", "two")]);
    let placeholder = vault
        .capture_header(&mut list, "x-token", "token", Keep::UntilRestart)
        .unwrap();
    assert_eq!(
        list,
        headers(&[("a", "b"), ("X-Token", &placeholder), ("x-token", "two")])
    );
    assert_eq!(vault.reveal(&placeholder).unwrap().expose(), "one-token");
}

#[test]
fn a_cookie_is_taken_without_its_attributes() {
    let vault = vault(json!([everywhere("token")]), &[]);
    let given = [
        ("Set-Cookie", "sid=old; Path=/"),
        ("Set-Cookie", "other=1"),
        ("set-cookie", " sid = new==; sid=x"),
    ];
    let mut list = headers(&given);
    let token = vault
        .capture_cookie(&mut list, "sid", "token", Keep::UntilRestart)
        .unwrap();
    assert_eq!(vault.reveal(&token).unwrap().expose(), "new==");
    let left = [
        ("Set-Cookie", format!("sid={token}; Path=/")),
        ("Set-Cookie", "other=1".to_owned()),
        ("set-cookie", format!(" sid = {token}; sid=x")),
    ];
    assert_eq!(
        list,
        headers(&left.each_ref().map(|(name, value)| (*name, value.as_str())))
    );
}

#[test]
fn what_may_not_be_captured_leaves_the_response_as_it_was() {
    let rules = json!([everywhere("token"), {"name": "fixed", "audience": ["a.example"]}]);
    let vault = vault(rules, &[("fixed", "configured")]);
    let body = br#"{"t":"issued-token","n":5,"e":""}"#.to_vec();
    let mut touched = body.clone();
    for (pointer, name, keep, kind) in [
        ("/t", "fixed", Keep::UntilRestart, Kind::Denied),
        ("/t", "unknown", Keep::UntilRestart, Kind::NotFound),
        ("/t", "token", Keep::Lasting, Kind::Unsupported),
        ("/none", "token", Keep::UntilRestart, Kind::NotFound),
        ("/n", "token", Keep::UntilRestart, Kind::NotFound),
        ("/e", "token", Keep::UntilRestart, Kind::NotFound),
    ] {
        let failure = vault.capture_json(&mut touched, pointer, name, keep).unwrap_err();
        assert!(
            failure.kind() == kind && is_silent(&failure, "issued-token"),
            "{failure}"
        );
        assert_eq!(touched, body);
    }
    let mut broken = b"{\"t\":".to_vec();
    assert!(
        vault
            .capture_json(&mut broken, "/t", "token", Keep::UntilRestart)
            .is_err()
    );
    assert!(vault.lookup("token").is_err());
    assert!(
        vault
            .capture_header(&mut headers(&[("a", "")]), "a", "token", Keep::UntilRestart)
            .is_err()
    );
    assert!(
        vault
            .capture_cookie(
                &mut headers(&[("set-cookie", "a=")]),
                "a",
                "token",
                Keep::UntilRestart
            )
            .is_err()
    );
}

#[test]
fn another_secret_that_a_server_echoes_is_not_captured() {
    let rules = json!([everywhere("token"), {"name": "fixed", "audience": ["api.example.com"]}]);
    let vault = vault(
        rules,
        &[("fixed", "fixed/value"), ("token", "fixed/value and more")],
    );
    let keep = Keep::UntilRestart;
    let refused = |failure: SecretFailure| {
        let is_told = matches!(failure, SecretFailure::HoldsAnother { .. });
        assert!(
            is_told && failure.kind() == Kind::Denied && is_silent(&failure, "fixed"),
            "{failure}"
        );
    };
    for echo in [
        "fixed/value",
        "x fixed%2Fvalue",
        "Zml4ZWQvdmFsdWU=",
        "a fixed/value and more",
    ] {
        let body = json!({"t": echo}).to_string().into_bytes();
        let mut touched = body.clone();
        refused(vault.capture_json(&mut touched, "/t", "token", keep).unwrap_err());
        assert_eq!(touched, body);
        let list = headers(&[("x-token", echo)]);
        let mut touched = list.clone();
        refused(
            vault
                .capture_header(&mut touched, "x-token", "token", keep)
                .unwrap_err(),
        );
        assert_eq!(touched, list);
        let list = headers(&[("set-cookie", &format!("sid={echo}"))]);
        let mut touched = list.clone();
        refused(
            vault
                .capture_cookie(&mut touched, "sid", "token", keep)
                .unwrap_err(),
        );
        assert_eq!(touched, list);
    }
}

#[test]
fn a_token_may_be_issued_again() {
    let vault = vault(json!([everywhere("token")]), &[]);
    for issued in ["issued-token", "issued-token", "issued-token and more"] {
        let mut list = headers(&[("x-token", issued)]);
        let captured = vault.capture_header(&mut list, "x-token", "token", Keep::UntilRestart);
        assert_eq!(vault.reveal(&captured.unwrap()).unwrap().expose(), issued);
    }
}

#[test]
fn a_capture_costs_no_more_than_its_body_however_long_the_names_in_it_are() {
    let vault = vault(json!([everywhere("token")]), &[]);
    let key = "~".repeat(400_000);
    let strings = vec!["x"; 100_000];
    let mut body = json!({ key: strings, "t": "issued-token" })
        .to_string()
        .into_bytes();
    let begun = std::time::Instant::now();
    let placeholder = vault
        .capture_json(&mut body, "/t", "token", Keep::UntilRestart)
        .unwrap();
    assert_eq!(vault.reveal(&placeholder).unwrap().expose(), "issued-token");
    assert!(begun.elapsed().as_secs() < 10);
    let long = format!("/{}", "k".repeat(1024));
    let failure = vault
        .capture_json(&mut body, &long, "token", Keep::UntilRestart)
        .unwrap_err();
    assert_eq!(failure.kind(), Kind::TooLarge);
}
