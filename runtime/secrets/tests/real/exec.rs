//! The resolver protocol, spoken with real programs.

use openclaw_config::{SecretRef, SecretSource};
use serde_json::json;

use crate::Bench;

#[tokio::test]
async fn a_program_gets_the_request_its_folder_and_only_the_granted_environment() {
    let mut bench = Bench::new();
    bench.env.insert("PASSED".into(), "passed".into());
    bench.env.insert("WITHHELD".into(), "withheld".into());
    bench.shell(
        "vault",
        "cat > request.json; pwd > cwd; /usr/bin/env > environment; printf '%s\\n' \"$@\" > arguments\n\
         echo '{\"protocolVersion\":1,\"values\":{\"a\":\"value-a\"}}'",
        json!({"passEnv": ["PASSED", "ABSENT"], "env": {"SET": "set"}, "args": ["$HOME", "two words; true"]}),
    );
    assert_eq!(bench.ask_exec("vault", "a").await, Ok("value-a".into()));
    let read = |name: &str| std::fs::read_to_string(bench.path(name)).unwrap();
    assert_eq!(
        read("request.json"),
        r#"{"protocolVersion":1,"provider":"vault","ids":["a"]}"#
    );
    assert_eq!(
        read("cwd").trim(),
        bench.dir.path().canonicalize().unwrap().to_str().unwrap()
    );
    assert_eq!(read("arguments"), "$HOME\ntwo words; true\n");
    // The shell itself adds PWD and the like; PATH is what the script set.
    let environment = read("environment");
    assert!(environment.contains("PASSED=passed\n") && environment.contains("SET=set\n"));
    assert!(
        !environment.contains("WITHHELD")
            && !environment.contains("ABSENT")
            && !environment.contains("HOME=")
    );
}

