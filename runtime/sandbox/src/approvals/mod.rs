//! Whether a command may run on this machine, and who has to nod first.
//!
//! **Promise.** A command runs unasked only if the stricter of the config, the host's own file and the call say so. On a
//! list, it runs if every part of its text was understood and every program in it is named there; whatever is not
//! understood is not on the list. What runs then is written anew from what was understood, with full paths and quoted
//! arguments, so that no shell can read it otherwise. What a person nodded to is bound to its text, folder, environment,
//! agent, session and files, and any change in between is a refusal that says what changed.
//!
//! **Bound.** Commands of [`shell::TEXT_BYTES`], files of [`FILE_BYTES`], so many questions at once and each for so
//! long as [`Approvals`] says. **Cost.** One read of the file and a few looks at the disk for each command.
//!
//! **Never.** It runs nothing itself.

mod arguments;
mod caution;
mod decide;
mod document;
mod effective;
mod find;
mod guess;
mod inline;
mod listed;
mod pattern;
mod pending;
mod plan;
mod policy;
mod programs;
mod question;
mod safe;
mod settings;
pub mod shell;
mod splitting;
mod store;
#[cfg(test)]
mod tests;
mod unwrap;
mod witness;

pub use caution::caution;
pub use decide::{Asked, Decision, Refusal, Rule, decide, without_answer};
pub use document::{Document, Entry, LEGACY_AGENT, Listed, Stance};
pub use effective::effective;
pub use find::{Found, Places};
pub use pending::{Approvals, Limits};
pub use plan::{Bound, Drift, Now, Plan, Used};
pub use policy::{Ask, Policy, Said, Security, Wish};
pub use question::{NewRequest, Pending, Resolution, ResolveError, Resolved, Told, Unaccepted, Verdict};
pub use safe::{Profile, SafeBins};
pub use settings::Settings;
pub use store::{FILE_BYTES, FileError, Snapshot, Store};
