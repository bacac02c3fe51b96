//! Whether a script can read what is written to it.
//!
//! **Promise.** Input is waited for only if some command of the script could read it: one that reads by its nature, that
//! was given no file to read instead, and that no pipe or redirection feeds. Because the interpreter takes its input as a
//! whole, it is then read to its end before the script begins; there is no conversation with a script. **Bound.** What
//! cannot be seen without running it — `eval`, `source`, other scripts, names out of variables — counts as not reading.
//! **Cost.** One more parse.

use bashkit::parser::{
    Command, CompoundCommand, Parser, Redirect, RedirectKind, Script, SimpleCommand, Word, WordPart,
};

/// How a command comes to read its input.
#[derive(Clone, Copy)]
enum Reader {
    /// Whatever its arguments are.
    Always,
    /// If fewer than so many arguments are neither options nor their values.
    Without(usize),
}

/// Commands that read, and the options that take the next argument as their value.
const READERS: [(&str, Reader, &[&str]); 47] = [
    ("read", Reader::Always, &[]),
    ("mapfile", Reader::Always, &[]),
    ("readarray", Reader::Always, &[]),
    ("tee", Reader::Always, &[]),
    ("xargs", Reader::Always, &[]),
    ("tr", Reader::Always, &[]),
    ("cat", Reader::Without(1), &[]),
    ("tac", Reader::Without(1), &[]),
    ("rev", Reader::Without(1), &[]),
    ("head", Reader::Without(1), &["-n", "-c"]),
    ("tail", Reader::Without(1), &["-n", "-c"]),
    ("wc", Reader::Without(1), &[]),
    ("sort", Reader::Without(1), &["-k", "-t", "-o", "-S", "-T"]),
    ("uniq", Reader::Without(1), &["-f", "-s", "-w"]),
    ("cut", Reader::Without(1), &["-d", "-f", "-c", "-b"]),
    ("paste", Reader::Without(1), &["-d"]),
    ("nl", Reader::Without(1), &["-b", "-n", "-s", "-w", "-v", "-i"]),
    ("fold", Reader::Without(1), &["-w"]),
    ("fmt", Reader::Without(1), &["-w"]),
    ("expand", Reader::Without(1), &["-t"]),
    ("unexpand", Reader::Without(1), &["-t"]),
    ("column", Reader::Without(1), &["-s", "-o", "-c"]),
    ("od", Reader::Without(1), &["-A", "-t", "-N", "-j", "-w"]),
    ("xxd", Reader::Without(1), &["-l", "-s", "-c", "-g"]),
    ("hexdump", Reader::Without(1), &["-n", "-s", "-e"]),
    ("strings", Reader::Without(1), &["-n", "-t"]),
    ("base64", Reader::Without(1), &["-w"]),
    ("base32", Reader::Without(1), &["-w"]),
    ("md5sum", Reader::Without(1), &[]),
    ("sha1sum", Reader::Without(1), &[]),
    ("sha256sum", Reader::Without(1), &[]),
    ("sha512sum", Reader::Without(1), &[]),
    ("cksum", Reader::Without(1), &["-a"]),
    ("shuf", Reader::Without(1), &["-n", "-e", "-i", "-o"]),
    ("split", Reader::Without(1), &["-l", "-b", "-n", "-a", "-C"]),
    ("gzip", Reader::Without(1), &[]),
    ("gunzip", Reader::Without(1), &[]),
    ("patch", Reader::Without(2), &["-d", "-o"]),
    ("bc", Reader::Without(1), &[]),
    (
        "grep",
        Reader::Without(2),
        &["-m", "-A", "-B", "-C", "--include", "--exclude"],
    ),
    ("sed", Reader::Without(2), &[]),
    ("awk", Reader::Without(2), &["-F", "-v"]),
    ("jq", Reader::Without(2), &["--indent"]),
    ("python3", Reader::Without(1), &["-c", "-m"]),
    ("python", Reader::Without(1), &["-c", "-m"]),
    ("bash", Reader::Without(1), &["-c", "-o"]),
    ("sh", Reader::Without(1), &["-c", "-o"]),
];

/// Whether a script can read its input. One that cannot be parsed cannot.
pub(crate) fn is_read(script: &str, deepest: usize, steps: usize) -> bool {
    let parsed = Parser::with_limits(script, deepest, steps).parse();
    parsed.is_ok_and(|Script { commands, .. }| any(&commands))
}

