//! What can go wrong with a component: at install, when it is called, and with the folders of the host.
//!
//! Texts of strangers are made safe to show when an error is printed.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use openclaw_policy::capability::files::GuestPath;
use openclaw_policy::{Bytes, Setting, Source, display_safe};

use crate::limits::Stop;

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How much of a stranger's text an error shows, in characters.
const SHOWN: usize = 400;

/// Why something did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are something else than a component.
    #[error("{0}")]
    NotComponent(NotComponent),
    /// It is larger or more involved than a component may be.
    #[error(
        "the component has {found} {bound}, and at most {most} are accepted; split it, or leave out what it does not need"
    )]
    TooComplex {
        /// What was counted.
        bound: Bound,
        /// How many were seen before counting ended.
        found: u64,
        /// How many there may be.
        most: u64,
    },
    /// It begins with more memory than it may have.
    #[error("the component begins with {wanted} of memory, and {}", Beyond(.most))]
    Memory {
        /// How much its memories have together when it starts.
        wanted: Bytes,
        /// How much a call may have.
        most: Setting,
    },
    /// It is no valid component.
    #[error("the component is not valid: {}; build it again", display_safe(.what, SHOWN))]
    Malformed {
        /// What the parser or compiler said.
        what: String,
    },
    /// It imports what it may not have.
    #[error("{}", list(.0))]
    Imports(Vec<ImportRefusal>),
    /// It could not be compiled.
    #[error("the component could not be compiled: {0}")]
    Compile(CompileFailure),
    /// Its code was compiled and does not fit into what the engine has for one component.
    #[error("the component needs more than there is for one: {}; ask its author for a simpler build", display_safe(.what, SHOWN))]
    Unfit {
        /// What the engine said.
        what: String,
    },
    /// What it imports or exports has another type than its name promises.
    #[error("the component does not fit its interfaces: {}; build it against this version's WIT", display_safe(.what, SHOWN))]
    Link {
        /// What the linker said.
        what: String,
    },
    /// It is not what its manifest or its package says.
    #[error("the component is not what it says: {what}")]
    World {
        /// What is missing and what to do.
        what: &'static str,
    },
    /// A program of the gateway's own is something else.
    #[error(
        "{path} is no program: it exports no wasi:cli/run; it belongs to the gateway's own files, so install those anew"
    )]
    NoProgram {
        /// Where it is.
        path: String,
    },
    /// Somebody asked for the instructions of what has none.
    #[error("{extension} has no instructions; a skill has, and this extension has only tools")]
    NoSkill {
        /// The extension.
        extension: String,
    },
    /// It exports nothing that can be called.
    #[error(
        "the component exports none of openclaw:tool/toolbox, openclaw:channel/adapter and wasi:cli/run; build it for one of these worlds"
    )]
    NoExport,
    /// What it says of itself cannot be used.
    #[error("the component describes itself wrongly: {}", display_safe(.what, SHOWN))]
    Description {
        /// What is wrong.
        what: String,
    },
    /// The manifest is not as it must be.
    #[error("the manifest cannot be used: {0}")]
    Manifest(Box<openclaw_policy::Error>),
    /// A package is not laid out as it must be.
    #[error("the package {} cannot be used: {what}", display_safe(&path.display().to_string(), SHOWN))]
    Package {
        /// The package.
        path: PathBuf,
        /// What is wrong and what to do.
        what: &'static str,
    },
    /// The grant is for another extension or component, or holds more than the manifest asks for.
    #[error("{extension} is not enabled: {why}")]
    OtherGrant {
        /// The extension.
        extension: String,
        /// What is wrong with the grant, and what to do.
        why: Box<openclaw_policy::Error>,
    },
    /// The grant is for another account.
    #[error(
        "{extension} is not begun for the account {}: its grant is for the account {}; grant it for this one", display_safe(.account, SHOWN), display_safe(.granted, SHOWN)
    )]
    OtherAccount {
        /// The extension.
        extension: String,
        /// The account that was to begin.
        account: String,
        /// The account that the grant names.
        granted: String,
    },
    /// An account was to begin of what is no channel.
    #[error("{extension} is no adapter to a channel, so it has no accounts")]
    NoChannel {
        /// The extension.
        extension: String,
    },
    /// A granted directory that nobody has placed.
    #[error(
        "{extension} was granted {guest}, and nobody said which directory that is; `openclaw plugins grant {extension} --dir {guest}=PATH` does"
    )]
    Unplaced {
        /// The extension.
        extension: String,
        /// Where it would find the directory.
        guest: GuestPath,
    },
    /// A granted directory cannot be given.
    #[error(transparent)]
    Directory(#[from] crate::files::Error),
    /// Another extension has a tool of that name.
    #[error("the tool {} belongs to the extension {owner} already; disable one of them", display_safe(.tool, SHOWN))]
    Taken {
        /// The tool.
        tool: String,
        /// Whose it is.
        owner: String,
    },
    /// There is no such extension or tool.
    #[error("there is no {what} \"{}\"; list what there is with `openclaw plugins list`", display_safe(.name, SHOWN))]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Arguments are no JSON object.
    #[error("the arguments of \"{}\" must be a JSON object", display_safe(.tool, SHOWN))]
    Arguments {
        /// The tool.
        tool: String,
    },
    /// A limit ended the call.
    #[error("{extension}: {stop}")]
    Stopped {
        /// The extension.
        extension: String,
        /// The limit.
        stop: Stop,
    },
    /// There was no room for the call in time.
    #[error("{extension} is busy: no place was free within {} ms; call again later", .waited.as_millis())]
    Busy {
        /// The extension.
        extension: String,
        /// How long the call waited.
        waited: Duration,
    },
    /// The component broke off.
    #[error("{extension} broke off: {}{}; this is a bug of the extension", display_safe(.what, SHOWN), Words(.said))]
    Trap {
        /// The extension.
        extension: String,
        /// What happened.
        what: String,
        /// The last of what it printed as its diagnostics.
        said: String,
    },
    /// A tool for owners was called for somebody else.
    #[error("the tool {} is for an owner, and this call is not on behalf of one", display_safe(.tool, SHOWN))]
    OwnerOnly {
        /// The tool.
        tool: String,
    },
    /// The output names media that the tool may not open itself.
    #[error("{extension} returned media that is not its own; this is a bug of the extension")]
    ForeignMedia {
        /// The extension.
        extension: String,
    },
    /// A function of the host panicked; only this call ended.
    #[error("the call of {extension} was ended by a bug of the gateway; nothing else is affected")]
    Panicked {
        /// The extension.
        extension: String,
    },
    /// The tool itself failed.
    #[error("{extension}: {failure}")]
    Failed {
        /// The extension.
        extension: String,
        /// What it said.
        failure: Box<Failure>,
    },
    /// A file or folder could not be used.
    #[error("cannot {doing} {}: {source}", display_safe(&path.display().to_string(), SHOWN))]
    File {
        /// What was being done, as in "cannot create".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The state could not be used.
    #[error(transparent)]
    State(#[from] openclaw_state::Error),
    /// The engine could not be started.
    #[error("the WebAssembly engine cannot be started: {0}")]
    Engine(String),
    /// The way to the network could not be made.
    #[error("extensions cannot be given a way to the network: {0}")]
    Network(String),
    /// A thread for guests could not be started.
    #[error("a thread for extensions cannot be started: {0}")]
    Thread(io::Error),
    /// There are no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(io::Error),
}

impl From<openclaw_policy::Error> for Error {
    fn from(error: openclaw_policy::Error) -> Self {
        Self::Manifest(Box::new(error))
    }
}

impl Error {
    /// For `map_err` after an operation on a file.
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}

/// What bytes are that are no component.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotComponent {
    /// A core module.
    Module,
    /// Code that somebody else compiled.
    Compiled,
    /// A component that takes or gives components.
    Generic,
    /// Anything else.
    Other,
}

impl fmt::Display for NotComponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Module => "this is a core module and no component; build it for wasm32-wasip2",
            Self::Compiled => "this is compiled code, which could do anything; install the .wasm component it was made from",
            Self::Generic => "the component takes or gives other components, so what it would run cannot be told; compose it into one first",
            Self::Other => "this is no WebAssembly component; name a .wasm file that was built for wasm32-wasip2",
        })
    }
}

