//! Guests made on the spot.
//!
//! A guest's world is encoded as a toolchain does it; what its functions do is written in WebAssembly text, so
//! that a test shows the whole of the guest.
#![allow(dead_code, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

const PACKAGES: [&str; 14] = [
    "types",
    "context",
    "log",
    "progress",
    "kv",
    "config",
    "media",
    "http",
    "secrets",
    "sockets",
    "messaging",
    "tools",
    "model",
    "tool",
];

/// The WIT packages, above whichever package this is built into.
fn wit() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above
        .map(|folder| folder.join("wit"))
        .find(|wit| wit.join("tool").is_dir())
        .unwrap()
}

/// A component of the world `tool` with one tool. `imports` are core imports, `data` are data segments from 1000
/// on, and `call` is the body of its `call`, whose parameters are `$name $name_len $args $args_len`. The output is
/// empty unless the body calls `$say` with a text's address and length, or returns the address of another.
pub(crate) fn tool(name: &str, imports: &str, data: &str, call: &str) -> Vec<u8> {
    component("tool", name, [imports, data, call, ""], ["", "", ""])
}

/// The same with what its `describe` and its `cabi_realloc` do before anything else.
pub(crate) fn odd_tool(
    name: &str,
    [imports, data, call]: [&str; 3],
    [describe, realloc]: [&str; 2],
) -> Vec<u8> {
    component("tool", name, [imports, data, call, ""], [describe, realloc, ""])
}

/// The same with what its `describe` does last, when the name is at 200, the description at 220 and the parameters at
/// 228, a text each by its address and length.
pub(crate) fn tool_described(name: &str, [imports, data, describe, call]: [&str; 4]) -> Vec<u8> {
    component("tool", name, [imports, data, call, ""], ["", "", describe])
}

/// A tool whose texts are in another encoding, with what its `cabi_realloc` does before anything else. Where that encoding
/// has other bytes for ASCII, `data` has the texts of the tool's description anew.
pub(crate) fn foreign_tool(
    encoding: StringEncoding,
    name: &str,
    [imports, data, call]: [&str; 3],
    realloc: &str,
) -> Vec<u8> {
    encode(
        "tool",
        &module(name, [imports, data, call, ""], ["", realloc, ""]),
        encoding,
    )
}

/// A skill with one tool that says nothing, and with instructions.
pub(crate) fn skill(name: &str, text: &str) -> Vec<u8> {
    let data = format!("(data (i32.const 1000) \"{text}\")");
    let length = text.len();
    let instructions = format!(
        r#"(func (export "openclaw:tool/skill-text@0.1.0#instructions") (result i32)
            (i32.store (i32.const 608) (i32.const 1000))
            (i32.store (i32.const 612) (i32.const {length}))
            (i32.const 600))"#
    );
    component("skill", name, ["", &data, "", &instructions], ["", "", ""])
}

fn component(world: &str, name: &str, parts: [&str; 4], odd: [&str; 3]) -> Vec<u8> {
    encode(world, &module(name, parts, odd), StringEncoding::UTF8)
}

/// The text of its module.
fn module(
    name: &str,
    [imports, data, call, more]: [&str; 4],
    [describe, realloc, described]: [&str; 3],
) -> String {
    let length = name.len();
    format!(
        r#"(module
            {imports}
            (memory (export "memory") 2)
            (global $free (mut i32) (i32.const 65536))
            (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                {realloc}
                (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                (global.set $free (i32.add (local.get $at) (local.get 3)))
                (if (i32.gt_u (global.get $free) (i32.shl (memory.size) (i32.const 16)))
                    (then (drop (memory.grow (i32.sub
                        (i32.add (i32.shr_u (global.get $free) (i32.const 16)) (i32.const 1)) (memory.size))))))
                (memory.copy (local.get $at) (local.get 0) (local.get 1))
                (local.get $at))
            (data (i32.const 16) "{name}")
            (data (i32.const 100) "A tool of the tests.")
            (data (i32.const 140) "{{}}")
            ;; The list at 160 has one element at 200: name, no title, description, parameters, no schema of its
            ;; output at 236, no traits at 248, nothing extra at 256.
            (data (i32.const 160) "\c8\00\00\00\01\00\00\00")
            {data}
            (func (export "openclaw:tool/toolbox@0.1.0#describe") (result i32)
                {describe}
                (i32.store (i32.const 200) (i32.const 16))
                (i32.store (i32.const 204) (i32.const {length}))
                (i32.store (i32.const 220) (i32.const 100))
                (i32.store (i32.const 224) (i32.const 20))
                (i32.store (i32.const 228) (i32.const 140))
                (i32.store (i32.const 232) (i32.const 2))
                {described}
                (i32.const 160))
            ;; The output at 400 has one part at 500.
            (func $say (param $text i32) (param $length i32)
                (i32.store (i32.const 408) (i32.const 500))
                (i32.store (i32.const 412) (i32.const 1))
                (i32.store (i32.const 504) (local.get $text))
                (i32.store (i32.const 508) (local.get $length)))
            (func (export "openclaw:tool/toolbox@0.1.0#call")
                (param $name i32) (param $name_len i32) (param $args i32) (param $args_len i32) (result i32)
                (local $n i32)
                {call}
                (i32.const 400))
            {more})"#
    )
}

fn encode(world: &str, text: &str, encoding: StringEncoding) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap();
    let (resolve, world) = self::world(world);
    embed_component_metadata(&mut module, &resolve, world, encoding, false).unwrap();
    ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .validate(true)
        .encode()
        .unwrap()
}

/// A world of the package `tool`, with all that it needs.
pub(crate) fn world(name: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let wit = wit();
    let mut last = None;
    for package in PACKAGES {
        last = Some(resolve.push_dir(wit.join(package)).unwrap().0);
    }
    let world = resolve.select_world(&[last.unwrap()], Some(name)).unwrap();
    (resolve, world)
}

/// A program of the standard library's, built as anybody would build it.
pub(crate) fn program(source: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("main.rs"), folder.path().join("main.wasm"));
    fs::write(&from, source).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.args(["--edition", "2024", "--target", "wasm32-wasip2", "-O", "-o"]);
    assert!(command.arg(&to).arg(&from).status().unwrap().success());
    fs::read(to).unwrap()
}
