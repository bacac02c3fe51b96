use serde_json::json;

use super::*;
use crate::files::Memory;

fn load(files: &[(&str, &str)]) -> Resolved {
    let mut memory = Memory::default();
    for (path, content) in files {
        memory.insert(*path, *content);
    }
    resolve(FilePath::new("/c/openclaw.json"), &["/shared".into()], &memory).unwrap()
}

fn refusal(files: &[(&str, &str)]) -> String {
    let resolved = load(files);
    assert!(
        !resolved.issues.is_empty(),
        "nothing was refused: {}",
        resolved.value
    );
    resolved
        .issues
        .iter()
        .map(Issue::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_file_takes_the_place_of_its_include_and_siblings_win() {
    let resolved = load(&[
        (
            "/c/openclaw.json",
            "{ gateway: { $include: './g.json5', port: 2, auth: { mode: 'none' } } }",
        ),
        ("/c/g.json5", "{ port: 1, bind: 'lan', auth: { token: 't' } }"),
    ]);
    assert!(resolved.issues.is_empty());
    let gateway = json!({"port": 2, "bind": "lan", "auth": {"mode": "none", "token": "t"}});
    assert_eq!(resolved.value, json!({ "gateway": gateway }));
}

#[test]
fn of_a_list_later_files_win_and_arrays_are_joined() {
    let resolved = load(&[
        ("/c/openclaw.json", "{ $include: ['a', 'sub/b'], list: [4] }"),
        ("/c/a", "{ x: 1, y: 1, list: [1, 2] }"),
        ("/c/sub/b", "{ $include: '../d', y: 2, list: [3] }"),
        ("/c/d", "{ z: 1 }"),
    ]);
    assert_eq!(
        resolved.value,
        json!({"x": 1, "y": 2, "z": 1, "list": [1, 2, 3, 4]})
    );
    let line = |path: &str| {
        let (position, found) = resolved.sources.locate(&path.parse().unwrap()).unwrap();
        (position.file.display().to_string(), found)
    };
    assert_eq!(line("y"), ("/c/sub/b".to_owned(), 1));
    assert_eq!(line("z"), ("/c/d".to_owned(), 1));
    assert_eq!(line("list[2]"), ("/c/sub/b".to_owned(), 2));
    assert_eq!(line("list[3]"), ("/c/openclaw.json".to_owned(), 2));
    assert_eq!(line("list[4]").1, 1);
}

#[test]
fn each_refusal_has_its_own_words() {
    let with = |name: &str| refusal(&[("/c/openclaw.json", &format!("{{ a: {{ $include: {name} }} }}"))]);
    assert!(with("'missing'").contains("a.$include: Include file not found: \"missing\""));
    assert!(with("'a\\0b'").contains("Invalid include path"));
    assert!(with(&format!("'{}'", "a".repeat(4096))).contains("too long"));
    assert!(with("7").contains("must be a file name"));
    assert!(with("['x', 7]").contains("each entry"));
    for name in ["'../x'", "'/etc/passwd'", "'b/../../x'", "'/c2/x'"] {
        assert!(with(name).contains("escapes the config directory"), "{name}");
    }
    let large = " ".repeat(MAX_FILE_BYTES + 1);
    let file = [
        ("/c/openclaw.json", "{ $include: 'x' }"),
        ("/c/x", large.as_str()),
    ];
    assert!(refusal(&file).contains("too large"));
    let file = [
        ("/c/openclaw.json", "{ $include: 'x' }"),
        ("/c/x", "{ a: \n b: }"),
    ];
    assert!(
        refusal(&file).contains("Failed to parse include file \"x\"") && refusal(&file).contains(" at 2:")
    );
    let file = [("/c/openclaw.json", "{ $include: 'x', b: 1 }"), ("/c/x", "[1]")];
    assert!(refusal(&file).contains("must hold an object"));
}

#[test]
fn a_named_root_may_be_included_from() {
    let resolved = load(&[
        ("/c/openclaw.json", "{ $include: '/shared/x' }"),
        ("/shared/x", "{ a: 1 }"),
    ]);
    assert_eq!(resolved.value, json!({"a": 1}));
}

#[test]
fn a_circle_is_refused_and_shown() {
    let text = refusal(&[
        ("/c/openclaw.json", "{ $include: 'a' }"),
        ("/c/a", "{ $include: 'b' }"),
        ("/c/b", "{ $include: './a' }"),
    ]);
    assert!(
        text.contains("Circular include detected: /c/openclaw.json -> /c/a -> /c/b -> /c/a"),
        "{text}"
    );
}

#[test]
fn ten_levels_are_read_and_the_eleventh_is_refused() {
    let chain = |levels: usize| {
        let mut files: Vec<(String, String)> = (0..levels)
            .map(|n| (format!("/c/{n}"), format!("{{ $include: '{}' }}", n + 1)))
            .collect();
        files.push((format!("/c/{levels}"), "{ end: 1 }".to_owned()));
        files.push(("/c/openclaw.json".to_owned(), "{ $include: '1' }".to_owned()));
        let files: Vec<_> = files.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
        load(&files)
    };
    assert_eq!(chain(10).value, json!({"end": 1}));
    assert!(chain(11).issues[0].message.contains("Maximum include depth (10)"));
}

#[test]
fn files_that_multiply_each_other_are_stopped() {
    let list = |next: usize| {
        format!(
            "{{ a: [{}] }}",
            vec![format!("{{ $include: '{next}' }}"); 20].join(",")
        )
    };
    let mut files: Vec<(String, String)> = (1..9).map(|n| (format!("/c/{n}"), list(n + 1))).collect();
    files.push(("/c/9".to_owned(), "{}".to_owned()));
    files.push(("/c/openclaw.json".to_owned(), list(1)));
    let files: Vec<_> = files.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
    assert!(refusal(&files).contains("too much is included"));
}

#[test]
fn nesting_is_bounded_across_files() {
    let deep = |inner: &str| format!("{}{inner}{}", "{a:".repeat(100), "}".repeat(100));
    let text = refusal(&[
        ("/c/openclaw.json", &deep("{ $include: 'x' }")),
        ("/c/x", &deep("1")),
    ]);
    assert!(text.contains("nested deeper"), "{text}");
}
