//! The text of a command, taken apart.
//!
//! **Promise.** What is taken apart means the same to every shell that commands run in (sh, dash, bash, ksh, zsh): plain
//! programs with plain words, joined by `|`, `&&`, `||` and `;`. Everything else is said not to be understood, with the
//! place and the reason: redirections, substitutions, subshells, here-documents, functions, assignments, keywords,
//! comments, several lines, characters that cannot be seen. A word that is kept as [`Word::Plain`] is exactly what the
//! program is given. A word that the shell expands, by a pattern or a variable, is kept apart as [`Word::Open`]; whatever
//! it becomes, it becomes words of this one program.
//!
//! **Bound.** [`TEXT_BYTES`] of text. **Cost.** One walk.

mod parse;
mod quote;
mod words;

pub use parse::{Join, Program, Script, Simple, parse};
pub use quote::quote;
pub use words::{Obscure, Word};

/// The longest text that is looked at.
pub const TEXT_BYTES: usize = 64 * 1024;
