//! What is computed with secrets inside of the host, and what a server issues at run time.

use crate::corpus::case::{Case, LATE, NOT_FOUND, SECRET, TYPED, Want, ask, case, get};
use crate::corpus::errand::Step;
use crate::corpus::grants::ISSUED;
use crate::corpus::script::Script;

/// The HMAC with SHA-256 of `message`, its beginning, and the SHA-256 of the key and `message`.
const CODE_WHOLE: &str = "0fd1d43ee9556ac2640b9f1aa18172a62082d45c32f905f9e39ced57a8f3eeda";
const CODE: &str = "0fd1d43ee9556ac2";
const DIGEST: &str = "dcd8dcc7aa5709d46f00d8738c00b45aa50095620742003fbb41a55809e6980a";

fn code(how: &str, key: &str, message: &str) -> Step {
    Step::Code {
        how: how.to_owned(),
        key: key.to_owned(),
        message: message.to_owned(),
    }
}

fn check(how: &str, key: &str, message: &str, code: &str) -> Step {
    Step::Check {
        how: how.to_owned(),
        key: key.to_owned(),
        message: message.to_owned(),
        code: code.to_owned(),
    }
}

fn issue() -> Script {
    Script::ok(
        &["content-type: application/json"],
        format!(r#"{{"access_token":"{}","n":1}}"#, ISSUED[0]),
    )
}

fn matches(secret: &str, candidate: &str) -> Step {
    Step::Matches {
        secret: secret.to_owned(),
        candidate: candidate.to_owned(),
    }
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("user and password are put together inside of the host")
            .knows("token")
            .step(
                Step::Compose {
                    parts: vec!["user:".into(), "{{token}}".into()],
                    encoding: "base64".into(),
                    name: "basic".into(),
                },
                Want::Says("ocsecret_"),
            )
            .serves("/echo", Script::Mirror)
            .send(
                get("https://a.example/echo").header("authorization", "Basic {{basic}}"),
                Want::Body(200, "Basic [secret:token]"),
            )
            .send(
                get("https://b.example/").header("authorization", "Basic {{basic}}"),
                Want::Fails(SECRET),
            )
            .seen("authorization: Basic dXNlcjp0b2szbi5vZi10aGUtY29ycHVzXzAxMjM0NTY3ODk=\r\n"),
        case("a composition goes where all of its parts may go")
            .knows("token")
            .knows("apart")
            .step(
                Step::Compose {
                    parts: vec!["{{token}}".into(), "{{apart}}".into()],
                    encoding: "plain".into(),
                    name: "both".into(),
                },
                Want::Says("ocsecret_"),
            )
            .send(
                get("https://a.example/").header("authorization", "{{both}}"),
                Want::Fails(SECRET),
            )
            .send(
                get("https://b.example/").header("authorization", "{{both}}"),
                Want::Fails(SECRET),
            )
            .unseen("tok3n")
            .unseen("only-for-b"),
        case("a token that a server issues is taken out before anybody reads it")
            .ways(TYPED)
            .serves("/login", issue())
            .send(
                ask("POST", "https://a.example/login")
                    .json("{}")
                    .capture("json", "/access_token", false),
                Want::Body(200, r#"{"access_token":"ocsecret_"#),
            )
            .send(
                get("https://a.example/").header("authorization", "Bearer {{fresh}}"),
                Want::Status(200),
            )
            .send(
                get("https://b.example/").header("authorization", "Bearer {{fresh}}"),
                Want::Fails(SECRET),
            )
            .seen(format!("authorization: Bearer {}\r\n", ISSUED[0]))
            .step(Step::Forget("fresh".into()), Want::Says("true"))
            .step(Step::Lookup("fresh".into()), Want::Fails(NOT_FOUND)),
        case("a token is taken out of a header")
            .ways(TYPED)
            .serves(
                "/login",
                Script::ok(&[&format!("x-session: {}", ISSUED[1])], "ok"),
            )
            .send(
                get("https://a.example/login").capture("header", "X-Session", false),
                Want::Body(200, "ok"),
            )
            .send(
                get("https://a.example/").header("authorization", "{{fresh}}"),
                Want::Status(200),
            )
            .told("(\"x-session\", \"ocsecret_")
            .seen(format!("authorization: {}\r\n", ISSUED[1]))
            .step(Step::Forget("fresh".into()), Want::Says("true")),
        case("a token is taken out of a cookie")
            .ways(TYPED)
            .serves(
                "/login",
                Script::ok(&[&format!("set-cookie: sid={}; Path=/; Secure", ISSUED[1])], "ok"),
            )
            .send(
                get("https://a.example/login").capture("cookie", "sid", false),
                Want::Body(200, "ok"),
            )
            .send(
                get("https://a.example/").header("authorization", "{{fresh}}"),
                Want::Status(200),
            )
            .told("; Path=/; Secure")
            .seen(format!("authorization: {}\r\n", ISSUED[1]))
            .step(Step::Forget("fresh".into()), Want::Says("true")),
        case("a body that is being read gives no token")
            .ways(TYPED)
            .serves("/login", Script::ok(&[], r#"{"access_token":"harmless"}"#))
            .send(
                get("https://a.example/login").capture("json", "/access_token", true),
                Want::Fails(LATE),
            ),
        case("what is not there is not taken")
            .ways(TYPED)
            .serves("/login", issue())
            .send(
                get("https://a.example/login").capture("json", "/other", false),
                Want::Fails(NOT_FOUND.saying("no text to capture").after("Yes")),
            ),
        case("a code is computed with the key inside of the host, and compared there")
            .knows("code")
            .step(code("hmac", "{{code}}", "message"), Want::Says(CODE))
            .step(
                check("hmac", "{{code}}", "message", CODE_WHOLE),
                Want::Says("true"),
            )
            .step(
                check("hmac", "{{code}}", "massage", CODE_WHOLE),
                Want::Says("false"),
            )
            .step(check("hmac", "{{code}}", "message", CODE), Want::Says("false"))
            .step(code("digest", "{{code}}", "message"), Want::Says(DIGEST)),
        case("a text is compared with a secret inside of the host")
            .knows("code")
            .step(matches("{{code}}", "something else"), Want::Says("false"))
            .step(matches("{{code}}", "{{code}}"), Want::Says("true")),
        case("a signature is made with the key inside of the host, and holds")
            .knows("pem")
            .step(code("sign", "{{pem}}", "message"), Want::Done)
            .step(
                check("sign", "{{pem}}", "message", &"00".repeat(64)),
                Want::Says("false"),
            ),
        case("a secret without the flag is used for no code")
            .knows("token")
            .knows("code")
            .knows("pem")
            .step(
                code("hmac", "{{token}}", "message"),
                Want::Fails(SECRET_OF_GUESTS),
            )
            .step(code("sign", "{{code}}", "message"), Want::Fails(SECRET_OF_GUESTS))
            .step(code("hmac", "{{pem}}", "message"), Want::Fails(SECRET_OF_GUESTS))
            .step(
                code("hmac", "{{code}}", "about {{token}}"),
                Want::Fails(SECRET_OF_GUESTS),
            )
            .step(code("digest", "{{token}}", "x"), Want::Fails(SECRET_OF_GUESTS))
            .step(matches("{{token}}", "x"), Want::Fails(SECRET_OF_GUESTS)),
        case("a value is shown where that was granted, and nowhere else")
            .knows("shown")
            .knows("token")
            .step(
                Step::Reveal("{{shown}}".into()),
                Want::Says("a-value-that-may-be-seen-1414"),
            )
            .step(Step::Reveal("{{token}}".into()), Want::Fails(SECRET_OF_GUESTS))
            .step(
                Step::Reveal("ocsecret_made-up".into()),
                Want::Fails(NOT_FOUND.saying("no placeholder")),
            ),
    ]
}

/// What a guest is told of a secret is told by the typed interface, also beside the standard one.
const SECRET_OF_GUESTS: crate::corpus::case::Fault = crate::corpus::case::Fault {
    words: "does not allow this use",
    standard: &["Denied"],
    ..SECRET
};
