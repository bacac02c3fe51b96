//! throwaway
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]
use std::time::Instant;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

struct Host {
    ctx: WasiCtx,
    table: ResourceTable,
}
impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.ctx,
            table: &mut self.table,
        }
    }
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (cached, root) = (&args[1], &args[2]);
    let mut config = Config::new();
    config.concurrency_support(false);
    let engine = Engine::new(&config).unwrap();
    let wasm = std::fs::read(cached).unwrap();
    let bin = format!("{cached}.cwasm");
    let started = Instant::now();
    if std::fs::metadata(&bin).and_then(|m| m.modified()).ok()
        < std::fs::metadata(cached).and_then(|m| m.modified()).ok()
    {
        let compiled = engine.precompile_component(&wasm).unwrap();
        eprintln!(
            "compiled {} -> {} in {:?}",
            wasm.len(),
            compiled.len(),
            started.elapsed()
        );
        std::fs::write(&bin, compiled).unwrap();
    }
    let component = load(&engine, &bin);
    let mut linker = Linker::<Host>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
    let pre =
        wasmtime_wasi::p2::bindings::CommandPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
    for script in &args[3..] {
        let started = Instant::now();
        let mut ctx = WasiCtxBuilder::new();
        ctx.args(&["shell", "--settings", "{}", "-c", script])
            .inherit_stdio();
        ctx.env("PATH", "/usr/bin:/bin")
            .env("HOME", "/workspace")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC");
        for dir in ["workspace", "tmp", ".shell"] {
            std::fs::create_dir_all(format!("{root}/{dir}")).unwrap();
            ctx.preopened_dir(
                format!("{root}/{dir}"),
                format!("/{dir}"),
                wasmtime_wasi::FsPerms::ReadWrite,
            )
            .unwrap();
        }
        let mut store = Store::new(
            &engine,
            Host {
                ctx: ctx.build(),
                table: ResourceTable::new(),
            },
        );
        let command = pre.instantiate_async(&mut store).await.unwrap();
        let result = command.wasi_cli_run().call_run(&mut store).await;
        let code = std::fs::read_to_string(format!("{root}/.shell/code"));
        eprintln!(
            "[{:?} code {:?} in {:?}]",
            result.map_err(|e| e.to_string()),
            code.ok(),
            started.elapsed()
        );
    }
}

#[allow(unsafe_code)]
fn load(engine: &Engine, bin: &str) -> Component {
    // SAFETY: a file written by this program a moment ago.
    unsafe { Component::deserialize_file(engine, bin).unwrap() }
}
