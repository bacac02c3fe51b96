//! The functions of `wasi:filesystem`, as a guest calls them.
//!
//! Each charges the budget first, looks its handles up, and leaves the work to the threads of the tree.

use std::sync::Arc;

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream};

use super::bindings::preopens;
use super::bindings::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, Filesize, HostDescriptor,
    HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use super::budget::Volume;
use super::descriptor::Descriptor;
use super::directory::{Directory, How, Opened};
use super::error::{ErrorCode, Failure, Op};
use super::listing::Listing;
use super::open_file::{MAX_CHUNK, OpenFile};
use super::streams::{Position, Reader, Writer};
use super::view::FilesAccess;

type Outcome<T> = Result<T, Failure>;

impl preopens::Host for FilesAccess<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        self.files.budget.charge(Volume {
            calls: 1,
            ..Volume::default()
        })?;
        let mounts = Arc::clone(&self.files.mounts);
        let mut directories = Vec::new();
        for mount in mounts.iter() {
            let directory = Directory::root(Arc::clone(&mount.tree), mount.access).with_links(mount.links);
            let descriptor = Descriptor::new(Opened::Directory(directory), self.files.slot()?);
            directories.push((self.table.push(descriptor)?, mount.path.to_string()));
        }
        Ok(directories)
    }
}

impl types::Host for FilesAccess<'_> {
    fn convert_error_code(&mut self, failure: Failure) -> wasmtime::Result<ErrorCode> {
        match failure {
            Failure::Code(code) => Ok(code),
            Failure::Trap(error) => Err(error),
        }
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(self.table.get(&error)?.downcast_ref::<ErrorCode>().copied())
    }
}

impl FilesAccess<'_> {
    fn charge(&self, volume: Volume) -> Outcome<()> {
        self.files.budget.charge(volume).map_err(Failure::Trap)
    }

    /// Charges a call and what it hands over, and finds its descriptor.
    fn used(&self, descriptor: &Resource<Descriptor>, bytes_out: usize) -> Outcome<&Descriptor> {
        let bytes_out = u64::try_from(bytes_out).unwrap_or(u64::MAX);
        self.charge(Volume {
            calls: 1,
            bytes_out,
            ..Volume::default()
        })?;
        Ok(self.table.get(descriptor)?)
    }

    /// Does something in a directory.
    async fn within<R: Send + 'static>(
        &mut self,
        descriptor: &Resource<Descriptor>,
        path: String,
        work: impl FnOnce(&Directory, &str) -> Op<R> + Send + 'static,
    ) -> Outcome<R> {
        let directory = self.used(descriptor, path.len())?.directory()?;
        let tree = Arc::clone(directory.tree());
        Ok(tree.run(move || work(&directory, &path)).await?)
    }

    fn write_stream(
        &mut self,
        descriptor: &Resource<Descriptor>,
        position: Position,
    ) -> Outcome<Resource<DynOutputStream>> {
        let file = self.used(descriptor, 0)?.writable()?;
        let writer = Writer::new(file, Arc::clone(&self.files.budget), position, self.files.slot()?);
        let stream: DynOutputStream = Box::new(writer);
        Ok(self.table.push(stream)?)
    }

    async fn sync_either(&mut self, descriptor: &Resource<Descriptor>, data_only: bool) -> Outcome<()> {
        let either = self.used(descriptor, 0)?.either();
        let tree = Arc::clone(either.tree());
        Ok(tree.run(move || either.sync(data_only)).await?)
    }
}

