//! Password stores that people really use, behind scripts of a few lines.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::Bench;

/// Says which program is missing; where everything has to be tried, that is a failure.
fn has(programs: &[&str]) -> bool {
    let missing: Vec<&&str> = programs
        .iter()
        .filter(|program| !Path::new(program).exists())
        .collect();
    assert!(
        missing.is_empty() || std::env::var("CI").as_deref() != Ok("true"),
        "missing: {missing:?}"
    );
    if !missing.is_empty() {
        eprintln!("skipped: install {missing:?}");
    }
    missing.is_empty()
}

fn run(command: &mut Command, input: &str) -> Output {
    use std::io::Write as _;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

#[tokio::test]
async fn pass_hands_out_an_entry() {
    if !has(&["/usr/bin/pass", "/usr/bin/gpg", "/usr/bin/gpgconf"]) {
        return;
    }
    let mut bench = Bench::new();
    let home = bench.dir.path().to_owned();
    let gnupg = home.join(".gnupg");
    std::fs::create_dir(&gnupg).unwrap();
    std::fs::set_permissions(&gnupg, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let command = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(args)
            .env_clear()
            .env("HOME", &home)
            .env("PATH", "/usr/bin:/bin");
        command
    };
    let key = [
        "--batch",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
        "--quick-gen-key",
        "owner@localhost",
        "default",
        "default",
        "never",
    ];
    run(&mut command("/usr/bin/gpg", &key), "");
    run(&mut command("/usr/bin/pass", &["init", "owner@localhost"]), "");
    run(
        &mut command("/usr/bin/pass", &["insert", "--multiline", "api/key"]),
        "from-the-password-store\n",
    );

    let script = bench.fixture("pass-resolver.sh");
    bench.env.insert("HOME".into(), home.to_str().unwrap().into());
    bench.exec(
        "pass",
        &script,
        json!({"args": ["api/key"], "passEnv": ["HOME"], "jsonOnly": false, "timeoutMs": 60000}),
    );
    let answer = bench.ask_exec("pass", "value").await;
    // The agent that gpg left running belongs to this test's folder.
    run(&mut command("/usr/bin/gpgconf", &["--kill", "all"]), "");
    assert_eq!(answer, Ok("from-the-password-store".into()));
}

#[tokio::test]
async fn age_files_are_opened_by_a_resolver() {
    if !has(&["/usr/bin/age", "/usr/bin/age-keygen", "/usr/bin/python3"]) {
        return;
    }
    let mut bench = Bench::new();
    let key = bench.path("key.txt");
    run(Command::new("/usr/bin/age-keygen").arg("-o").arg(&key), "");
    let public = run(Command::new("/usr/bin/age-keygen").arg("-y").arg(&key), "").stdout;
    let public = String::from_utf8(public).unwrap();
    let file = bench.path("telegram.age");
    run(
        Command::new("/usr/bin/age")
            .args(["-r", public.trim(), "-o"])
            .arg(&file),
        "from-the-age-file",
    );

    let script = bench.fixture("age-resolver.py");
    bench.exec(
        "age",
        &script,
        json!({"env": {"AGE_STORE": bench.dir.path()}, "timeoutMs": 60000}),
    );
    assert_eq!(
        bench.ask_exec("age", "telegram").await,
        Ok("from-the-age-file".into())
    );
    let expected = "Exec provider \"age\" failed for id \"absent\" (NOT_FOUND).";
    assert_eq!(bench.ask_exec("age", "absent").await, Err(expected.into()));
}
