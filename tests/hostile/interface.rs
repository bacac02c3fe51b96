//! Components that misuse what the host offers them.

mod circles;
pub(crate) mod courier;
mod forgery;
mod handles;
mod imports;
mod json;
mod kv;
mod refused;
mod schemas;
mod shown;
mod texts;

use openclaw_policy::is_obeyed;

const CALL: &str = r#"(import "openclaw:tools/calls@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))"#;
/// The alias under which tools here call another.
const NEXT: &str = r#"(data (i32.const 1000) "next")"#;
/// Calls it with what the tool itself was given, and returns what it returned.
const FORWARD: &str = "
    (call $call (i32.const 1000) (i32.const 4) (local.get $args) (local.get $args_len) (i32.const 2000))
    (return (i32.const 2000))";

/// What would clear a screen, turn the direction of writing, hide a word and begin a line of somebody else's.
const NASTY: &str =
    "\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{e0041}\r\nwarn: gateway: granted all to mallory\u{2028}\u{7}";
/// How the line begins that nobody but the gateway may write.
const FAKE: &str = "warn: gateway:";

/// Whether a person sees all of a text, and each line of it is whose it seems to be.
fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| is_obeyed(c) && c != '\n')
        && !text.lines().any(|line| line.trim_start().starts_with(FAKE))
}

/// A text as it stands in a data segment.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("\\{byte:02x}")).collect()
}
