use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use openclaw_secrets::SecretValue;

use super::apart::Apart;
use super::spell::spellings;
use super::{Known, Mask, Scanner, Stretches};
use crate::secret::tests::{everywhere, vault};

const TOKEN: &str = "tok/en+with \"signs\"&more";

fn scanner(values: &[(&str, &str)]) -> Arc<Scanner> {
    let known = values.iter().map(|(label, value)| Known {
        label: (*label).to_owned(),
        value: SecretValue::new(value),
    });
    Arc::new(Scanner::new(known.collect()).unwrap())
}

fn masked(scanner: &Arc<Scanner>, chunks: &[&[u8]]) -> String {
    let mut mask = Mask::new(scanner.clone());
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend_from_slice(&mask.push(Bytes::copy_from_slice(chunk)));
    }
    out.extend_from_slice(&mask.finish());
    String::from_utf8(out).unwrap()
}

#[test]
fn an_echo_is_masked_in_every_spelling_and_across_chunks() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    let vault = vault(serde_json::json!([everywhere("token")]), &[("token", TOKEN)]);
    let scanner = vault.scanner().unwrap();
    let percent = "tok%2Fen%2Bwith%20%22signs%22%26more";
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::to_string(TOKEN).unwrap();
    for text in [
        TOKEN.to_owned(),
        percent.to_owned(),
        percent.replace("%20", "+"),
        percent.to_lowercase(),
        hex.to_uppercase(),
        hex,
        json,
        STANDARD.encode(format!("Basic user:{TOKEN}")),
        STANDARD.encode(format!("user:{TOKEN}\n")),
        STANDARD.encode(format!("u{TOKEN}")),
    ] {
        let page = format!("before {text} after");
        let expected = scanner.mask_text(&page).into_owned();
        assert!(
            expected.contains("[secret:token]") && !expected.contains(&text),
            "{expected}"
        );
        for cut in 0..page.len() {
            let (one, two) = page.as_bytes().split_at(cut);
            assert_eq!(masked(&scanner, &[one, two]), expected, "cut at {cut}");
        }
        let single: Vec<&[u8]> = page.as_bytes().chunks(1).collect();
        assert_eq!(masked(&scanner, &single), expected);
    }
}

#[test]
fn what_holds_nothing_is_passed_on_without_a_copy_and_at_once() {
    let scanner = scanner(&[("a", "Zsecretvalue")]);
    let mut mask = Mask::new(scanner);
    let chunk = Bytes::from_static(b"data: {\"x\": 1}\n\n");
    let out = mask.push(chunk.clone());
    assert_eq!((out.as_ptr(), out.len()), (chunk.as_ptr(), chunk.len()));
}

#[test]
fn only_what_may_begin_a_value_is_held_back() {
    let scanner = scanner(&[("a", "Zsecretvalue")]);
    let mut mask = Mask::new(scanner);
    assert_eq!(mask.push(Bytes::from_static(b"event Zsec")), "event ");
    assert_eq!(mask.push(Bytes::from_static(b"ond Zsecretval")), "Zsecond ");
    assert_eq!(mask.push(Bytes::from_static(b"ue.")), "[secret:a].");
    assert_eq!(mask.push(Bytes::from_static(b"Zsecret")), "");
    assert_eq!(mask.finish(), "Zsecret");
}

#[test]
fn values_that_overlap_leave_nothing_of_either() {
    let scanner = scanner(&[("a", "abcdefghij"), ("b", "ghijklmnop"), ("c", "defghijk")]);
    assert_eq!(scanner.mask_text("xabcdefghijklmnopx"), "x[secret:a]x");
    assert_eq!(scanner.mask_text("abcdefghijabcdefghij"), "[secret:a][secret:a]");
    assert_eq!(scanner.mask_text("ghijklmnop abcdefgh"), "[secret:b] abcdefgh");
}

#[test]
fn of_values_that_begin_together_the_longest_is_named() {
    let scanner = scanner(&[("long", "abcdefghijklmnop"), ("short", "abcdefgh")]);
    assert_eq!(
        scanner.mask_text("abcdefghijklmnop abcdefghijk"),
        "[secret:long] [secret:short]ijk"
    );
    assert_eq!(
        masked(&scanner, &[b"abcdefghijklmno", b"p abcdefgh", b"ijk"]),
        "[secret:long] [secret:short]ijk"
    );
}

#[test]
fn nothing_is_searched_for_values_that_ordinary_text_has() {
    let vault = vault(serde_json::json!([everywhere("pin")]), &[("pin", "1234567")]);
    assert!(vault.scanner().is_none());
}

#[test]
fn a_scanner_never_shows_what_it_searches_for() {
    let scanner = scanner(&[("a", "Zsecretvalue")]);
    let shown = format!("{scanner:?} {:?}", Mask::new(scanner.clone()));
    assert!(!shown.contains("Zsecret"), "{shown}");
}

