//! Stores: other tenants' keys, and more than was granted.

use std::time::Duration;

use openclaw_components::CallContext;
use openclaw_policy::Limit;
use openclaw_state::{KvUsage, Namespace};
use serde_json::json;

use crate::common::{limit, text, tool};
use crate::ordeal::{House, SAY};

const KV: &str = r#"
    (import "openclaw:kv/store@0.1.0" "get" (func $get (param i32 i32 i32)))
    (import "openclaw:kv/store@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))
    (import "openclaw:kv/store@0.1.0" "list-entries" (func $list (param i32 i32 i32 i32 i32 i32 i32)))"#;

/// Does what the first letter of its arguments' key says with the key that is the value, as it stands there: `s` keeps
/// the tool's own word under it, `g` says what is there or "none", `l` says a letter for each key that begins with it.
fn shelf(name: &str, word: &str) -> Vec<u8> {
    let data = format!(r#"(data (i32.const 1000) "{word}") (data (i32.const 1004) "keptnone")"#);
    let key = "(i32.add (local.get $args) (i32.const 6)) (i32.sub (local.get $args_len) (i32.const 8))";
    let refused = "(if (i32.load8_u (i32.const 2000))
        (then (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016))) (return (i32.const 400))))";
    let call = format!(
        "(local.set $n (i32.load8_u offset=2 (local.get $args)))
        (if (i32.eq (local.get $n) (i32.const 115)) (then
            (call $set {key} (i32.const 1000) (i32.const 4) (i32.const 2000))
            {refused}
            (call $say (i32.const 1004) (i32.const 4))
            (return (i32.const 400))))
        (if (i32.eq (local.get $n) (i32.const 108)) (then
            (call $list {key} (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 2000))
            {refused}
            (call $say (i32.const 3000) (i32.load (i32.const 2012)))
            (return (i32.const 400))))
        (call $get {key} (i32.const 2000))
        {refused}
        (if (i32.load8_u (i32.const 2008))
            (then (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016))))
            (else (call $say (i32.const 1008) (i32.const 4))))"
    );
    tool(name, KV, &data, &call)
}

/// Has a shelf do something with a key.
async fn shelve(house: &House, tool: &str, what: char, key: &str) -> String {
    let arguments = format!(r#"{{"{what}":"{key}"}}"#);
    let said = house
        .fixture
        .host
        .call(tool, &arguments, CallContext::default(), None)
        .await;
    text(&said.unwrap()).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_leads_out_of_the_store() {
    let house = House::open().await;
    let asks = json!({"capabilities": {"kv": {"quota": "64 KiB"}}});
    house.add("vault", &shelf("vault", "gold"), asks.clone()).await;
    house.add("thief", &shelf("pick", "evil"), asks).await;
    let keys = [
        "k",
        "../vault/k",
        "..",
        "/",
        "vault/k",
        "vault:k",
        "%",
        "_",
        "*",
        "vault%00k",
        "' OR 1=1 --",
        "extension:vault",
        "k\u{202e}",
        "\u{10ffff}",
    ];
    for key in keys {
        assert_eq!(shelve(&house, "vault", 's', key).await, "kept");
    }
    house
        .ordeal("thief", 0, async {
            for key in keys {
                assert_eq!(shelve(&house, "pick", 'g', key).await, "none", "{key}");
            }
            assert_eq!(shelve(&house, "pick", 'l', "").await, "");
            for key in keys {
                assert_eq!(shelve(&house, "pick", 's', key).await, "kept");
                assert_eq!(shelve(&house, "vault", 'g', key).await, "gold", "{key}");
            }
            assert_eq!(shelve(&house, "pick", 'l', "").await.len(), keys.len());
            // A prefix is no pattern.
            assert_eq!(shelve(&house, "pick", 'l', "%").await.len(), 1);
            let refused = shelve(&house, "pick", 's', "").await;
            assert!(refused.contains("a key"), "{refused}");
            let refused = shelve(&house, "pick", 's', &"x".repeat(1025)).await;
            assert!(refused.contains("1024"), "{refused}");
        })
        .await;
}

async fn usage(house: &House, extension: &str) -> KvUsage {
    let store = Namespace::of(extension).unwrap();
    house.state.read(move |view| view.kv_usage(&store)).await.unwrap()
}

/// Keeps values under keys of three letters, the first of them the last of the arguments' text, until it is refused;
/// says why then.
fn filler(name: &str, value_bytes: usize) -> Vec<u8> {
    let call = format!(
        "(i32.store8 (i32.const 1500)
            (i32.load8_u (i32.add (local.get $args) (i32.sub (local.get $args_len) (i32.const 3)))))
        (loop $on
            (i32.store8 (i32.const 1501)
                (i32.add (i32.const 97) (i32.rem_u (local.get $n) (i32.const 26))))
            (i32.store8 (i32.const 1502)
                (i32.add (i32.const 97) (i32.rem_u (i32.div_u (local.get $n) (i32.const 26)) (i32.const 26))))
            (i32.store8 (i32.const 1503)
                (i32.add (i32.const 97) (i32.div_u (local.get $n) (i32.const 676))))
            (call $set (i32.const 1500) (i32.const 4) (i32.const 5000) (i32.const {value_bytes}) (i32.const 2000))
            (if (i32.load8_u (i32.const 2000))
                (then (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016)))
                    (return (i32.const 400))))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $on (i32.lt_u (local.get $n) (i32.const 9000))))"
    );
    tool(name, KV, "", &call)
}

