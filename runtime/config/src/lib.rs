//! Finds, reads, checks and explains `openclaw.json`.
//!
//! Reads files and the environment, writes the config file when asked to, and nothing else: no network, no child
//! process, no secret resolved. Whatever
//! the files hold, a load ends without a panic, in bounded memory and stack, and says everything that is wrong at
//! once, each with its file and line.
//!
//! A [`Place`] says where the config lives. [`load()`] goes the whole way from there to a [`Snapshot`]: JSON5,
//! included files, environment, older spellings, checks against a [`Schema`], the typed tree. A [`Current`] cell
//! holds the snapshot that counts, [`diff()`] says what another one would change, [`redact()`] what may be shown.

mod diff;
mod dotenv;
mod edit;
mod environment;
mod error;
mod files;
mod include;
mod inert;
mod issue;
mod known;
mod legacy;
mod load;
pub mod path;
mod place;
mod redact;
pub mod reference;
mod rules;
pub mod schema;
pub mod secret_ref;
mod snapshot;
mod sources;
mod substitute;
pub mod syntax;
pub mod tree;
mod validate;
mod write;

pub use diff::{Change, ChangeKind, diff};
pub use edit::{EditError, set};
pub use environment::{Environment, Origin, former_names_warning};
pub use error::Error;
pub use files::{Disk, FileKind, Files, Memory};
pub use issue::{Invalid, Issue, Position};
pub use known::{Reason, Unused};
pub use load::{Request, load};
pub use path::{Path, PathError, Segment};
pub use place::{CONFIG_FILE, Place, Selection, Surroundings};
pub use redact::redact;
pub use schema::secret_paths;
pub use secret_ref::{PlainText, SecretInput, SecretRef, SecretSource};
pub use snapshot::{Current, Loaded, Snapshot};
pub use sources::{Sha256Hash, SourceFile, Sources};
pub use validate::{Pattern, Schema};
pub use write::{WriteError, write};
