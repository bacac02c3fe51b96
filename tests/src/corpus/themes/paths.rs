//! Paths that some server would take for the way out of what was granted.

use crate::corpus::case::{Case, NOT_GRANTED, TYPED, URL, Want, case};
use crate::corpus::script::Script;

const WAYS_OUT: &[&str] = &[
    "/",
    "/v2",
    "/v1x",
    "/V1",
    "/v1/../admin",
    "/v1/..",
    "/v1/./../admin",
    "/v1/%2e%2e/admin",
    "/v1/.%2e/admin",
    "/v1/%2E./admin",
    "/v1/..%2fadmin",
    "/v1/%2e%2e%2fadmin",
    "/v1%2f..%2fadmin",
    "/v1%2fx",
    "/v1/%252e%252e/admin",
    "/v1/%252fadmin",
    "/v1;/../admin",
    "/v1/..;/admin",
    "/v1;x=/admin",
    "/v1//admin",
    "//v1/x",
    "/v1/%5c..%5cadmin",
    "/v1/%c0%ae%c0%ae/admin",
    "/v1/%ef%bc%8e%ef%bc%8e/admin",
    "/v1/%00",
    "/v1/%",
    "/v1/%2",
    "/v1/%zz",
    "/v1/x%0d%0ax-injected:1",
    "/v1/. ./admin",
    "/bot1/other",
    "/bot1",
    "/bot/../send",
    "/x/bot1/send",
    "/bot1%2fsend",
];

pub(super) fn cases() -> Vec<Case> {
    let refused = case("no spelling of a path leads out of what was granted")
        .also_dials()
        .untouched();
    let fail = |case: Case, path: &&str| {
        let fault = if path.contains(' ') { URL } else { NOT_GRANTED };
        case.fails(&format!("http://narrow.example{path}"), fault)
    };
    vec![
        WAYS_OUT.iter().fold(refused, fail),
        case("what begins with what was granted is granted, in any spelling that means it")
            .get("http://narrow.example/v1", Want::Status(200))
            .get("http://narrow.example/v1/", Want::Status(200))
            .get("http://narrow.example/v1/a/b?../../admin", Want::Status(200))
            .get("http://narrow.example/bot1/send", Want::Status(200))
            .get("http://narrow.example/%76%31/x", Want::Status(200))
            .seen("GET /v1/x HTTP/1.1")
            .seen("GET /v1/a/b?../../admin HTTP/1.1"),
        case("a redirect is no way out either")
            .ways(TYPED)
            .serves("/v1/go", Script::redirect(302, "../admin"))
            .serves("/v1/code", Script::redirect(302, "/v1/%2e%2e/admin"))
            .fails("http://narrow.example/v1/go", NOT_GRANTED.after("Yes"))
            .fails("http://narrow.example/v1/code", NOT_GRANTED.after("Yes"))
            .unseen("admin")
            .passages(4),
    ]
}
