//! Packages that are not what they say, and programs that die in the middle of a change to them.

mod cache;
mod gateway;
mod reload;

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_components::{Error, ImportRefusal, Inspection, MANIFEST_FILE, NotComponent, Standing};
use openclaw_policy::{Choice, Digest, Limit, PluginId, Unit};
use serde_json::{Value, json};

use crate::common::{grant, text, tool};
use crate::ordeal::{House, SAY};

/// Each ability with an interface that gives it.
const ABILITIES: [(&str, &str); 6] = [
    ("kv", "openclaw:kv/store@0.1.0"),
    ("http", "openclaw:http/client@0.1.0"),
    ("sockets", "openclaw:sockets/dial@0.1.0"),
    ("secrets", "openclaw:secrets/placeholders@0.1.0"),
    ("secrets", "openclaw:secrets/reveal@0.1.0"),
    ("tools", "openclaw:tools/calls@0.1.0"),
];

/// All that can be asked for.
fn everything() -> Value {
    json!({
        "kv": {"quota": "1 MiB"},
        "http": [{"host": "a.example"}],
        "sockets": [{"transport": "tls", "host": "a.example", "port": 443}],
        "secrets": [{"name": "one", "audience": ["a.example"], "places": ["header authorization"], "reveal": true}],
        "tools": {"next": "other"},
        "files": [{"path": "/data", "access": "rw"}],
        "env": ["HOME"],
    })
}

fn without(key: &str) -> Value {
    let mut asks = everything();
    let asked = asks.as_object_mut().unwrap();
    asked.remove(key);
    // A stream of events is granted as a request.
    if key == "sockets" {
        asked.remove("http");
    }
    asks
}

/// A program that imports one interface, or the outside of one.
fn importing(interface: &str) -> Vec<u8> {
    let text = format!(
        r#"(component (import "{interface}" (instance)) (instance $run) (export "wasi:cli/run@0.2.0" (instance $run)))"#
    );
    wat::parse_str(text).unwrap()
}

