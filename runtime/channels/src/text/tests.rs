use proptest::prelude::*;

use super::*;
use crate::adapter::Style;

fn shape(form: TextForm, limit: usize) -> Shape {
    Shape {
        form,
        limit,
        unit: LengthUnit::Characters,
        lines: None,
        mode: ChunkMode::Length,
        tables: TableStyle::Code,
    }
}

fn runs_of(parts: &[Text]) -> Vec<Run> {
    let runs = parts.iter().flat_map(|part| match part {
        Text::Runs(runs) => runs.clone(),
        other => panic!("not runs: {other:?}"),
    });
    runs.collect()
}

fn texts(parts: &[Text]) -> Vec<String> {
    parts.iter().map(plain).collect()
}

const LETTER: &str = "# Plan\n\nA **bold _word_** and `code`, ~~old~~ [site](https://a.example/x).\n\n- one\n- two\n  1. deep\n  2. deeper\n\n> said\n> so\n\n```rust\nfn main() {\n    run();\n}\n```\n\n| a | b |\n|---|---|\n| 1 | 22 |\n\nEnd.";

#[test]
fn markdown_is_read_into_runs() {
    let parts = shape(TextForm::Runs, 4000).cut(LETTER);
    insta::assert_debug_snapshot!(parts);
}

#[test]
fn plain_text_keeps_the_words_and_the_addresses() {
    let parts = shape(TextForm::Plain, 4000).cut(LETTER);
    insta::assert_snapshot!(texts(&parts).join("\n=====\n"));
}

#[test]
fn a_table_may_be_a_list() {
    let shape = Shape {
        tables: TableStyle::Bullets,
        ..shape(TextForm::Plain, 4000)
    };
    let parts = shape.cut("| name | age |\n|---|---|\n| Ann | 4 |\n| Bob | 5 |");
    assert_eq!(texts(&parts), ["• Ann\n  age: 4\n• Bob\n  age: 5"]);
}

#[test]
fn a_fence_is_closed_before_a_cut_and_opened_behind_it() {
    let code: String = (0..40).map(|line| format!("line {line}\n")).collect();
    let parts = texts(&shape(TextForm::Markdown, 100).cut(&format!("```sh\n{code}```")));
    assert!(parts.len() > 3);
    for part in &parts {
        assert!(part.starts_with("```sh\n") && part.ends_with("\n```"), "{part}");
        assert!(part.chars().count() <= 100, "{part}");
    }
}

#[test]
fn a_link_goes_whole_into_the_next_part() {
    let before = "word ".repeat(7);
    let text = format!("{before}[a label of some length](https://a.example)");
    let parts = shape(TextForm::Runs, 45).cut(&text);
    let linked: Vec<_> = runs_of(&parts)
        .into_iter()
        .filter(|run| run.styles.iter().any(|style| matches!(style, Style::Link(_))))
        .collect();
    assert_eq!(linked.len(), 1, "{parts:?}");
    assert_eq!(linked[0].text, "a label of some length");
}

#[test]
fn lines_are_counted_where_they_count() {
    let shape = Shape {
        lines: Some(17),
        ..shape(TextForm::Plain, 2000)
    };
    let text: String = (0..50).map(|line| format!("{line}  \n")).collect();
    let parts = texts(&shape.cut(&text));
    assert!(parts.len() >= 3);
    assert!(parts.iter().all(|part| part.lines().count() <= 17), "{parts:?}");
}

#[test]
fn a_blank_line_is_the_better_cut_where_the_operator_says_so() {
    let text = format!("short.\n\n{}", "word ".repeat(30));
    let by = |mode| {
        let shape = Shape {
            mode,
            ..shape(TextForm::Plain, 100)
        };
        texts(&shape.cut(&text))
    };
    assert_eq!(by(ChunkMode::Newline)[0], "short.");
    assert!(by(ChunkMode::Length)[0].starts_with("short.\n\nword"));
}

#[test]
fn nothing_said_is_no_part() {
    for text in ["", "  \n\n "] {
        assert_eq!(shape(TextForm::Runs, 100).cut(text), []);
        assert_eq!(shape(TextForm::Markdown, 100).cut(text), []);
    }
}

fn unblank(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn any_unit() -> impl Strategy<Value = LengthUnit> {
    prop_oneof![
        Just(LengthUnit::Characters),
        Just(LengthUnit::Utf16Units),
        Just(LengthUnit::Bytes)
    ]
}

/// Texts with all that can be cut through.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zé€😀 ]{0,30}",
        Just("\n\n".to_owned()),
        Just("\n".to_owned()),
        "\\*\\*[a-z 😀]{1,40}\\*\\*",
        "`[a-z]{1,20}`",
        "\\[[a-z ]{1,50}\\]\\(https://a.example\\)",
        "\n```js\n[a-z\n ]{0,80}\n```\n",
        "\n- [a-z]{1,10}",
        Just("\n> quoted\n".to_owned()),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_part_is_longer_than_the_limit(text in any_text(), limit in LEAST..200, unit in any_unit()) {
        for form in [TextForm::Plain, TextForm::Runs, TextForm::Markdown] {
            let shape = Shape { unit, ..shape(form, limit) };
            for part in shape.cut(&text) {
                let (whole, length) = match &part {
                    Text::Runs(runs) => (render::joined(runs), runs.iter().map(|run| shape.length(&run.text)).sum()),
                    other => (plain(other), shape.length(&plain(other))),
                };
                prop_assert!(length <= limit, "{} > {}: {:?}", length, limit, whole);
                prop_assert!(!whole.trim().is_empty());
            }
        }
    }

    #[test]
    fn what_stands_in_the_parts_is_what_stood_in_the_whole(text in any_text(), limit in LEAST..200) {
        let cut = runs_of(&shape(TextForm::Runs, limit).cut(&text));
        let whole = markdown::read(&text, TableStyle::Code);
        let styled = |runs: &[Run]| -> Vec<(char, Vec<Style>)> {
            let of_run = |run: &Run| {
                let styles = run.styles.clone();
                let visible: Vec<_> = run.text.chars().filter(|c| !c.is_whitespace()).collect();
                visible.into_iter().map(move |c| (c, styles.clone())).collect::<Vec<_>>()
            };
            runs.iter().flat_map(of_run).collect()
        };
        prop_assert_eq!(styled(&cut), styled(&whole));
    }

    #[test]
    fn parts_of_plain_text_lose_only_blanks(text in "[a-z \n]{0,500}", limit in LEAST..100) {
        let parts = texts(&shape(TextForm::Plain, limit).cut(&text)).concat();
        let whole = render::joined(&render::bare(markdown::read(&text, TableStyle::Code)));
        prop_assert_eq!(unblank(&parts), unblank(&whole));
    }
}