impl HostDescriptor for FilesAccess<'_> {
    fn read_via_stream(
        &mut self,
        descriptor: Resource<Descriptor>,
        offset: Filesize,
    ) -> Outcome<Resource<DynInputStream>> {
        let file = self.used(&descriptor, 0)?.readable()?;
        let reader = Reader::new(file, Arc::clone(&self.files.budget), offset, self.files.slot()?);
        let stream: DynInputStream = Box::new(reader);
        Ok(self.table.push(stream)?)
    }

    fn write_via_stream(
        &mut self,
        descriptor: Resource<Descriptor>,
        offset: Filesize,
    ) -> Outcome<Resource<DynOutputStream>> {
        self.write_stream(&descriptor, Position::At(offset))
    }

    fn append_via_stream(&mut self, descriptor: Resource<Descriptor>) -> Outcome<Resource<DynOutputStream>> {
        self.write_stream(&descriptor, Position::End)
    }

    /// Advice may be ignored, and it is: a guest does not fill the memory of the machine by giving it.
    fn advise(
        &mut self,
        descriptor: Resource<Descriptor>,
        _: Filesize,
        _: Filesize,
        _: Advice,
    ) -> Outcome<()> {
        match self.used(&descriptor, 0)?.kind() {
            DescriptorType::Directory => Err(ErrorCode::BadDescriptor.into()),
            _ => Ok(()),
        }
    }

    async fn sync_data(&mut self, descriptor: Resource<Descriptor>) -> Outcome<()> {
        self.sync_either(&descriptor, true).await
    }

    fn get_flags(&mut self, descriptor: Resource<Descriptor>) -> Outcome<DescriptorFlags> {
        Ok(self.used(&descriptor, 0)?.flags())
    }

    fn get_type(&mut self, descriptor: Resource<Descriptor>) -> Outcome<DescriptorType> {
        Ok(self.used(&descriptor, 0)?.kind())
    }

    async fn set_size(&mut self, descriptor: Resource<Descriptor>, size: Filesize) -> Outcome<()> {
        let file = self.used(&descriptor, 0)?.writable()?;
        let tree = Arc::clone(file.tree());
        Ok(tree.run(move || file.set_size(size)).await?)
    }

    async fn set_times(
        &mut self,
        descriptor: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> Outcome<()> {
        let times = times_of(accessed, modified)?;
        let either = self.used(&descriptor, 0)?.either();
        let tree = Arc::clone(either.tree());
        Ok(tree.run(move || either.set_times(&times)).await?)
    }

    async fn read(
        &mut self,
        descriptor: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> Outcome<(Vec<u8>, bool)> {
        let file = self.used(&descriptor, 0)?.readable()?;
        let length = usize::try_from(length).unwrap_or(MAX_CHUNK).min(MAX_CHUNK);
        let tree = Arc::clone(file.tree());
        let bytes = tree.run(move || file.read(length, offset)).await?;
        let bytes_in = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.charge(Volume {
            bytes_in,
            ..Volume::default()
        })?;
        let ended = bytes.is_empty() && length > 0;
        Ok((bytes, ended))
    }

    async fn write(
        &mut self,
        descriptor: Resource<Descriptor>,
        mut bytes: Vec<u8>,
        offset: Filesize,
    ) -> Outcome<Filesize> {
        bytes.truncate(MAX_CHUNK);
        let file = self.used(&descriptor, bytes.len())?.writable()?;
        let tree = Arc::clone(file.tree());
        let written = tree.run(move || file.write(&bytes, offset)).await?;
        Ok(u64::try_from(written).unwrap_or(u64::MAX))
    }

    async fn read_directory(&mut self, descriptor: Resource<Descriptor>) -> Outcome<Resource<Listing>> {
        let directory = self.used(&descriptor, 0)?.directory()?;
        let listing = Listing::open(directory, self.files.slot()?).await?;
        Ok(self.table.push(listing)?)
    }

    async fn sync(&mut self, descriptor: Resource<Descriptor>) -> Outcome<()> {
        self.sync_either(&descriptor, false).await
    }

    async fn create_directory_at(&mut self, descriptor: Resource<Descriptor>, path: String) -> Outcome<()> {
        self.within(&descriptor, path, Directory::create_directory).await
    }

    async fn stat(&mut self, descriptor: Resource<Descriptor>) -> Outcome<DescriptorStat> {
        let either = self.used(&descriptor, 0)?.either();
        let tree = Arc::clone(either.tree());
        Ok(tree.run(move || either.stat()).await?)
    }

    async fn stat_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> Outcome<DescriptorStat> {
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        self.within(&descriptor, path, move |directory, path| {
            Ok(directory.meta_at(path, follow)?.to_stat())
        })
        .await
    }

    async fn set_times_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> Outcome<()> {
        let times = times_of(accessed, modified)?;
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        self.within(&descriptor, path, move |directory, path| {
            directory.set_times_at(path, follow, &times)
        })
        .await
    }

    /// No guest makes a hard link: it would be a second right to one file.
    fn link_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        _: PathFlags,
        path: String,
        _: Resource<Descriptor>,
        new_path: String,
    ) -> Outcome<()> {
        self.used(&descriptor, path.len() + new_path.len())?;
        Err(ErrorCode::NotPermitted.into())
    }

    async fn open_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Outcome<Resource<Descriptor>> {
        let how = how(path_flags, open_flags, flags)?;
        let slot = self.files.slot()?;
        let mutate = flags.contains(DescriptorFlags::MUTATE_DIRECTORY);
        let opened = self
            .within(&descriptor, path, move |directory, path| {
                if mutate {
                    directory.change()?;
                }
                directory.open(path, how)
            })
            .await?;
        Ok(self.table.push(Descriptor::new(opened, slot))?)
    }

    async fn readlink_at(&mut self, descriptor: Resource<Descriptor>, path: String) -> Outcome<String> {
        self.within(&descriptor, path, Directory::read_link).await
    }

    async fn remove_directory_at(&mut self, descriptor: Resource<Descriptor>, path: String) -> Outcome<()> {
        self.within(&descriptor, path, Directory::remove_directory).await
    }

    async fn rename_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        path: String,
        new_descriptor: Resource<Descriptor>,
        new_path: String,
    ) -> Outcome<()> {
        let from = self.used(&descriptor, path.len() + new_path.len())?.directory()?;
        let to = self.table.get(&new_descriptor)?.directory()?;
        let tree = Arc::clone(from.tree());
        Ok(tree.run(move || from.rename(&path, &to, &new_path)).await?)
    }

    /// No extension makes a symbolic link: it could lead out whoever else uses the directory.
    async fn symlink_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        target: String,
        path: String,
    ) -> Outcome<()> {
        let directory = self.used(&descriptor, target.len() + path.len())?.directory()?;
        let tree = Arc::clone(directory.tree());
        Ok(tree.run(move || directory.make_link(&target, &path)).await?)
    }

    async fn unlink_file_at(&mut self, descriptor: Resource<Descriptor>, path: String) -> Outcome<()> {
        self.within(&descriptor, path, Directory::remove_file).await
    }

    fn is_same_object(
        &mut self,
        descriptor: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        self.files.budget.charge(Volume {
            calls: 1,
            ..Volume::default()
        })?;
        Ok(self.table.get(&descriptor)?.inode() == self.table.get(&other)?.inode())
    }

    fn metadata_hash(&mut self, descriptor: Resource<Descriptor>) -> Outcome<MetadataHashValue> {
        let used = self.used(&descriptor, 0)?;
        Ok(used.either().tree().hash(used.inode()))
    }

    async fn metadata_hash_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> Outcome<MetadataHashValue> {
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        self.within(&descriptor, path, move |directory, path| {
            Ok(directory.tree().hash(directory.meta_at(path, follow)?.inode))
        })
        .await
    }

    async fn drop(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<()> {
        if let Some(file) = self.table.delete(descriptor)?.into_file() {
            OpenFile::close(file).await;
        }
        Ok(())
    }
}