async fn is_installed(house: &House, id: &str) -> bool {
    let ids = house.fixture.host.list().await.unwrap();
    ids.contains(&id.parse::<PluginId>().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ability_that_is_imported_and_not_asked_for_is_refused_whatever_else_is_asked_for() {
    let house = House::open().await;
    house
        .ordeal("quiet", ABILITIES.len(), async {
            for (key, interface) in ABILITIES {
                let component = importing(interface);
                let asks = json!({ "capabilities": without(key) });
                let package = house.fixture.package("quiet", &component, &asks);
                let error = house.fixture.host.install(&package).await.unwrap_err();
                let Error::Imports(refusals) = &error else {
                    panic!("{interface}: {error}")
                };
                let import = interface.to_owned();
                assert_eq!(refusals, &[ImportRefusal::NotAsked { import, key }]);
                // The same component with a manifest that asks for it has nothing against it.
                let asks = json!({ "capabilities": everything() });
                let package = house.fixture.package("quiet", &component, &asks);
                let found = Inspection::read(&package).unwrap();
                assert!(found.refusals.is_empty(), "{:?}", found.refusals);
                assert_eq!(found.imports, [(interface.to_owned(), Standing::Asked(key))]);
            }
        })
        .await;
    assert!(!is_installed(&house, "quiet").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_granted_and_never_imported_opens_nothing_to_the_next_version() {
    const KV: &str = r#"(import "openclaw:kv/store@0.1.0" "get" (func $get (param i32 i32 i32)))"#;
    let look = "(call $get (i32.const 1000) (i32.const 1) (i32.const 2000))
        (if (i32.load8_u (i32.const 2000))
            (then (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016))))
            (else (call $say (i32.const 1000) (i32.const 1))))";
    let asks = json!({"capabilities": {"kv": {"quota": "1 KiB"}}});
    let house = House::open().await;
    let host = &house.fixture.host;
    house
        .ordeal("eager", 0, async {
            let first = house
                .add("eager", &tool("eager", "", "", SAY), asks.clone())
                .await;
            house.call("eager").await.unwrap();
            let component = tool("eager", KV, r#"(data (i32.const 1000) "k")"#, look);
            let package = house.fixture.package("eager", &component, &asks);
            let second = host.install(&package).await.unwrap();
            let refused = host.enable(&second, grant(&first, Choice::All), json!({})).await;
            assert!(matches!(refused, Err(Error::OtherGrant { .. })), "{refused:?}");
            // The first one stays, and the second is not called.
            assert_eq!(text(&house.call("eager").await.unwrap()), "A tool");
            let says = async |choice| {
                host.enable(&second, grant(&second, choice), json!({}))
                    .await
                    .unwrap();
                text(&house.call("eager").await.unwrap()).to_owned()
            };
            let denied = says(Choice::None).await;
            assert!(denied.contains("grant"), "{denied}");
            assert_eq!(says(Choice::All).await, "k");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_nobody_knows_is_refused_and_not_passed_over() {
    let unknown = [
        ("capabilitys", json!({})),
        ("permissions", json!(["all"])),
        ("native", json!("tool.so")),
        ("capabilities", json!({"filez": []})),
        ("capabilities", json!({"kv": {"quota": "1 MiB", "shared": true}})),
        (
            "capabilities",
            json!({"http": [{"host": "a.example", "anyPort": true}]}),
        ),
        (
            "capabilities",
            json!({"files": [{"path": "/data", "access": "rw", "follow": true}]}),
        ),
        (
            "capabilities",
            json!({"secrets": [{"name": "one", "audience": ["a.example"], "everywhere": true}]}),
        ),
        (
            "component",
            json!({"file": "tool.wasm", "precompiled": "tool.cwasm"}),
        ),
        ("limits", json!({"hostcalls": 1})),
        ("limits", json!({"unlimited": true})),
    ];
    let house = House::open().await;
    // Whose manifest cannot be read is nobody to the audit.
    house
        .ordeal("?", unknown.len(), async {
            for (key, value) in &unknown {
                let component = tool("odd", "", "", SAY);
                let package = house.fixture.package("odd", &component, &json!({ *key: value }));
                let error = house.fixture.host.install(&package).await.unwrap_err();
                assert!(matches!(error, Error::Manifest(_)), "{key}: {error}");
                let said = error.to_string();
                assert!(
                    said.contains(key) && said.contains("is no known"),
                    "{key}: {said}"
                );
            }
        })
        .await;
    assert!(!is_installed(&house, "odd").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_of_nothing_or_of_everything_is_refused_by_its_name() {
    let house = House::open().await;
    let ask = |limit: Limit, number: u64| {
        let amount = match limit.unit() {
            Unit::Time => json!(format!("{number} ms")),
            Unit::Size => json!(format!("{number} B")),
            Unit::Count => json!(number),
        };
        match limit {
            Limit::Kv => json!({"capabilities": {"kv": {"quota": amount}}}),
            _ => json!({"limits": {limit.key(): amount}}),
        }
    };
    let package = |asks: &Value| house.fixture.package("vast", &tool("vast", "", "", SAY), asks);
    let wrong: Vec<_> = Limit::ALL
        .into_iter()
        .flat_map(|limit| [(limit, 0), (limit, u64::MAX)])
        .collect();
    house
        .ordeal("?", wrong.len(), async {
            for (limit, number) in wrong {
                let path = package(&ask(limit, number));
                let error = house.fixture.host.install(&path).await.unwrap_err();
                assert!(matches!(error, Error::Manifest(_)), "{limit:?} {number}: {error}");
                assert!(error.to_string().contains(limit.key()), "{error}");
                // What is usual may be asked for by its number.
                let usual = Inspection::read(&package(&ask(limit, limit.usual().get()))).unwrap();
                assert!(usual.refusals.is_empty(), "{:?}", usual.refusals);
            }
        })
        .await;
    for odd in [
        json!({"hostCalls": -1}),
        json!({"hostCalls": 0.5}),
        json!({"hostCalls": 1e300}),
        json!({"hostCalls": "1000"}),
        json!({"hostCalls": null}),
        json!({"cpu": "16777216 TiB"}),
        json!({"cpu": "99999999999999999999 s"}),
        json!({"memory": "18014398509481984 KiB"}),
        json!({"memory": "-1 MiB"}),
        json!({"memory": ""}),
    ] {
        let found = Inspection::read(&package(&json!({ "limits": odd }))).unwrap();
        assert!(matches!(found.refusals[..], [Error::Manifest(_)]), "{odd}");
    }
}

/// The compiled code of a component and its seal.
fn code_of(host: &Path, digest: Digest) -> [PathBuf; 2] {
    let names = fs::read_dir(host.join("compiled")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let stem = names.filter_map(|name| name.strip_suffix(".cwasm").map(str::to_owned));
    let stem = stem
        .into_iter()
        .find(|stem| stem.starts_with(&digest.to_string()));
    let stem = stem.unwrap();
    ["cwasm", "hash"].map(|kind| host.join("compiled").join(format!("{stem}.{kind}")))
}

/// A tool that is up to no good, which nobody may reach by calling another.
fn evil(name: &str) -> Vec<u8> {
    tool(
        name,
        "",
        r#"(data (i32.const 1000) "evil")"#,
        "(call $say (i32.const 1000) (i32.const 4))",
    )
}

/// A component with one more custom section.
fn with_section(component: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
    fn number(mut number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }
    let content = [&number(name.len()), name.as_bytes(), data].concat();
    [component, &[0], &number(content.len()), &content].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compiled_code_in_a_package_is_never_run_wherever_it_is() {
    let house = House::open().await;
    let host = house.fixture.folder.path().join("host");
    // Code that this very host would map, if it came from its own cache.
    let installed = house.add("evil", &evil("said"), json!({})).await;
    assert_eq!(text(&house.call("said").await.unwrap()), "evil");
    let [code_file, seal_file] = code_of(&host, installed.digest);
    let (code, seal) = (fs::read(&code_file).unwrap(), fs::read(seal_file).unwrap());
    let name = code_file.file_stem().unwrap().to_str().unwrap().to_owned();
    let assert_honest = async |id: &str, digest: Digest| {
        assert_eq!(text(&house.call(id).await.unwrap()), "A tool", "{id}");
        assert!(fs::read(&code_of(&host, digest)[0]).unwrap() != code, "{id}");
    };
    house
        .ordeal("naked", 1, async {
            let package = house.fixture.package("naked", &code, &json!({}));
            let error = house.fixture.host.install(&package).await.unwrap_err();
            let is_told = matches!(error, Error::NotComponent(NotComponent::Compiled));
            assert!(is_told, "{error}");
            assert!(!is_installed(&house, "naked").await);
        })
        .await;
    house
        .ordeal("beside", 0, async {
            let honest = tool("beside", "", "", SAY);
            let folder = house.fixture.package("beside", &honest, &json!({}));
            let own_name = name.replace(&installed.digest.to_string(), &Digest::of(&honest).to_string());
            fs::create_dir(folder.join("compiled")).unwrap();
            for place in ["", "compiled/"] {
                for name in ["tool", &own_name] {
                    fs::write(folder.join(format!("{place}{name}.cwasm")), &code).unwrap();
                    fs::write(folder.join(format!("{place}{name}.hash")), &seal).unwrap();
                }
            }
            let digest = house.add("beside", &honest, json!({})).await.digest;
            assert_honest("beside", digest).await;
        })
        .await;
    house
        .ordeal("nested", 0, async {
            let honest = tool("nested", "", "", SAY);
            let names = [".wasmtime.engine", "openclaw:compiled", "compilation-artifact"];
            let nested = names
                .iter()
                .fold(honest, |inner, name| with_section(&inner, name, &code));
            let digest = house.add("nested", &nested, json!({})).await.digest;
            assert_honest("nested", digest).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_names_a_file_outside_of_its_package_or_a_link_is_refused() {
    let house = House::open().await;
    let outside = house.fixture.folder.path().join("outside.wasm");
    fs::write(&outside, evil("evil")).unwrap();
    let above = "../../outside.wasm";
    house
        .ordeal("?", 2, async {
            for file in [above, outside.to_str().unwrap()] {
                let asks = json!({"component": {"file": file}});
                let package = house
                    .fixture
                    .package("reaching", &tool("reaching", "", "", SAY), &asks);
                let error = house.fixture.host.install(&package).await.unwrap_err();
                assert!(error.to_string().contains("stay inside the package"), "{error}");
            }
        })
        .await;
    house
        .ordeal("reaching", 2, async {
            for linked in ["tool.wasm", "note"] {
                let package = house
                    .fixture
                    .package("reaching", &tool("reaching", "", "", SAY), &json!({}));
                let link = package.join(linked);
                let _ = fs::remove_file(&link);
                std::os::unix::fs::symlink(above, &link).unwrap();
                let error = house.fixture.host.install(&package).await.unwrap_err();
                assert!(matches!(error, Error::Package { .. }), "{error}");
                assert!(package.join(MANIFEST_FILE).exists());
                fs::remove_file(link).unwrap();
            }
        })
        .await;
    assert!(!is_installed(&house, "reaching").await);
}
