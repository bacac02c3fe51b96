//! What components say: of themselves, when they fail, on the way and to the log.

use std::fmt;
use std::sync::{Mutex, Once};

use openclaw_components::{CallContext, Error, Progress};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{CALL, FORWARD, NASTY, NEXT, escaped, is_plain};
use crate::common::{program, text, tool, tool_described};
use crate::ordeal::{House, SAY};

const LOG: &str = r#"(import "openclaw:log/lines@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))"#;

/// The nasty text, at 1000.
fn nasty() -> String {
    format!(r#"(data (i32.const 1000) "{}")"#, escaped(NASTY))
}

/// A tool that fails with a text of so many bytes, which begins with the nasty one.
fn failing(name: &str, bytes: usize) -> Vec<u8> {
    let call = format!(
        "(drop (memory.grow (i32.const 16)))
        (memory.fill (i32.const 131072) (i32.const 0x78) (i32.const {bytes}))
        (memory.copy (i32.const 131072) (i32.const 1000) (i32.const {}))
        (i32.store8 (i32.const 400) (i32.const 1))
        (i32.store (i32.const 412) (i32.const 131072)) (i32.store (i32.const 416) (i32.const {bytes}))",
        NASTY.len()
    );
    tool(name, "", &nasty(), &call)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_tool_says_of_itself_hides_nothing() {
    let house = House::open().await;
    let at = |offset: u32| {
        format!(
            "(i32.store (i32.const {offset}) (i32.const 1000)) (i32.store (i32.const {}) (i32.const {}))",
            offset + 4,
            NASTY.len()
        )
    };
    let describe = format!(
        "(i32.store8 (i32.const 208) (i32.const 1)) {} {}",
        at(212),
        at(220)
    );
    let component = tool_described("paint", ["", &nasty(), &describe, SAY]);
    house
        .ordeal("painter", 0, async {
            let installed = house.add("painter", &component, json!({})).await;
            let spec = &installed.tools[0];
            let title = spec.title.as_deref().unwrap();
            assert!(
                is_plain(title) && !title.contains('\n') && title.chars().count() <= 80,
                "{title:?}"
            );
            // A description has lines, and each is its author's.
            let seen = |c: char| c == '\n' || !openclaw_policy::is_obeyed(c);
            assert!(spec.description.chars().all(seen), "{:?}", spec.description);
            assert!(spec.description.contains(r"\u{202e}") && spec.description.contains(r"\u{e0041}"));
            let found = house.fixture.host.find(&installed.manifest.id).await.unwrap();
            assert_eq!(&found.tools[0], spec);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_a_terminal_obeys_is_no_name_for_a_tool() {
    let house = House::open().await;
    let describe = format!(
        "(i32.store (i32.const 200) (i32.const 1000)) (i32.store (i32.const 204) (i32.const {}))",
        NASTY.len()
    );
    let component = tool_described("paint", ["", &nasty(), &describe, SAY]);
    let package = house.fixture.package("painter", &component, &json!({}));
    let refused = house
        .ordeal("painter", 1, house.fixture.host.install(&package))
        .await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::Description { .. }), "{refused}");
    assert!(is_plain(&refused.to_string()), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_half_a_megabyte_is_shown_in_a_line() {
    let house = House::open().await;
    const BYTES: usize = 500_000;
    house.add("moaner", &failing("moan", BYTES), json!({})).await;
    let asks = json!({"capabilities": {"tools": {"next": "moan"}}});
    let front = format!("(drop (memory.grow (i32.const 16))) {FORWARD}");
    house.add("front", &tool("front", CALL, NEXT, &front), asks).await;
    house
        .ordeal("moaner", 0, async {
            for name in ["moan", "front"] {
                let error = house.call(name).await.unwrap_err();
                let Error::Failed { failure, .. } = &error else {
                    panic!("{name}: {error}");
                };
                assert_eq!((failure.code.as_str(), failure.message.len()), ("invalid", BYTES));
                let shown = error.to_string();
                assert!(is_plain(&shown) && !shown.contains('\n'), "{shown:?}");
                assert!(shown.chars().count() < 500, "{}", shown.len());
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_words_of_a_program_are_shown_in_a_line() {
    let house = House::open().await;
    let source = format!("fn main() {{ panic!(\"{{}}\", {NASTY:?}.repeat(1000)) }}");
    house.add("diva", &program(&source), json!({})).await;
    house
        .ordeal("diva", 1, async {
            let error = house.call("diva").await.unwrap_err();
            assert!(matches!(error, Error::Trap { .. }), "{error}");
            let shown = error.to_string();
            assert!(is_plain(&shown) && !shown.contains('\n'), "{shown:?}");
            assert!(
                shown.contains("mallory") && shown.chars().count() < 1200,
                "{shown}"
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_on_the_way_is_plain() {
    let house = House::open().await;
    let imports = r#"
        (import "openclaw:progress/report@0.1.0" "update" (func $update (param i32 i32 i32 i64 i32 i64)))
        (import "openclaw:progress/report@0.1.0" "output" (func $output (param i32 i32 i32)))"#;
    let length = NASTY.len();
    let call = format!(
        "(call $update (i32.const 1000) (i32.const {length}) (i32.const 0) (i64.const 0) (i32.const 0) (i64.const 0))
        (call $output (i32.const 0) (i32.const 1000) (i32.const {length}))"
    );
    house
        .add("crier", &tool("cry", imports, &nasty(), &call), json!({}))
        .await;
    let (sender, mut received) = tokio::sync::mpsc::channel(8);
    house
        .ordeal("crier", 0, async {
            let host = &house.fixture.host;
            host.call("cry", "{}", CallContext::default(), Some(sender))
                .await
                .unwrap();
        })
        .await;
    match received.recv().await {
        Some(Progress::Step { message, .. }) => {
            assert!(is_plain(&message) && !message.contains('\n'), "{message:?}")
        }
        other => panic!("{other:?}"),
    }
    match received.recv().await {
        // Output has lines. Whose they are is told by whoever shows them.
        Some(Progress::Output { text, .. }) => {
            assert!(
                text.chars().all(|c| c == '\n' || !openclaw_policy::is_obeyed(c)),
                "{text:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

/// What was said to the log in this process by extensions: who, and what.
static HEARD: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

struct Listener;

#[derive(Default)]
struct Said {
    who: String,
    what: String,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "extension" {
            self.who = value.to_owned();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.what = format!("{value:?}");
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "extension"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        HEARD.lock().unwrap().push((said.who, said.what));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What an extension has said to the log.
pub(super) fn heard(extension: &str) -> Vec<String> {
    let heard = HEARD.lock().unwrap();
    let own = heard.iter().filter(|(who, _)| who == extension);
    own.map(|(_, what)| what.clone()).collect()
}

pub(super) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_for_the_log_is_one_line_with_its_author() {
    listen();
    let house = House::open().await;
    // A field, whose name and value are the nasty text too, stands at 2000.
    let length = NASTY.len();
    let call = format!(
        "(i32.store (i32.const 2000) (i32.const 1000)) (i32.store (i32.const 2004) (i32.const {length}))
        (i32.store (i32.const 2008) (i32.const 1000)) (i32.store (i32.const 2012) (i32.const {length}))
        (call $write (i32.const 4) (i32.const 1000) (i32.const {length}) (i32.const 2000) (i32.const 1))"
    );
    house
        .add("scribe", &tool("write", LOG, &nasty(), &call), json!({}))
        .await;
    house
        .ordeal("scribe", 0, async { house.call("write").await.unwrap() })
        .await;
    let heard = heard("scribe");
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(is_plain(&heard[0]) && !heard[0].contains('\n'), "{heard:?}");
    assert_eq!(heard[0].matches("mallory").count(), 3);
}

/// Each call is within its own budget, and there are many; then one tool makes the calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_lines_ebbs_over_all_calls_of_an_extension() {
    listen();
    let house = House::open().await;
    // 60 lines of a thousand bytes, which are within the usual 64 KiB of a call; each byte is spelled out as five.
    let call = "(loop $on
        (call $write (i32.const 2) (i32.const 1000) (i32.const 1000) (i32.const 0) (i32.const 0))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $on (i32.lt_u (local.get $n) (i32.const 60))))";
    house.add("flood", &tool("pour", LOG, "", call), json!({})).await;
    let call = "(loop $on
        (call $call (i32.const 1000) (i32.const 4) (i32.const 140) (i32.const 2) (i32.const 2000))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $on (i32.lt_u (local.get $n) (i32.const 50))))";
    let asks = json!({"capabilities": {"tools": {"next": "pour"}}, "limits": {"cpu": "20 s"}});
    house.add("dam", &tool("open", CALL, NEXT, call), asks).await;
    house
        .ordeal("flood", 0, async {
            assert_eq!(house.call("pour").await.unwrap().lost_lines, 0);
            house.call("open").await.unwrap();
            let mut lost = 0;
            for _ in 0..10 {
                lost += house.call("pour").await.unwrap().lost_lines;
            }
            assert!(lost > 300, "{lost} of 600");
            // Three thousand lines, 12 MB as they are shown, were tried through the dam alone. What flows on by the second
            // is little beside what may be said at once.
            let bytes: usize = heard("flood").iter().map(String::len).sum();
            assert!((900_000..1_800_000).contains(&bytes), "{bytes}");
        })
        .await;
    // Others have their own.
    house
        .add(
            "brook",
            &tool(
                "drip",
                LOG,
                "",
                "(call $write (i32.const 2) (i32.const 100) (i32.const 6) (i32.const 0) (i32.const 0))",
            ),
            json!({}),
        )
        .await;
    assert_eq!(house.call("drip").await.unwrap().lost_lines, 0);
    assert_eq!(text(&house.call("honest").await.unwrap()), "A tool");
    assert_eq!(heard("brook"), ["A tool"]);
}
