//! A directory that a guest has open, and what it may do with the names beneath it.
//!
//! **Promise.** Every path is resolved beneath the directory. Only regular files and directories are opened; what
//! could hold up whoever opens it, or do something by being opened, is refused after a look at it. Nothing
//! changes through a directory that was granted for reading. A guest makes no links: a symbolic one could lead
//! out whoever else uses the directory, a hard one would be a second right to one file, and so a file that has
//! other names can be read, renamed and removed, and not changed. Where a mount allows symbolic links all the same, they
//! are relative, and lead out of the directory from nowhere that they are made.
//!
//! Everything here waits for the disk, so it is called from the threads of the tree.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use openclaw_policy::capability::files::Access;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timestamps};
use rustix::io::Errno;

use super::account::Room;
use super::error::{ErrorCode, Op};
use super::meta::{Inode, Meta};
use super::open_file::{OpenFile, Rights};
use super::resolve::{Place, open_beneath};
use super::tree::Tree;

/// How often opening is tried again when others create and remove the name meanwhile.
const ATTEMPTS: usize = 8;

#[derive(Clone)]
pub(super) struct Directory {
    tree: Arc<Tree>,
    access: Access,
    /// Whether symbolic links may be made in it.
    links: bool,
    at: At,
    pub(super) inode: Inode,
}

#[derive(Clone)]
enum At {
    Root,
    Beneath(Arc<OwnedFd>),
}

/// How a name is opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) follow: bool,
    pub(super) create: bool,
    pub(super) exclusive: bool,
    pub(super) truncate: bool,
    pub(super) directory: bool,
    pub(super) read: bool,
    pub(super) write: bool,
}

/// What was opened.
pub(super) enum Opened {
    File(OpenFile),
    Directory(Directory),
}

impl Directory {
    /// The tree's own directory.
    pub(super) fn root(tree: Arc<Tree>, access: Access) -> Self {
        let inode = tree.inode();
        Self {
            tree,
            access,
            links: false,
            at: At::Root,
            inode,
        }
    }

    /// The same, in which symbolic links may or may not be made.
    pub(super) fn with_links(self, links: bool) -> Self {
        Self { links, ..self }
    }

    pub(super) fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    pub(super) fn may_change(&self) -> bool {
        self.access == Access::ReadWrite
    }

    /// Refuses what would change something in a directory that was granted for reading.
    pub(super) fn change(&self) -> Op<()> {
        if self.may_change() {
            Ok(())
        } else {
            Err(ErrorCode::ReadOnly)
        }
    }

    pub(super) fn meta(&self) -> Op<Meta> {
        Ok(Meta::of(self)?)
    }

    pub(super) fn meta_at(&self, path: &str, follow: bool) -> Op<Meta> {
        Ok(Meta::of(open_beneath(self, path, look(follow))?)?)
    }

    /// Where a symbolic link leads, unless it is a place on this machine.
    pub(super) fn read_link(&self, path: &str) -> Op<String> {
        let link = open_beneath(self, path, look(false))?;
        if Meta::of(&link)?.kind != FileType::Symlink {
            return Err(ErrorCode::Invalid);
        }
        let target = rustix::fs::readlinkat(&link, c"", Vec::new())?;
        let target = target.into_string().map_err(|_| ErrorCode::IllegalByteSequence)?;
        if target.starts_with('/') {
            return Err(ErrorCode::NotPermitted);
        }
        Ok(target)
    }

    /// A directory of its own to read entries from.
    pub(super) fn entries(&self) -> Op<rustix::fs::Dir> {
        Ok(rustix::fs::Dir::new(open_beneath(
            self,
            ".",
            OFlags::RDONLY | OFlags::DIRECTORY,
        )?)?)
    }

    pub(super) fn open(&self, path: &str, how: How) -> Op<Opened> {
        if how.create || how.truncate || how.write {
            self.change()?;
        }
        for _ in 0..ATTEMPTS {
            if how.create && how.exclusive {
                return self.create(path, how);
            }
            match open_beneath(self, path, look(how.follow)) {
                Err(Errno::NOENT) if how.create => match self.create(path, how) {
                    // Somebody else created it first, or it is a link that leads nowhere.
                    Err(ErrorCode::Exist) => {}
                    created => return created,
                },
                Err(errno) => return Err(errno.into()),
                Ok(found) => match self.open_found(path, how, Meta::of(found)?) {
                    // It was there, and was removed or replaced.
                    Err(ErrorCode::NoEntry) => {}
                    opened => return opened,
                },
            }
        }
        Err(ErrorCode::NoEntry)
    }

