//! What the system says about one file, in types that are the same on every machine.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Statx, StatxFlags, StatxTimestamp};
use rustix::io::Errno;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

use super::bindings::types::{DescriptorStat, DescriptorType};

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Inode {
    device: (u32, u32),
    number: u64,
}

/// What a file is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meta {
    pub(super) inode: Inode,
    /// What it is mounted by: files of two mounts differ here even if their device is one.
    pub(super) mount: u64,
    pub(super) kind: FileType,
    pub(super) links: u64,
    pub(super) size: u64,
    accessed: Option<Datetime>,
    modified: Option<Datetime>,
    changed: Option<Datetime>,
}

impl Meta {
    /// Of an open file.
    pub(super) fn of(file: impl AsFd) -> Result<Self, Errno> {
        read(file, c"", AtFlags::EMPTY_PATH)
    }

    /// Of an entry of a directory, which may be a symbolic link. `name` must be a single name.
    pub(super) fn at(directory: impl AsFd, name: impl rustix::path::Arg) -> Result<Self, Errno> {
        read(directory, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT)
    }

    /// In the words of the interface.
    pub(super) fn to_stat(self) -> DescriptorStat {
        DescriptorStat {
            type_: kind_of(self.kind),
            link_count: self.links,
            size: self.size,
            data_access_timestamp: self.accessed,
            data_modification_timestamp: self.modified,
            status_change_timestamp: self.changed,
        }
    }
}

/// What a kind of file is called in the interface.
pub(super) fn kind_of(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::Unknown => DescriptorType::Unknown,
    }
}

fn read(file: impl AsFd, name: impl rustix::path::Arg, flags: AtFlags) -> Result<Meta, Errno> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
    let stat = rustix::fs::statx(file, name, flags, wanted)?;
    let device = (stat.stx_dev_major, stat.stx_dev_minor);
    // Kernels before 5.8 do not tell mounts apart; then a device stands for its mount.
    let mount = match stat.stx_mask & StatxFlags::MNT_ID.bits() {
        0 => u64::from(device.0) << 32 | u64::from(device.1),
        _ => stat.stx_mnt_id,
    };
    Ok(Meta {
        inode: Inode {
            device,
            number: stat.stx_ino,
        },
        mount,
        kind: FileType::from_raw_mode(stat.stx_mode.into()),
        links: stat.stx_nlink.into(),
        size: stat.stx_size,
        accessed: time(&stat, StatxFlags::ATIME, stat.stx_atime),
        modified: time(&stat, StatxFlags::MTIME, stat.stx_mtime),
        changed: time(&stat, StatxFlags::CTIME, stat.stx_ctime),
    })
}

/// A time, unless the file system keeps none or it is before 1970, which the interface cannot say.
fn time(stat: &Statx, field: StatxFlags, time: StatxTimestamp) -> Option<Datetime> {
    let kept = stat.stx_mask & field.bits() != 0;
    let seconds = u64::try_from(time.tv_sec).ok().filter(|_| kept)?;
    Some(Datetime {
        seconds,
        nanoseconds: time.tv_nsec,
    })
}