/// What of a component is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bound {
    /// Its size.
    Bytes,
    /// Components inside components.
    Depth,
    /// Instances that starting it would make.
    Instances,
    /// Instances of core modules among them.
    Modules,
    /// Memories of all instances.
    Memories,
    /// Tables of all instances.
    Tables,
    /// Tables of one module.
    TablesOfModule,
    /// Modules and components inside.
    Parts,
    /// Functions.
    Functions,
    /// Bytes of one function.
    Body,
    /// Indirect calls in one function.
    IndirectCalls,
    /// Imports or exports.
    Imports,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Depth => "levels of components inside each other",
            Self::Instances => "or more instances to start",
            Self::Modules => "or more modules to start",
            Self::Memories => "or more memories",
            Self::Tables => "or more tables",
            Self::TablesOfModule => "tables in one module",
            Self::Parts => "modules and components inside",
            Self::Functions => "functions",
            Self::Body => "bytes in one function",
            Self::IndirectCalls => "or more indirect calls in one function",
            Self::Imports => "imports or exports",
        })
    }
}

/// Why an import is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ImportRefusal {
    /// The manifest does not ask for it.
    #[error("it imports {}, which its manifest does not ask for; its author must add capabilities.{key} or drop the import", display_safe(.import, SHOWN))]
    NotAsked {
        /// The import.
        import: String,
        /// The key that would ask for it.
        key: &'static str,
    },
    /// This gateway does not serve it.
    #[error("it imports {}, which this gateway does not serve; update openclaw, or use a version of the extension that does without it", display_safe(.import, SHOWN))]
    NotServed {
        /// The import.
        import: String,
    },
    /// It is there for components of another sort.
    #[error("it imports {}, which is there for {whom} only; ask its author for a build without it", display_safe(.import, SHOWN))]
    OtherWorld {
        /// The import.
        import: String,
        /// For whom it is.
        whom: &'static str,
    },
    /// The gateway serves another version of it.
    #[error("it imports {}, and this gateway serves version {served} of that; its author must build it against {served}", display_safe(.import, SHOWN))]
    Version {
        /// The import.
        import: String,
        /// What is served.
        served: String,
    },
    /// It is spelled almost like one that is served.
    #[error("it imports {}, which is not {nearest} and only looks like it; do not trust this component unless its author explains it", display_safe(.import, SHOWN))]
    LookAlike {
        /// The import.
        import: String,
        /// What it looks like.
        nearest: String,
    },
    /// Nobody knows it.
    #[error("it imports {}, which is no interface of this gateway; ask its author for a build without it, or compose it with a component that provides it", display_safe(.import, SHOWN))]
    Unknown {
        /// The import.
        import: String,
    },
}

