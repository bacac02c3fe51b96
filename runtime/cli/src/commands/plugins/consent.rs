//! What a person agrees to: told in words, answered on the terminal or by flags, never assumed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::io::{BufRead as _, ErrorKind, IsTerminal as _, Read as _, stdin};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use openclaw_components::files::{Mount, Mounts, Quota, Trees};
use openclaw_policy::capability::files::{Directory, GuestPath};
use openclaw_policy::words::{Line, Words};
use openclaw_policy::{
    Answer, Capabilities, Choice, Consent, Digest, Grant, LimitSet, Manifest, display_safe,
};

use tokio::runtime::Handle;

use super::grants::ACTOR;
use super::place::Extensions;
use crate::args::GrantFlags;
use crate::failure::Failure;
use crate::output;

/// What is to be agreed to.
pub(super) struct Request<'a> {
    pub(super) extensions: &'a Extensions,
    pub(super) manifest: &'a Manifest,
    pub(super) digest: Digest,
    /// The account of a channel, if it is for one.
    pub(super) account: Option<&'a str>,
    /// What becomes of it on yes, as a question: `Install it`.
    pub(super) question: &'static str,
    /// What no means: `nothing is installed`.
    pub(super) refusal: &'static str,
}

/// What was agreed to before, for an earlier component of the same extension.
pub(super) struct Before {
    pub(super) grant: Grant,
    /// What its manifest asked for.
    pub(super) asked: Option<(Capabilities, LimitSet)>,
}

impl Request<'_> {
    fn asked(&self) -> (&Capabilities, &LimitSet) {
        (&self.manifest.capabilities, &self.manifest.limits)
    }

    fn agree(&self, choice: Choice) -> Result<Grant, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let consent = Consent {
            extension: self.manifest.id.clone(),
            digest: self.digest,
            account: self.account.map(str::to_owned),
            at: u64::try_from(now.as_millis()).unwrap_or_default(),
            by: ACTOR.to_owned(),
        };
        Ok(Grant::new(consent, self.asked(), choice)?)
    }

    /// A grant, from the flags, from what holds already, or from the person at the terminal.
    pub(super) fn decide(&self, flags: &GrantFlags, before: Option<&Before>) -> Result<Grant, Failure> {
        let mut places: BTreeMap<GuestPath, PathBuf> = before
            .map(|before| before.grant.directories().clone())
            .unwrap_or_default();
        let choice = match flags.grant.as_deref() {
            Some("all") => Choice::All,
            Some("none") => Choice::None,
            Some(file) => {
                let answer = read_answer(Path::new(file))?;
                for (guest, path) in &answer.directories {
                    places.insert(guest.clone(), self.check_directory(guest, path)?);
                }
                let mut limits = answer.limits;
                for (limit, amount) in self.manifest.limits.iter() {
                    // What the file leaves out is usual, and usual may be more than what was asked for.
                    if limits.get(limit).is_none() && amount.get() < limit.usual().get() {
                        limits.set(limit, amount.get())?;
                    }
                }
                Choice::Some(Box::new(answer.capabilities), limits)
            }
            None => match before.and_then(|before| self.carry(before)) {
                Some(choice) => choice,
                None => self.ask(before)?,
            },
        };
        let grant = self.agree(choice)?;
        let granted: Vec<_> = grant.capabilities().files.directories().collect();
        places.retain(|guest, _| granted.iter().any(|directory| directory.path == *guest));
        for flag in &flags.dir {
            places.insert(flag.guest.clone(), self.check_directory(&flag.guest, &flag.path)?);
        }
        for directory in granted {
            if let Entry::Vacant(place) = places.entry(directory.path) {
                let path = self.ask_directory(place.key())?;
                place.insert(path);
            }
        }
        let grant = grant.place(places)?;
        try_mounts(&grant)?;
        Ok(grant)
    }

    /// The directory itself, without links that could lead elsewhere tomorrow. Whoever may write to the state could
    /// grant itself what it likes.
    fn check_directory(&self, guest: &GuestPath, path: &Path) -> Result<PathBuf, Failure> {
        let named = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let cannot =
            |what: &dyn Display| Failure::negative(format!("{guest} cannot be {}: {what}", named.display()));
        let found = path.canonicalize().map_err(|error| cannot(&error))?;
        if !found.is_dir() {
            return Err(cannot(&"it is no directory"));
        }
        if self.extensions.is_state(&found) {
            return Err(cannot(
                &"it is or holds the folder with the state and the config, where this very grant is kept; name another one",
            ));
        }
        Ok(found)
    }

    /// What holds already, where nobody need be asked: nothing more is asked for than was granted, or nothing else
    /// than what was answered before.
    fn carry(&self, before: &Before) -> Option<Choice> {
        let (more, higher) = before.grant.difference(self.asked());
        if more.is_empty() && higher.is_empty() {
            return Some(Choice::All);
        }
        let asked = before.asked.as_ref()?;
        let is_same = (&asked.0, &asked.1) == self.asked();
        is_same.then(|| {
            Choice::Some(
                Box::new(before.grant.capabilities().clone()),
                before.grant.limits().clone(),
            )
        })
    }

    fn ask(&self, before: Option<&Before>) -> Result<Choice, Failure> {
        let told = self.tell(before);
        if !stdin().is_terminal() {
            return Err(Failure::negative(format!(
                "{told}\n\nNobody can be asked here: {}. Say --grant all, --grant none or --grant FILE.",
                self.refusal
            )));
        }
        output::complain(&told);
        loop {
            output::ask(&format!(
                "\n{} and allow this? yes or no (no: {})",
                self.question, self.refusal
            ));
            match read_line()?.as_deref().map(str::trim) {
                Some("yes" | "y") => return Ok(Choice::All),
                Some("no" | "n" | "") | None => {
                    let mut refusal = self.refusal.to_owned();
                    // The text begins a sentence here.
                    if let Some(first) = refusal.get_mut(..1) {
                        first.make_ascii_uppercase();
                    }
                    return Err(Failure::negative(format!("{refusal}.")));
                }
                Some(_) => output::complain("Answer yes or no."),
            }
        }
    }

    /// What is asked for, or what of it is new.
    fn tell(&self, before: Option<&Before>) -> String {
        let name = title(self.manifest);
        match before {
            Some(before) => {
                let (more, higher) = before.grant.difference(self.asked());
                let lines = difference_lines(&more, &higher);
                format!("{name} asks for more than it was granted. New is:\n{lines}")
            }
            None => {
                let (capabilities, limits) = self.asked();
                format!("{name} asks to:\n{}", request_lines(capabilities, limits))
            }
        }
    }

    fn ask_directory(&self, guest: &GuestPath) -> Result<PathBuf, Failure> {
        if !stdin().is_terminal() {
            return Err(Failure::negative(format!(
                "{} needs a directory of this machine as {guest}. Say --dir {guest}=PATH.",
                self.manifest.id
            )));
        }
        loop {
            output::ask(&format!(
                "Which directory of this machine is {guest}? (nothing: {})",
                self.refusal
            ));
            let line = read_line()?.unwrap_or_default();
            if line.trim().is_empty() {
                return Err(Failure::negative(format!(
                    "No directory was named: {}.",
                    self.refusal
                )));
            }
            match self.check_directory(guest, Path::new(line.trim())) {
                Ok(path) => return Ok(path),
                Err(failure) => output::complain(&failure.to_string()),
            }
        }
    }
}

