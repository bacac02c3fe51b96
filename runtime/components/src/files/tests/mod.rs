//! The promises of the layer, on real directories.

mod changes;
mod disk;
mod kinds;
mod mounting;
mod quota;
mod streams;
mod workers;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_policy::capability::files::Access;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::directory::{Directory, How, Opened};
use super::error::{ErrorCode, Op};
use super::open_file::OpenFile;
use super::{Quota, Tree, Trees};

const PLENTY: Quota = Quota {
    bytes: 1 << 30,
    entries: 10_000,
};

/// A directory that is granted, in a folder with nothing else of interest.
struct World {
    folder: TempDir,
    runtime: Runtime,
    trees: Trees,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("granted")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let trees = Trees::new(runtime.handle().clone());
        Self {
            folder,
            runtime,
            trees,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("granted").join(path)
    }

    fn tree(&self, quota: Quota) -> Arc<Tree> {
        self.trees.open(&self.path(""), quota).unwrap()
    }

    fn grant(&self, quota: Quota) -> Directory {
        Directory::root(self.tree(quota), Access::ReadWrite)
    }

    /// Closes a file as a guest does that drops its handle.
    fn close(&self, file: OpenFile) {
        self.runtime.block_on(OpenFile::close(Arc::new(file)));
    }
}

const READ: How = How {
    follow: true,
    create: false,
    exclusive: false,
    truncate: false,
    directory: false,
    read: true,
    write: false,
};
const WRITE: How = How { write: true, ..READ };
const CREATE: How = How {
    create: true,
    ..WRITE
};

fn open(directory: &Directory, path: &str, how: How) -> Op<OpenFile> {
    match directory.open(path, how)? {
        Opened::File(file) => Ok(file),
        Opened::Directory(_) => Err(ErrorCode::IsDirectory),
    }
}

fn enter(directory: &Directory, path: &str) -> Op<Directory> {
    match directory.open(
        path,
        How {
            directory: true,
            ..READ
        },
    )? {
        Opened::Directory(directory) => Ok(directory),
        Opened::File(_) => Err(ErrorCode::NotDirectory),
    }
}

/// What the files of a folder hold, as anybody else sees it.
fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}
