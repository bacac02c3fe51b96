//! Components that misuse the directories they were shown.
//!
//! The guest is a program of the standard library's, `files/guest.rs`. What the layer beneath promises to any caller is
//! tested where it is; here a stranger's component is behind the whole host.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use openclaw_components::files::Quota;
use openclaw_components::{CallContext, Error, Output};
use openclaw_policy::{Choice, Limit};
use rustix::fs::{CWD, FileType, Mode, RenameFlags, makedev, mknodat, renameat_with};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{grant, limit, program, text};
use crate::ordeal::{House, skip};

mod disk;

static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| program(include_str!("files/guest.rs")));
/// What a guest's C library calls these.
const NO_QUOTA: &str = "19";
const NO_ENTRY: &str = "44";
const NO_SPACE: &str = "51";

/// `granted` for the guests, and beside it what none of them may reach.
struct World {
    house: House,
    folder: TempDir,
}

impl World {
    async fn open() -> Self {
        Self::with_quota(Quota {
            bytes: 1 << 30,
            entries: 10_000,
        })
        .await
    }

    async fn with_quota(quota: Quota) -> Self {
        // Building it takes longer than a neighbour waits.
        LazyLock::force(&GUEST);
        let house = House::open_with(|options| options.files_quota = quota).await;
        let folder = tempfile::tempdir().unwrap();
        for name in ["granted", "outside"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["secret", "precious"] {
            fs::write(folder.path().join("outside").join(name), "secret").unwrap();
        }
        Self { house, folder }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Installs the guest and shows it what was granted.
    async fn let_in(&self, id: &str) {
        let limits = json!({"hostCalls": 1_000_000, "cpu": "30 s", "deadline": "60 s", "bytesIn": "256 MiB",
            "bytesOut": "256 MiB"});
        self.let_in_with(id, limits, &self.path("granted")).await.unwrap();
    }

    async fn let_in_with(&self, id: &str, limits: Value, place: &Path) -> Result<(), Error> {
        let asks = json!({"capabilities": {"files": [{"path": "/data", "access": "rw"}]}, "limits": limits});
        let package = self.house.fixture.package(id, &GUEST, &asks);
        let installed = self.house.fixture.host.install(&package).await?;
        let place = [("/data".parse().unwrap(), place.to_owned())].into();
        let grant = grant(&installed, Choice::All).place(place).unwrap();
        self.house.fixture.host.enable(&installed, grant, json!({})).await
    }

    async fn tell(&self, id: &str, told: &str) -> Result<Output, Error> {
        let arguments = json!({ "do": told }).to_string();
        let host = &self.house.fixture.host;
        host.call(id, &arguments, CallContext::default(), None).await
    }

    /// What it says when it is told this.
    async fn says(&self, id: &str, told: &str) -> String {
        let output = self.tell(id, told).await.unwrap();
        assert!(!output.is_error, "{told}: {output:?}");
        text(&output).to_owned()
    }

    /// Nobody read, changed, added or removed anything beside what was granted.
    fn assert_untouched(&self) {
        let mut names: Vec<_> = fs::read_dir(self.path("outside"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["precious", "secret"]);
        for name in ["secret", "precious"] {
            assert_eq!(
                fs::read_to_string(self.path("outside").join(name)).unwrap(),
                "secret"
            );
        }
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_can_be_done_to_a_path_is_done_outside_of_the_granted_directory() {
    let world = World::open().await;
    world.let_in("files").await;
    fs::create_dir(world.path("granted/in")).unwrap();
    fs::write(world.path("granted/in/file"), "text").unwrap();
    symlink("../outside", world.path("granted/relative")).unwrap();
    symlink(world.path("outside"), world.path("granted/absolute")).unwrap();
    symlink("relative", world.path("granted/chain")).unwrap();
    symlink("/proc/self", world.path("granted/proc")).unwrap();
    symlink("/", world.path("granted/root")).unwrap();
    let secret = world.path("outside/secret").display().to_string();
    let paths = [
        "/data/../outside/secret",
        "/data/../outside",
        "/data/in/../../outside/secret",
        "/data/./in/./../../outside/./secret",
        "/data//in//..//..//outside//secret",
        "/data/..",
        "/data/../granted",
        "../outside/secret",
        "outside/secret",
        &secret,
        "/etc/passwd",
        "/proc/self/environ",
        "/data/relative/secret",
        "/data/absolute/secret",
        "/data/chain/secret",
        "/data/proc/environ",
        "/data/proc/root",
        "/data/proc/cwd",
        "/data/proc/fd/0",
        "/data/root/etc/passwd",
    ];
    let links = ["relative", "absolute", "chain", "proc", "root"].map(|name| format!("/data/{name}"));
    world
        .house
        .ordeal("files", 0, async {
            for path in paths {
                assert_eq!(world.says("files", &format!("try {path}")).await, "", "{path}");
                assert_eq!(world.says("files", &format!("move {path}")).await, "", "{path}");
            }
            // A link itself is a name in the directory: it may be moved and removed, and leads nowhere.
            for path in &links {
                assert_eq!(world.says("files", &format!("try {path}")).await, "", "{path}");
            }
        })
        .await;
    world.assert_untouched();
    assert!(world.path("granted/relative").is_symlink());
    // The same words reach what is inside, or they would prove nothing.
    let done = world.says("files", "try /data/in/file").await;
    assert!(done.starts_with("read open stat write append truncate"), "{done}");
    assert!(!done.contains("link"), "a guest makes no links: {done}");
    assert_eq!(
        world.says("files", "move /data/in/file").await,
        "move from move to remove"
    );
}

/// Exchanges two names until it is told to stop.
fn exchange(
    stop: &Arc<AtomicBool>,
    folder: PathBuf,
    [one, other]: [&'static str; 2],
) -> std::thread::JoinHandle<u32> {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        let mut done = 0;
        while !stop.load(Ordering::Relaxed) {
            let (one, other) = (folder.join(one), folder.join(other));
            // A guest may have one of them elsewhere at the moment.
            done += u32::from(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok());
            std::thread::sleep(Duration::from_micros(200));
        }
        done
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_two_others_exchange_for_a_link_never_leads_out() {
    let world = World::open().await;
    world.let_in("thief").await;
    world.let_in("accomplice").await;
    fs::create_dir(world.path("granted/swap")).unwrap();
    fs::write(world.path("granted/swap/secret"), "decoy").unwrap();
    symlink("../outside", world.path("granted/other")).unwrap();
    world
        .house
        .ordeal("thief", 0, async {
            let stop = Arc::default();
            let host = exchange(&stop, world.path("granted"), ["swap", "other"]);
            let stole = async {
                // 100 of each are enough for the order of steps to have been every one many times.
                let seen = world.says("thief", "peek 100").await;
                fs::write(world.path("granted/stop"), "").unwrap();
                seen
            };
            let (seen, swapped) = tokio::join!(stole, world.says("accomplice", "swap"));
            stop.store(true, Ordering::Relaxed);
            let exchanged = host.join().unwrap();
            let seen: Vec<u32> = seen.split(' ').map(|count| count.parse().unwrap()).collect();
            let [inside, outside, refused] = seen[..] else {
                panic!("{seen:?}")
            };
            assert_eq!(outside, 0, "it read what is outside");
            assert!(inside > 20 && refused > 20, "the race did not happen: {seen:?}");
            assert!(
                exchanged > 20 && swapped.parse::<u32>().unwrap() > 20,
                "{exchanged} {swapped}"
            );
        })
        .await;
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_exchanged_for_a_fifo_holds_no_guest_up() {
    let world = World::open().await;
    world.let_in("files").await;
    fs::write(world.path("granted/file"), "text").unwrap();
    mknodat(
        CWD,
        world.path("granted/pipe"),
        FileType::Fifo,
        Mode::from_raw_mode(0o666),
        0,
    )
    .unwrap();
    world
        .house
        .ordeal("files", 0, async {
            let stop = Arc::default();
            let host = exchange(&stop, world.path("granted"), ["file", "pipe"]);
            let seen = world.says("files", "open /data/file 100").await;
            stop.store(true, Ordering::Relaxed);
            host.join().unwrap();
            let (opened, refused) = seen.split_once(' ').unwrap();
            let met = |count: &str| count.parse::<u32>().unwrap() > 20;
            assert!(met(opened) && met(refused), "the race did not happen: {seen}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_file_is_neither_opened_nor_waited_for() {
    let world = World::open().await;
    world.let_in("files").await;
    let at = |name: &str| world.path("granted").join(name);
    let _listener = UnixListener::bind(at("socket")).unwrap();
    let make = |name: &str, kind, device| mknodat(CWD, at(name), kind, Mode::from_raw_mode(0o666), device);
    make("fifo", FileType::Fifo, 0).unwrap();
    let mut names = vec!["socket", "fifo"];
    let devices = [
        ("zero", FileType::CharacterDevice, makedev(1, 5)),
        ("memory", FileType::CharacterDevice, makedev(1, 1)),
        ("terminal", FileType::CharacterDevice, makedev(5, 0)),
        ("disk", FileType::BlockDevice, makedev(7, 0)),
    ];
    for (name, kind, device) in devices {
        match make(name, kind, device) {
            Ok(()) => names.push(name),
            Err(error) => skip(&format!("no device {name} can be made here: {error}")),
        }
    }
    world
        .house
        .ordeal("files", 0, async {
            let begun = Instant::now();
            for name in &names {
                let done = world.says("files", &format!("try /data/{name}")).await;
                // That it is there and what it is may be seen.
                assert_eq!(done, "stat", "{name}");
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_folders_of_the_kernel_are_not_shown_to_anybody() {
    let world = World::open().await;
    symlink("/proc/self", world.path("granted/link")).unwrap();
    let link = world.path("granted/link");
    world
        .house
        .ordeal("files", 0, async {
            for place in [
                "/proc",
                "/proc/self/fd",
                "/sys",
                "/sys/kernel",
                link.to_str().unwrap(),
            ] {
                let refused = world.let_in_with("files", json!({}), Path::new(place)).await;
                let error = refused.unwrap_err();
                assert!(matches!(error, Error::Directory(_)), "{place}: {error}");
                assert!(error.to_string().contains("shows the kernel"), "{error}");
                let called = world.tell("files", "try /data").await;
                assert!(matches!(called, Err(Error::Missing { .. })), "{called:?}");
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_names_end_at_the_quota_and_can_be_cleared_away() {
    // The usual quota is 100,000; so many are made in about a minute by an unoptimised build.
    const MOST: u64 = 2_000;
    let world = World::with_quota(Quota {
        bytes: 1 << 20,
        entries: MOST,
    })
    .await;
    world.let_in("files").await;
    let others = 7;
    for number in 0..others {
        fs::write(world.path("granted").join(format!("others-{number}")), "").unwrap();
    }
    world
        .house
        .ordeal("files", 0, async {
            let said = world.says("files", "litter /data").await;
            assert_eq!(said, format!("{} {NO_QUOTA}", MOST - others));
            assert_eq!(fs::read_dir(world.path("granted")).unwrap().count(), 2_000);
            assert_eq!(world.says("files", "touch /data/one-more").await, NO_QUOTA);
            world.says("files", "empty /data").await;
            assert_eq!(world.says("files", "touch /data/one-more").await, "ok");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_names_end_at_the_calls_to_the_host_if_no_more_was_asked_for() {
    let world = World::with_quota(Quota {
        bytes: 1 << 20,
        entries: 1_000_000,
    })
    .await;
    let asks = json!({"hostCalls": 3_000, "cpu": "20 s"});
    world
        .let_in_with("files", asks, &world.path("granted"))
        .await
        .unwrap();
    world
        .house
        .ordeal("files", 1, async {
            let ended = limit(world.tell("files", "litter /data").await);
            assert_eq!(ended, Limit::HostCalls);
        })
        .await;
    let made = fs::read_dir(world.path("granted")).unwrap().count();
    assert!((100..=3_000).contains(&made), "{made}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_extensions_with_two_calls_each_share_one_quota_to_the_last_piece() {
    let world = World::with_quota(Quota {
        bytes: 1_000_500,
        entries: 10,
    })
    .await;
    world.let_in("one").await;
    world.let_in("two").await;
    let calls = ["one a", "one b", "two c", "two d"];
    world
        .house
        .ordeal("one", 0, async {
            let fill = async |call: &str| {
                let (id, name) = call.split_once(' ').unwrap();
                let said = world.says(id, &format!("fill /data/{name}")).await;
                let (written, why) = said.split_once(' ').unwrap();
                assert_eq!(why, NO_QUOTA, "{call}");
                let held = fs::metadata(world.path("granted").join(name)).unwrap().len();
                assert_eq!(written.parse::<u64>().unwrap(), held, "{call}");
                held
            };
            let sum: u64 = futures_util::future::join_all(calls.map(fill)).await.iter().sum();
            assert_eq!(sum, 1_000_000);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_deleted_under_the_guest_ends_nothing_but_its_use() {
    let world = World::open().await;
    world.let_in("files").await;
    fs::create_dir(world.path("granted/gone")).unwrap();
    let said = world
        .house
        .ordeal("files", 0, async {
            let staying = world.says("files", "stay");
            let delete = async {
                come(&world.path("granted/gone/ready")).await;
                fs::remove_dir_all(world.path("granted/gone")).unwrap();
                come(&world.path("granted/noticed")).await;
                // A guest that writes all the time may add a name behind the one that deletes.
                while fs::remove_dir_all(world.path("granted")).is_err() {}
            };
            tokio::join!(staying, delete).0
        })
        .await;
    let gone = format!("ok{}", format!(" {NO_ENTRY}").repeat(7));
    assert_eq!(said, gone);
    world.assert_gone_until_granted_anew().await;
}

impl World {
    /// A directory of the same name is another one, which nobody granted.
    async fn assert_gone_until_granted_anew(&self) {
        fs::create_dir(self.path("granted")).unwrap();
        assert_eq!(self.says("files", "touch /data/new").await, NO_ENTRY);
        self.let_in("files").await;
        assert_eq!(self.says("files", "touch /data/new").await, "ok");
        assert!(self.path("granted/new").exists());
    }
}

async fn come(path: &Path) {
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", path.display());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