/// A limit that a component does not fit into, and who can change that.
struct Beyond<'a>(&'a Setting);

impl fmt::Display for Beyond<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting {
            limit,
            amount,
            source,
        } = self.0;
        let key = limit.key();
        match source {
            Source::Usual => write!(
                f,
                "{amount} is usual; its manifest can ask for more with limits.{key}"
            ),
            Source::Request => write!(
                f,
                "its manifest asks for {amount}; it must ask for more with limits.{key}"
            ),
            Source::Ceiling => write!(
                f,
                "the operator's ceiling for {key} is {amount}; raise it with the manifest's limits.{key}"
            ),
        }
    }
}

/// The last words of a program, if it said any.
struct Words<'a>(&'a str);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.trim() {
            "" => Ok(()),
            said => write!(f, ". It said: {}", display_safe(said, SHOWN)),
        }
    }
}

/// Errors name a few of many refusals: the first says enough, and the list is a stranger's.
fn list(refusals: &[ImportRefusal]) -> String {
    const NAMED: usize = 5;
    let mut text = String::from("the component is refused: ");
    let named: Vec<_> = refusals.iter().take(NAMED).map(ToString::to_string).collect();
    text += &named.join(". And ");
    match refusals.len().saturating_sub(NAMED) {
        0 => text,
        more => text + &format!(". And {more} more like these"),
    }
}

/// Why compiling failed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CompileFailure {
    /// It took too long.
    #[error("it took longer than {} s; ask its author for a simpler build", .0.as_secs())]
    Time(Duration),
    /// It took too much memory.
    #[error("it needed more than {} MiB of memory; ask its author for a simpler build", .0 >> 20)]
    Memory(u64),
    /// The machine has no place for the code.
    #[error("the code cannot be written: {}; make room where the state is", display_safe(.0, SHOWN))]
    Unwritten(String),
    /// The process that compiles failed.
    #[error("the compiling process failed: {}", display_safe(.0, SHOWN))]
    Process(String),
}

/// What a tool said of its failure.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// What kind of failure, as the interfaces name it: `not-found`, `rate-limited`.
    pub code: String,
    /// What happened, for a person.
    pub message: String,
    /// How long to wait before trying again.
    pub retry_after: Option<Duration>,
    /// Whether something left this machine: `yes`, `no` or `unknown`.
    pub sent: &'static str,
    /// More, as JSON.
    pub detail: Option<String>,
}

impl Failure {
    /// How many bytes a caller has to carry.
    pub(crate) fn size(&self) -> usize {
        self.message.len() + self.detail.as_ref().map_or(0, String::len)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", display_safe(&self.message, SHOWN), self.code)
    }
}
