//! The gateway's own device key: made at the first start, kept beside the state, readable by its owner only.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use openclaw_protocol::identity::Identity;

use crate::error::{Error, Result};

const FOLDER: &str = "identity";
const FILE: &str = "gateway.pk8";
/// A key takes less than a hundred bytes.
const MOST_BYTES: u64 = 1024;

/// Reads the key in a state folder, or makes one. Blocks for as long as that takes.
pub fn find(state_dir: &Path) -> Result<Identity> {
    let folder = state_dir.join(FOLDER);
    let path = folder.join(FILE);
    let damaged = |cause| Error::Key {
        path: path.clone(),
        cause,
    };
    match fs::File::open(&path) {
        Ok(file) => {
            let mut document = Vec::new();
            std::io::Read::read_to_end(&mut std::io::Read::take(file, MOST_BYTES), &mut document)
                .map_err(Error::file("read", &path))?;
            Identity::of_document(&document).map_err(damaged)
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            let identity = Identity::generate().map_err(damaged)?;
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .map_err(Error::file("create", &folder))?;
            // Written aside and moved, so that a start that is cut short leaves no half key.
            let aside = folder.join(format!("{FILE}.new"));
            fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&aside)
                .and_then(|mut file| file.write_all(identity.document()).and_then(|()| file.sync_all()))
                .map_err(Error::file("write", &aside))?;
            fs::rename(&aside, &path).map_err(Error::file("create", &path))?;
            Ok(identity)
        }
        Err(cause) => Err(Error::file("open", &path)(cause)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let id = find(folder.path()).unwrap().device_id();
        assert_eq!(find(folder.path()).unwrap().device_id(), id);
        let path = folder.path().join(FOLDER).join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, b"damaged").unwrap();
        assert!(
            find(folder.path())
                .unwrap_err()
                .to_string()
                .contains("gateway.pk8")
        );
    }
}
