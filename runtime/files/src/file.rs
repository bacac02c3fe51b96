//! Reading a file as a whole, and putting one in the place of another.
//!
//! **Promise.** Whoever reads a file while it is replaced sees the old one or the new one. It keeps its rights.
//! **Bound.** [`FILE_BYTES`]. **Cost.** Room for both for a moment.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::answer::Refusal;
use crate::folder::{Folder, Kind};
use crate::place::Place;
use crate::words::refuse;

/// The largest file that is changed.
pub const FILE_BYTES: u64 = 16 << 20;

/// Refuses what is not a regular file.
pub(crate) fn expect_file(place: &Place) -> Result<u64, Refusal> {
    match place.found {
        None => Err(refuse("read", &place.shown, &ErrorKind::NotFound.into())),
        Some(found) if found.kind == Kind::File => Ok(found.bytes),
        Some(_) => Err(not_a_file(place)),
    }
}

pub(crate) fn not_a_file(place: &Place) -> Refusal {
    Refusal(format!("{} is not a regular file.", place.shown))
}

pub(crate) fn not_text(place: &Place) -> Refusal {
    Refusal(format!("{} is not a text file.", place.shown))
}

/// The whole of a regular file.
pub(crate) fn read(folder: &dyn Folder, place: &Place) -> Result<Vec<u8>, Refusal> {
    let too_long = |length: u64| {
        Refusal(format!(
            "{} has {length} bytes, and files up to {FILE_BYTES} can be changed.",
            place.shown
        ))
    };
    let length = expect_file(place)?;
    if length > FILE_BYTES {
        return Err(too_long(length));
    }
    let mut bytes = Vec::new();
    let read = folder
        .open(&place.path)
        .and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes));
    let length = read.map_err(|error| refuse("read", &place.shown, &error))? as u64;
    match length > FILE_BYTES {
        true => Err(too_long(length)),
        false => Ok(bytes),
    }
}

/// A file that is written beside the place where it is to be. Dropping it removes it.
pub(crate) struct Staged<'a> {
    folder: &'a dyn Folder,
    aside: PathBuf,
    place: Place,
    is_moved: bool,
}

/// Writes a file beside its place, with the rights of the one that is like it.
pub(crate) fn stage<'a>(
    folder: &'a dyn Folder,
    place: &Place,
    bytes: &[u8],
    like: Option<&Path>,
) -> Result<Staged<'a>, Refusal> {
    if place.found.is_some_and(|found| found.kind != Kind::File) {
        return Err(not_a_file(place));
    }
    let failed = |error| refuse("written", &place.shown, &error);
    let Some(parent) = place.path.parent() else {
        return Err(not_a_file(place));
    };
    make_all(folder, parent).map_err(failed)?;
    let aside = parent.join(format!(".{}.tmp", uuid::Uuid::new_v4().simple()));
    let staged = Staged {
        folder,
        aside,
        place: place.clone(),
        is_moved: false,
    };
    folder.create(&staged.aside, bytes, like).map_err(failed)?;
    Ok(staged)
}

impl Staged<'_> {
    /// Puts it into its place.
    pub(crate) fn commit(mut self) -> Result<(), Refusal> {
        let moved = self.folder.rename(&self.aside, &self.place.path);
        self.is_moved = moved.is_ok();
        moved.map_err(|error| refuse("written", &self.place.shown, &error))
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.is_moved {
            let _ = self.folder.remove(&self.aside);
        }
    }
}

/// Puts a file in the place of the one that is there, or where none is.
pub(crate) fn replace(folder: &dyn Folder, place: &Place, bytes: &[u8]) -> Result<(), Refusal> {
    let like = place.found.is_some().then_some(place.path.as_path());
    stage(folder, place, bytes, like)?.commit()
}

/// Makes a folder and those that it is in.
fn make_all(folder: &dyn Folder, path: &Path) -> std::io::Result<()> {
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        if ancestor.as_os_str().is_empty() {
            break;
        }
        match folder.look(ancestor) {
            Ok(found) if found.kind == Kind::Folder => break,
            Ok(_) => return Err(ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => missing.push(ancestor),
            Err(error) => return Err(error),
        }
    }
    for path in missing.into_iter().rev() {
        match folder.make(path) {
            // Somebody else made it meanwhile.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    Ok(())
}
