//! Commands that read their input, and when their arguments have them read something else or nothing.

use Means::{Elsewhere, First, From, Input, Nothing, Rest, Stops, Two, Value};

use super::{awk, jq};

/// What an option means for what is read.
#[derive(Clone, Copy)]
enum Means {
    Nothing,
    /// It takes a value.
    Value,
    /// It takes two values.
    Two,
    /// Its value is the program or pattern that is the first operand otherwise.
    First,
    /// Its value says what is read.
    From,
    /// Without files, something else is read than the input.
    Elsewhere,
    /// What follows are no files.
    Rest,
    /// Nothing is read, whatever follows.
    Stops,
    /// The input is read, whatever follows.
    Input,
}

/// Options that mean the same: their letters, and their long names.
struct Options(Means, &'static str, &'static [&'static str]);

struct Reader {
    names: &'static [&'static str],
    /// Whether the first operand is a program or a pattern and no file.
    has_program: bool,
    /// Whether what looks like an option after the first operand is none.
    ends: bool,
    /// With how many files it reads no input. `-` is the input.
    files: usize,
    options: &'static [Options],
}

const ALWAYS: usize = usize::MAX;
const ONLY_DASH: usize = 0;

const fn plain(names: &'static [&'static str], files: usize, options: &'static [Options]) -> Reader {
    Reader {
        names,
        has_program: false,
        ends: false,
        files,
        options,
    }
}

const fn programmed(names: &'static [&'static str], ends: bool, options: &'static [Options]) -> Reader {
    Reader {
        names,
        has_program: true,
        ends,
        files: 1,
        options,
    }
}

/// Those whose operands are a command line of its own.
const fn starting(names: &'static [&'static str], files: usize, options: &'static [Options]) -> Reader {
    Reader {
        names,
        has_program: false,
        ends: true,
        files,
        options,
    }
}

