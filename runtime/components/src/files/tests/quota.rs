//! What a directory may hold.

use std::fs::{create_dir, hard_link, remove_file, write};

use super::super::account::Room;
use super::*;

fn quota(bytes: u64, entries: u64) -> Quota {
    Quota { bytes, entries }
}

fn used(directory: &Directory) -> (u64, u64) {
    let Room { bytes, entries } = directory.tree().account().used();
    (bytes, entries)
}

#[test]
fn what_is_there_already_counts() {
    let world = World::new();
    create_dir(world.path("in")).unwrap();
    write(world.path("in/a"), [0; 60]).unwrap();
    write(world.path("b"), [0; 30]).unwrap();
    hard_link(world.path("b"), world.path("c")).unwrap();
    let granted = world.grant(quota(100, 10));
    let file = open(&granted, "new", CREATE).unwrap();
    assert_eq!(file.write(&[1; 11], 0).err(), Some(ErrorCode::Quota));
    assert_eq!(file.write(&[1; 10], 0), Ok(10));
    assert_eq!(used(&granted), (100, 5));
    // What is already held may be written over.
    assert_eq!(file.write(&[2; 10], 0), Ok(10));
    assert_eq!(file.append(&[2]).err(), Some(ErrorCode::Quota));
}

#[test]
fn two_calls_cannot_both_have_the_last_byte() {
    let world = World::new();
    let granted = world.grant(quota(64 * 100 + 63, 100));
    std::thread::scope(|scope| {
        for number in 0..8 {
            // Each call mounts the directory by itself, as another component would.
            let granted = world.grant(quota(64 * 100 + 63, 100));
            scope.spawn(move || {
                let own = open(&granted, &format!("own{number}"), CREATE).unwrap();
                let shared = open(&granted, "shared", CREATE).unwrap();
                let refused = loop {
                    if let Err(code) = own.append(&[7; 64]).and(shared.append(&[7; 64])) {
                        break code;
                    }
                };
                assert_eq!(refused, ErrorCode::Quota);
            });
        }
    });
    let held = bytes_in(&world.path(""));
    assert_eq!(held, 64 * 100, "more than the quota, or less than fits in it");
    assert_eq!(used(&granted), (held, 9));
}

#[test]
fn names_are_raced_for_as_bytes_are() {
    let world = World::new();
    let granted = world.grant(quota(1 << 20, 50));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let granted = &granted;
            scope.spawn(move || {
                for number in 0..20 {
                    let name = format!("{thread}-{number}");
                    let made = match number % 2 {
                        0 => granted.create_directory(&name).map(drop),
                        _ => open(granted, &name, CREATE).map(drop),
                    };
                    assert!(matches!(made, Ok(()) | Err(ErrorCode::Quota)), "{made:?}");
                }
            });
        }
    });
    assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 50);
    assert_eq!(used(&granted), (0, 50));
}

#[test]
fn what_is_removed_cut_off_or_replaced_is_given_back() {
    let world = World::new();
    let granted = world.grant(quota(100, 3));
    let file = open(&granted, "a", CREATE).unwrap();
    file.write(&[0; 100], 0).unwrap();
    file.set_size(40).unwrap();
    assert_eq!(used(&granted), (40, 1));
    world.close(file);
    world.close(
        open(
            &granted,
            "a",
            How {
                truncate: true,
                ..WRITE
            },
        )
        .unwrap(),
    );
    assert_eq!(used(&granted), (0, 1));

    for name in ["a", "b"] {
        let file = open(&granted, name, CREATE).unwrap();
        file.write(&[0; 50], 0).unwrap();
        world.close(file);
    }
    granted.create_directory("d").unwrap();
    assert_eq!(used(&granted), (100, 3));
    assert_eq!(granted.create_directory("e").err(), Some(ErrorCode::Quota));
    granted.rename("a", &granted, "b").unwrap();
    assert_eq!(used(&granted), (50, 2));
    granted.remove_file("b").unwrap();
    granted.remove_directory("d").unwrap();
    assert_eq!(used(&granted), (0, 0));
}

