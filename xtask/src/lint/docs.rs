//! Pages name only what exists. Every README, CONTRIBUTING.md and page of the book is parsed, and each
//! `cargo xtask` and `openclaw` command, each flag, each link and each path of the repository in it is looked
//! up in the real thing: our own command line, the help texts of the binary, and the files git knows.
//!
//! Costs one debug build of `openclaw` if any page names one of its commands, and one start of it per
//! command named.

mod commands;
mod pages;
mod paths;

use anyhow::{Context, Result};

use self::commands::Programs;
use self::pages::Mention;
use self::paths::Paths;
use super::Finding;
use crate::tree::Tree;

const BOOK: &str = "docs/src/";
const SUMMARY: &str = "docs/src/SUMMARY.md";

/// Everything that the pages name and that is not there.
pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let paths = Paths::new(tree);
    let mut programs = Programs::new(tree);
    let mut findings = Vec::new();
    let mut summary_links = Vec::new();
    for page in tree.files.iter().filter(|file| is_page(file)) {
        let text = std::fs::read_to_string(tree.root.join(page))
            .with_context(|| format!("{page} cannot be read"))?;
        for Mention { line, said } in pages::read(&text) {
            let problem = match &said {
                pages::Said::Link(link) => {
                    if page == SUMMARY {
                        summary_links.extend(paths::resolve(page, link));
                    }
                    paths.check_link(page, link)
                }
                pages::Said::Code(code) => match paths.check_code(page, code)? {
                    Some(problem) => Some(problem),
                    None => programs.check(code)?,
                },
                pages::Said::Script(script) => programs.check(script)?,
            };
            if let Some((what, mend)) = problem {
                findings.push(Finding::new(page, line, what, mend));
            }
        }
    }
    findings.extend(find_unlisted(tree, &summary_links));
    Ok(findings)
}

fn is_page(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or_default();
    name == "README.md" || file == "CONTRIBUTING.md" || file.starts_with(BOOK) && file.ends_with(".md")
}