impl HostDirectoryEntryStream for FilesAccess<'_> {
    async fn read_directory_entry(&mut self, listing: Resource<Listing>) -> Outcome<Option<DirectoryEntry>> {
        let entry = self.table.get_mut(&listing)?.next().await;
        let bytes_in = match &entry {
            Ok(Some(entry)) => u64::try_from(entry.name.len()).unwrap_or(u64::MAX),
            _ => 0,
        };
        self.charge(Volume {
            calls: 1,
            bytes_in,
            ..Volume::default()
        })?;
        Ok(entry?)
    }

    fn drop(&mut self, listing: Resource<Listing>) -> wasmtime::Result<()> {
        self.table.delete(listing)?;
        Ok(())
    }
}

fn how(path_flags: PathFlags, open_flags: OpenFlags, flags: DescriptorFlags) -> Op<How> {
    let synchronous = DescriptorFlags::FILE_INTEGRITY_SYNC
        | DescriptorFlags::DATA_INTEGRITY_SYNC
        | DescriptorFlags::REQUESTED_WRITE_SYNC;
    if flags.intersects(synchronous) {
        return Err(ErrorCode::Unsupported);
    }
    let write = flags.contains(DescriptorFlags::WRITE);
    let how = How {
        follow: path_flags.contains(PathFlags::SYMLINK_FOLLOW),
        create: open_flags.contains(OpenFlags::CREATE),
        exclusive: open_flags.contains(OpenFlags::EXCLUSIVE),
        truncate: open_flags.contains(OpenFlags::TRUNCATE),
        directory: open_flags.contains(OpenFlags::DIRECTORY),
        read: flags.contains(DescriptorFlags::READ),
        write,
    };
    if how.directory && (how.create || how.exclusive || how.truncate) {
        return Err(ErrorCode::Invalid);
    }
    Ok(how)
}

fn times_of(accessed: NewTimestamp, modified: NewTimestamp) -> Op<Timestamps> {
    let time = |wanted| {
        let (tv_sec, tv_nsec) = match wanted {
            NewTimestamp::NoChange => (0, UTIME_OMIT),
            NewTimestamp::Now => (0, UTIME_NOW),
            NewTimestamp::Timestamp(time) if time.nanoseconds >= 1_000_000_000 => {
                return Err(ErrorCode::Invalid);
            }
            NewTimestamp::Timestamp(time) => {
                let seconds = i64::try_from(time.seconds).map_err(|_| ErrorCode::Overflow)?;
                (seconds, time.nanoseconds.into())
            }
        };
        Ok(Timespec { tv_sec, tv_nsec })
    };
    Ok(Timestamps {
        last_access: time(accessed)?,
        last_modification: time(modified)?,
    })
}
