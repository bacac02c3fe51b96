//! The tool with a function of the host for each letter.

use serde_json::json;

use crate::common::tool;
use crate::ordeal::House;

const IMPORTS: &str = r#"
    (import "openclaw:progress/report@0.1.0" "output" (func $output (param i32 i32 i32)))
    (import "openclaw:kv/store@0.1.0" "get" (func $get (param i32 i32 i32)))
    (import "openclaw:kv/store@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))
    (import "openclaw:kv/store@0.1.0" "swap" (func $swap (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "openclaw:kv/store@0.1.0" "delete" (func $delete (param i32 i32 i32)))
    (import "openclaw:kv/store@0.1.0" "list-entries" (func $list (param i32 i32 i32 i32 i32 i32 i32)))
    (import "openclaw:media/store@0.1.0" "create"
        (func $create (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "openclaw:media/store@0.1.0" "open" (func $open (param i32 i32 i32)))
    (import "openclaw:media/types@0.1.0" "[method]media-writer.write" (func $write (param i32 i32 i32 i32)))
    (import "openclaw:media/types@0.1.0" "[method]media-writer.commit" (func $commit (param i32 i32)))
    (import "openclaw:media/types@0.1.0" "[method]media-reader.read" (func $read (param i32 i32 i32)))
    (import "openclaw:media/types@0.1.0" "[method]media-reader.seek" (func $seek (param i32 i64 i32)))
    (import "openclaw:http/client@0.1.0" "send" (func $send (param i32 i32)))
    (import "openclaw:http/client@0.1.0" "begin" (func $begin (param i32 i32)))
    (import "openclaw:http/client@0.1.0" "to-media" (func $to_media (param i32 i32)))
    (import "openclaw:http/types@0.1.0" "[method]response.read" (func $body (param i32 i32 i32)))
    (import "openclaw:http/types@0.1.0" "[method]upload.write" (func $upload (param i32 i32 i32 i32)))
    (import "openclaw:http/types@0.1.0" "[method]upload.finish" (func $finish (param i32 i32)))
    (import "openclaw:secrets/placeholders@0.1.0" "capture"
        (func $capture (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "openclaw:sockets/dial@0.1.0" "connect" (func $connect (param i32 i32)))
    (import "openclaw:sockets/dial@0.1.0" "[method]connection.receive" (func $receive (param i32 i64 i32)))
    (import "openclaw:sockets/dial@0.1.0" "[method]connection.send" (func $frames (param i32 i32 i32 i32)))
    (import "openclaw:sockets/dial@0.1.0" "[method]connection.close" (func $close (param i32 i32 i32 i32 i32)))
    (import "openclaw:tools/calls@0.1.0" "call" (func $tool (param i32 i32 i32 i32 i32)))"#;

/// Each function's result is at 2000: not zero there is an error, whose message is at 2012, and what was made is at 2008.
/// A request is at 4000, an endpoint at 5000, a frame at 5200.
const FUNCTIONS: &str = r#"
    (data (i32.const 1000) "gate")
    (data (i32.const 1010) "next")
    (data (i32.const 1020) "fresh")
    (data (i32.const 1030) "/a")
    (global $failed (mut i32) (i32.const 0))
    (func $must
        (if (i32.load8_u (i32.const 2000)) (then
            (if (i32.eqz (global.get $failed)) (then
                (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016)))))
            (global.set $failed (i32.const 1)))))
    (func $made (result i32) (call $must) (i32.load (i32.const 2008)))
    (func $shout (call $output (i32.const 0) (i32.const 100) (i32.const 6)))
    ;; Says that it is there, and waits until a change of the store goes through.
    (func $gate
        (call $shout)
        (call $set (i32.const 1000) (i32.const 4) (i32.const 100) (i32.const 6) (i32.const 2000))
        (call $must))
    (func $piece (result i32)
        (call $create (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2000))
        (call $made))
    (func $fill (param $writer i32)
        (call $write (local.get $writer) (i32.const 100) (i32.const 6) (i32.const 2000))
        (call $must))
    (func $keep (param $writer i32)
        (call $commit (local.get $writer) (i32.const 2000))
        (call $must))
    ;; The reference is where the result of the commit has it.
    (func $look (result i32)
        (call $open (i32.load (i32.const 2008)) (i32.load (i32.const 2012)) (i32.const 2000))
        (call $made))
    (func $whole (local $writer i32)
        (local.set $writer (call $piece))
        (call $fill (local.get $writer))
        (call $keep (local.get $writer)))
    (func $ask (param $url i32) (param $length i32)
        (i32.store (i32.const 4012) (local.get $url))
        (i32.store (i32.const 4016) (local.get $length)))
    (func $dial (param $url i32) (param $length i32)
        (i32.store (i32.const 5004) (local.get $url))
        (i32.store (i32.const 5008) (local.get $length)))
    (func $answer (result i32) (call $send (i32.const 4000) (i32.const 2000)) (call $made))
    (func $line (result i32) (call $connect (i32.const 5000) (i32.const 2000)) (call $made))"#;

/// Those that wait for a peer, and how many passages of the gate each is.
pub(super) const WITH_PEER: [(char, usize); 10] = [
    ('l', 1),
    ('m', 1),
    ('n', 1),
    ('o', 1),
    ('p', 1),
    ('q', 1),
    ('r', 1),
    ('s', 1),
    ('t', 1),
    ('x', 1),
];

/// Those that wait for a disk, and how many passages of the gate each is when it comes to its end.
pub(super) const WITH_DISK: [(char, usize); 9] = [
    ('d', 0),
    ('e', 0),
    ('f', 0),
    ('g', 0),
    ('h', 0),
    ('i', 0),
    ('j', 0),
    ('k', 0),
    ('u', 1),
];

/// How many files with bytes, with facts and with drafts of facts there are when each of those came to its end once and was
/// left so many times before.
pub(super) fn kept(left: usize) -> (usize, usize, usize) {
    // 'f' and 'g' keep nothing and the letters behind them one piece each; all but 'h' had theirs before they were left.
    let pieces = 5 + 4 * left;
    (pieces, pieces, 0)
}

/// Does something to a stream of bytes so often that no buffer has room for it.
fn often(each: &str) -> String {
    format!(
        "(loop $on
            {each}
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $on (i32.and
                (i32.eqz (global.get $failed))
                (i32.lt_u (local.get $i) (i32.const 200)))))"
    )
}

/// Installs it as "hasty" with the tool "try", which has one place.
pub(super) async fn add(house: &House, port: u16) {
    let url = |at: usize, scheme: &str, path: &str| {
        let url = format!("{scheme}://127.0.0.1:{port}{path}");
        (
            format!(r#"(data (i32.const {at}) "{url}")"#),
            format!("(i32.const {at}) (i32.const {})", url.len()),
        )
    };
    let (never_data, never) = url(1100, "http", "/never");
    let (stall_data, stall) = url(1200, "http", "/stall");
    let (late_data, late) = url(1300, "ws", "/sock/late");
    let (open_data, open) = url(1400, "ws", "/sock/open");
    let list =
        "(call $list (i32.const 1000) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 9)
        (i32.const 2000)) (call $must)";
    let upload =
        often("(call $upload (local.get $h) (i32.const 0) (i32.const 60000) (i32.const 2000)) (call $must)");
    let frames =
        often("(call $frames (local.get $h) (i32.const 5200) (i32.const 1) (i32.const 2000)) (call $must)");
    // The first word of a request is its method, of which the third is POST.
    let post = format!("(i32.store8 (i32.const 4000) (i32.const 2)) (call $ask {never})");
    let length = |bytes: u64| {
        format!(
            "(i32.store8 (i32.const 4112) (i32.const 1)) (i64.store (i32.const 4120) (i64.const {bytes}))"
        )
    };
    let begun = "(call $begin (i32.const 4000) (i32.const 2000)) (local.set $h (call $made))";
    let cases = [
        ('a', "(call $gate)".to_owned()),
        (
            'b',
            "(call $shout) (call $swap (i32.const 1010) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2000)) (call $must)"
                .to_owned(),
        ),
        (
            'c',
            "(call $shout) (call $delete (i32.const 1000) (i32.const 4) (i32.const 2000)) (call $must)".to_owned(),
        ),
        (
            'd',
            "(call $gate) (call $get (i32.const 1000) (i32.const 4) (i32.const 2000)) (call $must)".to_owned(),
        ),
        ('e', format!("(call $gate) {list}")),
        ('f', "(call $gate) (drop (call $piece))".to_owned()),
        // The first is on its way to the disk when the second comes.
        (
            'g',
            "(local.set $h (call $piece)) (call $gate) (call $fill (local.get $h)) (call $fill (local.get $h))".to_owned(),
        ),
        (
            'h',
            "(local.set $h (call $piece)) (call $fill (local.get $h)) (call $gate) (call $keep (local.get $h))".to_owned(),
        ),
        (
            'i',
            "(call $whole) (local.set $i (i32.load (i32.const 2008))) (call $gate)
            (call $open (local.get $i) (i32.const 32) (i32.const 2000)) (call $must)"
                .to_owned(),
        ),
        (
            'j',
            "(call $whole) (local.set $h (call $look)) (call $gate)
            (call $read (local.get $h) (i32.const 100) (i32.const 2000)) (call $must)"
                .to_owned(),
        ),
        (
            'k',
            "(call $whole) (local.set $h (call $look)) (call $gate)
            (call $seek (local.get $h) (i64.const 3) (i32.const 2000)) (call $must)"
                .to_owned(),
        ),
        // The body of a request is at 4028, and its third case is media.
        (
            'u',
            format!(
                "(call $whole) (i32.store8 (i32.const 4028) (i32.const 2))
                (i32.store (i32.const 4032) (i32.load (i32.const 2008)))
                (i32.store (i32.const 4036) (i32.load (i32.const 2012)))
                (call $gate) {post} (drop (call $answer))"
            ),
        ),
        ('l', format!("(call $ask {never}) (call $shout) (drop (call $answer))")),
        (
            'm',
            format!(
                "(call $ask {stall}) (local.set $h (call $answer)) (call $shout)
                (call $body (local.get $h) (i32.const 5) (i32.const 2000)) (call $must)
                (call $body (local.get $h) (i32.const 100) (i32.const 2000)) (call $must)"
            ),
        ),
        (
            'n',
            format!(
                "(call $ask {stall}) (local.set $h (call $answer)) (call $shout)
                (i32.store (i32.const 6000) (local.get $h))
                (call $to_media (i32.const 6000) (i32.const 2000)) (call $must)"
            ),
        ),
        ('o', format!("{post} {} {begun} (call $shout) {upload}", length(200 * 60_000))),
        (
            'p',
            format!(
                "{post} {} {begun} (call $upload (local.get $h) (i32.const 100) (i32.const 6) (i32.const 2000))
                (call $must) (call $shout) (call $finish (local.get $h) (i32.const 2000)) (call $must)",
                length(6)
            ),
        ),
        (
            'q',
            format!(
                "(call $ask {stall}) (local.set $h (call $answer)) (call $shout)
                (call $capture (local.get $h) (i32.const 0) (i32.const 1030) (i32.const 2) (i32.const 1020)
                    (i32.const 5) (i32.const 0) (i32.const 2000)) (call $must)"
            ),
        ),
        ('r', format!("(call $dial {late}) (call $shout) (drop (call $line))")),
        (
            's',
            format!(
                "(call $dial {open}) (local.set $h (call $line)) (call $shout)
                (call $receive (local.get $h) (i64.const 20000) (i32.const 2000)) (call $must)"
            ),
        ),
        (
            't',
            format!(
                "(call $dial {open}) (local.set $h (call $line)) (call $shout)
                (i32.store8 (i32.const 5200) (i32.const 1))
                (i32.store (i32.const 5208) (i32.const 60000))
                {frames}"
            ),
        ),
        (
            'x',
            format!(
                "(call $dial {open}) (local.set $h (call $line)) (call $shout)
                (call $close (local.get $h) (i32.const 1000) (i32.const 0) (i32.const 0) (i32.const 2000))
                (call $must)"
            ),
        ),
    ];
    let call_next =
        "(call $shout) (call $tool (i32.const 1010) (i32.const 4) (local.get $args) (local.get $args_len)
        (i32.const 2000)) (call $must)";
    let mut body = "(local $h i32) (local $i i32)
        (local.set $n (i32.load8_u offset=6 (local.get $args)))"
        .to_owned();
    let more = [('v', call_next.to_owned()), ('w', call_next.to_owned())];
    for (letter, case) in cases.into_iter().chain(more) {
        body += &format!(
            "(if (i32.eq (local.get $n) (i32.const {})) (then {case}))",
            u32::from(letter)
        );
    }
    body += "(if (i32.eqz (global.get $failed)) (then (call $say (i32.const 100) (i32.const 6))))";
    let data = [FUNCTIONS, &never_data, &stall_data, &late_data, &open_data].concat();
    let asks = json!({
        "capabilities": {
            "kv": {"quota": "64 KiB"},
            "http": [{"scheme": "http", "host": "127.0.0.1", "port": port, "private": true, "methods": ["GET", "POST"],
                "maxBody": "64 MiB"}],
            "sockets": [{"transport": "ws", "host": "127.0.0.1", "port": port, "private": true}],
            "secrets": [{"name": "fresh", "audience": ["127.0.0.1"], "capture": true, "plaintext": true}],
            "tools": {"next": "sleeper"},
        },
        "limits": {"concurrency": 1},
    });
    house
        .add("hasty", &tool("try", IMPORTS, &data, &body), asks)
        .await;
}