#[tokio::test]
async fn five_hundred_and_twelve_references_start_one_process() {
    let mut bench = Bench::new();
    let command = bench.fixture("resolver.py");
    bench.file("values.json", r#"{"*": "the-value"}"#, 0o600);
    bench.exec("vault", &command, json!({}));
    let reference =
        |n: usize| SecretRef::new(SecretSource::Exec, Some("vault".into()), format!("id/{n}")).unwrap();
    let references: Vec<SecretRef> = (0..512).map(reference).collect();
    let resolved = bench.resolver().resolve(&references).await;
    assert_eq!(resolved.len(), 512);
    assert!(
        resolved
            .values()
            .all(|value| value.as_ref().unwrap().expose() == "the-value")
    );
    assert_eq!(std::fs::read_to_string(bench.path("starts.log")).unwrap(), "x\n");

    let too_many: Vec<SecretRef> = (0..513).map(reference).collect();
    let resolved = bench.resolver().resolve(&too_many).await;
    let expected = "Exec provider \"vault\" exceeded maxRefsPerProvider (512).";
    assert!(
        resolved
            .values()
            .all(|value| value.as_ref().unwrap_err().to_string() == expected)
    );
    assert_eq!(std::fs::read_to_string(bench.path("starts.log")).unwrap(), "x\n");
}

#[tokio::test]
async fn one_missing_id_does_not_spoil_the_others() {
    let mut bench = Bench::new();
    let command = bench.fixture("resolver.py");
    bench.file("values.json", r#"{"good": "the-value"}"#, 0o600);
    bench.exec("vault", &command, json!({}));
    let reference = |id: &str| SecretRef::new(SecretSource::Exec, Some("vault".into()), id.into()).unwrap();
    let references = [reference("good"), reference("bad")];
    let resolver = bench.resolver();
    let resolved = resolver.resolve(&references).await;
    assert_eq!(
        resolved[&resolver.key(&references[0])].as_ref().unwrap().expose(),
        "the-value"
    );
    let error = resolved[&resolver.key(&references[1])]
        .as_ref()
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "Exec provider \"vault\" failed for id \"bad\" (NOT_FOUND)."
    );
}

#[tokio::test]
async fn each_failure_has_its_words_and_nothing_of_the_program_shows() {
    for (script, words) in [
        (
            "cat >/dev/null; echo leak >&2; exit 3",
            "Exec provider \"p\" exited with code 3.",
        ),
        ("kill -TERM $$", "Exec provider \"p\" exited with code 143."),
        ("cat >/dev/null", "Exec provider \"p\" returned empty stdout."),
        ("echo leak", "Exec provider \"p\" returned invalid JSON."),
        (
            "echo '[\"leak\"]'",
            "Exec provider \"p\" response must be an object.",
        ),
        (
            "echo '{\"protocolVersion\":2,\"values\":{\"a\":\"leak\"}}'",
            "Exec provider \"p\" protocolVersion must be 1.",
        ),
        (
            "echo '{\"protocolVersion\":1}'",
            "Exec provider \"p\" response missing \"values\".",
        ),
        (
            "echo '{\"protocolVersion\":1,\"values\":{}}'",
            "Exec provider \"p\" response missing id \"a\".",
        ),
        (
            "echo '{\"protocolVersion\":1,\"values\":{},\"errors\":{\"a\":{\"code\":\"LEAK\",\"message\":\"leak\"}}}'",
            "Exec provider \"p\" failed for id \"a\".",
        ),
        (
            "echo '{\"protocolVersion\":1,\"values\":{\"a\":\"\"}}'",
            "Secret reference \"exec:p:a\" resolved to a non-string or empty value.",
        ),
        (
            "echo '{\"protocolVersion\":1,\"values\":{\"a\":\"***\"}}'",
            "Secret reference \"exec:p:a\" resolved to a placeholder; put the real value in its provider.",
        ),
    ] {
        let mut bench = Bench::new();
        bench.shell("p", script, json!({}));
        assert_eq!(bench.ask_exec("p", "a").await, Err(words.to_owned()), "{script}");
    }
}

#[tokio::test]
async fn bare_text_is_the_value_where_the_config_allows_it() {
    let mut bench = Bench::new();
    bench.shell("bare", "echo hunter2", json!({"jsonOnly": false}));
    assert_eq!(bench.ask_exec("bare", "value").await, Ok("hunter2".into()));
}

#[tokio::test]
async fn a_request_over_the_limit_starts_nothing() {
    let mut bench = Bench::new();
    bench.resolution = json!({"maxBatchBytes": 60});
    bench.shell("p", "touch started", json!({}));
    let expected = "Exec provider \"p\" request exceeded maxBatchBytes (60).";
    assert_eq!(bench.ask_exec("p", &"a".repeat(100)).await, Err(expected.into()));
    assert!(!bench.path("started").exists());
}

#[tokio::test]
async fn a_program_that_cannot_be_run_says_so() {
    let mut bench = Bench::new();
    let path = bench.file("no-program", "neither script nor binary", 0o600);
    bench.exec("p", &path, json!({}));
    assert_eq!(
        bench.ask_exec("p", "a").await,
        Err("Exec provider \"p\" could not be started: permission denied.".into())
    );
}

#[tokio::test]
async fn sources_that_cannot_be_asked_have_their_words() {
    let mut bench = Bench::new();
    bench.providers.insert("open".into(), json!({"source": "env"}));
    bench
        .providers
        .insert("none".into(), json!({"source": "env", "allowlist": []}));
    bench.providers.insert(
        "plug".into(),
        json!({"source": "exec", "pluginIntegration": {"pluginId": "a", "integrationId": "b"}}),
    );
    bench.env.insert("KEY".into(), "the-value".into());
    bench.env.insert("BLANK".into(), String::new());
    for (source, alias, id, words) in [
        (
            SecretSource::Exec,
            "gone",
            "a",
            "Secret provider \"gone\" is not configured (ref: exec:gone:a).",
        ),
        (
            SecretSource::File,
            "open",
            "/a",
            "Secret provider \"open\" has source \"env\" but ref requests \"file\".",
        ),
        (
            SecretSource::Env,
            "none",
            "KEY",
            "Environment variable \"KEY\" is not allowlisted in secrets.providers.none.allowlist.",
        ),
        (
            SecretSource::Env,
            "open",
            "ABSENT",
            "Environment variable \"ABSENT\" is missing or empty.",
        ),
        (
            SecretSource::Env,
            "default",
            "BLANK",
            "Environment variable \"BLANK\" is missing or empty.",
        ),
        (
            SecretSource::Store,
            "default",
            "KEY",
            "Secret source \"store\" is not in this build (ref: store:default:KEY); use source env, file or exec.",
        ),
        (
            SecretSource::Exec,
            "plug",
            "a",
            "Secret provider \"plug\" takes its command from a plugin, which is not in this build; set secrets.providers.plug.command.",
        ),
    ] {
        assert_eq!(bench.ask(source, alias, id).await, Err(words.to_owned()));
    }
    assert_eq!(
        bench.ask(SecretSource::Env, "default", "KEY").await,
        Ok("the-value".into())
    );
    assert_eq!(
        bench.ask(SecretSource::Env, "open", "KEY").await,
        Ok("the-value".into())
    );
}