/// Opens the directories as a call would, so that what cannot be is said now and not then.
fn try_mounts(grant: &Grant) -> Result<(), Failure> {
    const ANY: Quota = Quota {
        bytes: u64::MAX,
        entries: u64::MAX,
    };
    let trees = Trees::new(Handle::current());
    let mut mounts = Vec::new();
    for Directory { path, access, .. } in grant.capabilities().files.directories() {
        if let Some(place) = grant.directory(&path) {
            let tree = trees.open(place, ANY).map_err(openclaw_components::Error::from)?;
            mounts.push(Mount {
                path,
                access,
                tree,
                links: false,
            });
        }
    }
    Mounts::new(mounts).map_err(openclaw_components::Error::from)?;
    Ok(())
}

/// What was granted, a line each, and which directories those are.
pub(crate) fn grant_lines(grant: &Grant) -> String {
    let mut text = request_lines(grant.capabilities(), grant.limits());
    for (guest, path) in grant.directories() {
        text += &format!(
            "\n   {guest} is {}",
            display_safe(&path.display().to_string(), 300)
        );
    }
    text
}

/// Id, version and name of an extension in one line. The name is its author's and stands in quotes, so that it
/// cannot go on as if it were ours.
pub(super) fn title(manifest: &Manifest) -> String {
    let mut title = manifest.id.to_string();
    if let Some(version) = &manifest.version {
        title = format!("{title} {}", display_safe(version, 40));
    }
    if let Some(name) = &manifest.name {
        title = format!("{title} \"{}\"", display_safe(&name.replace('"', "'"), 80));
    }
    title
}

/// What is asked for or granted, a line each.
pub(super) fn request_lines(capabilities: &Capabilities, limits: &LimitSet) -> String {
    join(capabilities.lines().into_iter().chain(limits.lines()))
}

/// What is new, a line each: where no capability is, none is told of.
fn difference_lines(capabilities: &Capabilities, limits: &LimitSet) -> String {
    match capabilities.is_empty() {
        true => join(limits.lines()),
        false => request_lines(capabilities, limits),
    }
}

fn join(lines: impl IntoIterator<Item = Line>) -> String {
    let lines: Vec<_> = lines.into_iter().map(|line| line.to_string()).collect();
    lines.join("\n")
}

fn read_answer(path: &Path) -> Result<Answer, Failure> {
    let bytes = read_file(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::negative(format!(
            "there is no file {}; say all, none, or a file that says what is granted",
            path.display()
        )),
        _ => Failure::file("read the grant in", path, &error),
    })?;
    Answer::parse(&bytes).map_err(|error| {
        Failure::negative(format!("the grant in {} cannot be used: {error}", path.display()))
    })
}

/// The bytes of a file that may be anything: one more than is read of a grant.
fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = openclaw_policy::MAX_BYTES as u64 + 1;
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A line that a person typed; none at the end of the input.
pub(crate) fn read_line() -> Result<Option<String>, Failure> {
    let mut line = String::new();
    let read = stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|source| Failure::System {
            doing: "read the answer",
            source,
        })?;
    Ok((read > 0).then_some(line))
}
