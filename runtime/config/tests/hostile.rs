//! What holds for any input: no panic, no unbounded work, and parts that agree with each other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use openclaw_config::syntax::{Content, Outline, line_column, parse};
use openclaw_config::{Error, Memory, Path, Place, Request, Schema, Segment, Selection, Surroundings, load};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Loads files that exist only in memory, against a schema that leaves everything open.
fn load_files(files: &[(String, Vec<u8>)]) -> Result<Value, Error> {
    let mut memory = Memory::default();
    for (name, content) in files {
        memory.insert(format!("/home/.openclaw/{name}"), content.clone());
    }
    let around = Surroundings {
        cwd: "/work".into(),
        os_home: Some("/home".into()),
        ..Surroundings::default()
    };
    let place = Place::find(&Selection::default(), &around, &memory)?;
    let schema = json!({"type": "object"});
    let schema = Schema::parse(&schema);
    let request = Request {
        place: &place,
        around: &around,
        files: &memory,
        schema: &schema,
    };
    load::<Value>(request).map(|snapshot| snapshot.config.clone())
}

fn load_text(text: &str) -> Result<Value, Error> {
    load_files(&[("openclaw.json".to_owned(), text.as_bytes().to_vec())])
}

/// JSON values whose keys and texts are the awkward ones.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|number: f64| json!(number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,6}",
        r#"[{}\[\]:,"'\\/*\n\r a-z\u{2028}\u{1F99E}$]{0,8}"#,
        Just("${NAME}".to_owned())
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_$][a-zA-Z0-9]{0,5}", r#"[.\[\]"'\\{}*0-9 \-é\n]{0,4}"#]
}

/// Writes a value as JSON5, in the ways that people and programs do.
fn write(value: &Value, style: u8, out: &mut String) {
    let blank = ["", " ", "\n  ", " /* } */ ", "// ]{\n"][usize::from(style % 5)];
    let style = style.wrapping_mul(31).wrapping_add(7);
    match value {
        Value::Object(object) => {
            out.push('{');
            for (key, value) in object {
                out.push_str(blank);
                let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase());
                if plain && style.is_multiple_of(2) {
                    out.push_str(key)
                } else {
                    out.push_str(&quote(key, style))
                }
                out.push(':');
                write(value, style, out);
                out.push_str(blank);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(blank);
                write(element, style, out);
            }
            out.push(']');
        }
        Value::String(text) => out.push_str(&quote(text, style)),
        other => out.push_str(&other.to_string()),
    }
}

fn quote(text: &str, style: u8) -> String {
    let double = Value::String(text.to_owned()).to_string();
    if style.is_multiple_of(3) {
        let inner = double[1..double.len() - 1]
            .replace("\\\"", "\"")
            .replace('\'', "\\'");
        return format!("'{inner}'");
    }
    double
}

/// Every path of the value, with what stands there.
fn places(value: &Value, at: &Path, all: &mut Vec<(Path, Value)>) {
    all.push((at.clone(), value.clone()));
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(key, value)| places(value, &at.key(key), all)),
        Value::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(index, value)| places(value, &at.index(index), all));
        }
        _ => {}
    }
}

fn merged(base: &Map<String, Value>, later: &Map<String, Value>) -> Map<String, Value> {
    let mut result = base.clone();
    result.extend(later.clone());
    result
}

fn flat_object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-d]", any::<u8>().prop_map(Value::from), 0..4)
        .prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn no_bytes_make_a_load_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = load_files(&[("openclaw.json".to_owned(), bytes)]);
    }

    #[test]
    fn no_text_of_brackets_quotes_and_includes_makes_a_load_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"", "'", "\\", "$include", "'a'", "a", "//", "/*", "*/", "\n", "${A}", "0x", "1e9", "-", "\u{feff}",
        ]), 0..60),
        other in prop::collection::vec(prop::sample::select(vec!["{", "}", "$include:", "'openclaw.json'", "['a','a']", ",b:", "1"]), 0..12),
    ) {
        let _ = load_files(&[
            ("openclaw.json".to_owned(), parts.concat().into_bytes()),
            ("a".to_owned(), other.concat().into_bytes()),
        ]);
    }

    #[test]
    fn what_is_written_is_what_is_read(value in value(), style in any::<u8>()) {
        let mut text = String::new();
        write(&value, style, &mut text);
        prop_assert_eq!(parse(&text).unwrap().value, value, "{}", text);
    }

    #[test]
    fn the_outline_agrees_with_the_parser(value in value(), style in any::<u8>()) {
        let mut text = String::new();
        write(&value, style, &mut text);
        let outline = Outline::read(&text).unwrap();
        let mut all = Vec::new();
        places(&value, &Path::root(), &mut all);
        for (path, value) in all {
            let part = path.segments().iter().try_fold(&outline, |part, segment| part.step(segment)).unwrap();
            prop_assert_eq!(parse(part.value.of(&text)).unwrap().value, value.clone(), "{} in {}", path, text);
            let inside = match &part.content {
                Content::Object(entries) => entries.len(),
                Content::Array(elements) => elements.len(),
                Content::Scalar => 0,
            };
            prop_assert_eq!(inside, value.as_object().map_or(value.as_array().map_or(0, Vec::len), Map::len));
            prop_assert!(line_column(&text, part.value.start).0 <= text.matches('\n').count() + 1);
        }
    }

    #[test]
    fn a_path_is_read_back_as_it_was_shown(
        segments in prop::collection::vec(prop_oneof![key().prop_map(Segment::Key), any::<usize>().prop_map(Segment::Index)], 0..6),
    ) {
        let path: Path = segments.into_iter().collect();
        prop_assert_eq!(path.to_string().parse::<Path>().unwrap(), path);
    }

    #[test]
    fn no_text_makes_the_path_parser_panic(text in r#"[.\[\]"\\a-c0-9é]{0,20}"#) {
        let _ = text.parse::<Path>();
    }

    #[test]
    fn later_includes_win_over_earlier_ones_and_siblings_over_all(a in flat_object(), b in flat_object(), own in flat_object()) {
        let mut root = own.clone();
        root.insert("$include".to_owned(), json!(["a", "b"]));
        let file = |name: &str, value: &Map<String, Value>| (name.to_owned(), serde_json::to_vec(value).unwrap());
        let loaded = load_files(&[file("openclaw.json", &root), file("a", &a), file("b", &b)]).unwrap();
        prop_assert_eq!(loaded, Value::Object(merged(&merged(&a, &b), &own)));
    }
}

#[test]
fn nesting_that_would_exhaust_the_stack_is_refused() {
    for (open, close) in [("{a:", "}"), ("[", "]"), ("{\"$include\":", "}")] {
        let text = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
        assert!(load_text(&text).is_err());
    }
}
