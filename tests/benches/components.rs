//! What the host costs beside the engine alone, and how close its stops are.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, dead_code)]

#[path = "../../runtime/components/tests/common/guests.rs"]
mod guests;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use openclaw_components::{CallContext, CompileLimits, Compiler, Host, Installed, Options, compile_child};
use openclaw_policy::{Choice, Consent, Grant};
use openclaw_state::State;
use openclaw_tests::measure::{median, report, take_turns};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

wasmtime::component::bindgen!({
    path: [
        "../wit/types", "../wit/context", "../wit/log", "../wit/progress", "../wit/kv", "../wit/config",
        "../wit/media", "../wit/http", "../wit/secrets", "../wit/sockets", "../wit/messaging", "../wit/tools",
        "../wit/model", "../wit/tool",
    ],
    inline: "package openclaw:bench; world bench { export openclaw:tool/toolbox@0.1.0; }",
    world: "openclaw:bench/bench",
    exports: { default: async },
});

const CALLS: usize = 2000;
const ARGUMENTS: &str = r#"{"a": 1}"#;
const ECHO: &str = "(call $say (local.get $args) (local.get $args_len))";
const SPIN: &str = "(loop $on (br $on))";

/// The same component on the engine alone, as one would write it in an afternoon.
#[derive(Clone)]
struct ByHand {
    engine: Engine,
    pre: BenchPre<Data>,
}

struct Data {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl ByHand {
    fn new(component: &[u8]) -> Self {
        let mut config = Config::new();
        config.concurrency_support(false).epoch_interruption(true);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::new()));
        let engine = Engine::new(&config).unwrap();
        let component = wasmtime::component::Component::new(&engine, component).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        let pre = BenchPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        Self { engine, pre }
    }

    async fn call(&self) {
        let data = Data {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, data);
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = self.pre.instantiate_async(&mut store).await.unwrap();
        let toolbox = instance.openclaw_tool_toolbox();
        let output = toolbox
            .call_call(&mut store, "echo", &ARGUMENTS.to_owned())
            .await
            .unwrap();
        assert_eq!(output.unwrap().content.len(), 1);
    }
}

async fn start(folder: &Path, state: &State) -> Host {
    let compiler = Compiler {
        program: std::env::current_exe().unwrap(),
        args: vec!["compile".into()],
        limits: CompileLimits::default(),
    };
    let mut options = Options::new(folder.join("host"), compiler, state.clone());
    options.calls = 80;
    Host::start(options).await.unwrap()
}

async fn add(host: &Host, folder: &Path, id: &str, component: &[u8], limits: Value) -> Installed {
    let package = folder.join(id);
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("tool.wasm"), component).unwrap();
    let manifest =
        json!({"id": id, "configSchema": {}, "component": {"file": "tool.wasm"}, "limits": limits});
    fs::write(package.join("openclaw.plugin.json"), manifest.to_string()).unwrap();
    let installed = host.install(&package).await.unwrap();
    enable(host, &installed).await;
    installed
}

async fn enable(host: &Host, installed: &Installed) {
    let consent = Consent {
        extension: installed.manifest.id.clone(),
        digest: installed.digest,
        account: None,
        at: 1,
        by: "bench".to_owned(),
    };
    let asked = (&installed.manifest.capabilities, &installed.manifest.limits);
    let grant = Grant::new(consent, asked, Choice::All).unwrap();
    host.enable(installed, grant, Value::Null).await.unwrap();
}

async fn call(host: &Host, tool: &str) -> bool {
    host.call(tool, ARGUMENTS, CallContext::default(), None)
        .await
        .is_ok()
}

/// A component of 10 MB, one half code and the other data.
fn large() -> Vec<u8> {
    let step = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 77777)) (local.get 1)))";
    let function = format!(
        "(func (param i32 i32) (result i32) {} (local.get 0))",
        step.repeat(100)
    );
    let more =
        function.repeat((5 << 20) / (100 * 12)) + &format!("(data \"{}\")", "abcdefgh".repeat(5 << 17));
    guests::tool("large", &more, "", ECHO)
}

