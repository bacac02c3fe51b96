//! Disks that are full.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use openclaw_components::{CallContext, CompileFailure, Error};
use serde_json::json;

use super::{GUEST, NO_SPACE, World};
use crate::common::{text, tool};
use crate::ordeal::{House, skip};

/// A small file system of its own, gone when the test is.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this user may not mount, which is said.
    fn mount(at: PathBuf, options: &str) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&at)
            .output();
        let done = mounted.is_ok_and(|output| output.status.success());
        if !done {
            skip("it needs the right to mount a tmpfs");
        }
        done.then_some(Self(at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_fills_the_disk_is_told_so_and_can_make_room() {
    let world = World::open().await;
    let Some(_disk) = SmallDisk::mount(world.path("granted"), "size=1m,nr_inodes=64") else {
        return;
    };
    world.let_in("files").await;
    world
        .house
        .ordeal("files", 0, async {
            let said = world.says("files", "fill /data/file").await;
            let (written, _) = said.split_once(' ').unwrap();
            let held = fs::metadata(world.path("granted/file")).unwrap().len();
            assert!((500_000..=1 << 20).contains(&held), "{held}");
            assert!(written.parse::<u64>().unwrap() <= held);
            world.says("files", "empty /data").await;
            let said = world.says("files", "litter /data").await;
            let (made, why) = said.split_once(' ').unwrap();
            assert!(why == NO_SPACE && made.parse::<u32>().unwrap() > 10, "{said}");
            world.says("files", "empty /data").await;
            assert_eq!(world.says("files", "touch /data/one-more").await, "ok");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_beneath_the_host_refuses_an_install_and_ends_no_call() {
    let disk = tempfile::tempdir().unwrap();
    let Some(_disk) = SmallDisk::mount(disk.path().to_owned(), "size=64m") else {
        return;
    };
    let house = House::open_with(|options| options.folder = disk.path().join("host")).await;
    let package = house.fixture.package("large", &GUEST, &json!({}));
    let names = || {
        ["packages", "installed", "compiled"].map(|folder| {
            let folder = fs::read_dir(disk.path().join("host").join(folder)).unwrap();
            folder.count()
        })
    };
    let before = names();
    house
        .ordeal("large", 0, async {
            // What is left is enough for a name and for no component.
            let filler = fill(disk.path());
            let refused = house.fixture.host.install(&package).await.unwrap_err();
            let is_told = matches!(refused, Error::Compile(CompileFailure::Unwritten(_)));
            assert!(is_told, "{refused}");
            assert!(house.fixture.host.find(&"large".parse().unwrap()).await.is_err());
            house.call("honest").await.unwrap();
            fs::remove_file(filler).unwrap();
            assert_eq!(names(), before, "something half done is left");
        })
        .await;
    house.fixture.host.install(&package).await.unwrap();
}

/// Makes a piece of media of 60 KB at a time until it is refused for want of room, and commits it then, which must fail;
/// with arguments one of two times 60 KB, which must not.
fn scribe() -> Vec<u8> {
    let imports = r#"
        (import "openclaw:media/store@0.1.0" "create"
            (func $create (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32)))
        (import "openclaw:media/types@0.1.0" "[method]media-writer.write" (func $write (param i32 i32 i32 i32)))
        (import "openclaw:media/types@0.1.0" "[method]media-writer.commit" (func $commit (param i32 i32)))"#;
    // The result is at 2000 and the code of an error at 2008, of which 5 is the quota.
    let call = "(local $writer i32) (local $is_small i32)
        (local.set $is_small (i32.gt_u (local.get $args_len) (i32.const 2)))
        (call $create (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2000))
        (if (i32.load8_u (i32.const 2000)) (then unreachable))
        (local.set $writer (i32.load (i32.const 2008)))
        (loop $on
            (call $write (local.get $writer) (i32.const 0) (i32.const 60000) (i32.const 2000))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (if (i32.gt_u (local.get $n) (i32.const 50)) (then unreachable))
            (br_if $on (i32.eqz (i32.or (i32.load8_u (i32.const 2000))
                (i32.and (local.get $is_small) (i32.eq (local.get $n) (i32.const 2)))))))
        (if (i32.ne (i32.load8_u (i32.const 2000)) (i32.eqz (local.get $is_small))) (then unreachable))
        (if (i32.load8_u (i32.const 2000))
            (then (if (i32.ne (i32.load8_u (i32.const 2008)) (i32.const 5)) (then unreachable))))
        (call $commit (local.get $writer) (i32.const 2000))
        (if (i32.ne (i32.load8_u (i32.const 2000)) (i32.eqz (local.get $is_small))) (then unreachable))
        (call $say (i32.const 100) (i32.const 6))";
    tool("scribe", imports, "", call)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_that_did_not_find_room_on_the_disk_are_not_kept() {
    let disk = tempfile::tempdir().unwrap();
    let Some(_disk) = SmallDisk::mount(disk.path().to_owned(), "size=64m") else {
        return;
    };
    let house = House::open_with(|options| options.folder = disk.path().join("host")).await;
    house.add("scribe", &scribe(), json!({})).await;
    house.call("honest").await.unwrap();
    let media = disk.path().join("host/media");
    let count = || fs::read_dir(&media).unwrap().count();
    house
        .ordeal("scribe", 0, async {
            let filler = fill(disk.path());
            let length = fs::metadata(&filler).unwrap().len();
            File::options()
                .write(true)
                .open(&filler)
                .unwrap()
                .set_len(length - 300_000)
                .unwrap();
            for _ in 0..3 {
                assert_eq!(text(&house.call("scribe").await.unwrap()), "A tool");
                assert_eq!(count(), 0, "something half done is left");
            }
            let host = &house.fixture.host;
            let small = host
                .call("scribe", r#"{"a":1}"#, CallContext::default(), None)
                .await;
            assert_eq!(text(&small.unwrap()), "A tool");
            assert_eq!(count(), 2);
        })
        .await;
}

/// Fills a disk with one file.
fn fill(disk: &Path) -> PathBuf {
    let filler = disk.join("filler");
    let filled = Command::new("dd")
        .args(["if=/dev/zero", "bs=4k", &format!("of={}", filler.display())])
        .output();
    assert!(filled.is_ok());
    filler
}
