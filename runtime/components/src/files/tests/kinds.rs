//! What is opened, and what is not.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode};

use super::*;

#[test]
fn a_fifo_is_refused_and_holds_nobody_up() {
    let world = World::new();
    rustix::fs::mkfifoat(CWD, world.path("fifo"), Mode::from_raw_mode(0o666)).unwrap();
    let granted = world.grant(PLENTY);
    let started = Instant::now();
    for how in [
        READ,
        WRITE,
        CREATE,
        How { read: false, ..WRITE },
        How {
            truncate: true,
            ..WRITE
        },
    ] {
        assert_eq!(
            open(&granted, "fifo", how).err(),
            Some(ErrorCode::NotPermitted),
            "{how:?}"
        );
    }
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(granted.meta_at("fifo", true).unwrap().kind, FileType::Fifo);
    granted.remove_file("fifo").unwrap();
}

#[test]
fn a_socket_is_refused() {
    let world = World::new();
    let _listener = UnixListener::bind(world.path("socket")).unwrap();
    let refused = open(&world.grant(PLENTY), "socket", WRITE).err();
    assert_eq!(refused, Some(ErrorCode::NotPermitted));
}

#[test]
fn a_device_is_refused() {
    let world = World::new();
    let device = rustix::fs::makedev(1, 3);
    let mode = Mode::from_raw_mode(0o666);
    if rustix::fs::mknodat(CWD, world.path("null"), FileType::CharacterDevice, mode, device).is_err() {
        eprintln!("skipped: a_device_is_refused needs the right to make devices");
        return;
    }
    let refused = open(&world.grant(PLENTY), "null", WRITE).err();
    assert_eq!(refused, Some(ErrorCode::NotPermitted));
}

#[test]
fn a_link_out_is_seen_and_not_followed() {
    let world = World::new();
    std::fs::write(world.folder.path().join("secret"), "secret").unwrap();
    symlink("../secret", world.path("relative")).unwrap();
    symlink("/etc/passwd", world.path("absolute")).unwrap();
    let granted = world.grant(PLENTY);
    for path in ["relative", "absolute", "../secret", "/etc/passwd"] {
        for how in [READ, CREATE] {
            let refused = open(&granted, path, how).err();
            assert_eq!(refused, Some(ErrorCode::NotPermitted), "{path} {how:?}");
        }
        assert!(granted.meta_at(path, true).is_err(), "{path}");
    }
    assert_eq!(
        granted.meta_at("absolute", false).unwrap().kind,
        FileType::Symlink
    );
    assert_eq!(granted.read_link("relative").as_deref(), Ok("../secret"));
    // Where something is on this machine is not the guest's to know.
    assert_eq!(granted.read_link("absolute").err(), Some(ErrorCode::NotPermitted));
}

#[test]
fn nothing_is_created_through_a_link() {
    let world = World::new();
    symlink("new", world.path("inside")).unwrap();
    symlink("../new", world.path("out")).unwrap();
    let granted = world.grant(PLENTY);
    for path in ["inside", "out"] {
        assert!(open(&granted, path, CREATE).is_err());
        let exclusive = How {
            exclusive: true,
            ..CREATE
        };
        assert_eq!(open(&granted, path, exclusive).err(), Some(ErrorCode::Exist));
    }
    assert!(!world.path("new").exists() && !world.folder.path().join("new").exists());
}

#[test]
fn a_file_with_another_name_is_read_and_never_changed() {
    let world = World::new();
    let other = world.folder.path().join("other");
    std::fs::write(&other, "precious").unwrap();
    std::fs::hard_link(&other, world.path("file")).unwrap();
    let granted = world.grant(PLENTY);
    assert_eq!(
        open(&granted, "file", READ).unwrap().read(100, 0).unwrap(),
        b"precious"
    );
    for how in [
        WRITE,
        CREATE,
        How {
            truncate: true,
            ..WRITE
        },
        How {
            truncate: true,
            ..READ
        },
    ] {
        assert_eq!(
            open(&granted, "file", how).err(),
            Some(ErrorCode::NotPermitted),
            "{how:?}"
        );
    }
    granted.remove_file("file").unwrap();
    assert_eq!(std::fs::read_to_string(other).unwrap(), "precious");
}

#[test]
fn what_is_mounted_inside_is_not_part_of_it() {
    // The root of the machine has the kernel's files mounted in it, wherever this runs.
    let world = World::new();
    let tree = world.trees.open(Path::new("/"), PLENTY).unwrap();
    let root = Directory::root(tree, Access::ReadOnly);
    for path in ["proc/self/environ", "proc/self/root/etc/passwd", "proc/1/cmdline"] {
        assert_eq!(
            open(&root, path, READ).err(),
            Some(ErrorCode::NotPermitted),
            "{path}"
        );
    }
}