/// What a large component costs from the cache: the first time in a life of the process, and after that.
fn measure_mapping(runtime: &Runtime, folder: &Path, state: &State) {
    let component = large();
    assert!(component.len() > 10_000_000, "{}", component.len());
    let host = runtime.block_on(start(folder, state));
    let installed = runtime.block_on(add(&host, folder, "large", &component, json!({})));
    drop(host);
    let once = |host: &Host| {
        let begin = Instant::now();
        assert!(runtime.block_on(call(host, "large")));
        milliseconds(begin)
    };
    let mut verified = Vec::new();
    for _ in 0..9 {
        let host = runtime.block_on(start(folder, state));
        runtime.block_on(enable(&host, &installed));
        let first = once(&host);
        verified.push(first - once(&host));
    }
    report("components.first_load_of_10_mb", "ms", (median(verified), 25.0));
    let host = runtime.block_on(start(folder, state));
    runtime.block_on(enable(&host, &installed));
    once(&host);
    let mapped = (0..21).map(|_| {
        host.drop_idle(Duration::ZERO);
        let first = once(&host);
        first - once(&host)
    });
    report("components.mapping_10_mb", "ms", (median(mapped.collect()), 2.0));
}

/// What this process has in memory, in kilobytes.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// What tools cost that are installed and not called: time at a start, and memory.
fn measure_idle(runtime: &Runtime, folder: &Path, state: &State) {
    const TOOLS: usize = 30;
    let host = runtime.block_on(start(&folder.join("none"), state));
    drop(host);
    let full = folder.join("full");
    let host = runtime.block_on(start(&full, state));
    for at in 0..TOOLS {
        let name = format!("idle{at}");
        let component = guests::tool(&name, "", "", ECHO);
        runtime.block_on(add(&host, &full, &name, &component, json!({})));
    }
    drop(host);
    let begin_with = |folder: &Path, expected: usize| {
        let begin = Instant::now();
        let host = runtime.block_on(async {
            let host = start(folder, state).await;
            for id in host.list().await.unwrap() {
                let installed = host.find(&id).await.unwrap();
                enable(&host, &installed).await;
            }
            host
        });
        let took = milliseconds(begin);
        assert_eq!(host.tools().len(), expected);
        took
    };
    let (with, without) = take_turns(
        || begin_with(&full, TOOLS),
        || begin_with(&folder.join("none"), 0),
    );
    report("components.start_with_30_tools", "ms", (with, without));
    // In a process of its own, since this one has memory left over from what came before.
    let program = std::env::current_exe().unwrap();
    let measured = Command::new(program).arg("idle").arg(&full).output().unwrap();
    let grown: f64 = String::from_utf8(measured.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    report(
        "components.memory_of_an_idle_tool",
        "kB",
        (grown / TOOLS as f64, 50.0),
    );
}

/// Prints by how many kilobytes this process grows when all that is installed is enabled.
fn print_growth(runtime: &Runtime, folder: &Path) {
    let own = tempfile::tempdir().unwrap();
    let state = State::open(openclaw_state::Options::new(own.path(), str::to_owned)).unwrap();
    let host = runtime.block_on(start(folder, &state));
    let before = resident();
    for id in runtime.block_on(host.list()).unwrap() {
        let installed = runtime.block_on(host.find(&id)).unwrap();
        runtime.block_on(enable(&host, &installed));
    }
    println!("{}", resident() - before);
}

/// How late the gateway's own threads wake up, in milliseconds, the 99th of 100.
fn lateness(runtime: &Runtime) -> f64 {
    let mut late: Vec<f64> = (0..500)
        .map(|_| {
            runtime.block_on(async {
                // On a thread of the runtime, and not on this one.
                let wake = tokio::spawn(async {
                    let begin = Instant::now();
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    milliseconds(begin) - 2.0
                });
                wake.await.unwrap()
            })
        })
        .collect();
    late.sort_by(f64::total_cmp);
    late[late.len() * 99 / 100]
}

/// Microseconds a call, with that many callers at once.
fn cost<F>(runtime: &Runtime, callers: usize, one: impl Fn() -> F) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    runtime.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..callers {
            let calls: Vec<_> = (0..CALLS / callers).map(|_| one()).collect();
            all.spawn(async move {
                for call in calls {
                    call.await;
                }
            });
        }
        all.join_all().await;
    });
    begin.elapsed().as_secs_f64() * 1e6 / CALLS as f64
}

