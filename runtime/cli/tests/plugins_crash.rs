//! Whatever is killed in the middle of a change, each extension is there whole or not at all, and the next start clears
//! away what was left.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::Home;
use common::packages::another;
use rustix::fs::inotify;
use serde_json::{Value, json};

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
    let left = |folder: &str| fs::read_dir(extensions.join(folder)).unwrap().count();
    assert_eq!((left("packages"), left("installed")), (1, 1));
    assert_eq!(left("compiled"), 3, "the key, the code and its hash");
}

/// A program that does nothing, and does it well.
const PROGRAM: &str = r#"(component
    (core module $m (func (export "run") (result i32) (i32.const 0)))
    (core instance $m (instantiate $m))
    (func $run (result (result)) (canon lift (core func $m "run")))
    (instance $run (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $run)))"#;

/// Where a run of the program ends.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// So long after its start.
    After(Duration),
    /// At the change of a file that has this number.
    At(usize),
    Never,
}

/// A home with an extension to be changed and another that is never touched.
struct World {
    home: Home,
    /// The packages of two versions.
    versions: [String; 2],
}

const INSTALL_OLD: usize = 0;
const INSTALL_NEW: usize = 1;

impl World {
    fn new() -> Self {
        let home = Home::new();
        let component = wat::parse_str(PROGRAM).unwrap();
        let manifest = |id: &str| {
            json!({"id": id, "configSchema": {}, "component": {"file": "program.wasm"},
                "capabilities": {"kv": {"quota": "1 MiB"}}})
        };
        let versions = [
            home.package_of("old", &manifest("demo"), &component),
            home.package_of("new", &manifest("demo"), &another(&component)),
        ];
        let witness = home.package_of("witness", &manifest("witness"), &another(&another(&component)));
        let world = Self { home, versions };
        world.done(&["plugins", "install", &witness, "--grant", "all"]);
        world
    }

    /// Runs the program to its end, which must be a good one.
    fn done(&self, words: &[&str]) {
        let said = self.home.run(words);
        assert_eq!(said.code, 0, "{words:?}: {}{}", said.out, said.err);
    }

    fn install(&self, version: usize) -> [&str; 5] {
        ["plugins", "install", &self.versions[version], "--grant", "all"]
    }

    fn is_installed(&self) -> bool {
        self.home
            .path(".openclaw/extensions/installed/demo.json")
            .exists()
    }

    /// Runs the program up to a cut. Says whether it came to its end, how long it took, and how many changes of files
    /// were seen.
    fn run_until(&self, words: &[&str], cut: Cut) -> (bool, Duration, usize) {
        let events = self.watch();
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(events, &mut buffer);
        let mut command = self.home.command(words);
        let begun = Instant::now();
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut changes = 0;
        let is_over = |child: &mut Child| child.try_wait().unwrap().is_some();
        loop {
            let is_due = match cut {
                Cut::After(time) => begun.elapsed() >= time,
                Cut::At(number) => changes >= number,
                Cut::Never => false,
            };
            if is_due || is_over(&mut child) {
                break;
            }
            match events.next() {
                Ok(_) => changes += 1,
                Err(_) => sleep(Duration::from_micros(100)),
            }
        }
        let took = begun.elapsed();
        // It may be over already, which is one of the moments.
        let _ = child.kill();
        (child.wait().unwrap().success(), took, changes)
    }

    fn watch(&self) -> OwnedFd {
        let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
        let events = inotify::init(flags).unwrap();
        for folder in [
            "",
            "extensions",
            "extensions/packages",
            "extensions/installed",
            "extensions/compiled",
        ] {
            let path = self.home.path(".openclaw").join(folder);
            let kinds = inotify::WatchFlags::CREATE
                | inotify::WatchFlags::MODIFY
                | inotify::WatchFlags::MOVE
                | inotify::WatchFlags::DELETE
                | inotify::WatchFlags::CLOSE_WRITE;
            inotify::add_watch(&events, path, kinds).unwrap();
        }
        events
    }

