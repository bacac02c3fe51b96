//! What compiles components for tests of the whole program, in a process of its own.

use std::process::ExitCode;

use openclaw_components::compile_child;

fn main() -> ExitCode {
    compile_child(std::env::args().skip(1))
}
