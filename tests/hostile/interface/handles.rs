//! Handles that were let go, guessed, or are somebody else's.

use openclaw_components::{CallContext, Error, Output};
use serde_json::json;

use super::{CALL, NEXT};
use crate::common::{text, tool};
use crate::ordeal::House;

const CONTEXT: &str = r#"
    (import "openclaw:context/call@0.1.0" "current" (func $current (result i32)))
    (import "openclaw:context/call@0.1.0" "[method]context.call-id" (func $id (param i32 i32)))
    (import "openclaw:context/call@0.1.0" "[resource-drop]context" (func $drop (param i32)))"#;
/// Says the id of the call, with the handle in `$n`.
const SAY_ID: &str = "(call $id (local.get $n) (i32.const 2000))
    (call $say (i32.load (i32.const 2000)) (i32.load (i32.const 2004)))";

fn assert_trapped(ended: Result<Output, Error>, says: &str) {
    match ended {
        Err(Error::Trap { what, .. }) => assert!(what.contains(says), "{what}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_is_of_no_use_after_it_was_let_go() {
    let house = House::open().await;
    // Once well, for the proof that the way is open; then with the handle let go before; then let go twice.
    let call = format!(
        "(local.set $n (call $current))
        (if (i32.gt_u (local.get $args_len) (i32.const 2)) (then (call $drop (local.get $n))))
        (if (i32.gt_u (local.get $args_len) (i32.const 3)) (then (call $drop (local.get $n))))
        {SAY_ID}"
    );
    house
        .add("holder", &tool("hold", CONTEXT, "", &call), json!({}))
        .await;
    house
        .ordeal("holder", 2, async {
            let call = |arguments: &'static str| {
                house
                    .fixture
                    .host
                    .call("hold", arguments, CallContext::default(), None)
            };
            assert!(!text(&call("{}").await.unwrap()).is_empty());
            assert_trapped(call("{} ").await, "unknown handle index");
            assert_trapped(call("{}  ").await, "unknown handle index");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_that_is_guessed_is_nobodys() {
    let house = House::open().await;
    // The guesses stand in a row, and the length of the arguments says which is made.
    let guesses: [i32; 6] = [0, 1, 2, 4095, i32::MAX, -1];
    let row: String = guesses
        .iter()
        .flat_map(|guess| guess.to_le_bytes())
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    let data = format!(r#"(data (i32.const 1000) "{row}")"#);
    let call = format!(
        "(local.set $n (i32.load (i32.add (i32.const 992) (i32.mul (local.get $args_len) (i32.const 4)))))
        {SAY_ID}"
    );
    house
        .add("guesser", &tool("guess", CONTEXT, &data, &call), json!({}))
        .await;
    house
        .ordeal("guesser", guesses.len(), async {
            for nth in 0..guesses.len() {
                let arguments = format!("{{}}{}", " ".repeat(nth));
                let ended = house
                    .fixture
                    .host
                    .call("guess", &arguments, CallContext::default(), None);
                assert_trapped(ended.await, "unknown handle index");
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_of_one_kind_is_none_of_another() {
    let house = House::open().await;
    let imports = format!(
        r#"{CONTEXT} (import "openclaw:media/types@0.1.0" "[method]media-reader.facts" (func $facts (param i32 i32)))"#
    );
    let call = "(call $facts (call $current) (i32.const 2000))";
    house
        .add("mixer", &tool("mix", &imports, "", call), json!({}))
        .await;
    house
        .ordeal("mixer", 1, async {
            assert_trapped(house.call("mix").await, "wrong type");
        })
        .await;
}

/// The number that is a handle in the one who calls is none in who is called, though both have one open elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_is_of_no_use_to_another_instance() {
    let house = House::open().await;
    // Its first handle has the lowest number there is; the other uses that without having been given it.
    let borrow = format!("(local.set $n (i32.const 1)) {SAY_ID}");
    house
        .add("borrower", &tool("borrow", CONTEXT, "", &borrow), json!({}))
        .await;
    let imports = format!("{CONTEXT} {CALL}");
    let lend = format!(
        "(local.set $n (call $current))
        (if (i32.ne (local.get $n) (i32.const 1)) (then unreachable))
        (call $call (i32.const 1000) (i32.const 4) (i32.const 140) (i32.const 2) (i32.const 3000))
        ;; It was broken off, and here that is an error like any other: internal.
        (if (i32.ne (i32.load8_u (i32.const 3000)) (i32.const 1)) (then unreachable))
        (if (i32.ne (i32.load8_u (i32.const 3008)) (i32.const 15)) (then unreachable))
        {SAY_ID}"
    );
    let asks = json!({"capabilities": {"tools": {"next": "borrow"}}});
    house
        .add("lender", &tool("lend", &imports, NEXT, &lend), asks)
        .await;
    house
        .ordeal("borrower", 1, async {
            let said = house.call("lend").await.unwrap();
            assert!(!text(&said).is_empty());
        })
        .await;
}
