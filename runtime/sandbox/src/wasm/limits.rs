//! What `sandbox.wasm` says, as limits of the host and of the shell.

use openclaw_components::files::Quota;
use openclaw_components::{Error as Broke, Stop};
use openclaw_config::tree::amounts::Size;
use openclaw_config::tree::sandbox::SandboxWasm;
use openclaw_policy::{Limit, LimitSet};
use serde_json::json;

use crate::error::{Error, Result};
use crate::rules::WasmKeys;

const MIB: u64 = 1 << 20;
/// What one command may have where nothing is said.
const MEMORY: u64 = 256 * MIB;
const CPU_MS: u64 = 60_000;
const DISK: u64 = 1 << 30;
const FILES: u64 = 100_000;
const OUTPUT: u64 = 64 * MIB;
const STEPS: u64 = 10_000_000;
/// The longest that a command may last whatever its own limit says: a day.
const WALL_MS: u64 = 24 * 3600 * 1000;
/// What commands move to and from their files is bounded by their time.
const VOLUME: u64 = 64 << 30;
const HOST_CALLS: u64 = 1_000_000_000;
/// How many commands of one sandbox run at once, jobs in the background among them.
const AT_ONCE: u64 = 32;

/// The limits of one run.
pub(super) fn limits(wasm: &SandboxWasm, keys: &WasmKeys) -> Result<LimitSet> {
    let size = |size: &Option<Size>, usual| size.as_ref().map_or(usual, Size::bytes);
    let mut limits = LimitSet::default();
    for (limit, amount, key) in [
        (Limit::Memory, size(&wasm.memory, MEMORY), "memory"),
        (Limit::Cpu, wasm.cpu_ms.unwrap_or(CPU_MS), "cpuMs"),
        (Limit::Deadline, wasm.wall_ms.unwrap_or(WALL_MS), "wallMs"),
        (Limit::Output, size(&wasm.output_bytes, OUTPUT), "outputBytes"),
        (Limit::BytesIn, VOLUME, ""),
        (Limit::BytesOut, VOLUME, ""),
        (Limit::HostCalls, HOST_CALLS, ""),
        (Limit::Concurrency, AT_ONCE, ""),
        (
            Limit::TableElements,
            Limit::TableElements.usual_ceiling().get(),
            "",
        ),
    ] {
        limits.set(limit, amount).map_err(|why| Error::Setting {
            key: keys.of(key),
            why: why.to_string(),
        })?;
    }
    Ok(limits)
}

/// Why a run broke off, with the key that would let it go on.
pub(super) fn why(error: &Broke, keys: &WasmKeys) -> String {
    let Broke::Stopped {
        stop: Stop::Limit(setting),
        ..
    } = error
    else {
        return error.to_string();
    };
    let key = match setting.limit {
        Limit::Memory => "memory",
        Limit::Cpu => "cpuMs",
        Limit::Deadline => "wallMs",
        Limit::Output => "outputBytes",
        _ => return error.to_string(),
    };
    format!(
        "stopped at its limit of {} ({}); {} in the config allows more",
        setting.amount,
        setting.limit.key(),
        keys.of(key)
    )
}

/// What each folder may hold.
pub(super) fn quota(wasm: &SandboxWasm) -> Quota {
    Quota {
        bytes: wasm.disk_bytes.as_ref().map_or(DISK, Size::bytes),
        entries: wasm.files.unwrap_or(FILES),
    }
}

/// What one command may have of memory, in bytes.
pub(super) fn memory(wasm: &SandboxWasm) -> u64 {
    wasm.memory.as_ref().map_or(MEMORY, Size::bytes)
}

/// What the shell is told of its limits, so that a script that comes near them ends politely.
pub(super) fn settings(wasm: &SandboxWasm) -> String {
    let memory = memory(wasm);
    let settings = json!({
        "steps": wasm.steps.unwrap_or(STEPS),
        // What one command hands to the next, or writes to a file, is no output of the script: the host counts that.
        "outputBytes": memory,
        "bufferBytes": memory / 2,
        "hosts": wasm.hosts.clone().unwrap_or_default(),
        "home": super::WORKDIR,
        "python": {
            "memoryBytes": memory / 2,
            "seconds": (wasm.cpu_ms.unwrap_or(CPU_MS) / 1000).max(1),
        },
    });
    settings.to_string()
}
