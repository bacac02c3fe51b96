//! An extension that is switched off, granted anew or replaced while its calls run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use openclaw_components::{CallContext, Error, Host, Installed, Output};
use openclaw_policy::{Choice, Grant, PluginId};
use serde_json::json;

use crate::common::{grant, program, text};
use crate::ordeal::House;

const CALLS: usize = 100;

/// Tells twice what it was granted, and what it is.
fn guest(version: u32) -> Vec<u8> {
    let source = r#"
        fn granted() -> String {
            let folder = std::fs::read_to_string("/data/name").unwrap_or_else(|error| error.to_string());
            format!("{folder} {}", std::env::var("WHO").is_ok())
        }
        fn main() {
            let before = granted();
            std::thread::sleep(std::time::Duration::from_millis(60));
            print!("VERSION {before} {}", granted());
        }"#;
    program(&source.replace("VERSION", &version.to_string()))
}

struct World {
    house: House,
    id: PluginId,
    /// Two versions.
    guests: [Vec<u8>; 2],
}

impl World {
    async fn open() -> Self {
        let house = House::open_with(|options| {
            options.environment.insert("WHO".to_owned(), "set".to_owned());
        })
        .await;
        for name in ["a", "b", "c"] {
            let folder = house.fixture.folder.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("name"), name).unwrap();
        }
        Self {
            house,
            id: "busy".parse().unwrap(),
            guests: [guest(1), guest(2)],
        }
    }

    fn host(&self) -> &Host {
        &self.house.fixture.host
    }

    async fn install(&self, guest: &[u8]) -> Installed {
        let asks = json!({
            "capabilities": {"files": [{"path": "/data", "access": "ro"}], "env": ["WHO"]},
            "limits": {"concurrency": 32},
        });
        let package = self.house.fixture.package("busy", guest, &asks);
        self.host().install(&package).await.unwrap()
    }

    /// All that is asked for, with this folder, or all but the variable.
    fn grant(&self, installed: &Installed, folder: &str, with_variable: bool) -> Grant {
        let choice = match with_variable {
            true => Choice::All,
            false => {
                let mut capabilities = installed.manifest.capabilities.clone();
                capabilities.env = Default::default();
                Choice::Some(Box::new(capabilities), installed.manifest.limits.clone())
            }
        };
        let place = self.house.fixture.folder.path().join(folder);
        let places = BTreeMap::from([("/data".parse().unwrap(), place)]);
        grant(installed, choice).place(places).unwrap()
    }

    async fn enable(&self, installed: &Installed, granted: Grant) {
        self.host().enable(installed, granted, json!({})).await.unwrap();
    }

    async fn call(&self) -> Result<Output, Error> {
        let host = self.host();
        host.call("busy", "{}", CallContext::default(), None).await
    }

    /// Lets a hundred calls run, does this beside them over and over, and counts how they ended.
    async fn crowd(&self, beside: impl AsyncFn()) -> Ends {
        let calls: Vec<_> = (0..CALLS)
            .map(|_| {
                let host = self.host().clone();
                tokio::spawn(async move { host.call("busy", "{}", CallContext::default(), None).await })
            })
            .collect();
        let begun = Instant::now();
        while !calls.iter().all(tokio::task::JoinHandle::is_finished) {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "some call does not end"
            );
            beside().await;
        }
        let mut ends = Ends::default();
        for call in calls {
            ends.count(call.await.unwrap());
        }
        ends
    }
}

/// How calls ended: what they said, or that there is no such tool.
#[derive(Debug, Default)]
struct Ends {
    said: BTreeMap<String, usize>,
    missing: usize,
}

impl Ends {
    fn count(&mut self, ended: Result<Output, Error>) {
        match ended {
            Ok(output) => *self.said.entry(text(&output).to_owned()).or_default() += 1,
            Err(Error::Missing { .. }) => self.missing += 1,
            Err(other) => panic!("{other}"),
        }
    }

    fn said(&self) -> Vec<&str> {
        self.said.keys().map(String::as_str).collect()
    }
}

