//! What can go wrong with a secret, in words that name the reference and never the value.
//!
//! The wording is what people and scripts already search for in logs. A provider's own messages, codes other than
//! two harmless ones, and its standard error never appear.

use std::fmt;

use openclaw_config::SecretSource;
use openclaw_config::secret_ref::RefError;

use crate::resolver::RefKey;
use openclaw_config::Path;

/// Why a secret could not be had.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SecretError {
    /// The reference names a provider that the config lacks.
    #[error("Secret provider \"{alias}\" is not configured (ref: {0}).", alias = .0.provider())]
    NotConfigured(RefKey),
    /// The provider keeps secrets somewhere else than the reference says.
    #[error("Secret provider \"{provider}\" has source \"{actual}\" but ref requests \"{wanted}\".")]
    WrongSource {
        /// The provider's alias.
        provider: String,
        /// Where it keeps secrets.
        actual: SecretSource,
        /// Where the reference looks.
        wanted: SecretSource,
    },
    /// The store of shared secrets is not part of this program.
    #[error("Secret source \"store\" is not in this build (ref: {0}); use source env, file or exec.")]
    StoreAbsent(RefKey),
    /// The program of an exec provider was to come from a plugin.
    #[error(
        "Secret provider \"{0}\" takes its command from a plugin, which is not in this build; set secrets.providers.{0}.command."
    )]
    PluginCommand(String),
    /// One provider is asked for too much at once.
    #[error("{} provider \"{provider}\" exceeded maxRefsPerProvider ({max}).", capitalised(*.kind))]
    TooManyRefs {
        /// The provider's source.
        kind: SecretSource,
        /// The provider's alias.
        provider: String,
        /// The limit.
        max: u32,
    },
    /// The variable may not be read.
    #[error("Environment variable \"{id}\" is not allowlisted in secrets.providers.{provider}.allowlist.")]
    NotAllowlisted {
        /// The variable's name.
        id: String,
        /// The provider's alias.
        provider: String,
    },
    /// The variable does not exist or is empty.
    #[error("Environment variable \"{0}\" is missing or empty.")]
    EnvMissing(String),
    /// A path of a provider fails a rule of trust.
    #[error("{label} {problem}")]
    Untrusted {
        /// The config path of the setting.
        label: String,
        /// The rule, and the path that breaks it.
        problem: Distrust,
    },
    /// Reading took too long.
    #[error("File provider \"{provider}\" timed out after {millis}ms.")]
    FileTimedOut {
        /// The provider's alias.
        provider: String,
        /// The limit.
        millis: u64,
    },
    /// The file is larger than it may be.
    #[error("File provider \"{provider}\" exceeded maxBytes ({max}).")]
    FileTooLarge {
        /// The provider's alias.
        provider: String,
        /// The limit.
        max: u64,
    },
    /// The file holds something else than the mode says.
    #[error("File provider \"{0}\" payload is not a JSON object.")]
    FileNotObject(String),
    /// The file is not text.
    #[error("File provider \"{0}\" payload is not UTF-8 text.")]
    FileNotText(String),
    /// A file with one value was asked for something else.
    #[error("singleValue file provider \"{0}\" expects ref id \"value\".")]
    FileSingleValueId(String),
    /// The pointer leads nowhere.
    #[error("File provider \"{provider}\" has nothing at \"{id}\".")]
    FilePointer {
        /// The provider's alias.
        provider: String,
        /// The JSON pointer.
        id: String,
    },
    /// The program failed.
    #[error("Exec provider \"{provider}\"{failure}")]
    Exec {
        /// The provider's alias.
        provider: String,
        /// How.
        failure: ExecFailure,
    },
    /// The program printed too much.
    #[error("Exec provider output exceeded maxOutputBytes ({0}).")]
    ExecFlood(u64),
    /// What was found is no usable value.
    #[error("Secret reference \"{0}\" resolved to a non-string or empty value.")]
    Empty(RefKey),
    /// What was found stands for a secret that somebody blanked out.
    #[error("Secret reference \"{0}\" resolved to a placeholder; put the real value in its provider.")]
    Placeholder(RefKey),
    /// The task that asked the provider ended without an answer.
    #[error("Secret reference \"{0}\" was not resolved: its provider's task ended early.")]
    Interrupted(RefKey),
    /// A secret field holds neither text nor a reference.
    #[error("{path}: {reason}")]
    Malformed {
        /// Where in the config.
        path: Path,
        /// What is wrong with it.
        reason: MalformedReason,
    },
    /// A secret without which the gateway must not start.
    #[error("Startup failed: required secrets are unavailable. {path}: {cause}")]
    Required {
        /// Where in the config.
        path: Path,
        /// Why it could not be had.
        cause: Box<SecretError>,
    },
    /// A secret whose owner started without it.
    #[error(
        "SECRET_SURFACE_UNAVAILABLE: {path} of {owner} is unavailable; fix its provider, then run \"openclaw secrets reload\"."
    )]
    Unavailable {
        /// Where in the config.
        path: Path,
        /// What it belongs to.
        owner: crate::owner::Owner,
    },
    /// A path pattern of the caller is not one.
    #[error("\"{0}\" is no path pattern: names or \"*\", joined with dots, each may end with \"[]\"")]
    Pattern(String),
    /// A redaction pattern of the config does not compile.
    #[error("logging.redactPatterns[{index}] is no regular expression that is understood here: {reason}")]
    RedactPattern {
        /// Its place in the list.
        index: usize,
        /// The first line of what is wrong.
        reason: String,
    },
}

