//! Components that set bits which no version of an interface has named.

use std::collections::BTreeMap;
use std::fs;

use openclaw_policy::Choice;
use serde_json::json;

use crate::common::{grant, text};
use crate::memory::command;
use crate::ordeal::House;

/// A program that opens "new" in the directory that it was granted, with these flags, and succeeds if it is told that there
/// is no such file.
fn opener(path: i32, open: i32, descriptor: i32) -> Vec<u8> {
    command(&format!(
        r#"(import "wasi:filesystem/types@0.2.0" (instance $types
            (export "descriptor" (type $d (sub resource)))
            (type $p (flags "symlink-follow")) (export "path-flags" (type $path (eq $p)))
            (type $o (flags "create" "directory" "exclusive" "truncate")) (export "open-flags" (type $open (eq $o)))
            (type $f (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
                "mutate-directory"))
            (export "descriptor-flags" (type $flags (eq $f)))
            (type $e (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
                "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory"
                "loop" "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock"
                "insufficient-memory" "insufficient-space" "not-directory" "not-empty" "not-recoverable"
                "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted" "pipe" "read-only"
                "invalid-seek" "text-file-busy" "cross-device"))
            (export "error-code" (type $error (eq $e)))
            (export "[method]descriptor.open-at" (func (param "self" (borrow $d)) (param "path-flags" $path)
                (param "path" string) (param "open-flags" $open) (param "flags" $flags)
                (result (result (own $d) (error $error)))))))
        (alias export $types "descriptor" (type $d))
        (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
            (alias outer 1 $d (type $outer)) (export "descriptor" (type $descriptor (eq $outer)))
            (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
        (core module $libc
            (memory (export "memory") 1)
            (global $free (mut i32) (i32.const 1024))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $free (i32.and (i32.add (global.get $free) (i32.const 71)) (i32.const -8)))
                (i32.sub (global.get $free) (i32.const 64)))
            (data (i32.const 8) "new"))
        (core instance $libc (instantiate $libc))
        (core func $list (canon lower (func $preopens "get-directories")
            (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
        (core func $open (canon lower (func $types "[method]descriptor.open-at")
            (memory (core memory $libc "memory"))))
        (core module $main
            (import "" "memory" (memory 1))
            (import "" "list" (func $list (param i32)))
            (import "" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
            (func (export "run") (result i32)
                (call $list (i32.const 16))
                (if (i32.ne (i32.load (i32.const 20)) (i32.const 1)) (then unreachable))
                (call $open (i32.load (i32.load (i32.const 16))) (i32.const {path}) (i32.const 8) (i32.const 3)
                    (i32.const {open}) (i32.const {descriptor}) (i32.const 32))
                ;; An error, and the one for what is not there.
                (i32.or (i32.ne (i32.load8_u (i32.const 32)) (i32.const 1))
                    (i32.ne (i32.load8_u (i32.const 36)) (i32.const 20)))))
        (core instance $m (instantiate $main (with "" (instance
            (export "memory" (memory $libc "memory")) (export "list" (func $list)) (export "open" (func $open))))))"#
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_flags_of_a_file_ask_for_nothing() {
    let house = House::open().await;
    let place = house.fixture.folder.path().join("results");
    fs::create_dir(&place).unwrap();
    // Read; and beside it every bit that has no name, in each of the three.
    let cases = [
        (0, 0, 1, 0),
        (-2, 0, 1, 0),
        (0, -16, 1, 0),
        (0, 0, -63, 0),
        (-2, -16, -63, 0),
        (0, 1, 3, 1),
    ];
    for (number, (path, open, descriptor, files)) in cases.into_iter().enumerate() {
        let id = format!("opener-{number}");
        let asks = json!({"capabilities": {"files": [{"path": "/out", "access": "rw"}]}});
        let package = house.fixture.package(&id, &opener(path, open, descriptor), &asks);
        let installed = house.fixture.host.install(&package).await.unwrap();
        let places = BTreeMap::from([("/out".parse().unwrap(), place.clone())]);
        let grant = grant(&installed, Choice::All).place(places).unwrap();
        house
            .fixture
            .host
            .enable(&installed, grant, json!({}))
            .await
            .unwrap();
        let output = house.ordeal(&id, 0, house.call(&id)).await.unwrap();
        // Only the last asks for a new file, and so is told of none that is missing.
        assert_eq!((output.is_error, text(&output)), (files == 1, ""), "{id}");
        assert_eq!(fs::read_dir(&place).unwrap().count(), files, "{id}");
    }
}
