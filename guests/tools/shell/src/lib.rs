//! The shell that sandboxed sessions get instead of the machine's.
//!
//! **Promise.** One call runs one command text in a session's folders: output goes out as it is made, the exit code is
//! the shell's, and the session's variables, functions and folder are there again the next time. Nothing but the folders
//! that the host opened can be reached, and no program but those built in here can be run; what cannot be done is said in
//! one line with the way out. **Bound.** [`Settings`]. **Cost.** Building the interpreter, and one file of state.

mod aside;
mod builtins;
mod disk;
mod failure;
mod given;
mod input;
mod modes;
mod network;
mod parsed;
mod random;
mod run;
mod settings;
mod state;
mod together;

pub use run::{Folders, Run, run};
pub use settings::{Python, Settings};