    /// Kills a command at each change of a file that it makes, and at moments all over it, each time from the same
    /// beginning, and looks at what is left. What was found beside the command's beginning and its end is counted.
    fn sweep(&self, prepare: impl Fn(), words: &[&str], check: impl Fn(&State)) -> BTreeMap<State, u32> {
        const MOMENTS: u32 = 12;
        // Where a command makes more changes, so many of them, evenly over all.
        const STEPS: usize = 64;
        prepare();
        let (finished, whole, changes) = self.run_until(words, Cut::Never);
        assert!(finished && changes > 0);
        // The next one may take longer than the one that was measured.
        let moments = (0..MOMENTS).map(|kill| Cut::After(whole * 3 * kill / (2 * MOMENTS)));
        let steps = changes.min(STEPS);
        let all = (0..steps).map(|step| Cut::At(1 + step * changes / steps));
        let (mut hits, mut states) = (0, BTreeMap::new());
        for cut in all.chain(moments) {
            // Who looks at the changes may have been kept from it: what ran to its end is tried once more.
            for is_last in [matches!(cut, Cut::After(_)), true] {
                prepare();
                let (finished, _, _) = self.run_until(words, cut);
                let state = self.look(cut);
                check(&state);
                *states.entry(state).or_default() += 1;
                if !finished || is_last {
                    hits += usize::from(!finished && matches!(cut, Cut::At(_)));
                    break;
                }
            }
        }
        eprintln!("{words:?}: {changes} changes, {hits} of {steps} cut off");
        assert!(2 * hits > steps, "only {hits} of {steps} were cut off");
        states
    }

    /// Looks at what a killed program left, and at what the next start makes of it.
    fn look(&self, cut: Cut) -> State {
        let report = self.home.run(&["plugins", "audit", "--json"]);
        let report = report.json();
        let findings = report["findings"].as_array().unwrap();
        let codes: BTreeMap<_, _> = findings
            .iter()
            .filter(|found| found["id"] == "demo")
            .map(|found| {
                (
                    found["code"].as_str().unwrap().to_owned(),
                    found["message"].clone(),
                )
            })
            .collect();
        let is_installed = self.is_installed();
        assert_eq!(report["summary"]["critical"], 0, "{cut:?}: {report}");
        assert!(
            is_installed || !codes.contains_key("STALE_GRANT"),
            "{cut:?}: a grant of nothing: {report}"
        );

        // The next start, with what was cut off or with what was not.
        let run = match is_installed {
            true => self.home.run(&["plugins", "run", "demo", "demo"]),
            false => self.home.run(&["plugins", "run", "witness", "witness"]),
        };
        let is_granted = is_installed && !codes.contains_key("NO_GRANT");
        let should = i32::from(is_installed && !is_granted);
        assert_eq!(run.code, should, "{cut:?}: {}{}", run.out, run.err);
        assert!(
            should == 0 || run.err.contains("has no grant"),
            "{cut:?}: {}",
            run.err
        );
        self.assert_nothing_stray(cut);
        match self.digest() {
            None => State::Gone,
            Some(digest) if is_granted => State::Granted(digest),
            Some(digest) => State::Installed(digest),
        }
    }

    /// What is installed.
    fn digest(&self) -> Option<String> {
        let record = self.records().remove("demo")?;
        Some(record["digest"].as_str().unwrap().to_owned())
    }

    /// What was noted of each extension.
    fn records(&self) -> BTreeMap<String, Value> {
        let folder = fs::read_dir(self.home.path(".openclaw/extensions/installed")).unwrap();
        let paths = folder.map(|entry| entry.unwrap().path());
        let records = paths
            .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
            .map(|path| {
                let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let text = fs::read(&path).unwrap();
                (id, serde_json::from_slice(&text).unwrap())
            });
        records.collect()
    }

