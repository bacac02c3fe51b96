//! The tools by their names.

use serde_json::Value;

use crate::answer::{Answer, Refusal};
use crate::folder::Folder;
use crate::{edit, find, grep, ls, patch, read, write};

/// A tool that works on files.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Tool {
    /// A file, page by page.
    Read,
    /// A file as a whole.
    Write,
    /// Pieces of a file.
    Edit,
    /// Several files at once.
    ApplyPatch,
    /// Lines of files by what is in them.
    Grep,
    /// Files by their names.
    Find,
    /// The names in a folder.
    Ls,
}

impl Tool {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Write,
        Self::Edit,
        Self::ApplyPatch,
        Self::Grep,
        Self::Find,
        Self::Ls,
    ];

    /// The tool of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// Its name for models.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Edit => "edit",
            Self::ApplyPatch => "apply_patch",
            Self::Grep => "grep",
            Self::Find => "find",
            Self::Ls => "ls",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Edit => "Edit",
            Self::ApplyPatch => "Apply a patch",
            Self::Grep => "Search",
            Self::Find => "Find",
            Self::Ls => "List",
        }
    }

    /// What it does, for the model.
    pub fn about(self) -> &'static str {
        match self {
            Self::Read => read::ABOUT,
            Self::Write => write::ABOUT,
            Self::Edit => edit::ABOUT,
            Self::ApplyPatch => patch::ABOUT,
            Self::Grep => grep::ABOUT,
            Self::Find => find::ABOUT,
            Self::Ls => ls::ABOUT,
        }
    }

    /// The JSON Schema of its arguments.
    pub fn parameters(self) -> Value {
        match self {
            Self::Read => read::parameters(),
            Self::Write => write::parameters(),
            Self::Edit => edit::parameters(),
            Self::ApplyPatch => patch::parameters(),
            Self::Grep => grep::parameters(),
            Self::Find => find::parameters(),
            Self::Ls => ls::parameters(),
        }
    }

    /// Whether it changes files.
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Edit | Self::ApplyPatch)
    }

    /// Calls it. What goes wrong is for the model to read.
    pub fn call(self, folder: &dyn Folder, arguments: &Value) -> Answer {
        let answer: Result<Answer, Refusal> = match self {
            Self::Read => read::call(folder, arguments),
            Self::Write => write::call(folder, arguments),
            Self::Edit => edit::call(folder, arguments),
            Self::ApplyPatch => patch::call(folder, arguments),
            Self::Grep => grep::call(folder, arguments),
            Self::Find => find::call(folder, arguments),
            Self::Ls => ls::call(folder, arguments),
        };
        answer.unwrap_or_else(Answer::from)
    }
}
