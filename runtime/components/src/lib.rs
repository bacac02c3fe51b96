//! The WebAssembly host: what components may do, and for how long.
//!
//! **Promise.** A component reaches nothing that its grant does not name. A call ends at its limits, and then
//! says which one; whatever a component does, the gateway's own threads do not wait for it, and no other call
//! notices. Code that is run was compiled here, in a process of its own, from bytes that passed the bounds.
//!
//! **Bound.** Each call by its [`openclaw_policy::Limit`]s, all together by [`Options`], each component by the
//! counts of [`examine`].
//!
//! **Never.** It grants nothing and asks nobody: a grant is made elsewhere and handed in. It opens no connection of
//! its own: whatever leaves goes through the gate of `openclaw-egress`.
//!
//! Start at [`Host`]: install, enable, call. [`Inspection`] and [`Packages`] only look.

mod aot;
mod bindings;
mod breaks;
mod cache;
mod call;
mod cell;
pub mod channel;
mod compile;
mod conceal;
mod convert;
mod describe;
mod descriptors;
mod engine;
mod error;
mod exports;
mod extension;
pub mod files;
mod flow;
pub mod grants;
mod guest;
mod host;
mod imports;
mod inspect;
mod limits;
mod link;
mod media;
mod memory;
mod network;
mod package;
mod packages;
mod permits;
mod queue;
mod random;
mod ration;
mod reputation;
mod scheduler;
mod standard_http;
mod stdio;
mod store;
mod validate;
mod weight;

pub use breaks::{BREAK, REFUSE};
pub use call::{CallContext, Output, Part, Progress, Spill};
pub use cell::{Cell, Input, Place, Printed, Run, Utility};
pub use compile::{CompileLimits, Compiler, compile_child};
pub use descriptors::{Descriptor, Descriptors};
pub use error::{Bound, CompileFailure, Error, Failure, ImportRefusal, NotComponent, Result};
pub use extension::{ToolSpec, ToolTrait};
pub use host::{Host, Installed, Options, Settings, Stage};
pub use imports::Standing;
pub use inspect::{Exported, Inspection};
pub use limits::Stop;
pub use network::{NetworkOptions, PASSAGE};
pub use package::MANIFEST_FILE;
pub use packages::Packages;
pub use permits::Held;
pub use validate::{MANIFEST_SECTION, Shape, examine};
