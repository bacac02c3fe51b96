//! Components whose texts are not in UTF-8.

use openclaw_components::Error;
use serde_json::json;
use wit_component::StringEncoding;

use crate::common::{foreign_tool, text};
use crate::memory::ask;
use crate::ordeal::House;

/// Says its arguments, unless they are as long as `{"c":"A"}`: then it does what their letter says, which `at` loads.
fn choose(at: &str, acts: &[(&str, Option<&str>)]) -> String {
    let choose = |(number, (act, _)): (usize, &(&str, Option<&str>))| {
        let letter = usize::from(b'A') + number;
        format!("(if (i32.eq (local.get $n) (i32.const {letter})) (then {act}))")
    };
    let acts: String = acts.iter().enumerate().map(choose).collect();
    format!(
        "(call $say (local.get $args) (local.get $args_len))
        (local.set $n {at})
        (if (i32.eq (local.get $args_len) (i32.const 9)) (then {acts}))"
    )
}

/// Calls each act: what it says is what is named, or it is broken off for a reason that has the words.
async fn try_all(name: &str, component: &[u8], acts: &[(&str, Option<&str>)], says: &[&str]) {
    let house = House::open().await;
    house.add(name, component, json!({})).await;
    let broken = acts.iter().filter(|(_, told)| told.is_some()).count();
    let attack = async {
        // The text of the arguments comes back, so both ways work.
        for arguments in [r#"{"t":"plain"}"#, r#"{"t":"Grüße"}"#, r#"{"t":"é😀 €"}"#] {
            let output = ask(&house, name, arguments).await.unwrap();
            assert_eq!(text(&output), arguments);
        }
        let mut says = says.iter();
        for (number, (act, told)) in acts.iter().enumerate() {
            let letter = char::from(b'A' + u8::try_from(number).unwrap());
            match (
                ask(&house, name, &json!({ "c": letter.to_string() }).to_string()).await,
                told,
            ) {
                (Err(Error::Trap { what, .. }), Some(told)) => assert!(what.contains(told), "{act}: {what}"),
                (Ok(output), None) => assert_eq!(text(&output), *says.next().unwrap(), "{act}"),
                (other, _) => panic!("{act}: {other:?}"),
            }
        }
    };
    house.ordeal(name, broken, attack).await;
}