/// A page of the book that its table of contents does not list is never built.
fn find_unlisted(tree: &Tree, listed: &[String]) -> Vec<Finding> {
    let pages = tree
        .files
        .iter()
        .filter(|file| file.starts_with(BOOK) && file.ends_with(".md"));
    let unlisted = pages.filter(|page| *page != SUMMARY && !listed.contains(page));
    unlisted
        .map(|page| {
            Finding::new(
                page,
                1,
                "the book does not list this page",
                format!("add it to {SUMMARY}"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::fake::FakeTree;

    /// A program whose help texts have the shape that clap gives them.
    const OPENCLAW: &str = r#"//! A stand-in.
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let help = match words.as_slice() {
        ["--help"] => "Usage: openclaw [OPTIONS] <COMMAND>\n\nCommands:\n  config  Read the config\n  help    Print this\n\nOptions:\n      --profile <NAME>  Use a profile\n  -h, --help            Print help\n",
        ["config", "--help"] => "Usage: openclaw config <COMMAND>\n\nCommands:\n  get       Print a value\n            of the config\n  validate  Check it\n\nOptions:\n  -h, --help  Print help\n",
        ["config", "get", "--help"] => "Usage: openclaw config get [OPTIONS] <PATH>\n\nArguments:\n  <PATH>\n\nOptions:\n      --json  As JSON\n  -h, --help  Print help\n",
        ["config", "validate", "--help"] => "Usage: openclaw config validate\n\nOptions:\n  -h, --help  Print help\n",
        _ => std::process::exit(2),
    };
    print!("{help}");
}
"#;

    fn tree_with_openclaw() -> FakeTree {
        let fake = FakeTree::new();
        fake.write(
            "runtime/cli/Cargo.toml",
            "[package]\nname = \"openclaw\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        );
        fake.write("runtime/cli/src/main.rs", OPENCLAW);
        fake
    }

    fn lines(fake: &FakeTree) -> Vec<String> {
        let mut findings = check(&fake.load()).unwrap();
        findings.sort();
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_page_has_no_findings() {
        let fake = tree_with_openclaw();
        fake.write(
            "README.md",
            "See [the binary](runtime/cli/src/main.rs#main) and `runtime/cli`, `Cargo.toml`, `SKILL.md`.\n\n\
             Use `cargo xtask lint --only docs`, `openclaw`, `openclaw config get <PATH>`, or \
             `target/release/openclaw config validate`.\n\n\
             ```sh\n\
             # openclaw nonsense in a comment\n\
             OPENCLAW_STATE_DIR=/tmp/x openclaw --profile dev config get gateway.port --json | jq .\n\
             cargo xtask run \\\n  --port 1234 && openclaw config validate\n\
             ```\n\n\
             ```console\n$ openclaw config get gateway.mode\nopenclaw says hello --loudly\n```\n",
        );
        fake.write("docs/src/SUMMARY.md", "- [Start](start.md)\n- [Later]()\n");
        fake.write(
            "docs/src/start.md",
            "# Start\n\n[back](../../README.md), [out](https://example.org/x).\n",
        );
        assert_eq!(lines(&fake), Vec::<String>::new());
    }

    #[test]
    fn a_command_or_flag_of_the_binary_that_does_not_exist_is_found() {
        let fake = tree_with_openclaw();
        fake.write(
            "README.md",
            "`openclaw dance`\n\n`openclaw config put x`\n\n`openclaw config get x --yaml`\n\n\
             ```sh\nls\nopenclaw --profile dev config validate --deep\n```\n",
        );
        let found = lines(&fake);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(
            found[0].starts_with("README.md:1: openclaw has no command `dance`;"),
            "{found:?}"
        );
        assert!(
            found[1].starts_with("README.md:3: openclaw has no command `config put`;"),
            "{found:?}"
        );
        assert!(
            found[2].starts_with("README.md:5: `openclaw config get` has no flag `--yaml`;"),
            "{found:?}"
        );
        assert!(
            found[3].starts_with("README.md:9: `openclaw config validate` has no flag `--deep`;"),
            "{found:?}"
        );
    }

    #[test]
    fn without_a_binary_every_command_of_it_is_found_and_its_name_alone_is_not() {
        let fake = FakeTree::new();
        fake.write(
            "README.md",
            "`openclaw` is a daemon.\n\nRun `openclaw config validate`.\n",
        );
        let found = lines(&fake);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("README.md:3: there is no openclaw binary in this tree;"),
            "{found:?}"
        );
    }

    #[test]
    fn a_command_or_flag_of_xtask_that_does_not_exist_is_found() {
        let fake = FakeTree::new();
        fake.write(
            "CONTRIBUTING.md",
            "`cargo xtask deploy`\n\n`cargo xtask lint --fix`\n\n`cargo xtask test -- --anything`\n",
        );
        let found = lines(&fake);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("CONTRIBUTING.md:1: cargo xtask has no command `deploy`;"),
            "{found:?}"
        );
        assert!(
            found[1].starts_with("CONTRIBUTING.md:3: `cargo xtask lint` has no flag `--fix`;"),
            "{found:?}"
        );
    }

    #[test]
    fn a_file_that_does_not_exist_is_found_with_the_line_that_names_it() {
        let fake = FakeTree::new();
        fake.write(
            "README.md",
            "[gone](docs/gone.md)\n\n`runtime/policy/src/gone.rs`\n\n`gone.toml`\n\n![gone](gone.png)\n\n\
             `runtime/*/src`, `other/thing.rs`, `runtime/<crate>`, `target/debug/x`: none of these counts.\n",
        );
        let found = lines(&fake);
        let starts = ["README.md:1: ", "README.md:3: ", "README.md:5: ", "README.md:7: "];
        assert_eq!(found.len(), starts.len(), "{found:?}");
        for (line, start) in found.iter().zip(starts) {
            assert!(line.starts_with(start) && line.contains("gone"), "{line}");
        }
    }

    #[test]
    fn a_page_that_the_book_does_not_list_is_found() {
        let fake = FakeTree::new();
        fake.write("docs/src/SUMMARY.md", "- [Start](guide/start.md)\n");
        fake.write("docs/src/guide/start.md", "# Start\n");
        fake.write("docs/src/guide/lost.md", "# Lost\n");
        let expected =
            "docs/src/guide/lost.md:1: the book does not list this page; add it to docs/src/SUMMARY.md";
        assert_eq!(lines(&fake), [expected]);
    }
}
