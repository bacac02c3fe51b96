//! Names the commit that the binary is built from, where there is one to name.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../../.git/logs/HEAD");
    let asked = Command::new("git")
        .args(["rev-parse", "--short=7", "HEAD"])
        .output();
    let commit = asked
        .ok()
        .filter(|out| out.status.success())
        .and_then(|out| String::from_utf8(out.stdout).ok());
    println!(
        "cargo:rustc-env=OPENCLAW_COMMIT={}",
        commit.as_deref().unwrap_or("unknown").trim()
    );
}
