//! An install that is killed leaves an extension that is there whole or not at all.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::Home;

/// How long an install takes here, so that the kills fall into all of it.
fn measure() -> Duration {
    let home = Home::new();
    let package = home.package("calc");
    let begun = Instant::now();
    let said = home.run(&["plugins", "install", &package, "--grant", "all"]);
    assert_eq!(said.code, 0, "{}", said.err);
    begun.elapsed()
}

#[test]
fn an_install_that_is_killed_at_any_moment_can_be_done_again() {
    const KILLS: u32 = 16;
    let whole = measure();
    let home = Home::new();
    let package = home.package("calc");
    let install = ["plugins", "install", &package, "--grant", "all"];
    let mut finished = 0;
    for kill in 0..KILLS {
        let mut child = home
            .command(&install)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(whole * kill / (KILLS - 2));
        // It may be over already, which is one of the moments.
        let _ = child.kill();
        finished += u32::from(child.wait().unwrap().success());

        let listed = home.run(&["plugins", "list", "--json"]);
        assert_eq!(listed.code, 0, "after kill {kill}: {}", listed.err);
        let rows = listed.json()["plugins"].as_array().unwrap().clone();
        assert!(
            rows.iter().all(|row| row["error"].is_null()),
            "after kill {kill}: {rows:?}"
        );
        let sum = home.run(&[
            "plugins",
            "run",
            "calc",
            "calc",
            "--args",
            r#"{"expression": "6 * 7"}"#,
        ]);
        match rows.first().is_some_and(|row| row["granted"] == true) {
            true => assert_eq!(sum.out, "42\n", "after kill {kill}: {}", sum.err),
            false => assert_eq!(sum.code, 1, "after kill {kill}: {}", sum.out),
        }
        home.run(&["plugins", "uninstall", "calc"]);
    }
    assert!(finished < KILLS, "no install was cut off");
    let said = home.run(&install);
    assert_eq!(said.code, 0, "{}", said.err);
    let extensions = home.path(".openclaw/extensions");
    let left = |folder: &str| std::fs::read_dir(extensions.join(folder)).unwrap().count();
    assert_eq!((left("packages"), left("installed")), (1, 1));
    assert_eq!(left("compiled"), 3, "the key, the code and its hash");
}
