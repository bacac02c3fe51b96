//! Secrets on their way out: to one host, at one place, written as that place has it, and nowhere else.

use crate::corpus::case::{
    Case, Fault, NOT_FOUND, NOT_GRANTED, SECRET, TYPED, UNFIT, Want, Way, ask, case, get,
};
use crate::corpus::errand::{Body, Send, Step};
use crate::corpus::script::Script;

const VALUE: &str = "tok3n.of-the-corpus_0123456789";
const FORM: &str = "application/x-www-form-urlencoded";

/// A request that is refused, and of which nothing leaves.
fn refused(promise: &'static str, send: Send, fault: Fault) -> Case {
    case(promise)
        .knows("token")
        .send(send, Want::Fails(fault))
        .unseen("HTTP/")
        .unseen("tok3n")
        .unseen("ocsecret_")
}

pub(super) fn cases() -> Vec<Case> {
    let bearer = |url: &str| get(url).header("authorization", "Bearer {{token}}");
    let post = |body: &str| ask("POST", "https://a.example/").json(body);
    let with_odd = |send: Send| {
        case("a value is written as its place has it")
            .knows("odd")
            .send(send, Want::Status(200))
    };
    vec![
        case("a secret stands where the grant says so")
            .knows("token")
            .send(bearer("https://a.example/"), Want::Status(200))
            .send(get("https://a.example/bot{{token}}/send"), Want::Status(200))
            .send(get("https://a.example/?key={{token}}&x=1"), Want::Status(200))
            .seen(format!("authorization: Bearer {VALUE}\r\n"))
            .seen(format!("GET /bot{VALUE}/send HTTP/1.1"))
            .seen(format!("GET /?key={VALUE}&x=1 HTTP/1.1"))
            .unseen("ocsecret_")
            .line("GET https://a.example/bot[secret:token]/send 200"),
        case("a secret stands in a body where the grant says so")
            .ways(TYPED)
            .knows("token")
            .send(post(r#"{"x":1,"token":"{{token}}"}"#), Want::Status(200))
            .send(ask("POST", "https://a.example/").text(FORM, "x=1&token={{token}}"), Want::Status(200))
            .send(ask("POST", "https://a.example/").body(Body::Form(vec![("token".into(), "{{token}}".into())])), Want::Status(200))
            .send(ask("POST", "https://a.example/").text("text/plain", "HELLO\r\nPASS {{token}}\r\n"), Want::Status(200))
            .seen(format!(r#"{{"x":1,"token":"{VALUE}"}}"#))
            .seen(format!("x=1&token={VALUE}"))
            .seen(format!("name=\"token\"\r\n\r\n{VALUE}\r\n"))
            .seen(format!("HELLO\r\nPASS {VALUE}\r\n"))
            .unseen("ocsecret_"),
        case("over the second version a secret stands where the grant says so")
            .knows("token")
            .send(bearer("https://two.example/"), Want::Status(200))
            .seen(format!("authorization: Bearer {VALUE}\r\n")),
        case("a text that looks like a placeholder and is none is text")
            .send(get("https://b.example/").header("x", &format!("ocsecret_{}", "a".repeat(40))), Want::Status(200))
            .seen("ocsecret_aaaa"),
        refused("a secret goes to no other host", bearer("https://b.example/"), SECRET.saying("may not be sent to b.example")),
        refused("a secret goes nowhere where others read along", bearer("http://a.example/"), SECRET.saying("unencrypted")),
        refused(
            "a secret is no chat message to the right host",
            post(r#"{"chat":1,"text":"my token is {{token}}"}"#),
            SECRET,
        )
        .ways(TYPED),
        refused("a secret stands in no other header", get("https://a.example/").header("x-other", "{{token}}"), SECRET),
        refused("a secret stands in no cookie", get("https://a.example/").header("cookie", "a={{token}}"), SECRET),
        refused("a secret is no name of a header", get("https://a.example/").header("{{token}}", "x"), SECRET),
        refused("a secret stands in no other query parameter", get("https://a.example/?q={{token}}"), SECRET),
        refused("a secret is no name of a query parameter", get("https://a.example/?{{token}}=key"), SECRET),
        refused("a secret is no whole query", get("https://a.example/?{{token}}"), SECRET),
        refused("a secret completes no percent code", get("https://a.example/?key=%4{{token}}"), SECRET),
        refused("a secret completes no percent code in a path", get("https://a.example/%{{token}}"), SECRET),
        refused("a secret stands in no path that can be read in two ways", get("https://a.example/x/..;/{{token}}"), SECRET),
        refused("a secret stands at no other place of a document", post(r#"{"a":{"token":"{{token}}"}}"#), SECRET).ways(TYPED),
        refused("a secret is no name in a document", post(r#"{"{{token}}":"token"}"#), SECRET).ways(TYPED),
        refused(
            "a document that can be read in two ways gets no secret",
            post(r#"{"token":"x","token":"{{token}}"}"#),
            SECRET.saying("twice"),
        )
        .ways(TYPED),
        refused("what is no document gets no secret", post(r#"{"token":"{{token}}""#), SECRET.saying("no JSON")).ways(TYPED),
        refused(
            "a text in another alphabet gets no secret",
            ask("POST", "https://a.example/").text("application/json; charset=utf-16", r#"{"token":"{{token}}"}"#),
            SECRET.saying("charset"),
        )
        .ways(TYPED),
        refused(
            "a secret is no name of a field",
            ask("POST", "https://a.example/").body(Body::Form(vec![("{{token}}".into(), "x".into())])),
            SECRET,
        )
        .ways(TYPED),
        refused(
            "a line that only seems to begin right gets no secret",
            ask("POST", "https://a.example/").text("text/plain", "PASSWORD {{token}}"),
            SECRET,
        )
        .ways(TYPED),
        case("a rule for a header is no rule for a path or a query")
            .step(
                Step::Field { secret: "account".into(), pointer: "/pass".into(), name: "pass".into() },
                Want::Says("ocsecret_"),
            )
            .send(get("https://a.example/{{pass}}"), Want::Fails(SECRET))
            .send(get("https://a.example/?key={{pass}}"), Want::Fails(SECRET))
            .send(get("https://a.example/").header("authorization", "{{pass}}"), Want::Status(200))
            .seen("authorization: pa55-in-a-document-1732\r\n"),
        case("the host of an address is no place for a secret")
            .ways(TYPED)
            .knows("token")
            .step(Step::Send(Box::new(get("https://{{token}}.many.example/"))), Want::Fails(SECRET.saying("the name of a host")))
            .untouched(),
        case("a secret that is split over a stream's pieces ends it")
            .knows("token")
            .send(
                ask("POST", "https://a.example/").body(Body::Pieces(
                    vec!["begin ".into(), "PASS {{token<}}".into(), "{{token>}}".into(), " end".into()],
                    None,
                )),
                Want::Fails(SECRET.saying("stream").after("Yes")),
            )
            .unseen(VALUE)
            .unseen("end"),
        case("a secret in a body of the standard interface ends it")
            .ways(&[Way::Standard])
            .knows("token")
            .send(post(r#"{"token":"{{token}}"}"#), Want::Fails(SECRET))
            .unseen("tok3n"),
        case("what stands for a secret is not kept")
            .ways(&[Way::Typed])
            .knows("token")
            .step(Step::Keep { key: "k".into(), value: "x {{token}} y".into() }, Want::Fails(SECRET))
            .step(Step::Keep { key: "{{token}}".into(), value: "x".into() }, Want::Fails(SECRET))
            .step(Step::Keep { key: "k".into(), value: "x".into() }, Want::Says("kept")),
        case("to another host no header with a secret goes along")
            .ways(TYPED)
            .knows("token")
            .serves("/go", Script::redirect(302, "https://b.example/end"))
            .send(
                get("https://a.example/go").header("x-token", "{{token}}").header("x-other", "stays"),
                Want::Status(200),
            )
            .seen(format!("x-token: {VALUE}\r\n"))
            .look(|outcome| {
                let last = &outcome.heard.last().ok_or("nothing was heard")?.text;
                match last.contains("x-other: stays") && !last.contains("x-token") {
                    true => Ok(()),
                    false => Err(format!("at the end arrived {last}")),
                }
            })
            .passages(2),
        case("to another host no body with a secret goes along")
            .ways(TYPED)
            .knows("token")
            .serves("/go", Script::redirect(307, "https://b.example/end"))
            .send(
                ask("POST", "https://a.example/go").json(r#"{"token":"{{token}}"}"#),
                Want::Fails(NOT_GRANTED.saying("b.example").after("Yes")),
            )
            .unseen("/end")
            .passages(1),
        case("within one host a secret is put in anew")
            .ways(TYPED)
            .knows("token")
            .serves("/go", Script::redirect(307, "/end"))
            .send(ask("POST", "https://a.example/go").json(r#"{"token":"{{token}}"}"#), Want::Status(200))
            .look(|outcome| {
                let last = &outcome.heard.last().ok_or("nothing was heard")?.text;
                match last.starts_with("POST /end") && last.contains(VALUE) {
                    true => Ok(()),
                    false => Err(format!("at the end arrived {last}")),
                }
            })
            .passages(2),
        case("down to no encryption no secret goes along")
            .ways(TYPED)
            .knows("token")
            .serves("/go", Script::redirect(307, "http://a.example/end"))
            .send(
                ask("POST", "https://a.example/go").json(r#"{"token":"{{token}}"}"#),
                Want::Fails(NOT_GRANTED.saying("a secret in its body").after("Yes")),
            )
            .unseen("/end")
            .passages(1),
        with_odd(get("https://a.example/?key={{odd}}&x=1"))
            .seen("GET /?key=o%22d%26d%2541%20v%5Ca%3Dl%2Bue%20%C3%BC%20%23%3F%3B%3A%279876&x=1 HTTP/1.1"),
        with_odd(get("https://a.example/").header("authorization", "{{odd}}"))
            .seen("authorization: o\"d&d%41 v\\a=l+ue ü #?;:'9876\r\n"),
        with_odd(post(r#"{"token":"<{{odd}}>"}"#)).ways(TYPED).seen(r#"{"token":"<o\"d&d%41 v\\a=l+ue ü #?;:'9876>"}"#),
        with_odd(ask("POST", "https://a.example/").text(FORM, "token={{odd}}&x=1"))
            .ways(TYPED)
            .seen("token=o%22d%26d%2541+v%5Ca%3Dl%2Bue+%C3%BC+%23%3F%3B%3A%279876&x=1"),
        case("a value that some server would take for structure stands in no path")
            .knows("odd")
            .knows("slashed")
            .knows("broken")
            .send(get("https://a.example/{{odd}}"), Want::Fails(UNFIT))
            .send(get("https://a.example/{{slashed}}"), Want::Fails(UNFIT))
            .send(get("https://a.example/{{broken}}"), Want::Fails(UNFIT))
            .unseen("HTTP/"),
        case("a value with a line break ends no header")
            .knows("broken")
            .send(get("https://a.example/").header("authorization", "{{broken}}"), Want::Fails(UNFIT))
            .unseen("HTTP/"),
        case("a value with a line break is written with codes where there are some")
            .ways(TYPED)
            .knows("broken")
            .send(get("https://a.example/?key={{broken}}"), Want::Status(200))
            .send(post(r#"{"token":"{{broken}}"}"#), Want::Status(200))
            .seen("?key=br0ken-value%0D%0Ax-injected%3A%201 HTTP")
            .seen(r#"{"token":"br0ken-value\r\nx-injected: 1"}"#),
        case("a name that was not granted, one without a value and one that never was are the same to whoever asks")
            .step(Step::Lookup("foreign".into()), Want::Fails(NOT_FOUND.saying("no secret \"foreign\" is granted and has a value")))
            .step(Step::Lookup("unset".into()), Want::Fails(NOT_FOUND.saying("no secret \"unset\" is granted and has a value")))
            .step(Step::Lookup("nonsense".into()), Want::Fails(NOT_FOUND.saying("no secret \"nonsense\" is granted and has a value")))
            .step(Step::Lookup("fresh".into()), Want::Fails(NOT_FOUND.saying("no secret \"fresh\" is granted and has a value")))
            .ways(TYPED)
            .look(|outcome| {
                let says = |at: usize, name: &str| {
                    let error = outcome.answers[at].error.clone().unwrap_or_default();
                    format!("{} {}", error.code, error.message.replace(name, "NAME"))
                };
                match says(0, "foreign") == says(1, "unset") && says(1, "unset") == says(2, "nonsense") {
                    true => Ok(()),
                    false => Err(format!("they differ: {:?}", outcome.answers)),
                }
            }),
    ]
}
