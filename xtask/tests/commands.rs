//! The commands as a developer starts them: the real `xtask`, in a small checkout that git and cargo read.
//! Each test builds programs of a few lines that need nothing but std.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A binary that says what it was started with.
const OPENCLAW: &str = r#"
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let state = std::env::var("OPENCLAW_STATE_DIR").expect("a state folder");
    let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    let ours: Vec<&String> = names.iter().filter(|name| name.starts_with("OPENCLAW_")).collect();
    println!("started with {words:?} {ours:?} {state}");
}
"#;

struct Checkout(TempDir);

impl Checkout {
    fn new() -> Self {
        let checkout = Self(TempDir::new().unwrap());
        let status = Command::new("git")
            .args(["init", "--quiet"])
            .current_dir(checkout.0.path())
            .status();
        assert!(status.unwrap().success());
        checkout.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"runtime/*\", \"xtask\"]\n[workspace.lints]\n",
        );
        checkout.write(".gitignore", "target\nCargo.lock\n");
        checkout.package("xtask", "xtask", "");
        checkout.package("runtime/policy", "openclaw-policy", "");
        checkout
    }

    fn root(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.0.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn package(&self, folder: &str, name: &str, more: &str) {
        // A guest is a workspace of its own and has no lints to take.
        let lints = match more.contains("[workspace]") {
            true => "",
            false => "[lints]\nworkspace = true\n",
        };
        let manifest =
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}{lints}");
        self.write(&format!("{folder}/Cargo.toml"), &manifest);
        self.write(&format!("{folder}/src/lib.rs"), "//! A library.\n");
    }

    fn openclaw(&self) {
        self.package("runtime/cli", "openclaw", "");
        self.write("runtime/cli/src/main.rs", OPENCLAW);
    }

    fn xtask(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(args)
            .current_dir(self.root())
            .env_remove("CI")
            .env("OPENCLAW_PROFILE", "mine");
        // Where the outer build puts its output is not where this one may.
        command.env_remove("CARGO_TARGET_DIR").output().unwrap()
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A port below those that the system hands out, so that nobody else is given it before it is used.
fn free_port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    (first..32_000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

#[test]
fn run_starts_the_gateway_on_the_port_with_a_state_of_its_own() {
    let checkout = Checkout::new();
    checkout.openclaw();
    let port = free_port();
    let output = checkout.xtask(&["run", "--port", &port.to_string()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let printed = stdout(&output);
    let state = checkout.root().join("target/dev-state");
    let ours = format!(
        "[\"OPENCLAW_BUNDLED_PLUGINS_DIR\", \"OPENCLAW_PROGRAMS_DIR\", \"OPENCLAW_STATE_DIR\", \"OPENCLAW_WORKSPACE_DIR\"] {}",
        state.display()
    );
    let onboard = format!(
        "started with [\"onboard\", \"--non-interactive\", \"--accept-risk\", \"--gateway-port\", \"{port}\"] {ours}"
    );
    let started = format!("started with [\"gateway\", \"run\"] {ours}");
    let (first, second) = (printed.find(&onboard), printed.find(&started));
    assert!(first.is_some() && first < second, "{printed}");
}

#[test]
fn run_refuses_a_port_that_is_taken_and_names_the_way_out() {
    let checkout = Checkout::new();
    checkout.openclaw();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = checkout.xtask(&["run", "--port", &port]);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("--port"), "{}", stderr(&output));
    assert!(!stdout(&output).contains("started with"));
}

#[test]
fn run_without_a_binary_says_that_there_is_none() {
    let checkout = Checkout::new();
    let output = checkout.xtask(&["run"]);
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("no openclaw binary"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_comes_with_the_program_is_packed_by_its_id() {
    let checkout = Checkout::new();
    checkout.package(
        "guests/tools/hello",
        "hello-tool",
        "[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n",
    );
    checkout.write(
        "guests/tools/hello/openclaw.plugin.json",
        r#"{"id": "hello", "component": {"file": "hello_tool.wasm"}}"#,
    );
    checkout.write("runtime/policy/src/lib.rs", "#[test]\nfn holds() {}\n");
    let output = checkout.xtask(&["test"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let packed = checkout.root().join("target/extensions/hello");
    assert!(packed.join("hello_tool.wasm").is_file());
    assert!(packed.join("openclaw.plugin.json").is_file());
}

#[test]
fn test_builds_the_guests_and_ends_with_the_summary_of_the_suite() {
    let checkout = Checkout::new();
    checkout.package("tests/guests/hello", "hello", "[workspace]\n");
    checkout.write("tests/guests/hello/src/main.rs", "fn main() {}\n");
    let library = "//! ```\n//! assert_eq!(1 + 1, 2);\n//! ```\n\n#[test]\nfn one_is_one() {\n    assert_eq!(1, 1);\n}\n";
    checkout.write("runtime/policy/src/lib.rs", library);
    let output = checkout.xtask(&["test"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let wasm = "tests/guests/hello/target/wasm32-wasip2/release/hello.wasm";
    assert!(checkout.root().join(wasm).is_file());
    let said = stderr(&output);
    let doc = said.find("running the doc tests").expect("doc tests run");
    let suite = said.find("running the suite").expect("the suite runs");
    assert!(doc < suite);
}

#[test]
fn test_fails_when_a_test_does_and_a_filter_reaches_the_runner() {
    let checkout = Checkout::new();
    let library =
        "//! A library.\n\n#[test]\nfn good() {}\n\n#[test]\nfn bad() {\n    assert_eq!(1, 2);\n}\n";
    checkout.write("runtime/policy/src/lib.rs", library);
    assert!(!checkout.xtask(&["test"]).status.success());
    let filtered = checkout.xtask(&["test", "--", "good"]);
    assert!(filtered.status.success(), "{}", stderr(&filtered));
}

#[cfg(unix)]
#[test]
fn in_ci_a_missing_real_part_fails_the_suite_and_names_its_package() {
    let checkout = Checkout::new();
    let bin = TempDir::new().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for program in ["git", "rustc", "cc"] {
        let found = std::env::split_paths(&path)
            .map(|folder| folder.join(program))
            .find(|file| file.is_file());
        std::os::unix::fs::symlink(found.unwrap(), bin.path().join(program)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .arg("test")
        .current_dir(checkout.root())
        .env("PATH", bin.path())
        .env("CI", "true");
    let output = command.env("CARGO", env!("CARGO")).output().unwrap();
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("`apt-get install age`"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains("running the suite"));
}

#[test]
fn bench_prints_measurements_only_and_names_the_bench_that_prints_something_else() {
    let checkout = Checkout::new();
    let benches =
        ["fast", "loud", "mute"].map(|name| format!("[[bench]]\nname = \"{name}\"\nharness = false\n"));
    checkout.package("runtime/policy", "openclaw-policy", &benches.concat());
    let measurement = r#"{"name":"call","value":1.5,"unit":"us","baseline":1.0,"ratio":1.5}"#;
    let fast = format!("fn main() {{\n    println!(\"{{}}\", r#\"{measurement}\"#);\n}}\n");
    checkout.write("runtime/policy/benches/fast.rs", &fast);
    checkout.write(
        "runtime/policy/benches/loud.rs",
        "fn main() {\n    println!(\"warming up\");\n}\n",
    );
    checkout.write("runtime/policy/benches/mute.rs", "fn main() {}\n");

    let all = checkout.xtask(&["bench"]);
    assert!(!all.status.success());
    assert_eq!(stdout(&all), format!("{measurement}\n"));
    let last = stderr(&all).lines().last().unwrap_or_default().to_owned();
    assert!(
        last.contains("openclaw-policy/loud, openclaw-policy/mute"),
        "{last}"
    );

    let one = checkout.xtask(&["bench", "fast"]);
    assert!(one.status.success(), "{}", stderr(&one));
    assert_eq!(stdout(&one), format!("{measurement}\n"));
}

#[test]
fn lint_prints_the_finding_and_ends_with_one() {
    let checkout = Checkout::new();
    checkout.package(
        "runtime/policy",
        "openclaw-policy",
        "[dependencies]\nopenclaw-state = { path = \"../state\" }\n",
    );
    checkout.package("runtime/state", "openclaw-state", "");
    let output = checkout.xtask(&["lint", "--only", "arrows"]);
    assert_eq!(output.status.code(), Some(1));
    let expected =
        "runtime/policy/Cargo.toml:6: runtime/policy uses runtime/state; it uses nothing of ours\n";
    assert_eq!(stdout(&output), expected);
    assert!(checkout.xtask(&["lint", "--only", "hygiene"]).status.success());
}