fn fill(house: &House, tool: &'static str, letter: char) -> tokio::task::JoinHandle<String> {
    let host = house.fixture.host.clone();
    let arguments = format!(r#"{{"a":"{letter}"}}"#);
    tokio::spawn(async move {
        let said = host.call(tool, &arguments, CallContext::default(), None).await;
        text(&said.unwrap()).to_owned()
    })
}

/// Tries a million keys of four bytes whatever it is told, with none that it tries twice.
fn hoarder() -> Vec<u8> {
    let call = format!(
        "(loop $on
            (i32.store8 (i32.const 1500) (i32.add (i32.const 65) (i32.and (local.get $n) (i32.const 15))))
            (i32.store8 (i32.const 1501)
                (i32.add (i32.const 65) (i32.and (i32.shr_u (local.get $n) (i32.const 4)) (i32.const 31))))
            (i32.store8 (i32.const 1502)
                (i32.add (i32.const 65) (i32.and (i32.shr_u (local.get $n) (i32.const 9)) (i32.const 31))))
            (i32.store8 (i32.const 1503)
                (i32.add (i32.const 65) (i32.shr_u (local.get $n) (i32.const 14))))
            (call $set (i32.const 1500) (i32.const 4) (i32.const 5000) (i32.const 0) (i32.const 2000))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $on (i32.lt_u (local.get $n) (i32.const 1000000))))
        {SAY}"
    );
    tool("hoard", KV, "", &call)
}

/// What each key after the last that was granted costs is a transaction that changes nothing, and there is a limit on those.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tiny_keys_are_counted_and_not_only_weighed() {
    let house = House::open().await;
    let asks = json!({
        "capabilities": {"kv": {"quota": "16 MiB", "entries": 300}},
        "limits": {"cpu": "60 s", "deadline": "5 min"},
    });
    house.add("hoarder", &hoarder(), asks.clone()).await;
    house
        .ordeal("hoarder", 1, async {
            assert_eq!(limit(house.call("hoard").await), Limit::HostCalls);
            assert_eq!(usage(&house, "hoarder").await.entries, 300);
        })
        .await;
    house.add("filler", &filler("fill", 0), asks).await;
    house
        .ordeal("filler", 0, async {
            let said = fill(&house, "fill", 'a').await.unwrap();
            assert!(said.contains("300"), "{said}");
            assert_eq!(usage(&house, "filler").await.entries, 300);
            assert!(fill(&house, "fill", 'b').await.unwrap().contains("300"));
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_that_several_calls_race_for_holds() {
    let house = House::open().await;
    let quota = 64 << 10;
    let asks = json!({
        "capabilities": {"kv": {"quota": "64 KiB"}},
        "limits": {"cpu": "10 s", "concurrency": 4},
    });
    house.add("racer", &filler("race", 1000), asks).await;
    house
        .ordeal("racer", 0, async {
            let calls = ['a', 'b', 'c', 'd'].map(|letter| fill(&house, "race", letter));
            for call in calls {
                let said = call.await.unwrap();
                assert!(said.contains("65536"), "{said}");
            }
            let held = usage(&house, "racer").await.bytes;
            assert!(held <= quota && held > quota - 1004, "{held}");
            // It is not gone: the next attempt is refused as well.
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert!(fill(&house, "race", 'e').await.unwrap().contains("65536"));
        })
        .await;
}
