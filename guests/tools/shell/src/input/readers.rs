//! Commands that read their input, as far as their arguments show it.

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
    ("shuf", Reader::Without(1), &["-n", "-o"]),
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

/// Options whose value stands for the first of two arguments.
const FIRSTS: [&str; 8] = [
    "-e",
    "-f",
    "--expression",
    "--file",
    "--from-file",
    "--regexp",
    "--pattern-file",
    "--source",
];
/// Options of `jq` that take two arguments.
const PAIRS: [&str; 4] = ["--arg", "--argjson", "--slurpfile", "--rawfile"];

/// Whether a command reads its input. An argument that is known only when it runs is none.
pub(super) fn reads(name: &str, args: &[Option<String>]) -> bool {
    let Some((_, reader, valued)) = READERS.iter().find(|(known, ..)| *known == name) else {
        return false;
    };
    let words: Vec<&str> = args.iter().flatten().map(String::as_str).collect();
    if matches!(words.first(), Some(&("--help" | "--version"))) || turns_elsewhere(name, &words) {
        return false;
    }
    let Reader::Without(files) = reader else {
        return true;
    };
    let mut others = 0;
    let mut after = false;
    let mut args = args.iter().map(Option::as_deref);
    while let Some(arg) = args.next() {
        match arg {
            Some("-") => return true,
            Some("--") if !after => after = true,
            Some(pair) if name == "jq" && PAIRS.contains(&pair) => {
                args.next();
                args.next();
            }
            Some(option) if *files == 2 && FIRSTS.contains(&option) => {
                args.next();
                others += 1;
            }
            Some(option) if *files == 2 && is_first(option) => others += 1,
            Some(option) if !after && option.starts_with('-') => {
                if valued.contains(&option) {
                    args.next();
                }
            }
            Some(program) if name == "awk" && others == 0 && only_begins(program) => return false,
            _ => others += 1,
        }
    }
    others < *files
}

/// Whether an option holds, behind its sign, what stands for the first of two arguments.
fn is_first(option: &str) -> bool {
    option
        .split_once('=')
        .is_some_and(|(name, _)| name.starts_with("--") && FIRSTS.contains(&name))
}

/// Whether options say that the input is looked for elsewhere, or nowhere.
fn turns_elsewhere(name: &str, words: &[&str]) -> bool {
    let options = words.iter().take_while(|word| **word != "--");
    match name {
        "python3" | "python" => words.iter().any(|word| matches!(*word, "-c" | "-m" | "-V")),
        "bash" | "sh" => words.contains(&"-c"),
        "grep" => options
            .into_iter()
            .any(|word| *word == "--recursive" || letters(word, "efmABCdD").contains(['r', 'R'])),
        "jq" => {
            let mut options = options.into_iter();
            options.any(|word| *word == "--null-input" || letters(word, "fL").contains('n'))
                && !words
                    .iter()
                    .any(|word| word.contains("input") && !word.starts_with('-'))
        }
        "shuf" => options.into_iter().any(|word| {
            *word == "--echo" || word.starts_with("--input-range") || letters(word, "no").contains(['e', 'i'])
        }),
        "read" | "mapfile" | "readarray" => other_stream(words),
        _ => false,
    }
}

/// The letters of a word that is short options, up to one that takes the rest as its value.
fn letters<'a>(word: &'a str, valued: &str) -> &'a str {
    match word.strip_prefix('-') {
        Some(letters) if !letters.starts_with('-') => letters
            .split(|letter| valued.contains(letter))
            .next()
            .unwrap_or_default(),
        _ => "",
    }
}

/// Whether `-u` names another stream than the first.
fn other_stream(words: &[&str]) -> bool {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(behind) = word.strip_prefix('-').and_then(|letters| letters.split_once('u')) else {
            continue;
        };
        let stream = match behind.1 {
            "" => words.next().copied().unwrap_or_default(),
            glued => glued,
        };
        return stream != "0";
    }
    false
}

/// Whether a program of `awk` does all that it does before it would read.
fn only_begins(program: &str) -> bool {
    let mut left = program.trim();
    if left.is_empty() || left.contains("getline") {
        return false;
    }
    while !left.is_empty() {
        let Some(body) = left.strip_prefix("BEGIN").map(str::trim_start) else {
            return false;
        };
        let Some(rest) = after_block(body) else {
            return false;
        };
        left = rest.trim_start_matches([';', ' ', '\t', '\n']);
    }
    true
}

/// What stands behind a block in braces.
fn after_block(text: &str) -> Option<&str> {
    let (mut deep, mut in_text, mut is_escaped) = (0_usize, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => in_text = !in_text,
            _ if in_text => {}
            '{' => deep += 1,
            '}' => {
                deep = deep.checked_sub(1)?;
                if deep == 0 {
                    return text.get(at + 1..);
                }
            }
            _ if deep == 0 => return None,
            _ => {}
        }
    }
    None
}