    /// Opens what was found to be harmless to open, and makes sure that it still is that.
    fn open_found(&self, path: &str, how: How, found: Meta) -> Op<Opened> {
        let nofollow = if how.follow {
            OFlags::empty()
        } else {
            OFlags::NOFOLLOW
        };
        match found.kind {
            FileType::Directory if how.write || how.truncate || how.create => Err(ErrorCode::IsDirectory),
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | nofollow;
                let directory = open_beneath(self, path, flags)?;
                let inode = Meta::of(&directory)?.inode;
                let at = At::Beneath(Arc::new(directory));
                Ok(Opened::Directory(Self {
                    at,
                    inode,
                    ..self.clone()
                }))
            }
            FileType::RegularFile if how.directory => Err(ErrorCode::NotDirectory),
            FileType::RegularFile => {
                let file = open_beneath(self, path, how.rights() | nofollow)?;
                let meta = Meta::of(&file)?;
                if meta.inode != found.inode {
                    return Err(ErrorCode::NoEntry);
                }
                if meta.links > 1 && (how.write || how.truncate) {
                    return Err(ErrorCode::NotPermitted);
                }
                self.hold(file, how)
            }
            FileType::Symlink => Err(ErrorCode::Loop),
            _ => Err(ErrorCode::NotPermitted),
        }
    }

    fn create(&self, path: &str, how: How) -> Op<Opened> {
        let place = Place::find(self.as_fd(), path)?;
        if place.must_be_directory {
            return Err(ErrorCode::IsDirectory);
        }
        let taken = self.tree.take(Room::ENTRY)?;
        let flags = how.rights()
            | OFlags::CREATE
            | OFlags::EXCL
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::NOCTTY
            | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let mut names = self.tree.names();
        let file = rustix::fs::openat(&place, place.name, flags, mode)?;
        taken.keep(Room::ENTRY);
        let file = Arc::new(File::from(file));
        let hold = names.add(&file)?;
        Ok(Opened::File(OpenFile::new(
            &self.tree,
            file,
            hold,
            self.rights(how),
        )))
    }

    fn hold(&self, file: OwnedFd, how: How) -> Op<Opened> {
        let file = Arc::new(File::from(file));
        let hold = self.tree.names().add(&file)?;
        let file = OpenFile::new(&self.tree, file, hold, self.rights(how));
        if how.truncate {
            file.set_size(0)?;
        }
        Ok(Opened::File(file))
    }

    fn rights(&self, how: How) -> Rights {
        Rights {
            read: how.read,
            write: how.write,
            change: self.may_change(),
        }
    }

    pub(super) fn create_directory(&self, path: &str) -> Op<()> {
        self.change()?;
        let place = Place::find(self.as_fd(), path)?;
        let taken = self.tree.take(Room::ENTRY)?;
        let _names = self.tree.names();
        rustix::fs::mkdirat(&place, place.name, Mode::from_raw_mode(0o777))?;
        taken.keep(Room::ENTRY);
        Ok(())
    }

    pub(super) fn make_link(&self, target: &str, path: &str) -> Op<()> {
        self.change()?;
        if !self.links {
            return Err(ErrorCode::NotPermitted);
        }
        let place = Place::find(self.as_fd(), path)?;
        if place.must_be_directory {
            return Err(ErrorCode::NoEntry);
        }
        if !stays_inside(target, self.tree.depth_of(&place)?) {
            return Err(ErrorCode::NotPermitted);
        }
        let taken = self.tree.take(Room::ENTRY)?;
        let _names = self.tree.names();
        rustix::fs::symlinkat(target, &place, place.name)?;
        taken.keep(Room::ENTRY);
        Ok(())
    }

    pub(super) fn remove_directory(&self, path: &str) -> Op<()> {
        self.change()?;
        let place = Place::find(self.as_fd(), path)?;
        let _names = self.tree.names();
        rustix::fs::unlinkat(&place, place.name, AtFlags::REMOVEDIR)?;
        self.tree.give_back(Room::ENTRY);
        Ok(())
    }

    pub(super) fn remove_file(&self, path: &str) -> Op<()> {
        self.change()?;
        let place = Place::find(self.as_fd(), path)?;
        if place.must_be_directory {
            return Err(ErrorCode::NotDirectory);
        }
        let names = self.tree.names();
        let meta = Meta::at(&place, place.name)?;
        rustix::fs::unlinkat(&place, place.name, AtFlags::empty())?;
        self.tree.give_back(room_of_removed(meta, names.has(meta.inode)));
        Ok(())
    }

    pub(super) fn rename(&self, path: &str, to: &Self, new_path: &str) -> Op<()> {
        self.change()?;
        to.change()?;
        // Within one tree only: nothing changes its quota or its rights by being moved.
        if !Arc::ptr_eq(&self.tree, &to.tree) {
            return Err(ErrorCode::CrossDevice);
        }
        let from = Place::find(self.as_fd(), path)?;
        let to = Place::find(to.as_fd(), new_path)?;
        let names = self.tree.names();
        let moved = Meta::at(&from, from.name)?;
        if (from.must_be_directory || to.must_be_directory) && moved.kind != FileType::Directory {
            return Err(ErrorCode::NotDirectory);
        }
        let replaced = Meta::at(&to, to.name).ok();
        if let Some(replaced) = &replaced
            && (moved.kind, replaced.kind) == (FileType::RegularFile, FileType::RegularFile)
        {
            keep_rights(&from, &to);
        }
        rustix::fs::renameat(&from, from.name, &to, to.name)?;
        // Two names of one file stay as they are.
        if let Some(replaced) = replaced.filter(|replaced| replaced.inode != moved.inode) {
            self.tree
                .give_back(room_of_removed(replaced, names.has(replaced.inode)));
        }
        Ok(())
    }

    pub(super) fn set_times(&self, times: &Timestamps) -> Op<()> {
        self.change()?;
        match &self.at {
            At::Root => Ok(rustix::fs::futimens(self.tree.root(), times)?),
            At::Beneath(directory) => Ok(rustix::fs::futimens(directory, times)?),
        }
    }

    pub(super) fn set_times_at(&self, path: &str, follow: bool, times: &Timestamps) -> Op<()> {
        self.change()?;
        if !follow && self.meta_at(path, false)?.kind == FileType::Symlink {
            let place = Place::find(self.as_fd(), path)?;
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            return Ok(rustix::fs::utimensat(&place, place.name, times, flags)?);
        }
        let how = How {
            follow,
            create: false,
            exclusive: false,
            truncate: false,
            directory: false,
            read: true,
            write: false,
        };
        match self.open(path, how)? {
            Opened::File(file) => file.set_times(times),
            Opened::Directory(directory) => directory.set_times(times),
        }
    }

    /// Waits until the names that were changed are on the disk.
    pub(super) fn sync(&self) -> Op<()> {
        if !self.may_change() {
            return Ok(());
        }
        Ok(rustix::fs::fsync(self)?)
    }
}