#[test]
fn a_removed_file_counts_until_its_last_holder_lets_go() {
    let world = World::new();
    let granted = world.grant(quota(100, 10));
    let file = open(&granted, "a", CREATE).unwrap();
    let again = open(&granted, "a", READ).unwrap();
    file.write(&[0; 60], 0).unwrap();
    granted.remove_file("a").unwrap();
    file.append(&[0; 20]).unwrap();
    assert_eq!(used(&granted), (80, 1));
    world.close(file);
    assert_eq!(used(&granted), (80, 1));
    world.close(again);
    assert_eq!(used(&granted), (0, 0));
}

#[test]
fn a_hole_counts_as_what_it_may_become() {
    let world = World::new();
    let granted = world.grant(quota(1000, 10));
    let file = open(&granted, "a", CREATE).unwrap();
    assert_eq!(file.set_size(1001).err(), Some(ErrorCode::Quota));
    assert_eq!(file.write(b"x", 1000).err(), Some(ErrorCode::Quota));
    assert_eq!(file.write(b"x", u64::MAX).err(), Some(ErrorCode::FileTooLarge));
    assert_eq!(file.set_size(u64::MAX).err(), Some(ErrorCode::Quota));
    assert_eq!(file.write(b"x", 999), Ok(1));
    assert_eq!(used(&granted), (1000, 1));
}

#[test]
fn what_others_removed_is_found_out_when_room_is_short() {
    let world = World::new();
    write(world.path("old"), [0; 90]).unwrap();
    let granted = world.grant(quota(100, 10));
    let file = open(&granted, "new", CREATE).unwrap();
    let gone = open(&granted, "gone", CREATE).unwrap();
    gone.write(&[0; 5], 0).unwrap();
    granted.remove_file("gone").unwrap();
    remove_file(world.path("old")).unwrap();
    assert_eq!(file.write(&[0; 20], 0).err(), Some(ErrorCode::Quota));
    granted.tree().account().age();
    assert_eq!(file.write(&[0; 20], 0), Ok(20));
    // Removed and still open is not gone.
    assert_eq!(used(&granted), (25, 2));
}

#[test]
fn a_directory_too_big_to_count_is_full_and_can_be_emptied() {
    let world = World::new();
    for number in 0..30 {
        write(world.path(&number.to_string()), "x").unwrap();
    }
    let granted = world.grant(quota(1000, 20));
    assert_eq!(open(&granted, "new", CREATE).err(), Some(ErrorCode::Quota));
    let file = open(&granted, "0", WRITE).unwrap();
    assert_eq!(file.append(b"x").err(), Some(ErrorCode::Quota));
    world.close(file);
    for number in 0..15 {
        granted.remove_file(&number.to_string()).unwrap();
    }
    assert_eq!(open(&granted, "new", CREATE).err(), Some(ErrorCode::Quota));
    granted.tree().account().age();
    assert!(open(&granted, "new", CREATE).is_ok());
    assert_eq!(used(&granted), (15, 16));
}

#[test]
fn a_million_files_end_at_the_quota_and_depth_closes_nothing() {
    let world = World::new();
    let granted = world.grant(quota(1 << 20, 500));
    let mut made = 0;
    for number in 0..1_000_000 {
        match granted.create_directory(&format!("d{number}")) {
            Ok(()) => made += 1,
            Err(code) => {
                assert_eq!(code, ErrorCode::Quota);
                break;
            }
        }
    }
    assert_eq!(made, 500);
    for number in 0..made {
        granted.remove_directory(&format!("d{number}")).unwrap();
    }
    let mut here = granted.clone();
    for _ in 0..300 {
        here.create_directory("d").unwrap();
        here = enter(&here, "d").unwrap();
    }
    granted.tree().account().age();
    assert_eq!(
        here.tree().take(Room::bytes(2 << 20)).err(),
        Some(ErrorCode::Quota)
    );
    assert_eq!(used(&granted), (0, 300));
    // However deep somebody goes, others have the rest.
    granted.create_directory("e").unwrap();
}

#[test]
fn a_tree_that_is_only_read_is_never_counted() {
    let world = World::new();
    write(world.path("a"), [0; 60]).unwrap();
    let granted = world.grant(quota(1, 1));
    assert_eq!(open(&granted, "a", READ).unwrap().read(100, 0).unwrap().len(), 60);
    granted.meta_at("a", true).unwrap();
    assert!(granted.tree().account().is_stale());
}
