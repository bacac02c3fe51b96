//! The folder that the templates and their copies are built in.
#![allow(
    clippy::unwrap_used,
    reason = "it is a part of tests, in a library because several of them share it"
)]

use std::fs::{self, File};
use std::path::Path;

/// To be held while something is built in `target/templates`: cargo tells packages of one name apart there by nothing but
/// the age of their files, so two at a time would take each other's.
pub fn alone_in_templates() -> File {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = root.join("target/templates");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("one-at-a-time")).unwrap();
    lock.lock().unwrap();
    lock
}
