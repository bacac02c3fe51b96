//! What tools say of their arguments, to the model and to whoever would check them.

use std::fs;
use std::time::{Duration, Instant};

use openclaw_agent::session::Key;
use openclaw_components::{CallContext, Error, Installed};
use openclaw_tests::assistant::Assistant;
use openclaw_tests::gateway::House as Home;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::escaped;
use crate::common::{text, tool, tool_described};
use crate::ordeal::{House, SAY};

/// A tool whose arguments are described by this.
fn described(name: &str, parameters: &str) -> Vec<u8> {
    let data = format!(r#"(data (i32.const 1000) "{}")"#, escaped(parameters));
    let describe = format!(
        "(i32.store (i32.const 228) (i32.const 1000)) (i32.store (i32.const 232) (i32.const {}))",
        parameters.len()
    );
    tool_described(name, ["", &data, &describe, SAY])
}

async fn install(house: &House, component: &[u8]) -> Result<Installed, Error> {
    let package = house.fixture.package("guest", component, &json!({}));
    house.fixture.host.install(&package).await
}

async fn refuse(house: &House, component: &[u8]) -> String {
    let refused = house.ordeal("guest", 1, install(house, component)).await;
    match refused.unwrap_err() {
        error @ Error::Description { .. } => error.to_string(),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_is_no_json_or_too_deep_is_refused() {
    let house = House::open().await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    for schema in [
        &deep,
        r#"{"maximum":1e400}"#,
        "[]",
        "{",
        r#"{"type":"object"} {}"#,
    ] {
        let said = refuse(&house, &described("odd", schema)).await;
        assert!(said.contains("no JSON object"), "{said}");
    }
}

/// Ten megabytes of a schema: an enumeration of two and a half million letters.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_of_ten_megabytes_is_refused() {
    let house = House::open().await;
    // `{"enum":[` to begin with, then `"a",` over and over, and in the end `1]}`.
    let long = |members: u32| {
        let (from, end) = (131_072 + 9, 131_072 + 9 + 4 * members);
        let describe = format!(
            r"(drop (memory.grow (i32.const 170)))
            (memory.copy (i32.const 131072) (i32.const 1000) (i32.const 9))
            (loop $on
                (i32.store (i32.add (i32.const {from}) (i32.mul (global.get $nth) (i32.const 4)))
                    (i32.load (i32.const 1010)))
                (global.set $nth (i32.add (global.get $nth) (i32.const 1)))
                (br_if $on (i32.lt_u (global.get $nth) (i32.const {members}))))
            (memory.copy (i32.const {end}) (i32.const 1020) (i32.const 3))
            (i32.store (i32.const 228) (i32.const 131072)) (i32.store (i32.const 232) (i32.const {}))",
            12 + 4 * members
        );
        let data = format!(
            r#"(data (i32.const 1000) "{}") (data (i32.const 1010) "{}") (data (i32.const 1020) "{}")"#,
            escaped(r#"{"enum":["#),
            escaped(r#""a","#),
            escaped("1]}")
        );
        tool_described(
            "long",
            ["(global $nth (mut i32) (i32.const 0))", &data, &describe, SAY],
        )
    };
    let installed = install(&house, &long(15_000)).await.unwrap();
    let schema: Value = serde_json::from_str(&installed.tools[0].parameters).unwrap();
    assert_eq!(schema["enum"].as_array().unwrap().len(), 15_001);
    let said = refuse(&house, &long(10 << 18)).await;
    assert!(said.contains("more than 65536 bytes"), "{said}");
}

/// Each text is within its bound, and all of them would go to a model with every turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tools_whose_texts_are_ten_megabytes_together_are_refused() {
    let house = House::open().await;
    // The list at 160 is of so many tools at 140000, 68 bytes each; their names are two letters at 160000.
    let many = |count: u32| {
        let describe = format!(
            "(drop (memory.grow (i32.const 8)))
            (memory.fill (i32.const 200000) (i32.const 0x78) (i32.const 60000))
            (loop $on
                (i32.store8 (i32.add (i32.const 160000) (i32.mul (global.get $nth) (i32.const 2)))
                    (i32.add (i32.const 97) (i32.div_u (global.get $nth) (i32.const 26))))
                (i32.store8 (i32.add (i32.const 160001) (i32.mul (global.get $nth) (i32.const 2)))
                    (i32.add (i32.const 97) (i32.rem_u (global.get $nth) (i32.const 26))))
                (i32.store (i32.add (i32.const 140000) (i32.mul (global.get $nth) (i32.const 68)))
                    (i32.add (i32.const 160000) (i32.mul (global.get $nth) (i32.const 2))))
                (i32.store (i32.add (i32.const 140004) (i32.mul (global.get $nth) (i32.const 68))) (i32.const 2))
                (i32.store (i32.add (i32.const 140020) (i32.mul (global.get $nth) (i32.const 68))) (i32.const 200000))
                (i32.store (i32.add (i32.const 140024) (i32.mul (global.get $nth) (i32.const 68))) (i32.const 60000))
                (i32.store (i32.add (i32.const 140028) (i32.mul (global.get $nth) (i32.const 68))) (i32.const 140))
                (i32.store (i32.add (i32.const 140032) (i32.mul (global.get $nth) (i32.const 68))) (i32.const 2))
                (global.set $nth (i32.add (global.get $nth) (i32.const 1)))
                (br_if $on (i32.lt_u (global.get $nth) (i32.const {count}))))
            (i32.store (i32.const 160) (i32.const 140000)) (i32.store (i32.const 164) (i32.const {count}))"
        );
        tool_described(
            "many",
            ["(global $nth (mut i32) (i32.const 0))", "", &describe, SAY],
        )
    };
    assert_eq!(install(&house, &many(4)).await.unwrap().tools.len(), 4);
    let said = refuse(&house, &many(200)).await;
    assert!(said.contains("12000400 bytes together"), "{said}");
}

/// Nobody but the model reads a schema: not at install, not when tools are listed, not when they are called.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_never_fetched_and_its_expressions_are_never_tried() {
    let house = House::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = format!("http://{}/schema.json", listener.local_addr().unwrap());
    let schema = json!({
        "$schema": there,
        "$id": there,
        "type": "object",
        "allOf": [{"$ref": there}, {"$dynamicRef": there}],
        "properties": {"s": {"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}},
    });
    let folder = tempfile::tempdir().unwrap();
    let (state, host) = (house.state.clone(), house.fixture.host.clone());
    let assistant = Assistant::start_with(folder.path(), &json!({}), state, Some(host))
        .await
        .unwrap();
    let main = Key::main("main");
    house
        .ordeal("guest", 0, async {
            house
                .add("guest", &described("lure", &schema.to_string()), json!({}))
                .await;
            let listed = assistant.agent.explain(&main).await.unwrap();
            let lure = &listed.find("lure").unwrap().tool;
            assert_eq!(lure.parameters, schema);
            let arguments = json!({"s": "a".repeat(50_000)});
            let begun = Instant::now();
            let called = assistant
                .agent
                .call_tool(&main, "lure", &arguments, None)
                .await
                .unwrap();
            assert_eq!(called.text, "A tool");
            let said = house
                .fixture
                .host
                .call("lure", &arguments.to_string(), CallContext::default(), None)
                .await;
            assert_eq!(text(&said.unwrap()), "A tool");
            assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        })
        .await;
    let visited = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(visited.is_err(), "somebody fetched the schema: {visited:?}");
    assistant.agent.stop().await;
}

/// The schema of its settings is read, and by nobody else than the gateway.
#[test]
fn settings_are_held_against_a_schema_that_fetches_nothing_and_ends() {
    let home = Home::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let there = format!("http://{}/schema.json", listener.local_addr().unwrap());
    let pack = |schema: Value| {
        let folder = home.home().join("guest");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("tool.wasm"), tool("lure", "", "", SAY)).unwrap();
        let manifest = json!({"id": "guest", "configSchema": schema, "component": {"file": "tool.wasm"}});
        fs::write(folder.join("openclaw.plugin.json"), manifest.to_string()).unwrap();
    };
    let install = || home.run(&["plugins", "install", "./guest", "--grant", "all"]);
    pack(json!({"$ref": there}));
    let refused = install();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("the configSchema of guest cannot be used"),
        "{said}"
    );
    // One for an engine that tries every way, and one that makes any engine try.
    for pattern in ["^(([a-z])+.)+[A-Z]([a-z])+$", "^(a+)+(?=b)\\1$"] {
        pack(json!({"type": "object", "properties": {"s": {"type": "string", "pattern": pattern}}}));
        let installed = install();
        assert!(
            installed.status.success(),
            "{}",
            String::from_utf8_lossy(&installed.stderr)
        );
        let config = json!({"plugins": {"entries": {"guest": {"config": {"s": "a".repeat(5_000)}}}}});
        fs::create_dir_all(home.state()).unwrap();
        fs::write(home.state().join("openclaw.json"), config.to_string()).unwrap();
        let begun = Instant::now();
        let ended = home.run(&["plugins", "run", "guest", "lure", "--args", "{}"]);
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{pattern}: {:?}",
            begun.elapsed()
        );
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(
            !ended.status.success() && said.contains("plugins.entries.guest.config.s"),
            "{pattern}: {said}"
        );
    }
    assert!(listener.accept().is_err(), "somebody fetched the schema");
}