/// The texts of a tool's description in UTF-16, over those that are there.
fn wide(name: &str) -> String {
    let data = |(at, text): (u32, &str)| {
        let bytes: String = text
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        format!(r#"(data (i32.const {at}) "{bytes}")"#)
    };
    [(16, name), (100, "A tool of the tests."), (140, "{}")]
        .into_iter()
        .map(data)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_character_of_utf_16_ends_the_call() {
    // The second half alone, the first alone, both in the wrong order, and a whole one.
    let texts = r#"(data (i32.const 1000) "\00\de") (data (i32.const 1008) "\3d\d8a\00")
        (data (i32.const 1016) "\00\de\3d\d8") (data (i32.const 1024) "\3d\d8\00\de")"#;
    let acts = [
        (
            "(call $say (i32.const 1000) (i32.const 1))",
            Some("unpaired surrogate"),
        ),
        (
            "(call $say (i32.const 1008) (i32.const 2))",
            Some("unpaired surrogate"),
        ),
        (
            "(call $say (i32.const 1016) (i32.const 2))",
            Some("unpaired surrogate"),
        ),
        (
            "(call $say (i32.const 1024) (i32.const 1))",
            Some("unpaired surrogate"),
        ),
        ("(call $say (i32.const 1024) (i32.const 2))", None),
        ("(call $say (i32.const 1025) (i32.const 1))", Some("not aligned")),
        (
            "(call $say (i32.const 131070) (i32.const 2))",
            Some("out of bounds"),
        ),
        // Twice this is nothing in 32 bits.
        (
            "(call $say (i32.const 1024) (i32.const 0x80000000))",
            Some("out of bounds"),
        ),
        (
            "(call $say (i32.const 1024) (i32.const -1))",
            Some("out of bounds"),
        ),
    ];
    let call = choose("(i32.load16_u offset=12 (local.get $args))", &acts);
    let data = wide("wide") + texts;
    let component = foreign_tool(StringEncoding::UTF16, "wide", ["", &data, &call], "");
    try_all("wide", &component, &acts, &["😀"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_character_of_latin_1_or_utf_16_ends_the_call() {
    let texts = r#"(data (i32.const 1000) "\00\de") (data (i32.const 1008) "\3d\d8") (data (i32.const 1016) "\3d\d8\00\de")
        (data (i32.const 1024) "\e9\ff\80")"#;
    // The highest bit of a length says that it counts in UTF-16.
    let acts = [
        (
            "(call $say (i32.const 1000) (i32.const 0x80000001))",
            Some("unpaired surrogate"),
        ),
        (
            "(call $say (i32.const 1008) (i32.const 0x80000001))",
            Some("unpaired surrogate"),
        ),
        ("(call $say (i32.const 1016) (i32.const 0x80000002))", None),
        ("(call $say (i32.const 1024) (i32.const 3))", None),
        ("(call $say (i32.const 1024) (i32.const 0x80000000))", None),
        ("(call $say (i32.const 1025) (i32.const 1))", Some("not aligned")),
        (
            "(call $say (i32.const 1024) (i32.const -1))",
            Some("out of bounds"),
        ),
        (
            "(call $say (i32.const 131070) (i32.const 0x80000002))",
            Some("out of bounds"),
        ),
        (
            "(call $say (i32.const 131070) (i32.const 3))",
            Some("out of bounds"),
        ),
    ];
    let call = choose("(i32.load8_u offset=6 (local.get $args))", &acts);
    let component = foreign_tool(StringEncoding::CompactUTF16, "latin", ["", texts, &call], "");
    try_all("latin", &component, &acts, &["😀", "éÿ\u{80}", ""]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_for_wider_characters_that_is_no_room_ends_the_call() {
    let echo = "(call $say (local.get $args) (local.get $args_len))";
    // Where each of the two asks: for the first room, for more of it, and for less.
    let first = |answer: &str| format!("(if (i32.eqz (local.get 1)) (then (return (i32.const {answer}))))");
    let more = |answer: &str| {
        let is_more = "(i32.and (i32.ne (local.get 1) (i32.const 0)) (i32.lt_u (local.get 1) (local.get 3)))";
        format!("(if {is_more} (then (return (i32.const {answer}))))")
    };
    let less = |answer: &str| {
        format!("(if (i32.gt_u (local.get 1) (local.get 3)) (then (return (i32.const {answer}))))")
    };
    let cases = [
        (StringEncoding::UTF16, first("65537"), Some("not aligned")),
        (
            StringEncoding::UTF16,
            first("131068"),
            Some("beyond end of memory"),
        ),
        (StringEncoding::UTF16, less("-2"), Some("beyond end of memory")),
        (StringEncoding::CompactUTF16, first("65537"), Some("not aligned")),
        (
            StringEncoding::CompactUTF16,
            more("-2"),
            Some("beyond end of memory"),
        ),
        (StringEncoding::CompactUTF16, more("65539"), Some("not aligned")),
        (
            StringEncoding::CompactUTF16,
            less("131066"),
            Some("beyond end of memory"),
        ),
        (StringEncoding::UTF16, String::new(), None),
        (StringEncoding::CompactUTF16, String::new(), None),
    ];
    let house = House::open().await;
    for (number, (encoding, room, told)) in cases.iter().enumerate() {
        let name = format!("echo{number}");
        let data = match encoding {
            StringEncoding::UTF16 => wide(&name),
            _ => String::new(),
        };
        let component = foreign_tool(*encoding, &name, ["", &data, echo], room);
        house.add(&name, &component, json!({})).await;
        let arguments = r#"{"t":"é€"}"#;
        let lines = usize::from(told.is_some());
        let ended = house.ordeal(&name, lines, ask(&house, &name, arguments)).await;
        match (ended, told) {
            (Err(Error::Trap { what, .. }), Some(told)) => assert!(what.contains(told), "{name}: {what}"),
            (Ok(output), None) => assert_eq!(text(&output), arguments),
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
}
