//! What the tools for files share: paths, names as GNU quotes them, reasons as the system words them, modes as text.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bashkit::{BuiltinContext, Error, ExecResult, FileSystem, FileType, Metadata, normalize_path};

/// Whom all files belong to, as `whoami` says.
pub(super) const USER: &str = "sandbox";
pub(super) const GROUP: &str = "sandbox";

/// What a tool has printed so far, and how it will end.
#[derive(Default)]
pub(super) struct Report {
    pub(super) out: String,
    pub(super) err: String,
    pub(super) code: i32,
}

impl Report {
    /// Says what went wrong, and goes on.
    pub(super) fn fail(&mut self, tool: &str, why: &str) {
        self.err.push_str(&format!("{tool}: {why}\n"));
        self.code = 1;
    }

    pub(super) fn end(self) -> ExecResult {
        ExecResult {
            stdout: self.out.into(),
            stderr: self.err.into(),
            exit_code: self.code,
            ..ExecResult::default()
        }
    }
}

/// Where a tool works.
#[derive(Clone)]
pub(super) struct Files {
    pub(super) fs: Arc<dyn FileSystem>,
    cwd: PathBuf,
}

/// The answers to what a program asks, from its input; none means no.
pub(super) struct Answers(std::vec::IntoIter<String>);

impl Answers {
    pub(super) fn of(ctx: &BuiltinContext<'_>) -> Self {
        let lines: Vec<String> = ctx
            .stdin
            .map(|input| input.lines().map(str::to_owned).collect())
            .unwrap_or_default();
        Self(lines.into_iter())
    }

    /// Asks, and says whether the answer is yes.
    pub(super) fn ask(&mut self, tool: &str, question: &str, report: &mut Report) -> bool {
        report.err.push_str(&format!("{tool}: {question}? "));
        self.0.next().is_some_and(|answer| answer.starts_with(['y', 'Y']))
    }
}

impl Files {
    pub(super) fn new(ctx: &BuiltinContext<'_>) -> Self {
        Self {
            fs: ctx.fs.clone(),
            cwd: ctx.cwd.clone(),
        }
    }

    /// The same, working in another folder.
    pub(super) fn inside(&self, folder: &str) -> Self {
        Self {
            fs: self.fs.clone(),
            cwd: self.path(folder),
        }
    }

    /// What a name on the command line means.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        normalize_path(&self.cwd.join(name))
    }

    /// What a name leads to, following links.
    pub(super) async fn stat(&self, name: &str) -> Result<Metadata, Error> {
        self.named(name)?;
        self.fs.stat(&self.path(name)).await
    }

    /// What a name is, even if that is a link.
    pub(super) async fn lstat(&self, name: &str) -> Result<Metadata, Error> {
        self.named(name)?;
        // A slash at the end asks for what a link leads to.
        match name.ends_with('/') {
            true => self.fs.stat(&self.path(name)).await,
            false => self.fs.lstat(&self.path(name)).await,
        }
    }

    fn named(&self, name: &str) -> Result<(), Error> {
        match name {
            "" => Err(std::io::Error::new(std::io::ErrorKind::NotFound, "No such file or directory").into()),
            _ => Ok(()),
        }
    }

    /// Whether a name leads to a folder.
    pub(super) async fn is_folder(&self, name: &str) -> bool {
        self.stat(name).await.is_ok_and(|found| found.file_type.is_dir())
    }

    /// Where a name itself lies: a path in which only the last part may be a link.
    pub(super) async fn entry(&self, path: &Path) -> PathBuf {
        match (path.parent(), path.file_name()) {
            (Some(above), Some(name)) => self.real(above).await.join(name),
            _ => path.to_owned(),
        }
    }

    /// A path without any link in it.
    pub(super) async fn real(&self, path: &Path) -> PathBuf {
        let mut done = PathBuf::from("/");
        let mut left: Vec<String> = parts(path);
        left.reverse();
        let mut hops = 0;
        while let Some(part) = left.pop() {
            if part == ".." {
                done.pop();
                continue;
            }
            let here = done.join(&part);
            match self.fs.read_link(&here).await {
                Ok(target) if hops < 40 => {
                    hops += 1;
                    if target.is_absolute() {
                        done = PathBuf::from("/");
                    }
                    left.extend(parts(&target).into_iter().rev());
                }
                _ => done = here,
            }
        }
        done
    }
}

fn parts(path: &Path) -> Vec<String> {
    let text = path.to_string_lossy();
    let parts = text.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.map(str::to_owned).collect()
}

/// The name of something in a folder, as tools print it.
pub(super) fn within(folder: &str, name: &str) -> String {
    match folder.ends_with('/') {
        true => format!("{folder}{name}"),
        false => format!("{folder}/{name}"),
    }
}

/// The last part of a name.
pub(super) fn last(name: &str) -> &str {
    let name = name.trim_end_matches('/');
    match name.rsplit_once('/') {
        Some((_, last)) => last,
        None => name,
    }
}

/// Why an operation failed, as the system words it.
pub(super) fn reason(error: &Error) -> String {
    let text = match error {
        Error::Io(error) => error.to_string(),
        other => other.to_string(),
    };
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A name in quotes, as most tools write it in messages.
pub(super) fn quoted(name: &str) -> String {
    match name.contains('\'') {
        true if !name.contains(['"', '$', '`', '\\']) => format!("\"{name}\""),
        true => format!("'{}'", name.replace('\'', "'\\''")),
        false => format!("'{name}'"),
    }
}

/// A mode as `ls -l` shows it.
pub(super) fn mode_text(file_type: FileType, mode: u32) -> String {
    let mut text = String::with_capacity(10);
    text.push(match file_type {
        FileType::Directory => 'd',
        FileType::Symlink => 'l',
        FileType::Fifo => 'p',
        FileType::File => '-',
    });
    for (shift, special, on, off) in [
        (6, 0o4000, 's', 'S'),
        (3, 0o2000, 's', 'S'),
        (0, 0o1000, 't', 'T'),
    ] {
        let bits = mode >> shift;
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        text.push(match (bits & 1 == 1, mode & special != 0) {
            (true, true) => on,
            (false, true) => off,
            (true, false) => 'x',
            (false, false) => '-',
        });
    }
    text
}
