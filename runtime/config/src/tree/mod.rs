//! The config tree, typed once: what each key means, what it defaults to, how it reads in the book.
//!
//! A struct stands for an object of the file, a field for a key, a doc comment for its help text. Everything
//! that describes the file to people and programs is derived from here.

mod secrets;

pub use secrets::{
    EnvProvider, ExecProvider, FileMode, FileProvider, PluginIntegration, Resolution, SecretDefaults,
    SecretProvider, Secrets,
};
