//! Which programs may be run: the rules in their order, before every start.

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::{Bench, is_root};

const SCRIPT: &str = "#!/bin/sh\necho hunter2\n";
const LABEL: &str = "secrets.providers.p.command";

async fn run(command: &Path, settings: Value) -> Result<String, String> {
    let mut bench = Bench::new();
    bench.exec("p", command, json!({"jsonOnly": false}));
    bench.providers["p"]
        .as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    bench.ask_exec("p", "value").await
}

#[tokio::test]
async fn each_rule_refuses_with_its_words() {
    let bench = Bench::new();
    let good = bench.file("good", SCRIPT, 0o700);
    assert_eq!(run(&good, json!({})).await, Ok("hunter2".into()));
    assert_eq!(
        run("good".as_ref(), json!({})).await,
        Err(format!("{LABEL} must be an absolute path."))
    );
    let absent = bench.path("absent");
    assert_eq!(
        run(&absent, json!({})).await,
        Err(format!("{LABEL} is not readable: {}", absent.display()))
    );
    let dir = bench.dir.path();
    assert_eq!(
        run(dir, json!({})).await,
        Err(format!("{LABEL} must be a file: {}", dir.display()))
    );
    let link = bench.path("link");
    symlink(&good, &link).unwrap();
    assert_eq!(
        run(&link, json!({})).await,
        Err(format!("{LABEL} must not be a symlink: {}", link.display()))
    );
    let outside = format!("{LABEL} is outside trustedDirs: {}", good.display());
    assert_eq!(
        run(&good, json!({"trustedDirs": ["/usr/bin"]})).await,
        Err(outside)
    );
    assert_eq!(
        run(&good, json!({"trustedDirs": ["/usr/bin", dir]})).await,
        Ok("hunter2".into())
    );
    for mode in [0o720, 0o702, 0o777] {
        let open = bench.file("open", SCRIPT, mode);
        let expected = format!("{LABEL} permissions are too open: {}", open.display());
        assert_eq!(run(&open, json!({})).await, Err(expected), "{mode:o}");
        assert_eq!(
            run(&open, json!({"allowInsecurePath": true})).await,
            Ok("hunter2".into())
        );
    }
    let readable = bench.file("readable", SCRIPT, 0o755);
    assert_eq!(run(&readable, json!({})).await, Ok("hunter2".into()));
}

#[tokio::test]
async fn a_program_outside_the_trusted_folders_is_named_so_before_its_mode_is() {
    let bench = Bench::new();
    let open = bench.file("open", SCRIPT, 0o777);
    let expected = format!("{LABEL} is outside trustedDirs: {}", open.display());
    assert_eq!(
        run(&open, json!({"trustedDirs": ["/usr/bin"]})).await,
        Err(expected)
    );
}

/// A package manager's layout: `bin/tool` is a symlink to the versioned program below the same prefix.
#[tokio::test]
async fn a_symlink_under_a_trusted_prefix_runs_when_allowed() {
    let prefix = Bench::new();
    std::fs::create_dir_all(prefix.path("bin")).unwrap();
    std::fs::create_dir_all(prefix.path("Cellar/tool/1.0")).unwrap();
    let target = prefix.file("Cellar/tool/1.0/tool", SCRIPT, 0o755);
    let link = prefix.path("bin/tool");
    symlink("../Cellar/tool/1.0/tool", &link).unwrap();
    let settings =
        json!({"allowSymlinkCommand": true, "trustedDirs": [prefix.dir.path()], "passEnv": ["HOME"]});
    assert_eq!(run(&link, settings.clone()).await, Ok("hunter2".into()));

    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o777)).unwrap();
    let real = target.canonicalize().unwrap();
    let expected = format!("{LABEL} permissions are too open: {}", real.display());
    assert_eq!(run(&link, settings.clone()).await, Err(expected));

    let elsewhere = Bench::new();
    let foreign = elsewhere.file("tool", SCRIPT, 0o755);
    std::fs::remove_file(&link).unwrap();
    symlink(&foreign, &link).unwrap();
    let expected = format!(
        "{LABEL} is outside trustedDirs: {}",
        foreign.canonicalize().unwrap().display()
    );
    assert_eq!(run(&link, settings.clone()).await, Err(expected));

    std::fs::remove_file(&link).unwrap();
    symlink(prefix.path("Cellar"), &link).unwrap();
    let cellar = prefix.path("Cellar").canonicalize().unwrap();
    assert_eq!(
        run(&link, settings).await,
        Err(format!("{LABEL} must be a file: {}", cellar.display()))
    );
}

#[tokio::test]
async fn a_program_of_somebody_else_is_refused() {
    if !is_root() {
        assert!(std::env::var_os("CI").is_none(), "needs root to give a file away");
        eprintln!("skipped: needs root to give a file away");
        return;
    }
    let bench = Bench::new();
    let path = bench.file("tool", SCRIPT, 0o755);
    chown(&path, Some(65534), None).unwrap();
    let expected = format!(
        "{LABEL} must be owned by the current user (uid=0): {}",
        path.display()
    );
    assert_eq!(run(&path, json!({})).await, Err(expected));
    assert_eq!(
        run(&path, json!({"allowInsecurePath": true})).await,
        Ok("hunter2".into())
    );
}

#[tokio::test]
async fn trust_is_checked_before_every_start() {
    let mut bench = Bench::new();
    let path = bench.file("tool", SCRIPT, 0o700);
    bench.exec("p", &path, json!({"jsonOnly": false}));
    assert_eq!(bench.ask_exec("p", "value").await, Ok("hunter2".into()));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o722)).unwrap();
    let expected = format!("{LABEL} permissions are too open: {}", path.display());
    assert_eq!(bench.ask_exec("p", "value").await, Err(expected));
}
