//! A disk that is full.

use std::process::Command;

use super::*;

/// A small file system of its own, gone when the test is.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k,nr_inodes=64", "tmpfs"])
            .arg(&at)
            .output();
        mounted
            .ok()
            .filter(|output| output.status.success())
            .map(|_| Self(at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_to_be_full_and_what_was_not_written_is_given_back() {
    let world = World::new();
    let Some(_disk) = SmallDisk::mount(world.path("")) else {
        eprintln!("skipped: a_full_disk_is_said_to_be_full needs the right to mount a tmpfs");
        return;
    };
    let granted = world.grant(PLENTY);
    let file = open(&granted, "file", CREATE).unwrap();
    let full = (0..100).find_map(|_| file.append(&[1; 50_000]).err());
    assert_eq!(full, Some(ErrorCode::InsufficientSpace));
    let used = granted.tree().account().used();
    assert_eq!(used.bytes, bytes_in(&world.path("")));

    file.set_size(0).unwrap();
    let full = (0..100).find_map(|number| granted.create_directory(&number.to_string()).err());
    assert_eq!(full, Some(ErrorCode::InsufficientSpace));
    let entries = std::fs::read_dir(world.path("")).unwrap().count();
    assert_eq!(
        granted.tree().account().used().entries,
        u64::try_from(entries).unwrap()
    );
}