const FIRST: &str = "1 a true a true";
const SECOND: &str = "1 b false b false";
const THIRD: &str = "2 c true c true";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_beside_changes_of_their_grant_have_one_grant_each_or_are_refused() {
    let world = World::open().await;
    let installed = world.install(&world.guests[0]).await;
    let first = || world.grant(&installed, "a", true);
    let second = || world.grant(&installed, "b", false);
    world.enable(&installed, first()).await;
    world
        .house
        .ordeal("busy", 0, async {
            let mut said = BTreeSet::new();
            // Which of them a call meets is chance.
            for _ in 0..10 {
                let ends = world
                    .crowd(async || {
                        world.enable(&installed, second()).await;
                        tokio::time::sleep(Duration::from_millis(40)).await;
                        world.enable(&installed, first()).await;
                        tokio::time::sleep(Duration::from_millis(40)).await;
                    })
                    .await;
                assert_eq!(ends.missing, 0);
                said.extend(ends.said.into_keys());
                if said.len() > 1 {
                    break;
                }
            }
            assert_eq!(said.iter().collect::<Vec<_>>(), [FIRST, SECOND]);
            // Whoever calls after a change has what was changed to.
            world.enable(&installed, second()).await;
            assert_eq!(text(&world.call().await.unwrap()), SECOND);
            world.enable(&installed, first()).await;
            assert_eq!(text(&world.call().await.unwrap()), FIRST);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_beside_one_that_switches_off_and_on_end_well_or_are_told_that_there_is_no_such_tool()
{
    let world = World::open().await;
    let installed = world.install(&world.guests[0]).await;
    let granted = || world.grant(&installed, "b", false);
    world.enable(&installed, granted()).await;
    world
        .house
        .ordeal("busy", 0, async {
            let ends = world
                .crowd(async || {
                    tokio::time::sleep(Duration::from_millis(70)).await;
                    world.host().disable(&world.id);
                    let refused = world.call().await;
                    assert!(matches!(refused, Err(Error::Missing { .. })), "{refused:?}");
                    world.enable(&installed, granted()).await;
                })
                .await;
            assert_eq!(ends.said(), [SECOND], "{ends:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_beside_an_update_are_of_one_version_each_with_its_own_grant() {
    let world = World::open().await;
    let old = world.install(&world.guests[0]).await;
    world.enable(&old, world.grant(&old, "a", true)).await;
    assert_eq!(text(&world.call().await.unwrap()), FIRST);
    world
        .house
        .ordeal("busy", 0, async {
            let installing = AtomicBool::new(true);
            let install = async {
                let new = world.install(&world.guests[1]).await;
                installing.store(false, Ordering::Relaxed);
                new
            };
            let calls = async {
                while installing.load(Ordering::Relaxed) {
                    let ends = world
                        .crowd(async || tokio::time::sleep(Duration::from_millis(5)).await)
                        .await;
                    assert_eq!(
                        ends.said(),
                        [FIRST],
                        "until it is granted the new one is not called"
                    );
                    assert_eq!(ends.missing, 0);
                }
            };
            let (new, ()) = tokio::join!(install, calls);
            let foreign = world
                .host()
                .enable(&new, world.grant(&old, "a", true), json!({}))
                .await;
            assert!(matches!(foreign, Err(Error::OtherGrant { .. })), "{foreign:?}");

            let mut is_met = false;
            // Which of them a call meets is chance.
            for _ in 0..10 {
                world.enable(&old, world.grant(&old, "a", true)).await;
                let ends = world
                    .crowd(async || {
                        tokio::time::sleep(Duration::from_millis(30)).await;
                        world.enable(&new, world.grant(&new, "c", true)).await;
                        assert_eq!(text(&world.call().await.unwrap()), THIRD);
                    })
                    .await;
                let is_one = ends.said().iter().all(|said| [FIRST, THIRD].contains(said));
                assert!(is_one && ends.missing == 0, "{ends:?}");
                is_met = ends.said().contains(&THIRD);
                if is_met {
                    break;
                }
            }
            assert!(is_met, "no call met the new one");

            // The code of the old one is gone, and whoever is still to be called by it is told so.
            world.enable(&old, world.grant(&old, "a", true)).await;
            world.host().drop_idle(Duration::ZERO);
            let ended = world.call().await;
            assert!(matches!(ended, Err(Error::Missing { .. })), "{ended:?}");
            world.enable(&new, world.grant(&new, "c", true)).await;
            assert_eq!(text(&world.call().await.unwrap()), THIRD);
        })
        .await;
}
