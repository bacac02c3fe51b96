//! What a guest that uses `std::fs` sees of the directories it was granted: a real component, made by the
//! compiler that authors use.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use openclaw_components::Descriptors;
use openclaw_components::files::{
    Budget, Files, FilesAccess, FilesView, MAX_HANDLES, Mount, Mounts, Quota, Trees, Volume, add_to_linker,
};
use openclaw_policy::capability::files::Access;
use tempfile::TempDir;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

const PLENTY: Quota = Quota {
    bytes: 1 << 24,
    entries: 10_000,
};

struct Guest {
    wasi: WasiCtx,
    files: Files,
    table: ResourceTable,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl FilesView for Guest {
    fn files(&mut self) -> FilesAccess<'_> {
        FilesAccess {
            files: &mut self.files,
            table: &mut self.table,
        }
    }
}

/// Counts, and refuses what is over a number of calls.
struct Meter {
    most_calls: u64,
    calls: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
#[error("the budget is spent")]
struct Spent;

impl Budget for Meter {
    fn charge(&self, volume: Volume) -> wasmtime::Result<()> {
        self.bytes_in.fetch_add(volume.bytes_in, Ordering::Relaxed);
        self.bytes_out.fetch_add(volume.bytes_out, Ordering::Relaxed);
        let calls = self.calls.fetch_add(volume.calls, Ordering::Relaxed) + volume.calls;
        if calls > self.most_calls {
            Err(Spent.into())
        } else {
            Ok(())
        }
    }
}

/// Two granted directories, `/data` to write and `/docs` to read, and something beside them.
struct World {
    folder: TempDir,
    trees: Trees,
    engine: Engine,
    component: Component,
    meter: Arc<Meter>,
}

impl World {
    fn new() -> Self {
        Self::with_calls(1_000_000)
    }

