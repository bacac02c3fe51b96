//! How a listing is written: one name a line, in columns, or with all that is known.

use bashkit::{FileType, Metadata};
use chrono_tz::Tz;

use super::Item;
use crate::builtins::common::{GROUP, USER, mode_text};
use crate::builtins::options::Given;
use crate::builtins::time;

/// How much a file takes up, in blocks of 1024 bytes, as most disks of these days would have it.
pub(super) fn blocks(found: &Metadata) -> u64 {
    match found.file_type {
        FileType::Symlink => 0,
        FileType::Directory => 4,
        _ => found.size.div_ceil(4096) * 4,
    }
}

/// A size as it is to be shown; `plain` is what it is without other wishes.
pub(super) fn size(given: &Given, bytes: u64, plain: u64) -> String {
    match (given.has("human-readable"), given.has("si")) {
        (false, false) => plain.to_string(),
        (_, true) => human(bytes, 1000.0),
        (true, false) => human(bytes, 1024.0),
    }
}

fn human(bytes: u64, step: f64) -> String {
    let mut size = bytes as f64;
    if size < step {
        return bytes.to_string();
    }
    let mut unit = "";
    let letters = if step < 1024.0 {
        ["k", "M", "G", "T", "P"]
    } else {
        ["K", "M", "G", "T", "P"]
    };
    for letter in letters {
        if size < step {
            break;
        }
        size /= step;
        unit = letter;
    }
    // Rounded up, as these tools do; whole from ten on.
    let tenths = (size * 10.0).ceil() / 10.0;
    match tenths < 10.0 {
        true => format!("{tenths:.1}{unit}"),
        false => format!("{:.0}{unit}", size.ceil()),
    }
}

fn shown(given: &Given, name: &str) -> String {
    let style = match given.value("quoting-style") {
        Some("c") => "quote-name",
        Some("escape") => "escape",
        Some("literal") => "literal",
        _ => given
            .last(&["quote-name", "escape", "literal"])
            .unwrap_or_default(),
    };
    let escaped = |also: char| -> String {
        let mut text = String::new();
        for letter in name.chars() {
            match letter {
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\\' => text.push_str("\\\\"),
                letter if letter == also => text.extend(['\\', letter]),
                letter if letter.is_ascii_control() => text.push_str(&format!("\\{:03o}", u32::from(letter))),
                letter => text.push(letter),
            }
        }
        text
    };
    match style {
        "quote-name" => format!("\"{}\"", escaped('"')),
        "escape" => escaped(' '),
        _ if given.has("hide-control-chars") => name
            .chars()
            .map(|letter| if letter.is_control() { '?' } else { letter })
            .collect(),
        _ => name.to_owned(),
    }
}

fn mark(given: &Given, kind: FileType, mode: u32) -> &'static str {
    let style = given.value("indicator-style").unwrap_or_default();
    let classify = given.has("F")
        || style == "classify"
        || (given.has("classify") && !matches!(given.value("classify"), Some("never" | "auto" | "no")));
    let types = classify || given.has("file-type") || style == "file-type";
    let slash = types || given.has("p") || style == "slash";
    match kind {
        FileType::Directory if slash => "/",
        FileType::Symlink if types => "@",
        FileType::Fifo if types => "|",
        FileType::File if classify && mode & 0o111 != 0 => "*",
        _ => "",
    }
}

/// Writes items.
pub(super) fn write(out: &mut String, given: &Given, is_long: bool, zone: Tz, items: &[Item]) {
    if is_long {
        return details(out, given, zone, items);
    }
    let wide = |texts: Vec<String>| {
        let width = texts.iter().map(String::len).max().unwrap_or(0);
        texts
            .into_iter()
            .map(move |text| format!("{text:>width$} "))
            .collect::<Vec<_>>()
    };
    let mut cells: Vec<String> = vec![String::new(); items.len()];
    let mut add = |texts: Vec<String>| {
        cells
            .iter_mut()
            .zip(texts)
            .for_each(|(cell, text)| cell.push_str(&text))
    };
    if given.has("inode") {
        add(items.iter().map(|_| "? ".to_owned()).collect());
    }
    if given.has("size") {
        let of = |item: &Item| size(given, blocks(&item.found) * 1024, blocks(&item.found));
        add(wide(items.iter().map(of).collect()));
    }
    add(items.iter().map(|item| shown(given, &item.name)).collect());
    add(items
        .iter()
        .map(|item| mark(given, item.found.file_type, item.found.mode).to_owned())
        .collect());
    let form = match given.value("format") {
        Some("across" | "horizontal") => "x",
        Some("commas") => "m",
        Some("vertical") => "C",
        Some("single-column") => "1",
        _ => given.last(&["C", "x", "m", "1"]).unwrap_or("1"),
    };
    let width = given
        .value("width")
        .and_then(|width| width.parse().ok())
        .unwrap_or(80);
    let width = if width == 0 { usize::MAX } else { width };
    match form {
        "C" => columns(out, &cells, width, true),
        "x" => columns(out, &cells, width, false),
        "m" => commas(out, &cells, width),
        _ => cells.iter().for_each(|cell| out.extend([cell.as_str(), "\n"])),
    }
}