/// What is wrong with a secret field. What stands there is not repeated: it may be a secret in the wrong place.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MalformedReason {
    /// The provider's alias breaks its grammar.
    #[error("provider is no alias: a lowercase letter, then letters, digits, \"_\" or \"-\", 64 at most")]
    Alias,
    /// The id breaks the grammar of its source.
    #[error("id is none for source \"{kind}\": {rule}")]
    Id {
        /// The source.
        kind: SecretSource,
        /// The grammar in words.
        rule: &'static str,
    },
    /// The retired marker spelling.
    #[error(
        "markers that start with \"secretref-env:\" are no longer read; write \"${{NAME}}\" or a reference object"
    )]
    Marker,
    /// Something that is neither text nor an object with the three keys.
    #[error("expected a string or {{source, provider, id}}")]
    Shape,
    /// The mark that outputs show was sent back as a value.
    #[error("the redaction mark cannot be stored as a value")]
    RedactionMark,
}

impl From<RefError> for MalformedReason {
    fn from(error: RefError) -> Self {
        match error {
            RefError::Provider => Self::Alias,
            RefError::Id { kind, rule } => Self::Id { kind, rule },
            RefError::Marker => Self::Marker,
        }
    }
}

/// The rule of trust that a path breaks.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Distrust {
    /// It is relative.
    #[error("must be an absolute path.")]
    Relative,
    /// It does not exist or cannot be opened.
    #[error("is not readable: {0}")]
    Unreadable(String),
    /// It is a folder, a device, a pipe or a socket.
    #[error("must be a file: {0}")]
    NotAFile(String),
    /// It is a symlink.
    #[error("must not be a symlink: {0}")]
    Symlink(String),
    /// It has a second name.
    #[error("must not be hardlinked: {0}")]
    Hardlinked(String),
    /// It is in none of the trusted folders.
    #[error("is outside trustedDirs: {0}")]
    OutsideTrustedDirs(String),
    /// Others may change it, or read it where that matters.
    #[error("permissions are too open: {0}")]
    TooOpen(String),
    /// It belongs to somebody else.
    #[error("must be owned by the current user (uid={uid}): {path}")]
    ForeignOwner {
        /// The user that runs this process.
        uid: u32,
        /// The path.
        path: String,
    },
}

/// How an exec provider failed. The text follows the provider's name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ExecFailure {
    /// It could not be started.
    #[error(" could not be started: {0}.")]
    NotStarted(String),
    /// It ran for too long.
    #[error(" timed out after {0}ms.")]
    TimedOut(u64),
    /// It was silent for too long.
    #[error(" produced no output for {0}ms.")]
    Silent(u64),
    /// It ended with a failure. A signal counts as 128 and its number.
    #[error(" exited with code {0}.")]
    Exited(i32),
    /// It printed nothing.
    #[error(" returned empty stdout.")]
    EmptyOutput,
    /// It printed something else than JSON.
    #[error(" returned invalid JSON.")]
    InvalidJson,
    /// It printed JSON that is no object.
    #[error(" response must be an object.")]
    NotAnObject,
    /// It speaks another protocol.
    #[error(" protocolVersion must be 1.")]
    WrongProtocol,
    /// The reply has no values.
    #[error(" response missing \"values\".")]
    NoValues,
    /// It reported a failure for one id.
    #[error(" failed for id \"{id}\"{}.", .code.map(|code| format!(" ({code})")).unwrap_or_default())]
    Failed {
        /// The id.
        id: String,
        /// The code, if it may be shown.
        code: Option<ShownCode>,
    },
    /// It said nothing about one id.
    #[error(" response missing id \"{0}\".")]
    MissingId(String),
    /// The request would be too long.
    #[error(" request exceeded maxBatchBytes ({0}).")]
    BatchTooLarge(u64),
}

/// The only codes of a provider that are shown to people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ShownCode {
    /// There is no such secret.
    NotFound,
    /// The key occurs more than once.
    AmbiguousDuplicateKey,
}

impl ShownCode {
    /// Reads a code. `None`: it is not one that may be shown.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "NOT_FOUND" => Some(Self::NotFound),
            "AMBIGUOUS_DUPLICATE_KEY" => Some(Self::AmbiguousDuplicateKey),
            _ => None,
        }
    }
}

impl fmt::Display for ShownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "NOT_FOUND",
            Self::AmbiguousDuplicateKey => "AMBIGUOUS_DUPLICATE_KEY",
        })
    }
}

fn capitalised(kind: SecretSource) -> &'static str {
    match kind {
        SecretSource::Env => "Env",
        SecretSource::File => "File",
        SecretSource::Exec => "Exec",
        SecretSource::Store => "Store",
    }
}
