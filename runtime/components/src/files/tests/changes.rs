//! Names that come, go and move.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn nothing_changes_through_a_directory_granted_for_reading() {
    let world = World::new();
    std::fs::write(world.path("file"), "text").unwrap();
    std::fs::create_dir(world.path("empty")).unwrap();
    let granted = Directory::root(world.tree(PLENTY), Access::ReadOnly);
    let read_only = Some(ErrorCode::ReadOnly);
    for how in [
        WRITE,
        CREATE,
        How {
            truncate: true,
            ..READ
        },
        How { create: true, ..READ },
    ] {
        assert_eq!(open(&granted, "file", how).err(), read_only, "{how:?}");
    }
    assert_eq!(granted.create_directory("new").err(), read_only);
    assert_eq!(granted.remove_directory("empty").err(), read_only);
    assert_eq!(granted.remove_file("file").err(), read_only);
    assert_eq!(granted.rename("file", &granted, "new").err(), read_only);
    let now = rustix::fs::Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    let times = rustix::fs::Timestamps {
        last_access: now,
        last_modification: now,
    };
    assert_eq!(granted.set_times(&times).err(), read_only);
    assert_eq!(granted.set_times_at("file", true, &times).err(), read_only);
    // A directory inside has no more rights than the one it was reached from.
    assert!(!enter(&granted, "empty").unwrap().may_change());
    assert_eq!(
        open(&granted, "file", READ).unwrap().read(10, 0).unwrap(),
        b"text"
    );
}

#[test]
fn a_directory_deleted_under_the_guest_is_an_error_and_no_more() {
    let world = World::new();
    std::fs::create_dir(world.path("gone")).unwrap();
    let granted = world.grant(PLENTY);
    let gone = enter(&granted, "gone").unwrap();
    let file = open(&gone, "file", CREATE).unwrap();
    std::fs::remove_dir_all(world.path("gone")).unwrap();

    assert_eq!(open(&gone, "file", READ).err(), Some(ErrorCode::NoEntry));
    assert_eq!(open(&gone, "new", CREATE).err(), Some(ErrorCode::NoEntry));
    assert_eq!(gone.create_directory("new").err(), Some(ErrorCode::NoEntry));
    assert_eq!(gone.remove_file("file").err(), Some(ErrorCode::NoEntry));
    assert_eq!(
        gone.rename("file", &granted, "file").err(),
        Some(ErrorCode::NoEntry)
    );
    assert!(gone.meta().is_ok());
    assert_eq!(file.write(b"still open", 0).unwrap(), 10);

    std::fs::remove_dir_all(world.path("")).unwrap();
    assert_eq!(open(&granted, "new", CREATE).err(), Some(ErrorCode::NoEntry));
    assert_eq!(granted.create_directory("new").err(), Some(ErrorCode::NoEntry));
    let _ = granted.entries().map(|mut entries| entries.read().map(drop));
}

#[test]
fn a_name_that_is_exchanged_between_look_and_use_is_never_a_way_out() {
    let world = World::new();
    std::fs::write(world.folder.path().join("secret"), "secret").unwrap();
    std::fs::write(world.path("file"), "decoy").unwrap();
    std::os::unix::fs::symlink("../secret", world.path("other")).unwrap();
    let granted = world.grant(PLENTY);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let flags = rustix::fs::RenameFlags::EXCHANGE;
            while !stop.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(&granted, "file", &granted, "other", flags).unwrap();
            }
        });
        let (mut decoys, mut refusals) = (0, 0);
        let begun = std::time::Instant::now();
        for tried in 0.. {
            let is_met = tried >= 50_000 && decoys > 0 && refusals > 0;
            if is_met || begun.elapsed() > std::time::Duration::from_secs(20) {
                break;
            }
            match open(&granted, "file", CREATE) {
                Ok(file) => {
                    assert_eq!(file.write(b"DECOY", 0).unwrap(), 5);
                    decoys += 1;
                }
                Err(_) => refusals += 1,
            }
            if decoys > 200 && refusals > 200 {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(decoys > 0 && refusals > 0, "the race did not happen");
    });
    assert_eq!(
        std::fs::read_to_string(world.folder.path().join("secret")).unwrap(),
        "secret"
    );
}

#[test]
fn nothing_moves_from_one_tree_to_another() {
    let world = World::new();
    let other = tempfile::tempdir().unwrap();
    std::fs::write(world.path("file"), "text").unwrap();
    let granted = world.grant(PLENTY);
    let tree = world.trees.open(other.path(), PLENTY).unwrap();
    let other = Directory::root(tree, Access::ReadWrite);
    assert_eq!(
        granted.rename("file", &other, "file").err(),
        Some(ErrorCode::CrossDevice)
    );
}

#[test]
fn names_move_and_go_as_they_are_told() {
    let world = World::new();
    let granted = world.grant(PLENTY);
    granted.create_directory("a/").unwrap();
    granted.create_directory("a/b").unwrap();
    open(&granted, "a/b/file", CREATE)
        .unwrap()
        .write(b"text", 0)
        .unwrap();
    assert_eq!(
        granted.rename("a/b/file/", &granted, "x").err(),
        Some(ErrorCode::NotDirectory)
    );
    assert_eq!(granted.remove_directory("a").err(), Some(ErrorCode::NotEmpty));
    assert_eq!(granted.remove_file("a").err(), Some(ErrorCode::IsDirectory));
    let inner = enter(&granted, "a/b").unwrap();
    inner.rename("file", &granted, "moved").unwrap();
    assert_eq!(std::fs::read_to_string(world.path("moved")).unwrap(), "text");
    granted.remove_directory("a/b/").unwrap();
    granted.remove_directory("a").unwrap();
    granted.remove_file("moved").unwrap();
    assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 0);
}

#[test]
fn a_link_is_made_where_it_is_allowed_and_leads_out_from_nowhere() {
    let world = World::new();
    std::fs::create_dir_all(world.path("a/b")).unwrap();
    std::fs::write(world.path("file"), "text").unwrap();
    // The way to the directory is longer than the directory is deep.
    std::os::unix::fs::symlink("a", world.path("to-a")).unwrap();
    let granted = world.grant(PLENTY);
    assert_eq!(
        granted.make_link("file", "link").err(),
        Some(ErrorCode::NotPermitted)
    );
    let allowed = granted.clone().with_links(true);
    for (target, path) in [
        ("file", "link"),
        ("../file", "a/link"),
        ("../../file", "a/b/link"),
    ] {
        allowed.make_link(target, path).unwrap();
        assert_eq!(
            open(&allowed, path, READ).unwrap().read(10, 0).unwrap(),
            b"text",
            "{path}"
        );
    }
    for (target, path) in [
        ("../file", "new"),
        ("../../file", "a/new"),
        ("../../file", "to-a/new"),
        ("b/../../../file", "a/new"),
        ("/etc/passwd", "new"),
        ("", "new"),
        ("file", "../new"),
        ("file", "a/"),
        ("file", "link"),
    ] {
        assert!(allowed.make_link(target, path).is_err(), "{target} {path}");
        assert!(
            !world.path("new").is_symlink() && !world.path("a/new").is_symlink(),
            "{target} {path}"
        );
    }
    // From a directory further down the same holds.
    let below = enter(&allowed, "a").unwrap();
    below.make_link("../file", "below").unwrap();
    assert!(below.make_link("../../file", "out").is_err());
}
