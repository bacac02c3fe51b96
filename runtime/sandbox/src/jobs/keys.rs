//! Keys of a terminal, by their names, as the bytes that a terminal sends for them.

use std::fmt::Write as _;

/// Before a key: control, the one called Meta, Alt or Option, and shift.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Held {
    control: bool,
    meta: bool,
    shift: bool,
}

/// The bytes of a key; none if no key is called so. `application` is the mode in which programs that fill the screen
/// hear arrows.
pub(super) fn bytes(name: &str, application: bool) -> Option<Vec<u8>> {
    let mut held = Held::default();
    let mut key = name;
    while let Some((prefix, rest)) = key.split_once('-').filter(|(_, rest)| !rest.is_empty()) {
        match prefix {
            "C" | "c" | "Ctrl" | "ctrl" | "^" => held.control = true,
            "M" | "m" | "Alt" | "alt" => held.meta = true,
            "S" | "s" | "Shift" | "shift" => held.shift = true,
            _ => break,
        }
        key = rest;
    }
    if let Some(letter) = key.strip_prefix('^').filter(|letter| letter.chars().count() == 1) {
        held.control = true;
        key = letter;
    }
    let plain = of_character(key, held).or_else(|| of_name(&key.to_lowercase(), held, application))?;
    let escape = held.meta && !plain.is_modified;
    Some(escape.then_some(0x1b).into_iter().chain(plain.bytes).collect())
}

/// The bytes of a key, and whether they say already what was held with it.
struct Sent {
    bytes: Vec<u8>,
    is_modified: bool,
}

fn plain(bytes: impl Into<Vec<u8>>) -> Option<Sent> {
    Some(Sent {
        bytes: bytes.into(),
        is_modified: false,
    })
}

fn of_character(key: &str, held: Held) -> Option<Sent> {
    let mut chars = key.chars();
    let (Some(letter), None) = (chars.next(), chars.next()) else {
        return None;
    };
    if !held.control {
        let letter = if held.shift {
            letter.to_ascii_uppercase()
        } else {
            letter
        };
        return plain(letter.to_string());
    }
    let upper = letter.to_ascii_uppercase();
    match upper {
        '@'..='_' => plain([u8::try_from(upper).ok()? & 0x1f]),
        ' ' | '2' => plain([0]),
        '?' | '8' => plain([0x7f]),
        '/' => plain([0x1f]),
        _ => None,
    }
}

fn of_name(key: &str, held: Held, application: bool) -> Option<Sent> {
    let simple: Option<&[u8]> = match key {
        "enter" | "return" | "cr" => Some(b"\r"),
        "tab" if held.shift => Some(b"\x1b[Z"),
        "btab" | "backtab" => Some(b"\x1b[Z"),
        "tab" => Some(b"\t"),
        "escape" | "esc" => Some(b"\x1b"),
        "space" if held.control => Some(b"\0"),
        "space" => Some(b" "),
        "backspace" | "bspace" | "bs" => Some(b"\x7f"),
        _ => None,
    };
    if let Some(simple) = simple {
        return plain(simple);
    }
    // What was held with a key of the second row stands in its sequence as a number.
    let code = 1 + u8::from(held.shift) + 2 * u8::from(held.meta) + 4 * u8::from(held.control);
    let is_modified = code > 1;
    let letter = match key {
        "up" => Some('A'),
        "down" => Some('B'),
        "right" => Some('C'),
        "left" => Some('D'),
        "home" => Some('H'),
        "end" => Some('F'),
        "f1" => Some('P'),
        "f2" => Some('Q'),
        "f3" => Some('R'),
        "f4" => Some('S'),
        _ => None,
    };
    let mut bytes = String::from("\x1b");
    if let Some(letter) = letter {
        let _ = match (is_modified, application || key.starts_with('f')) {
            (true, _) => write!(bytes, "[1;{code}{letter}"),
            (false, true) => write!(bytes, "O{letter}"),
            (false, false) => write!(bytes, "[{letter}"),
        };
        return Some(Sent {
            bytes: bytes.into(),
            is_modified,
        });
    }
    let number = match key {
        "insert" | "ic" => 2,
        "delete" | "del" | "dc" => 3,
        "pageup" | "pgup" | "ppage" => 5,
        "pagedown" | "pgdn" | "npage" => 6,
        "f5" => 15,
        "f6" => 17,
        "f7" => 18,
        "f8" => 19,
        "f9" => 20,
        "f10" => 21,
        "f11" => 23,
        "f12" => 24,
        _ => return None,
    };
    let _ = match is_modified {
        true => write!(bytes, "[{number};{code}~"),
        false => write!(bytes, "[{number}~"),
    };
    Some(Sent {
        bytes: bytes.into(),
        is_modified,
    })
}