    fn with_calls(most_calls: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["data", "docs"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(folder.path().join("docs/page"), "page").unwrap();
        let mut config = Config::new();
        config.concurrency_support(false);
        let engine = Engine::new(&config).unwrap();
        let component = Component::from_file(&engine, guest()).unwrap();
        let meter = Arc::new(Meter {
            most_calls,
            calls: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
        });
        let trees = Trees::new(tokio::runtime::Handle::current());
        Self {
            folder,
            trees,
            engine,
            component,
            meter,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs the guest and returns what it printed.
    async fn run(&self, quota: Quota, arguments: &[&str]) -> wasmtime::Result<String> {
        let mount = |path: &str, access, folder| Mount {
            path: path.parse().unwrap(),
            access,
            tree: self.trees.open(&self.path(folder), quota).unwrap(),
            links: false,
        };
        let mounts = Mounts::new(vec![
            mount("/data", Access::ReadWrite, "data"),
            mount("/docs", Access::ReadOnly, "docs"),
        ]);
        let mut linker = Linker::new(&self.engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        linker.allow_shadowing(true);
        add_to_linker(&mut linker)?;
        let printed = MemoryOutputPipe::new(1 << 16);
        let wasi = WasiCtx::builder()
            .args(&[&["guest"], arguments].concat())
            .stdout(printed.clone())
            .inherit_stderr()
            .build();
        let files = Files::new(
            Arc::new(mounts.unwrap()),
            Arc::clone(&self.meter) as Arc<dyn Budget>,
            &Descriptors::new(1000),
        );
        let guest = Guest {
            wasi,
            files,
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, guest);
        let command = Command::instantiate_async(&mut store, &self.component, &linker).await?;
        let finished = command.wasi_cli_run().call_run(&mut store).await?;
        assert_eq!(finished, Ok(()), "the guest panicked");
        drop(store);
        Ok(String::from_utf8(printed.contents().to_vec())
            .unwrap()
            .trim()
            .to_owned())
    }

    async fn says(&self, arguments: &[&str]) -> String {
        self.run(PLENTY, arguments).await.unwrap()
    }
}

/// The guest, compiled once however many tests want it at the same time.
fn guest() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/guest.rs");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = fs::File::create(folder.join("files-guest.lock")).unwrap();
    lock.lock().unwrap();
    let built = folder.join("files-guest.wasm");
    let time = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    if time(&built) <= time(&source) {
        let target = folder.join("files-guest.new.wasm");
        let compiled = Program::new("rustc")
            .args(["--edition", "2024", "--target", "wasm32-wasip2", "-O", "-o"])
            .args([&target, &source])
            .status()
            .unwrap();
        assert!(compiled.success(), "rustc needs the target wasm32-wasip2");
        fs::rename(target, &built).unwrap();
    }
    built
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standard_library_finds_what_it_expects() {
    let world = World::new();
    assert_eq!(world.says(&["use"]).await, "used");
    assert_eq!(fs::read_to_string(world.path("data/copy")).unwrap(), "xxxxx");
    assert_eq!(fs::read_dir(world.path("data")).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_reaches_its_directories_and_nothing_else() {
    let world = World::new();
    symlink("../secret", world.path("data/relative")).unwrap();
    symlink(world.path("secret"), world.path("data/absolute")).unwrap();
    symlink("/proc/self/environ", world.path("data/proc")).unwrap();
    assert_eq!(world.says(&["read", "/docs/page"]).await, "page");
    for path in [
        "/data/../secret",
        "/data/../docs/../secret",
        "/data/relative",
        "/data/absolute",
        "/data/proc",
        "/etc/passwd",
        "/proc/self/environ",
        "/",
        "secret",
        world.path("secret").to_str().unwrap(),
    ] {
        let said = world.says(&["read", path]).await;
        assert!(said.starts_with("error: "), "{path}: {said}");
        let said = world.says(&["write", path, "mine"]).await;
        assert!(said.starts_with("error: "), "{path}: {said}");
    }
    assert_eq!(fs::read_to_string(world.path("secret")).unwrap(), "secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_for_reading_stays_as_it_is() {
    let world = World::new();
    for path in ["/docs/page", "/docs/new"] {
        assert_eq!(
            world.says(&["write", path, "mine"]).await,
            "error: ReadOnlyFilesystem",
            "{path}"
        );
    }
    assert_eq!(fs::read_to_string(world.path("docs/page")).unwrap(), "page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_makes_no_hard_link() {
    let world = World::new();
    for new in ["/data/page", "/docs/other"] {
        let said = world.says(&["link", "/docs/page", new]).await;
        assert_eq!(said, "error: PermissionDenied", "{new}");
    }
    assert!(!world.path("data/page").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_holds_no_guest_up() {
    let world = World::new();
    let made = Program::new("mkfifo")
        .arg(world.path("data/fifo"))
        .status()
        .unwrap();
    assert!(made.success());
    let started = Instant::now();
    assert_eq!(
        world.says(&["read", "/data/fifo"]).await,
        "error: PermissionDenied"
    );
    assert_eq!(
        world.says(&["write", "/data/fifo", "x"]).await,
        "error: PermissionDenied"
    );
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_share_one_quota() {
    let world = World::new();
    let quota = Quota {
        bytes: 100_500,
        entries: 10,
    };
    let (one, two) = tokio::join!(
        world.run(quota, &["fill", "/data/one"]),
        world.run(quota, &["fill", "/data/two"]),
    );
    let sizes = [(one, "data/one"), (two, "data/two")].map(|(said, path)| {
        let written: u64 = said.unwrap().parse().unwrap();
        assert_eq!(written, fs::metadata(world.path(path)).unwrap().len());
        written
    });
    assert_eq!(sizes.iter().sum::<u64>(), 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_and_byte_is_charged() {
    let world = World::new();
    let before = world.meter.calls.load(Ordering::Relaxed);
    let text = "x".repeat(50_000);
    fs::write(world.path("data/big"), &text).unwrap();
    assert_eq!(world.says(&["read", "/data/big"]).await.len(), 50_000);
    assert!(world.meter.bytes_in.load(Ordering::Relaxed) >= 50_000);
    assert!(world.meter.calls.load(Ordering::Relaxed) > before + 4);
    world.says(&["write", "/data/new", &text]).await;
    assert!(world.meter.bytes_out.load(Ordering::Relaxed) >= 50_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_ends_the_call_with_its_own_error() {
    let world = World::with_calls(500);
    let ended = world.run(PLENTY, &["spin", "/data"]).await.unwrap_err();
    assert!(ended.downcast_ref::<Spent>().is_some(), "{ended:?}");
    assert!(world.meter.calls.load(Ordering::Relaxed) <= 501);
    let world = World::with_calls(500);
    let ended = world.run(PLENTY, &["fill", "/data/file"]).await.unwrap_err();
    assert!(ended.downcast_ref::<Spent>().is_some(), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_listing_arrives_whole() {
    let world = World::new();
    for number in 0..1000 {
        fs::write(world.path(&format!("data/{number}")), "").unwrap();
    }
    assert_eq!(world.says(&["list", "/data"]).await, "1000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_cannot_hold_all_handles_of_the_process() {
    let world = World::new();
    let said = world.says(&["hold", "/docs/page"]).await;
    let (held, why) = said.split_once(' ').unwrap();
    assert_eq!(why, "OutOfMemory");
    assert!(held.parse::<usize>().unwrap() < MAX_HANDLES, "{held}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_leaves_nothing_behind() {
    let world = World::with_calls(u64::MAX);
    let quota = Quota {
        bytes: u64::MAX / 2,
        entries: 10,
    };
    let tree = world.trees.open(&world.path("data"), quota).unwrap();
    let call = world.run(quota, &["spin", "/data"]);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), call)
            .await
            .is_err()
    );
    // The call held the tree of /docs alone, and may still be finishing its last operation.
    let gone = async {
        while Arc::strong_count(&tree) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
}
