//! The program that compiles components for a host inside of another program than `openclaw`, whose own
//! executable does this by itself.

use std::process::ExitCode;

use openclaw_components::compile_child;

fn main() -> ExitCode {
    compile_child(std::env::args().skip(1))
}
