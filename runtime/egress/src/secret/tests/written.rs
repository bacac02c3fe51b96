//! Placeholders that are written down and read back after a start.

use serde_json::json;

use super::{everywhere, vault};
use crate::secret::{Encoding, Part};

const VALUE: &str = "s3cret-value-27182818";

#[test]
fn what_was_written_down_is_read_back_after_a_start_and_holds_no_value() {
    let rules = json!([everywhere("token"), everywhere("account")]);
    let values = [("token", VALUE), ("account", r#"{"pass": "pa55word-in-it"}"#)];
    let (before, after) = (vault(rules.clone(), &values), vault(rules, &values));
    let give = |vault: &crate::secret::Vault| {
        let whole = vault.lookup("token").unwrap();
        let field = vault.lookup_field("account", "/pass").unwrap();
        let inner = vault
            .compose(&[Part::Text("bot"), Part::Secret(&whole)], Encoding::Plain)
            .unwrap();
        let joined = vault
            .compose(
                &[Part::Bytes(b"a:"), Part::Secret(&inner), Part::Secret(&field)],
                Encoding::Base64,
            )
            .unwrap();
        format!("https://api.example.com/{whole}/{field}/{inner}?{joined}&end")
    };
    let written = before.write_down(&give(&before)).unwrap();
    assert!(
        !written.contains("ocsecret_") && !written.contains(VALUE),
        "{written}"
    );
    assert_eq!(after.read_back(&written).unwrap(), give(&after));
    let plain = "https://api.example.com/a.png";
    assert_eq!(before.write_down(plain).unwrap(), plain);
    assert_eq!(after.read_back(plain).unwrap(), plain);
}

#[test]
fn nobody_smuggles_in_the_name_of_a_secret() {
    let vault = vault(json!([everywhere("token")]), &[("token", VALUE)]);
    let written = vault.write_down(&vault.lookup("token").unwrap()).unwrap();
    assert!(vault.write_down(&written).is_err());
    assert!(
        vault
            .write_down(&format!("https://evil.example/{written}"))
            .is_err()
    );
}

#[test]
fn a_secret_that_is_gone_or_not_granted_any_more_is_not_given_again() {
    let with = vault(json!([everywhere("token")]), &[("token", VALUE)]);
    let written = with.write_down(&with.lookup("token").unwrap()).unwrap();
    for without in [
        vault(json!([everywhere("token")]), &[]),
        vault(json!([everywhere("other")]), &[("token", VALUE)]),
    ] {
        assert!(without.read_back(&written).is_err());
    }
    let cut = written.trim_end_matches('.');
    assert!(with.read_back(cut).is_err() && with.read_back("ocwritten_!.").is_err());
}