#[test]
fn a_text_that_begins_values_everywhere_costs_no_more_than_its_length() {
    let values: Vec<(String, String)> = (0..40)
        .map(|i| (format!("n{i}"), format!("{}{i:02}", "a".repeat(500 + i))))
        .collect();
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let scanner = scanner(&values);
    let text = "a".repeat(1 << 20);
    let begun = std::time::Instant::now();
    assert_eq!(scanner.mask_text(&text), text);
    assert!(begun.elapsed().as_secs() < 20);
}

#[test]
fn values_that_overlap_everywhere_take_no_more_room_than_one() {
    let scanner = scanner(&[("a", "aaaaaaaa"), ("b", "aaaaaaaaa"), ("c", "caaaaaaaa")]);
    let mut hits = Stretches::default();
    let text = [b"c", "a".repeat(1 << 20).as_bytes()].concat();
    let mut most = 0;
    scanner.run(&text, scanner.begin(), &mut |at, label| {
        hits.add(at, label);
        most = most.max(hits.0.len());
    });
    assert_eq!((most, hits.0.len(), &hits.0[0].at), (1, 1, &(0..text.len())));
    assert_eq!(masked(&scanner, &[&text]), "[secret:c]");
}

#[test]
fn hits_are_chosen_as_they_are_found_and_few_wait() {
    let scanner = scanner(&[("a", "aaaaaaaa"), ("b", "caaaaaaaaa")]);
    let text = [b"c", "a".repeat(100_000).as_bytes()].concat();
    let mut hits = Apart::new(scanner.longest);
    let mut most = 0;
    scanner.run(&text, scanner.begin(), &mut |at, label| {
        hits.add(at, label);
        most = most.max(hits.waiting());
    });
    let hits = hits.finish();
    assert!(most <= 2 * scanner.longest, "{most}");
    let starts: Vec<usize> = hits.iter().map(|hit| hit.at.start).collect();
    let expected: Vec<usize> = std::iter::once(0)
        .chain((10..=text.len() - 8).step_by(8))
        .collect();
    assert_eq!(starts, expected);
}

/// The same by comparing everything with everything.
fn naive(values: &[(String, String)], text: &[u8]) -> String {
    let spelt = |(label, value): &(String, String)| -> Vec<_> {
        spellings(value)
            .into_iter()
            .map(|pattern| (label.clone(), pattern))
            .collect()
    };
    let patterns: Vec<_> = values.iter().flat_map(spelt).collect();
    let mut out = Vec::new();
    let mut until = 0;
    for at in 0..text.len() {
        let found = patterns
            .iter()
            .filter(|(_, pattern)| text[at..].starts_with(pattern));
        // Of equally long ones the first.
        let longest = found.rev().max_by_key(|(_, pattern)| pattern.len());
        if let Some((label, pattern)) = longest {
            if at >= until {
                out.extend_from_slice(format!("[secret:{label}]").as_bytes());
            }
            until = until.max(at + pattern.len());
        }
        if at >= until {
            out.push(text[at]);
        }
    }
    String::from_utf8(out).unwrap()
}

/// Values of few letters, so that they overlap, repeat and begin in each other.
fn values() -> impl Strategy<Value = Vec<(String, String)>> {
    let value = prop_oneof!["[ab]{8,12}", "[ab/ ]{8,10}", "(ab){4,8}", "ä[ab\"]{8}"];
    prop::collection::vec(value, 1..5).prop_map(|values| {
        let named = values.into_iter().enumerate();
        named.map(|(at, value)| (format!("n{at}"), value)).collect()
    })
}

fn texts() -> impl Strategy<Value = Vec<(u8, String)>> {
    prop::collection::vec((any::<u8>(), "[ab/% ]{0,12}"), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn however_it_is_cut_a_stream_is_masked_as_by_comparing_everything(
        values in values(),
        texts in texts(),
        cuts in prop::collection::vec(0_usize..40, 0..40),
    ) {
        let borrowed: Vec<(&str, &str)> = values.iter().map(|(l, v)| (l.as_str(), v.as_str())).collect();
        let scanner = scanner(&borrowed);
        let spelt: Vec<_> = values.iter().flat_map(|(_, value)| spellings(value)).collect();
        let mut text = Vec::new();
        for (pick, between) in texts {
            let pattern = &spelt[usize::from(pick) % spelt.len()];
            let cut = if pick % 3 == 0 { pattern.len() / 2 } else { pattern.len() };
            // A cut within a character would make the text no text.
            let shown = std::str::from_utf8(&pattern[..cut]).unwrap_or_default();
            text.extend_from_slice(shown.as_bytes());
            text.extend_from_slice(between.as_bytes());
        }
        let expected = naive(&values, &text);
        prop_assert_eq!(scanner.mask_text(std::str::from_utf8(&text).unwrap()), expected.as_str());
        let mut chunks: Vec<&[u8]> = Vec::new();
        let mut rest = text.as_slice();
        for cut in cuts {
            let (chunk, more) = rest.split_at(cut.min(rest.len()));
            chunks.push(chunk);
            rest = more;
        }
        chunks.push(rest);
        prop_assert_eq!(masked(&scanner, &chunks), expected);
    }
}