fn any(commands: &[Command]) -> bool {
    commands.iter().any(command)
}

fn command(found: &Command) -> bool {
    match found {
        Command::Simple(found) => simple(found),
        // The others are fed by the one before.
        Command::Pipeline(found) => found.commands.first().is_some_and(command),
        Command::List(found) => command(&found.first) || found.rest.iter().any(|(_, next)| command(next)),
        Command::Compound(found, redirects) => !is_fed(redirects) && compound(found),
        Command::Function(found) => command(&found.body),
    }
}

fn compound(found: &CompoundCommand) -> bool {
    match found {
        CompoundCommand::If(found) => {
            any(&found.condition)
                || any(&found.then_branch)
                || found
                    .elif_branches
                    .iter()
                    .any(|(first, then)| any(first) || any(then))
                || found.else_branch.as_deref().is_some_and(any)
        }
        CompoundCommand::For(found) => any(&found.body),
        CompoundCommand::ArithmeticFor(found) => any(&found.body),
        CompoundCommand::While(found) => any(&found.condition) || any(&found.body),
        CompoundCommand::Until(found) => any(&found.condition) || any(&found.body),
        CompoundCommand::Case(found) => found.cases.iter().any(|case| any(&case.commands)),
        CompoundCommand::Select(_) => true,
        CompoundCommand::Subshell(found) | CompoundCommand::BraceGroup(found) => any(found),
        CompoundCommand::Time(found) => found.command.as_deref().is_some_and(command),
        _ => false,
    }
}

fn is_fed(redirects: &[Redirect]) -> bool {
    redirects.iter().any(|redirect| {
        redirect.fd.unwrap_or(0) == 0
            && matches!(
                redirect.kind,
                RedirectKind::Input
                    | RedirectKind::HereDoc
                    | RedirectKind::HereDocStrip
                    | RedirectKind::HereString
                    | RedirectKind::DupInput
                    | RedirectKind::ReadWrite
            )
    })
}

fn simple(found: &SimpleCommand) -> bool {
    let of_words = found.args.iter().flat_map(|word| &word.parts).any(substitutes);
    let of_values = found
        .assignments
        .iter()
        .any(|assignment| match &assignment.value {
            bashkit::parser::AssignmentValue::Scalar(word) => word.parts.iter().any(substitutes),
            bashkit::parser::AssignmentValue::Array(words) => {
                words.iter().flat_map(|word| &word.parts).any(substitutes)
            }
        });
    of_words || of_values || (!is_fed(&found.redirects) && reads(found))
}

fn substitutes(part: &WordPart) -> bool {
    matches!(part, WordPart::CommandSubstitution(commands) if any(commands))
}

fn reads(found: &SimpleCommand) -> bool {
    let Some(name) = literal(&found.name) else {
        return false;
    };
    let Some((_, reader, valued)) = READERS.iter().find(|(known, ..)| *known == name) else {
        return false;
    };
    let Reader::Without(files) = reader else {
        return true;
    };
    let mut others = 0;
    let mut after = false;
    let mut args = found.args.iter().map(literal);
    while let Some(arg) = args.next() {
        match arg.as_deref() {
            Some("-") => return true,
            Some("--") if !after => after = true,
            Some("-c" | "-m") if matches!(name.as_str(), "python3" | "python" | "bash" | "sh") => {
                return false;
            }
            Some("-e" | "-f" | "--expression" | "--file") if *files == 2 => {
                args.next();
                others += 1;
            }
            Some("-r" | "-R" | "--recursive" | "-n" | "-i") if recurses(&name, arg.as_deref()) => {
                return false;
            }
            Some(option) if !after && option.starts_with('-') => {
                if valued.contains(&option) {
                    args.next();
                }
            }
            _ => others += 1,
        }
    }
    others < *files
}

/// Options with which a command that reads otherwise looks for its input elsewhere, or nowhere.
fn recurses(name: &str, option: Option<&str>) -> bool {
    match name {
        "grep" => matches!(option, Some("-r" | "-R" | "--recursive")),
        "jq" => matches!(option, Some("-n")),
        _ => false,
    }
}

fn literal(word: &Word) -> Option<String> {
    word.parts
        .iter()
        .map(|part| match part {
            WordPart::Literal(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