fn details(out: &mut String, given: &Given, zone: Tz, items: &[Item]) {
    let numeric = given.has("n") || given.has("numeric-uid-gid");
    let (user, group) = if numeric { ("1000", "1000") } else { (USER, GROUP) };
    let links: Vec<&str> = items
        .iter()
        .map(|item| if item.found.file_type.is_dir() { "2" } else { "1" })
        .collect();
    let sizes: Vec<String> = items
        .iter()
        .map(|item| size(given, item.found.size, item.found.size))
        .collect();
    let taken: Vec<String> = items
        .iter()
        .map(|item| size(given, blocks(&item.found) * 1024, blocks(&item.found)))
        .collect();
    let times: Vec<String> = items.iter().map(|item| when(given, item, zone)).collect();
    let wide = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0);
    let (of_sizes, of_taken, of_times) = (wide(&sizes), wide(&taken), wide(&times));
    for ((((item, links), size), taken), time) in items.iter().zip(links).zip(&sizes).zip(&taken).zip(&times)
    {
        if given.has("inode") {
            out.push_str("? ");
        }
        if given.has("size") {
            out.push_str(&format!("{taken:>of_taken$} "));
        }
        out.push_str(&format!(
            "{} {links} ",
            mode_text(item.found.file_type, item.found.mode)
        ));
        if !given.has("g") {
            out.push_str(&format!("{user} "));
        }
        if !given.has("o") && !given.has("no-group") {
            out.push_str(&format!("{group} "));
        }
        out.push_str(&format!(
            "{size:>of_sizes$} {time:<of_times$} {}",
            shown(given, &item.name)
        ));
        match &item.target {
            Some((target, kind)) => {
                let mark = kind.map_or("", |kind| mark(given, kind, 0));
                out.push_str(&format!(" -> {}{mark}\n", shown(given, target)));
            }
            None => out.push_str(&format!(
                "{}\n",
                mark(given, item.found.file_type, item.found.mode)
            )),
        }
    }
}

fn when(given: &Given, item: &Item, zone: Tz) -> String {
    let changed = item.found.modified;
    let style = match given.last(&["full-time", "time-style"]) {
        Some("full-time") => Some("full-iso"),
        _ => given.value("time-style"),
    };
    let form = match style {
        Some("full-iso") => return time::full(changed, zone),
        Some("long-iso") => "%Y-%m-%d %H:%M",
        Some("iso") => "%m-%d %H:%M",
        Some(form) => match form.strip_prefix('+') {
            Some(form) => form,
            None => return time::listed(changed, zone),
        },
        None => return time::listed(changed, zone),
    };
    let mut text = String::new();
    use std::fmt::Write;
    // A form that makes no sense shows nothing.
    let _ = write!(text, "{}", time::within(changed, zone).format(form));
    text
}

fn commas(out: &mut String, cells: &[String], width: usize) {
    let mut at = 0;
    for (nth, cell) in cells.iter().enumerate() {
        let wide = cell.chars().count();
        if nth > 0 {
            match at + wide + 2 < width {
                true => {
                    out.push_str(", ");
                    at += 2;
                }
                false => {
                    out.push_str(",\n");
                    at = 0;
                }
            }
        }
        out.push_str(cell);
        at += wide;
    }
    if !cells.is_empty() {
        out.push('\n');
    }
}

fn columns(out: &mut String, cells: &[String], width: usize, down: bool) {
    let wide: Vec<usize> = cells.iter().map(|cell| cell.chars().count()).collect();
    let count = cells.len();
    let place = |columns: usize, nth: usize| match down {
        true => nth / count.div_ceil(columns).max(1),
        false => nth % columns,
    };
    // As many columns as fit; names are two apart.
    let fits = |columns: &usize| {
        let mut widths = vec![0; *columns];
        for (nth, wide) in wide.iter().enumerate() {
            if let Some(width) = widths.get_mut(place(*columns, nth)) {
                *width = (*width).max(*wide + 2);
            }
        }
        let last = widths.last().copied().unwrap_or(0);
        let sum: usize = widths.iter().sum();
        (sum.saturating_sub(if last > 0 { 2 } else { 0 }) < width).then_some(widths)
    };
    let widths = (1..=count.min(width / 3 + 1))
        .rev()
        .find_map(|columns| fits(&columns));
    let widths = widths.unwrap_or_else(|| vec![0]);
    let rows = count.div_ceil(widths.len().max(1));
    for row in 0..rows {
        let mut at = 0;
        let mut from = 0;
        for (column, width) in widths.iter().enumerate() {
            let nth = if down {
                column * rows + row
            } else {
                row * widths.len() + column
            };
            let (Some(cell), Some(wide)) = (cells.get(nth), wide.get(nth)) else {
                break;
            };
            while at < from {
                match from / 8 > (at + 1) / 8 {
                    true => {
                        out.push('\t');
                        at += 8 - at % 8;
                    }
                    false => {
                        out.push(' ');
                        at += 1;
                    }
                }
            }
            out.push_str(cell);
            at += wide;
            from += width;
        }
        out.push('\n');
    }
}