const READERS: [Reader; 41] = [
    plain(
        &["read"],
        ALWAYS,
        &[Options(From, "u", &[]), Options(Value, "dinNpt", &[])],
    ),
    plain(
        &["mapfile", "readarray"],
        ALWAYS,
        &[Options(From, "u", &[]), Options(Value, "dnOsCc", &[])],
    ),
    plain(&["tee", "tr"], ALWAYS, &[]),
    starting(
        &["xargs"],
        ALWAYS,
        &[
            Options(From, "a", &["arg-file"]),
            Options(
                Value,
                "dEILnsP",
                &[
                    "delimiter",
                    "max-args",
                    "max-chars",
                    "max-procs",
                    "process-slot-var",
                ],
            ),
        ],
    ),
    plain(&["cat", "rev", "factor", "tsort", "bc", "sum"], 1, &[]),
    plain(&["tac"], 1, &[Options(Value, "s", &["separator"])]),
    plain(&["head"], 1, &[Options(Value, "nc", &["lines", "bytes"])]),
    plain(
        &["tail"],
        1,
        &[Options(
            Value,
            "ncs",
            &["lines", "bytes", "pid", "sleep-interval"],
        )],
    ),
    plain(&["wc"], 1, &[Options(From, "", &["files0-from"])]),
    plain(
        &["sort"],
        1,
        &[
            Options(From, "", &["files0-from"]),
            Options(
                Value,
                "ktoSTy",
                &[
                    "key",
                    "field-separator",
                    "output",
                    "buffer-size",
                    "temporary-directory",
                    "parallel",
                    "batch-size",
                    "compress-program",
                    "random-source",
                    "sort",
                ],
            ),
        ],
    ),
    plain(
        &["uniq"],
        1,
        &[Options(
            Value,
            "fsw",
            &["skip-fields", "skip-chars", "check-chars"],
        )],
    ),
    plain(
        &["cut"],
        1,
        &[Options(
            Value,
            "dfcb",
            &["delimiter", "fields", "characters", "bytes", "output-delimiter"],
        )],
    ),
    plain(&["paste"], 1, &[Options(Value, "d", &["delimiters"])]),
    plain(
        &["nl"],
        1,
        &[Options(
            Value,
            "bnswvihfld",
            &[
                "body-numbering",
                "number-format",
                "number-separator",
                "number-width",
                "starting-line-number",
                "line-increment",
            ],
        )],
    ),
    plain(&["fold"], 1, &[Options(Value, "w", &["width"])]),
    plain(
        &["fmt"],
        1,
        &[Options(Value, "wpg", &["width", "prefix", "goal"])],
    ),
    plain(&["expand", "unexpand"], 1, &[Options(Value, "t", &["tabs"])]),
    plain(
        &["column"],
        1,
        &[Options(Value, "soc", &["separator", "output-separator"])],
    ),
    plain(
        &["od"],
        1,
        &[Options(
            Value,
            "AtNjw",
            &["address-radix", "format", "read-bytes", "skip-bytes"],
        )],
    ),
    plain(&["xxd"], 1, &[Options(Value, "lscg", &[])]),
    plain(&["hexdump"], 1, &[Options(Value, "nse", &[])]),
    plain(&["strings"], 1, &[Options(Value, "nt", &["bytes", "radix"])]),
    plain(&["base64", "base32"], 1, &[Options(Value, "w", &["wrap"])]),
    plain(
        &[
            "md5sum",
            "sha1sum",
            "sha224sum",
            "sha256sum",
            "sha384sum",
            "sha512sum",
        ],
        1,
        &[],
    ),
    plain(&["cksum"], 1, &[Options(Value, "a", &["algorithm"])]),
    plain(
        &["shuf"],
        1,
        &[
            Options(Stops, "ei", &["echo", "input-range"]),
            Options(Value, "no", &["head-count", "output", "random-source"]),
        ],
    ),
    plain(
        &["split"],
        1,
        &[Options(
            Value,
            "lbnaC",
            &[
                "lines",
                "bytes",
                "number",
                "suffix-length",
                "line-bytes",
                "additional-suffix",
            ],
        )],
    ),
    plain(
        &["gzip", "gunzip", "zcat"],
        1,
        &[Options(Value, "S", &["suffix"])],
    ),
    plain(
        &["patch"],
        2,
        &[
            Options(From, "i", &["input"]),
            Options(
                Value,
                "pdoFrz",
                &["strip", "directory", "output", "fuzz", "reject-file", "suffix"],
            ),
        ],
    ),
    plain(&["cmp"], 2, &[Options(Value, "ni", &["bytes", "ignore-initial"])]),
    plain(
        &["diff"],
        ONLY_DASH,
        &[Options(
            Value,
            "UCLIxW",
            &["label", "unified", "context", "exclude", "width"],
        )],
    ),
    plain(&["comm"], ONLY_DASH, &[Options(Value, "", &["output-delimiter"])]),
    plain(&["join"], ONLY_DASH, &[Options(Value, "tavejo12", &[])]),
    programmed(
        &["grep", "egrep", "fgrep"],
        false,
        &[
            Options(First, "ef", &["regexp", "file"]),
            Options(Elsewhere, "rR", &["recursive", "dereference-recursive"]),
            Options(
                Value,
                "mABCdD",
                &[
                    "max-count",
                    "after-context",
                    "before-context",
                    "context",
                    "include",
                    "exclude",
                    "exclude-dir",
                    "exclude-from",
                    "label",
                    "binary-files",
                    "directories",
                    "devices",
                    "group-separator",
                ],
            ),
        ],
    ),
    programmed(
        &["sed"],
        false,
        &[
            Options(First, "ef", &["expression", "file"]),
            Options(Value, "l", &["line-length"]),
        ],
    ),
    programmed(
        &["awk", "gawk"],
        true,
        &[
            Options(First, "fe", &["file", "source"]),
            Options(Value, "Fv", &["field-separator", "assign"]),
        ],
    ),
    programmed(
        &["jq"],
        false,
        &[
            Options(First, "f", &["from-file"]),
            Options(Elsewhere, "n", &["null-input"]),
            Options(Two, "", &["arg", "argjson", "slurpfile", "rawfile"]),
            Options(Rest, "", &["args", "jsonargs"]),
            Options(Value, "", &["indent"]),
            Options(Stops, "hV", &[]),
        ],
    ),
    starting(
        &["python", "python3"],
        1,
        &[Options(Stops, "cmhV", &[]), Options(Value, "WX", &[])],
    ),
    starting(
        &["bash", "sh"],
        1,
        &[
            Options(Stops, "c", &[]),
            Options(Input, "s", &[]),
            Options(Value, "oO", &["rcfile", "init-file"]),
        ],
    ),
    plain(
        &["cp", "ln", "mv", "rm"],
        ONLY_DASH,
        &[
            Options(Input, "i", &["interactive"]),
            Options(Value, "St", &["suffix", "target-directory"]),
        ],
    ),
    plain(&["file"], ONLY_DASH, &[Options(Value, "Fm", &["separator"])]),
];