/// Bytes as they are written in hexadecimal digits, with or without `0x` and spaces.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in text.split([' ', ',']).filter(|part| !part.is_empty()) {
        let digits = part
            .strip_prefix("0x")
            .or(part.strip_prefix("\\x"))
            .unwrap_or(part);
        if !digits.is_ascii() || digits.len() % 2 != 0 {
            return None;
        }
        for pair in digits.as_bytes().chunks(2) {
            bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// Follows which mode a program has put its terminal's arrows in.
#[derive(Debug, Default)]
pub(super) struct Mode {
    pub(super) is_application: bool,
    /// The end of what was printed, in case a sequence is cut there.
    end: String,
}

impl Mode {
    pub(super) fn follow(&mut self, printed: &str) {
        const ON: &str = "\x1b[?1h";
        const OFF: &str = "\x1b[?1l";
        if self.end.is_empty() && !printed.contains('\x1b') {
            return;
        }
        let all = std::mem::take(&mut self.end) + printed;
        match (all.rfind(ON), all.rfind(OFF)) {
            (None, None) => {}
            (on, off) => self.is_application = on > off,
        }
        let cut = all.rfind('\x1b').and_then(|at| all.get(at..));
        let cut = cut.filter(|cut| cut.len() < ON.len() && (ON.starts_with(cut) || OFF.starts_with(cut)));
        self.end = cut.unwrap_or_default().to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_a_terminal_sends_for_them() {
        for (name, sent) in [
            ("Enter", "\r"),
            ("C-c", "\x03"),
            ("c-C", "\x03"),
            ("^D", "\x04"),
            ("C-Space", "\0"),
            ("Up", "\x1b[A"),
            ("S-Up", "\x1b[1;2A"),
            ("C-M-Left", "\x1b[1;7D"),
            ("Escape", "\x1b"),
            ("M-x", "\x1bx"),
            ("M-C-x", "\x1b\x18"),
            ("BSpace", "\x7f"),
            ("F1", "\x1bOP"),
            ("F12", "\x1b[24~"),
            ("PageDown", "\x1b[6~"),
            ("S-Tab", "\x1b[Z"),
            ("a", "a"),
            ("é", "é"),
            ("-", "-"),
            ("C--", "\x1f"),
        ] {
            let bytes = bytes(name, false);
            let expected = (name != "C--").then(|| sent.as_bytes().to_vec());
            assert_eq!(bytes, expected, "{name}");
        }
        assert_eq!(bytes("Up", true).unwrap(), b"\x1bOA");
        for unknown in ["", "Entr", "C-", "X-y", "F13", "hello"] {
            assert_eq!(bytes(unknown, false), None, "{unknown}");
        }
    }

    #[test]
    fn hexadecimal_digits_are_bytes() {
        assert_eq!(from_hex("1b5b41").unwrap(), b"\x1b[A");
        assert_eq!(from_hex("0x03 \\x0d").unwrap(), b"\x03\r");
        for wrong in ["", "1", "zz", "é0"] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_mode_of_arrows_is_followed_also_where_it_is_cut() {
        let mut mode = Mode::default();
        mode.follow("hello \x1b[?");
        assert!(!mode.is_application);
        mode.follow("1h there");
        assert!(mode.is_application);
        mode.follow("\x1b[?1l\x1b[?1h\x1b[?1l");
        assert!(!mode.is_application);
    }
}
