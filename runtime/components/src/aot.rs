//! Mapping compiled code. The only place where something is trusted that the compiler cannot check.
#![allow(unsafe_code)]

use std::path::Path;

use wasmtime::component::Component;

/// Maps compiled code from a file.
///
/// The caller vouches that this build compiled it and that nobody changed it since; the cache does by its keyed
/// hash, over a file that only this user may write.
pub(crate) fn map(engine: &wasmtime::Engine, file: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the engine checks that the code is of its own version and settings but believes what it holds.
    // It comes from our own child process, lies in a folder that only this user may enter, and its keyed hash
    // was verified. A user's other programs could replace it between the check and this call; they could as
    // well replace this program.
    unsafe { Component::deserialize_file(engine, file) }
}
