//! Running a jq filter. Results stop at a number and a size, so that `repeat(.)` ends; a document is refused
//! where it is more than 128 levels deep.

use std::fmt;

use jaq_core::load::{Arena, File, Loader, lex, parse};
use jaq_core::{Compiler, Ctx, Exn, Vars, data, load};
use jaq_json::{Val, read};
use serde_json::Value;

/// The most results.
pub(crate) const MAX_RESULTS: usize = 1000;
/// The most bytes of all results.
const MAX_BYTES: usize = 512 * 1024;
/// The most bytes of a filter, which is parsed by recursion.
const MAX_FILTER: usize = 4096;

/// What a filter gave.
#[derive(Debug)]
pub(crate) struct Results {
    /// Each as JSON.
    pub(crate) lines: Vec<String>,
    /// Whether there were more.
    pub(crate) is_cut: bool,
}

/// Why there are no results.
#[derive(Debug)]
pub(crate) enum Mistake {
    Filter(String),
    Document(String),
    Run(String),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(what) => write!(f, "the filter cannot be read: {what}"),
            Self::Document(what) => write!(f, "the document is not JSON: {what}"),
            Self::Run(what) => write!(f, "the filter failed: {what}"),
        }
    }
}

impl std::error::Error for Mistake {}

/// Applies a filter to a document.
pub(crate) fn run(filter: &str, document: &str) -> Result<Results, Mistake> {
    if filter.len() > MAX_FILTER {
        let what = format!("it is longer than {MAX_FILTER} bytes; take it apart");
        return Err(Mistake::Filter(what));
    }
    let input = parse_document(document)?;
    let arena = Arena::default();
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let program = File {
        code: filter,
        path: (),
    };
    let modules = Loader::new(defs).load(&arena, program).map_err(|errors| {
        let errors = errors.iter().map(|(_, error)| describe(filter, error));
        Mistake::Filter(errors.collect::<Vec<_>>().join("; "))
    })?;
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let compiled = Compiler::default()
        .with_funs(funs)
        .compile(modules)
        .map_err(|errors| {
            let missing = errors.iter().flat_map(|(_, undefined)| undefined);
            let missing = missing.map(|(name, kind)| format!("there is no {} {name}", kind.as_str()));
            Mistake::Filter(missing.collect::<Vec<_>>().join("; "))
        })?;

    let context = Ctx::<data::JustLut<Val>>::new(&compiled.lut, Vars::new([]));
    let mut results = Results {
        lines: Vec::new(),
        is_cut: false,
    };
    let mut bytes = 0;
    for value in compiled.id.run((context, input)) {
        let line = match value.map_err(Exn::get_err) {
            Ok(value) => value.to_string(),
            Err(Ok(error)) => return Err(Mistake::Run(error.to_string())),
            // `halt` ends the filter, and not the program as it would elsewhere.
            Err(Err(_)) => break,
        };
        bytes += line.len();
        if results.lines.len() == MAX_RESULTS || bytes > MAX_BYTES {
            results.is_cut = true;
            break;
        }
        results.lines.push(line);
    }
    Ok(results)
}

/// Strict JSON first: it bounds the depth and knows lines and columns, and jaq's own parser takes more than JSON.
fn parse_document(document: &str) -> Result<Val, Mistake> {
    let mistake = |what: &dyn fmt::Display| Mistake::Document(what.to_string());
    serde_json::from_str::<Value>(document).map_err(|error| mistake(&error))?;
    read::parse_single(document.as_bytes()).map_err(|error| mistake(&error))
}

fn describe(filter: &str, error: &load::Error<&str>) -> String {
    let found = |expected: &str, found: &str| {
        let at = load::span(filter, found).start;
        let place = filter.get(..at).unwrap_or_default().chars().count() + 1;
        let found: String = found.chars().take(20).collect();
        if found.is_empty() {
            format!("expected {expected} at its end")
        } else {
            format!("at character {place}: expected {expected}, found {found:?}")
        }
    };
    let all: Vec<_> = match error {
        load::Error::Io(errors) => errors
            .iter()
            .map(|(path, _)| format!("there is no module {path:?}"))
            .collect(),
        load::Error::Lex(errors) => errors
            .iter()
            .map(|(expected, at): &lex::Error<&str>| found(expected.as_str(), at))
            .collect(),
        load::Error::Parse(errors) => errors
            .iter()
            .map(|(expected, at): &parse::Error<&str>| found(expected.as_str(), at))
            .collect(),
    };
    all.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(filter: &str, document: &str) -> Vec<String> {
        run(filter, document).unwrap().lines
    }

    fn mistake(filter: &str, document: &str) -> String {
        run(filter, document).unwrap_err().to_string()
    }

    #[test]
    fn a_filter_picks_sorts_and_reshapes() {
        let document = r#"{"items": [{"n": "b", "p": 12.5}, {"n": "a", "p": 3}]}"#;
        assert_eq!(lines(".items | length", document), ["2"]);
        assert_eq!(
            lines(".items | sort_by(.n) | map(.n)", document),
            [r#"["a","b"]"#]
        );
        assert_eq!(
            lines(".items[] | select(.p > 10) | {n}", document),
            [r#"{"n":"b"}"#]
        );
        assert_eq!(lines(".items[].n | test(\"^a\")", document), ["false", "true"]);
    }

    #[test]
    fn a_mistake_in_the_filter_says_where() {
        assert_eq!(
            mistake(".a | foo", "{}"),
            "the filter cannot be read: there is no filter foo"
        );
        let said = mistake("{a: }}", "{}");
        assert!(
            said.starts_with("the filter cannot be read: at character"),
            "{said}"
        );
        let said = mistake("[.a", "{}");
        assert!(said.starts_with("the filter cannot be read: "), "{said}");
    }

    #[test]
    fn a_mistake_in_the_document_says_where() {
        let said = mistake(".", "{\n\"a\": nope}");
        assert!(
            said.starts_with("the document is not JSON: ") && said.contains("line 2"),
            "{said}"
        );
        assert!(mistake(".", "# a comment\n1").starts_with("the document is not JSON"));
    }

    #[test]
    fn a_filter_that_fails_says_why() {
        let said = mistake(".a", "[1]");
        assert!(said.starts_with("the filter failed: "), "{said}");
    }

    #[test]
    fn a_filter_that_halts_gives_what_it_had() {
        assert_eq!(lines("1, halt, 2", "0"), ["1"]);
    }

    #[test]
    fn nothing_is_unbounded() {
        let endless = run("repeat(1)", "1").unwrap();
        assert!(endless.is_cut && endless.lines.len() == MAX_RESULTS);
        let large = run("range(20) | \"x\" * 100000", "1").unwrap();
        assert!(large.is_cut && large.lines.len() < 20);
        assert!(mistake(".", &"[".repeat(1000)).contains("recursion limit"));
        assert!(mistake(&"(".repeat(5000), "1").contains("longer than 4096 bytes"));
    }

    #[test]
    fn a_filter_reads_nothing_but_its_document() {
        assert_eq!(
            mistake("import \"x\" as x; .", "1"),
            "the filter cannot be read: there is no module \"x\""
        );
        assert_eq!(
            mistake("input", "1"),
            "the filter cannot be read: there is no filter input"
        );
    }
}