impl Reader {
    fn of_letter(&self, letter: char) -> Means {
        let mut options = self.options.iter();
        let found = options.find(|Options(_, letters, _)| letters.contains(letter));
        found.map_or(Nothing, |Options(means, ..)| *means)
    }

    fn of_name(&self, name: &str) -> Means {
        let mut options = self.options.iter();
        let found = options.find(|Options(.., names)| names.contains(&name));
        match name {
            "help" | "version" => Stops,
            _ => found.map_or(Nothing, |Options(means, ..)| *means),
        }
    }

    /// What the options mean that are in one argument, each with the value that is attached to it.
    fn options<'a>(&self, arg: &'a str) -> Vec<(Means, Option<&'a str>)> {
        if let Some(long) = arg.strip_prefix("--") {
            return match long.split_once('=') {
                Some((name, value)) => vec![(self.of_name(name), Some(value))],
                None => vec![(self.of_name(long), None)],
            };
        }
        let mut all = Vec::new();
        for (at, letter) in arg.char_indices().skip(1) {
            let means = self.of_letter(letter);
            let rest = arg.get(at + letter.len_utf8()..).filter(|rest| !rest.is_empty());
            match means {
                Value | First | From => {
                    all.push((means, rest));
                    break;
                }
                _ => all.push((means, None)),
            }
        }
        all
    }
}

/// Whether a command reads its input when it is called like this.
pub(super) fn reads(name: &str, args: &[String]) -> bool {
    let Some(reader) = READERS.iter().find(|reader| reader.names.contains(&name)) else {
        return false;
    };
    let (mut given, mut operands) = (Vec::new(), Vec::new());
    let (mut elsewhere, mut are_files, mut is_over) = (false, true, false);
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if is_over || arg == "-" || !arg.starts_with('-') {
            is_over |= reader.ends;
            let is_program = reader.has_program && given.is_empty() && operands.is_empty();
            if are_files || is_program {
                operands.push(arg);
            }
            continue;
        }
        if arg == "--" {
            is_over = true;
            continue;
        }
        for (means, attached) in reader.options(arg) {
            match means {
                Nothing => {}
                Value => drop(attached.or_else(|| args.next())),
                Two => drop(args.nth(1)),
                First => given.extend(attached.or_else(|| args.next())),
                From => return matches!(attached.or_else(|| args.next()), Some("-" | "0")),
                Elsewhere => elsewhere = true,
                Rest => are_files = false,
                Stops => return false,
                Input => return true,
            }
        }
    }
    let is_given = !given.is_empty();
    let (program, mut files) = match operands.split_first() {
        Some((first, rest)) if reader.has_program && !is_given => (Some(*first), rest.to_vec()),
        _ => (None, operands),
    };
    match name {
        "awk" | "gawk" if program.is_some_and(awk::only_begins) => return false,
        "awk" | "gawk" => files.retain(|file| !awk::assigns(file)),
        "jq" if program.is_some_and(jq::asks) => elsewhere = false,
        // What follows a script or a command is its own.
        _ if reader.ends => files.truncate(1),
        _ => {}
    }
    let is_named = files.iter().any(|file| matches!(*file, "-" | "/dev/stdin"));
    is_named || (!elsewhere && files.len() < reader.files)
}
