//! What a guest's descriptor stands for.

use std::sync::Arc;

use crate::descriptors::Descriptor as Place;

use super::bindings::types::{DescriptorFlags, DescriptorStat, DescriptorType};
use super::directory::{Directory, Opened};
use super::error::{ErrorCode, Op};
use super::meta::Inode;
use super::open_file::OpenFile;

/// An open file or directory of a guest.
#[allow(unreachable_pub, reason = "the generated traits name it as their own")]
pub struct Descriptor {
    kind: Kind,
    _slot: Place,
}

enum Kind {
    File(Arc<OpenFile>),
    Directory(Directory),
}

impl Descriptor {
    pub(super) fn new(opened: Opened, slot: Place) -> Self {
        let kind = match opened {
            Opened::File(file) => Kind::File(Arc::new(file)),
            Opened::Directory(directory) => Kind::Directory(directory),
        };
        Self { kind, _slot: slot }
    }

    pub(super) fn directory(&self) -> Op<Directory> {
        match &self.kind {
            Kind::Directory(directory) => Ok(directory.clone()),
            Kind::File(_) => Err(ErrorCode::NotDirectory),
        }
    }

    pub(super) fn readable(&self) -> Op<Arc<OpenFile>> {
        self.file(|file| file.rights.read)
    }

    pub(super) fn writable(&self) -> Op<Arc<OpenFile>> {
        self.file(|file| file.rights.write)
    }

    /// The file, to be closed.
    pub(super) fn into_file(self) -> Option<Arc<OpenFile>> {
        match self.kind {
            Kind::File(file) => Some(file),
            Kind::Directory(_) => None,
        }
    }

    pub(super) fn either(&self) -> Either {
        match &self.kind {
            Kind::File(file) => Either::File(Arc::clone(file)),
            Kind::Directory(directory) => Either::Directory(directory.clone()),
        }
    }

    pub(super) fn inode(&self) -> Inode {
        match &self.kind {
            Kind::File(file) => file.inode,
            Kind::Directory(directory) => directory.inode,
        }
    }

    pub(super) fn kind(&self) -> DescriptorType {
        match &self.kind {
            Kind::File(_) => DescriptorType::RegularFile,
            Kind::Directory(_) => DescriptorType::Directory,
        }
    }

    pub(super) fn flags(&self) -> DescriptorFlags {
        let (read, write, mutate) = match &self.kind {
            Kind::File(file) => (file.rights.read, file.rights.write, false),
            Kind::Directory(directory) => (true, false, directory.may_change()),
        };
        let mut flags = DescriptorFlags::empty();
        for (held, flag) in [
            (read, DescriptorFlags::READ),
            (write, DescriptorFlags::WRITE),
            (mutate, DescriptorFlags::MUTATE_DIRECTORY),
        ] {
            if held {
                flags |= flag;
            }
        }
        flags
    }

    fn file(&self, may: impl FnOnce(&OpenFile) -> bool) -> Op<Arc<OpenFile>> {
        match &self.kind {
            Kind::File(file) if may(file) => Ok(Arc::clone(file)),
            Kind::File(_) => Err(ErrorCode::BadDescriptor),
            Kind::Directory(_) => Err(ErrorCode::IsDirectory),
        }
    }
}

/// What can be done with a file as well as with a directory. It waits for the disk.
pub(super) enum Either {
    File(Arc<OpenFile>),
    Directory(Directory),
}

impl Either {
    pub(super) fn tree(&self) -> &Arc<super::tree::Tree> {
        match self {
            Self::File(file) => file.tree(),
            Self::Directory(directory) => directory.tree(),
        }
    }

    pub(super) fn stat(&self) -> Op<DescriptorStat> {
        let meta = match self {
            Self::File(file) => file.meta(),
            Self::Directory(directory) => directory.meta(),
        };
        Ok(meta?.to_stat())
    }

    pub(super) fn sync(&self, data_only: bool) -> Op<()> {
        match self {
            Self::File(file) => file.sync(data_only),
            Self::Directory(directory) => directory.sync(),
        }
    }

    pub(super) fn set_times(&self, times: &rustix::fs::Timestamps) -> Op<()> {
        match self {
            Self::File(file) if !file.rights.change => Err(ErrorCode::ReadOnly),
            Self::File(file) => file.set_times(times),
            Self::Directory(directory) => directory.set_times(times),
        }
    }
}