    /// There are packages of what is installed and compiled code of it, and nothing else.
    fn assert_nothing_stray(&self, cut: Cut) {
        let records = self.records();
        let names = |folder: &str| -> BTreeSet<String> {
            let folder = fs::read_dir(self.home.path(".openclaw/extensions").join(folder)).unwrap();
            folder
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        };
        let of = |key: &str| -> BTreeSet<String> {
            records
                .values()
                .map(|record| record[key].as_str().unwrap().to_owned())
                .collect()
        };
        let noted: BTreeSet<_> = records.keys().map(|id| format!("{id}.json")).collect();
        assert_eq!(names("installed"), noted, "{cut:?}");
        assert_eq!(names("packages"), of("address"), "{cut:?}");
        let digests = of("digest");
        let strays: Vec<_> = names("compiled")
            .into_iter()
            .filter(|name| {
                name != "key"
                    && name
                        .split_once('-')
                        .is_none_or(|(digest, _)| !digests.contains(digest))
            })
            .collect();
        assert!(strays.is_empty(), "{cut:?}: {strays:?}");
    }
}

/// What a killed program left.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum State {
    Gone,
    /// This component, which cannot be called.
    Installed(String),
    /// This component, which can.
    Granted(String),
}

#[test]
fn an_install_that_is_killed_at_any_step_leaves_nothing_half_done() {
    let world = World::new();
    let prepare = || {
        if world.is_installed() {
            world.done(&["plugins", "uninstall", "demo"]);
        }
    };
    let left = world.sweep(prepare, &world.install(INSTALL_OLD), |_| ());
    assert!(left.contains_key(&State::Gone) && left.len() > 1, "{left:?}");
    world.done(&world.install(INSTALL_OLD));
    world.done(&["plugins", "run", "witness", "witness"]);
}

#[test]
fn an_update_that_is_killed_at_any_step_leaves_the_old_version_or_the_new_one() {
    let world = World::new();
    let [old, new] = [INSTALL_OLD, INSTALL_NEW].map(|version| {
        world.done(&world.install(version));
        world.digest().unwrap()
    });
    let prepare = || world.done(&world.install(INSTALL_OLD));
    let left = world.sweep(prepare, &world.install(INSTALL_NEW), |state| {
        // Until the new one is granted it is there and cannot be called; the old one is as it was.
        let may_be = match state {
            State::Gone => false,
            State::Installed(digest) => *digest == new,
            State::Granted(digest) => [&old, &new].contains(&digest),
        };
        assert!(may_be, "{state:?}");
    });
    for whole in [old, new] {
        assert!(left.contains_key(&State::Granted(whole)), "{left:?}");
    }
    world.done(&world.install(INSTALL_NEW));
    world.done(&["plugins", "run", "demo", "demo"]);
}

#[test]
fn a_grant_that_is_killed_at_any_step_is_the_old_one_or_the_new_one() {
    let world = World::new();
    world.done(&world.install(INSTALL_OLD));
    let held = || {
        let info = world.home.run(&["plugins", "info", "demo", "--json"]).json();
        info["grant"]["capabilities"].clone()
    };
    let all = held();
    world.done(&["plugins", "grant", "demo", "--grant", "none"]);
    let none = held();
    assert_ne!(all, none);
    let prepare = || world.done(&["plugins", "grant", "demo", "--grant", "all"]);
    let seen = RefCell::new(Vec::new());
    let words = ["plugins", "grant", "demo", "--grant", "none"];
    world.sweep(prepare, &words, |state| {
        assert!(matches!(state, State::Granted(_)), "{state:?}");
        seen.borrow_mut().push(held());
    });
    let seen = seen.into_inner();
    assert!(seen.contains(&all) && seen.contains(&none));
    assert!(seen.iter().all(|held| [&all, &none].contains(&held)), "{seen:?}");
}

#[test]
fn a_removal_that_is_killed_at_any_step_can_be_done_again_and_leaves_no_grant_behind() {
    let world = World::new();
    let prepare = || world.done(&world.install(INSTALL_OLD));
    let left = world.sweep(prepare, &["plugins", "uninstall", "demo"], |_| {
        if world.is_installed() {
            world.done(&["plugins", "uninstall", "demo"]);
        }
        assert!(!world.is_installed());
    });
    assert!(left.contains_key(&State::Gone) && left.len() > 1, "{left:?}");
    world.done(&["plugins", "run", "witness", "witness"]);
}
