use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{RenameFlags, renameat_with};
use tempfile::TempDir;

use super::*;

type Open = fn(BorrowedFd<'_>, &str, OFlags) -> Result<OwnedFd, Errno>;

/// The kernel's way and ours; both keep every promise here.
const WAYS: [(&str, Open); 2] = [("kernel", by_kernel), ("walking", by_walking)];

/// `inside/` with a few files, and `outside/secret` beside it.
fn world() -> TempDir {
    let world = tempfile::tempdir().unwrap();
    fs::create_dir_all(world.path().join("inside/deep/er")).unwrap();
    fs::create_dir(world.path().join("outside")).unwrap();
    fs::write(world.path().join("inside/file"), "inside").unwrap();
    fs::write(world.path().join("inside/deep/file"), "deep").unwrap();
    fs::write(world.path().join("outside/secret"), "secret").unwrap();
    world
}

fn open_directory(path: &Path) -> OwnedFd {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap()
}

fn read(open: Open, base: &OwnedFd, path: &str) -> Result<String, Errno> {
    let file = open(
        base.as_fd(),
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
    )?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut fs::File::from(file), &mut text)
        .map_err(|error| Errno::from_io_error(&error).unwrap())?;
    Ok(text)
}

#[test]
fn what_lies_beneath_is_reached_also_through_links_that_stay_inside() {
    let world = world();
    let inside = world.path().join("inside");
    symlink("deep", inside.join("to-deep")).unwrap();
    symlink("../file", inside.join("deep/up")).unwrap();
    symlink("to-deep/up", inside.join("chain")).unwrap();
    let base = open_directory(&inside);
    for (way, open) in WAYS {
        for (path, text) in [
            ("file", "inside"),
            ("./deep//file", "deep"),
            ("deep/../file", "inside"),
            ("deep/er/../../deep/./file", "deep"),
            ("to-deep/file", "deep"),
            ("deep/up", "inside"),
            ("chain", "inside"),
        ] {
            assert_eq!(read(open, &base, path).as_deref(), Ok(text), "{way}: {path}");
        }
        for (path, errno) in [
            ("", Errno::NOENT),
            ("missing", Errno::NOENT),
            ("file/", Errno::NOTDIR),
            ("file/.", Errno::NOTDIR),
            ("file/x", Errno::NOTDIR),
        ] {
            assert_eq!(read(open, &base, path), Err(errno), "{way}: {path}");
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        assert!(open(base.as_fd(), "deep/", flags).is_ok(), "{way}");
        assert!(open(base.as_fd(), ".", flags).is_ok(), "{way}");
    }
}

#[test]
fn no_path_and_no_link_leads_out() {
    let world = world();
    let inside = world.path().join("inside");
    let secret = world.path().join("outside/secret");
    symlink(&secret, inside.join("absolute")).unwrap();
    symlink("../outside/secret", inside.join("relative")).unwrap();
    symlink("../outside", inside.join("directory")).unwrap();
    symlink("relative", inside.join("chain")).unwrap();
    symlink("/", inside.join("root")).unwrap();
    symlink("/proc/self/root", inside.join("proc")).unwrap();
    symlink("/proc/self/cwd", inside.join("deep/cwd")).unwrap();
    let base = open_directory(&inside);
    let absolute = secret.to_str().unwrap();
    for (way, open) in WAYS {
        for path in [
            "..",
            "../outside/secret",
            "deep/../../outside/secret",
            "./../inside/file",
            "/",
            "/etc/passwd",
            "//etc/passwd",
            absolute,
            "absolute",
            "relative",
            "chain",
            "directory/secret",
            "root/etc/passwd",
            "proc/etc/passwd",
            "deep/cwd/Cargo.toml",
        ] {
            assert_eq!(read(open, &base, path), Err(Errno::XDEV), "{way}: {path}");
        }
    }
}

#[test]
fn a_link_that_is_not_to_be_followed_is_refused() {
    let world = world();
    let inside = world.path().join("inside");
    symlink("file", inside.join("link")).unwrap();
    symlink("loop", inside.join("loop")).unwrap();
    let base = open_directory(&inside);
    for (way, open) in WAYS {
        let opened = open(base.as_fd(), "link", OFlags::RDONLY | OFlags::NOFOLLOW);
        assert_eq!(opened.unwrap_err(), Errno::LOOP, "{way}");
        let seen = open(base.as_fd(), "link", OFlags::PATH | OFlags::NOFOLLOW).unwrap();
        assert_eq!(Meta::of(seen).unwrap().kind, FileType::Symlink, "{way}");
        assert_eq!(read(open, &base, "loop"), Err(Errno::LOOP), "{way}");
    }
}

#[test]
fn the_kernels_own_links_and_file_systems_are_not_followed() {
    let base = open_directory(Path::new("/"));
    for (way, open) in WAYS {
        // A base that has the mount point beneath it: what is mounted there is not part of it.
        assert_eq!(read(open, &base, "proc/self/status"), Err(Errno::XDEV), "{way}");
    }
    let base = open_directory(Path::new("/proc/self"));
    for (way, open) in WAYS {
        let refused = open(base.as_fd(), "root/etc/passwd", OFlags::RDONLY);
        assert!(
            matches!(refused, Err(Errno::XDEV | Errno::LOOP)),
            "{way}: {refused:?}"
        );
        let refused = open(base.as_fd(), "exe", OFlags::RDONLY);
        assert!(
            matches!(refused, Err(Errno::XDEV | Errno::LOOP)),
            "{way}: {refused:?}"
        );
    }
}

#[test]
fn a_directory_that_is_exchanged_for_a_link_on_the_way_never_leads_out() {
    let world = world();
    let inside = world.path().join("inside");
    fs::create_dir(inside.join("swap")).unwrap();
    fs::write(inside.join("swap/secret"), "decoy").unwrap();
    symlink("../outside", inside.join("other")).unwrap();
    let base = open_directory(&inside);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                renameat_with(&base, "swap", &base, "other", RenameFlags::EXCHANGE).unwrap();
            }
        });
        for (way, open) in WAYS {
            let (mut decoys, mut refusals) = (0, 0);
            let begun = std::time::Instant::now();
            for tried in 0.. {
                let is_met = tried >= 100_000 && decoys > 0 && refusals > 0;
                if is_met || begun.elapsed() > std::time::Duration::from_secs(20) {
                    break;
                }
                match read(open, &base, "deep/../swap/secret") {
                    Ok(text) => {
                        assert_eq!(text, "decoy", "{way}");
                        decoys += 1;
                    }
                    Err(_) => refusals += 1,
                }
                if decoys > 500 && refusals > 500 {
                    break;
                }
            }
            assert!(decoys > 0 && refusals > 0, "{way}: the race did not happen");
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_place_is_one_name_in_one_directory_beneath() {
    let world = world();
    let base = open_directory(&world.path().join("inside"));
    let find = |path| Place::find(base.as_fd(), path).map(|place| (place.name, place.must_be_directory));
    assert_eq!(find("new"), Ok(("new", false)));
    assert_eq!(find("deep/new//"), Ok(("new", true)));
    for (path, errno) in [
        ("", Errno::NOENT),
        ("/", Errno::PERM),
        ("/new", Errno::PERM),
        (".", Errno::INVAL),
        ("deep/..", Errno::INVAL),
        ("../new", Errno::PERM),
        ("missing/new", Errno::NOENT),
        ("file/new", Errno::NOTDIR),
    ] {
        assert_eq!(find(path), Err(errno), "{path}");
    }
}