/// Whether a link in a directory so deep in its tree leads to no place outside of that.
fn stays_inside(target: &str, depth: usize) -> bool {
    if target.is_empty() || target.starts_with('/') {
        return false;
    }
    let step = |depth: usize, name: &str| match name {
        "" | "." => Some(depth),
        ".." => depth.checked_sub(1),
        _ => Some(depth + 1),
    };
    target.split('/').try_fold(depth, step).is_some()
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.at {
            At::Root => self.tree.root(),
            At::Beneath(directory) => directory.as_fd(),
        }
    }
}

impl How {
    fn rights(self) -> OFlags {
        match (self.read, self.write || self.truncate) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            (_, false) => OFlags::RDONLY,
        }
    }
}

/// To look at a file without opening it.
fn look(follow: bool) -> OFlags {
    if follow {
        OFlags::PATH
    } else {
        OFlags::PATH | OFlags::NOFOLLOW
    }
}

/// What comes free when a name is gone: all of a file with its last name, unless somebody has it open.
/// Gives a file that is to replace another that one's rights, as far as nobody can read or write it then who could not
/// before: what was kept to its owner stays so, and what could be run can be run. There is no other way to these rights
/// for a guest, which knows none.
fn keep_rights(from: &Place<'_>, to: &Place<'_>) {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let replaced = rustix::fs::statat(to, to.name, AtFlags::SYMLINK_NOFOLLOW);
    let moved = rustix::fs::openat(from, from.name, flags, Mode::empty());
    let (Ok(replaced), Ok(moved)) = (replaced, moved) else {
        return;
    };
    let Ok(found) = rustix::fs::fstat(&moved) else {
        return;
    };
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return;
    }
    let (own, other) = (found.st_mode & 0o777, replaced.st_mode & 0o777);
    let shared = own & other & 0o666;
    let rights = shared | (other & 0o111 & (shared >> 2));
    if rights != own {
        // Rights are the least of a file, and its owner may be another.
        let _ = rustix::fs::fchmod(&moved, Mode::from_raw_mode(rights));
    }
}

fn room_of_removed(meta: Meta, is_open: bool) -> Room {
    match (meta.kind, meta.links) {
        (FileType::RegularFile, 0 | 1) if is_open => Room::default(),
        (FileType::RegularFile, 0 | 1) => Room::ENTRY.plus(Room::bytes(meta.size)),
        _ => Room::ENTRY,
    }
}