fn milliseconds(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3
}

/// Milliseconds from a budget to the stop, the middle one of some.
fn overshoot(runtime: &Runtime, host: &Host, tool: &str, budget: f64) -> f64 {
    let stops = (0..9).map(|_| {
        let begin = Instant::now();
        assert!(!runtime.block_on(call(host, tool)));
        milliseconds(begin) - budget
    });
    median(stops.collect())
}

/// The 99th of 100 honest calls, in milliseconds.
fn slowest(runtime: &Runtime, host: &Host) -> f64 {
    let mut costs: Vec<f64> = (0..300)
        .map(|_| {
            let begin = Instant::now();
            assert!(runtime.block_on(call(host, "echo")));
            milliseconds(begin)
        })
        .collect();
    costs.sort_by(f64::total_cmp);
    costs[costs.len() * 99 / 100]
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let word = args.next();
    if word.as_deref() == Some("compile") {
        return compile_child(args);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    if let (Some("idle"), Some(folder)) = (word.as_deref(), args.next()) {
        print_growth(&runtime, Path::new(&folder));
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(openclaw_state::Options::new(
        folder.path().join("state"),
        str::to_owned,
    ))
    .unwrap();
    let host = runtime.block_on(start(folder.path(), &state));
    let echo = guests::tool("echo", "", "", ECHO);
    let installed = runtime.block_on(add(
        &host,
        folder.path(),
        "echo",
        &echo,
        json!({"concurrency": 32}),
    ));

    let by_hand = ByHand::new(&echo);
    for (name, callers) in [("components.call", 1), ("components.call_32", 32)] {
        let ours = || {
            let host = host.clone();
            async move { assert!(call(&host, "echo").await) }
        };
        let theirs = || {
            let by_hand = by_hand.clone();
            async move { by_hand.call().await }
        };
        let figures = take_turns(
            || cost(&runtime, callers, ours),
            || cost(&runtime, callers, theirs),
        );
        report(name, "us/call", figures);
    }

    let spin = guests::tool("spin", "", "", SPIN);
    runtime.block_on(add(
        &host,
        folder.path(),
        "spinner",
        &spin,
        json!({"cpu": "100 ms"}),
    ));
    let sleep = guests::program("fn main() { std::thread::sleep(std::time::Duration::from_secs(60)) }");
    runtime.block_on(add(
        &host,
        folder.path(),
        "sleeper",
        &sleep,
        json!({"deadline": "100 ms"}),
    ));
    assert!(!runtime.block_on(call(&host, "spin")) && !runtime.block_on(call(&host, "sleeper")));
    report(
        "components.spinner_overshoot",
        "ms",
        (overshoot(&runtime, &host, "spin", 100.0), 20.0),
    );
    report(
        "components.sleeper_overshoot",
        "ms",
        (overshoot(&runtime, &host, "sleeper", 100.0), 5.0),
    );

    let crowd = json!({"cpu": "30 s", "concurrency": 64});
    runtime.block_on(add(&host, folder.path(), "spinner", &spin, crowd));
    let (alone, idle) = (slowest(&runtime, &host), lateness(&runtime));
    let spinners: Vec<_> = (0..64)
        .map(|_| {
            let host = host.clone();
            runtime.spawn(async move { call(&host, "spin").await })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    report(
        "components.p99_beside_64_spinners",
        "ms",
        (slowest(&runtime, &host), alone),
    );
    report(
        "components.gateway_lateness_beside_64_spinners",
        "ms",
        (lateness(&runtime), idle),
    );
    spinners.iter().for_each(tokio::task::JoinHandle::abort);

    let warm = || {
        runtime.block_on(enable(&host, &installed));
        let begin = Instant::now();
        assert!(runtime.block_on(call(&host, "echo")));
        milliseconds(begin)
    };
    let again = || {
        let begin = Instant::now();
        assert!(runtime.block_on(call(&host, "echo")));
        milliseconds(begin)
    };
    report(
        "components.first_call_of_a_mapped_tool",
        "ms",
        take_turns(warm, again),
    );
    drop(host);
    measure_mapping(&runtime, &folder.path().join("large"), &state);
    measure_idle(&runtime, folder.path(), &state);
    ExitCode::SUCCESS
}
