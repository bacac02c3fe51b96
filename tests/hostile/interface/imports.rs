//! Imports that are not what they look like.

use openclaw_components::{Error, ImportRefusal};
use serde_json::json;

use super::is_plain;
use crate::ordeal::House;

/// A program of the standard's that imports something beside that.
fn program(import: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            {import}
            (core module $m (func (export "run") (result i32) (i32.const 0)))
            (core instance $m (instantiate $m))
            (func $run (result (result)) (canon lift (core func $m "run")))
            (instance $run (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $run)))"#
    );
    wat::parse_str(&text).unwrap()
}

/// What is said of a program with an import, at the attempt to install it. The refusal is all that is left of it.
async fn refuse(house: &House, import: &str) -> Error {
    let package = house.fixture.package("guest", &program(import), &json!({}));
    let refused = house
        .ordeal("guest", 1, house.fixture.host.install(&package))
        .await;
    assert!(house.fixture.host.find(&"guest".parse().unwrap()).await.is_err());
    refused.unwrap_err()
}

fn empty(import: &str) -> String {
    format!(r#"(import "{import}" (instance))"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_spelled_like_another_is_refused_with_the_name_of_that() {
    let house = House::open().await;
    for (import, like) in [
        ("openclaw:htttp/client@0.1.0", "openclaw:http/client"),
        ("openc1aw:http/client@0.1.0", "openclaw:http/client"),
        ("openclaw:kv/st0re@0.1.0", "openclaw:kv/store"),
        ("wasi:c1i/environment@0.2.0", "wasi:cli/environment"),
    ] {
        match refuse(&house, &empty(import)).await {
            Error::Imports(refusals) => assert_eq!(
                refusals,
                [ImportRefusal::LookAlike {
                    import: import.to_owned(),
                    nearest: like.to_owned()
                }]
            ),
            other => panic!("{import}: {other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_with_letters_of_another_alphabet_is_refused_with_the_name_that_it_copies() {
    let house = House::open().await;
    // A Cyrillic a, a full-width o, and a letter that cannot be seen.
    for import in [
        "opencl\u{430}w:kv/store@0.1.0",
        "\u{ff4f}penclaw:kv/store@0.1.0",
        "openclaw:kv/store\u{200b}@0.1.0",
    ] {
        let error = refuse(&house, &empty(import)).await;
        let Error::Imports(refusals) = &error else {
            panic!("{import}: {error}");
        };
        let is_copy = |refusal: &ImportRefusal| matches!(refusal, ImportRefusal::LookAlike { nearest, .. } if nearest == "openclaw:kv/store");
        assert!(refusals.len() == 1 && is_copy(&refusals[0]), "{error}");
        assert!(is_plain(&error.to_string()), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_of_an_interface_is_refused_by_the_one_that_is_served() {
    let house = House::open().await;
    for (import, wanted) in [
        ("openclaw:log/lines@1.0.0", "0.1"),
        ("openclaw:log/lines@0.2.0", "0.1"),
        ("openclaw:log/lines@0.1.0-evil", "0.1"),
        ("openclaw:log/lines", "0.1"),
        ("wasi:io/poll@0.3.0", "0.2"),
    ] {
        match refuse(&house, &empty(import)).await {
            Error::Imports(refusals) => assert_eq!(
                refusals,
                [ImportRefusal::Version {
                    import: import.to_owned(),
                    served: wanted.to_owned()
                }]
            ),
            other => panic!("{import}: {other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_an_interface_lacks_or_has_otherwise_does_not_link() {
    let house = House::open().await;
    for function in [
        r#"(export "erase" (func))"#,
        r#"(export "write" (func (param "everything" string)))"#,
    ] {
        let import = format!(r#"(import "openclaw:log/lines@0.1.0" (instance {function}))"#);
        let error = refuse(&house, &import).await;
        assert!(matches!(error, Error::Link { .. }), "{function}: {error}");
    }
}
