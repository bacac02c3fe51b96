//! Compiled code that somebody else put where the host keeps its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use openclaw_components::{CallContext, Error, Host, Options};
use openclaw_policy::Choice;
use serde_json::json;

use super::{code_of, evil};
use crate::common::{compiler, grant, text, tool};
use crate::ordeal::{House, SAY, skip};

/// Somebody who is not this user.
const STRANGER: Option<u32> = Some(65_534);

/// The host as it is after the next start of the gateway.
async fn start_again(house: &House) -> Result<Host, Error> {
    let folder = house.fixture.folder.path().join("host");
    Host::start(Options::new(folder, compiler(), house.state.clone())).await
}

/// What the tool says after the next start.
async fn says(house: &House) -> String {
    let host = start_again(house).await.unwrap();
    let installed = host.find(&"demo".parse().unwrap()).await.unwrap();
    let granted = grant(&installed, Choice::All);
    host.enable(&installed, granted, json!({})).await.unwrap();
    let said = host
        .call("demo", "{}", CallContext::default(), None)
        .await
        .unwrap();
    text(&said).to_owned()
}

/// Whether this user may give files away, which is said where he may not.
fn may_give_away(case: &str) -> bool {
    let may = rustix::process::geteuid().is_root();
    if !may {
        skip(&format!("{case} needs the right to give files away"));
    }
    may
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A house with a tool and its compiled code, and code of another that says something else.
struct Shelf {
    house: House,
    code: PathBuf,
    seal: PathBuf,
    good: Vec<u8>,
    /// The other's code and seal.
    evil: [Vec<u8>; 2],
}

impl Shelf {
    async fn fill() -> Self {
        let house = House::open().await;
        let folder = house.fixture.folder.path().join("host");
        let other = house.add("evil", &evil("evil"), json!({})).await;
        let digest = house
            .add("demo", &tool("demo", "", "", SAY), json!({}))
            .await
            .digest;
        let [code, seal] = code_of(&folder, digest);
        let evil = code_of(&folder, other.digest).map(|path| fs::read(path).unwrap());
        let good = fs::read(&code).unwrap();
        Self {
            house,
            code,
            seal,
            good,
            evil,
        }
    }

    fn folder(&self) -> &Path {
        self.code.parent().unwrap()
    }

    /// The entry is ours alone and none of what was put there.
    fn assert_anew(&self, case: &str, planted: &[u8]) {
        for path in [&self.code, &self.seal, &self.folder().join("key")] {
            let found = fs::symlink_metadata(path).unwrap();
            assert!(found.is_file(), "{case}");
            assert_eq!(found.mode() & 0o777, 0o600, "{case}");
            assert_eq!(found.uid(), rustix::process::geteuid().as_raw(), "{case}");
        }
        assert!(fs::read(&self.code).unwrap() != planted, "{case}");
        assert_eq!(
            fs::metadata(self.folder()).unwrap().mode() & 0o777,
            0o700,
            "{case}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compiled_code_that_was_changed_is_compiled_anew() {
    let shelf = Shelf::fill().await;
    let mut flipped = shelf.good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let longer = [&shelf.good[..], b"x"].concat();
    let shorter = shelf.good[..middle].to_vec();
    let [code, seal] = &shelf.evil;
    let cases = [
        ("a bit", flipped, None),
        ("a byte more", longer, None),
        ("half of it", shorter, None),
        ("nothing", Vec::new(), None),
        ("another's code", code.clone(), None),
        ("another's code and seal", code.clone(), Some(seal)),
    ];
    shelf
        .house
        .ordeal("demo", 0, async {
            for (case, planted, seal) in &cases {
                assert_eq!(says(&shelf.house).await, "A tool", "before {case}");
                fs::write(&shelf.code, planted).unwrap();
                if let Some(seal) = seal {
                    fs::write(&shelf.seal, seal).unwrap();
                }
                assert_eq!(says(&shelf.house).await, "A tool", "{case}");
                shelf.assert_anew(case, planted);
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compiled_code_that_others_own_or_may_write_is_compiled_anew() {
    type Plant = fn(&Shelf);
    let mut cases: Vec<(&str, Plant)> = vec![
        ("code that all may write", |shelf| allow(&shelf.code, 0o666)),
        ("a seal that all may write", |shelf| allow(&shelf.seal, 0o666)),
        ("code that is a link", |shelf| {
            let elsewhere = shelf.house.fixture.folder.path().join("elsewhere");
            fs::rename(&shelf.code, &elsewhere).unwrap();
            symlink(elsewhere, &shelf.code).unwrap();
        }),
    ];
    if may_give_away("code of another owner") {
        cases.push(("code of another owner", |shelf| {
            chown(&shelf.code, STRANGER, None).unwrap()
        }));
        cases.push(("a seal of another owner", |shelf| {
            chown(&shelf.seal, STRANGER, None).unwrap()
        }));
    }
    let shelf = Shelf::fill().await;
    shelf
        .house
        .ordeal("demo", 0, async {
            for (case, plant) in &cases {
                assert_eq!(says(&shelf.house).await, "A tool", "before {case}");
                plant(&shelf);
                assert_eq!(says(&shelf.house).await, "A tool", "{case}");
                shelf.assert_anew(case, &[]);
            }
        })
        .await;
}

/// In a folder that all may write a stranger put his key, and another's code with the seal that this key makes of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sealed_with_a_strangers_key_in_a_folder_that_all_may_write_is_not_run() {
    const KEY: [u8; 32] = [7; 32];
    let shelf = Shelf::fill().await;
    let name = shelf.code.file_stem().unwrap().to_str().unwrap();
    let (digest, engine) = name.split_once('-').unwrap();
    let digest: openclaw_policy::Digest = digest.parse().unwrap();
    let engine = u64::from_str_radix(engine, 16).unwrap();
    let seal = |code: &[u8]| {
        let mut hasher = blake3::Hasher::new_keyed(&KEY);
        hasher
            .update(digest.as_bytes())
            .update(&engine.to_le_bytes())
            .update(code);
        *hasher.finalize().as_bytes()
    };
    let key = shelf.folder().join("key");
    let plant = |owner: Option<u32>, mode: u32| {
        fs::write(&key, KEY).unwrap();
        fs::write(&shelf.code, &shelf.evil[0]).unwrap();
        fs::write(&shelf.seal, seal(&shelf.evil[0])).unwrap();
        allow(&key, mode);
        chown(&key, owner, None).unwrap();
        allow(shelf.folder(), 0o777);
    };
    let strangers = may_give_away("a key of another owner");
    shelf
        .house
        .ordeal("demo", 0, async {
            plant(None, 0o644);
            assert_eq!(says(&shelf.house).await, "A tool");
            shelf.assert_anew("a key that all may read", &shelf.evil[0]);
            if strangers {
                plant(STRANGER, 0o600);
                assert_eq!(says(&shelf.house).await, "A tool");
                shelf.assert_anew("a key of another owner", &shelf.evil[0]);
            }
        })
        .await;
    // With a key of ours it would be run, so it was the key that counted.
    plant(None, 0o600);
    assert_eq!(says(&shelf.house).await, "evil");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_for_compiled_code_that_is_a_link_or_of_another_owner_is_not_used() {
    let shelf = Shelf::fill().await;
    let (folder, elsewhere) = (
        shelf.folder().to_owned(),
        shelf.folder().with_file_name("elsewhere"),
    );
    let strangers = may_give_away("a folder of another owner");
    shelf
        .house
        .ordeal("demo", 0, async {
            fs::rename(&folder, &elsewhere).unwrap();
            symlink(&elsewhere, &folder).unwrap();
            let refused = start_again(&shelf.house).await.err().unwrap();
            assert!(
                refused.to_string().contains("must be a folder of the user"),
                "{refused}"
            );
            fs::remove_file(&folder).unwrap();
            fs::rename(&elsewhere, &folder).unwrap();
            if strangers {
                chown(&folder, STRANGER, None).unwrap();
                let refused = start_again(&shelf.house).await.err().unwrap();
                assert!(
                    refused.to_string().contains("must be a folder of the user"),
                    "{refused}"
                );
                chown(&folder, Some(rustix::process::geteuid().as_raw()), None).unwrap();
            }
            assert_eq!(says(&shelf.house).await, "A tool");
        })
        .await;
}
