//! Bytes as text.
//!
//! **Promise.** A character that is cut in half is held back until its other half comes. What is no text becomes the
//! replacement character, and so does the zero byte, which some models' servers refuse. Control sequences of terminals
//! stay. **Bound.** Three bytes are held back.

const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Reads one stream of bytes as text.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    held: Vec<u8>,
}

impl Decoder {
    /// The text of what has come, as far as it is certain.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        let joined;
        let mut rest = if self.held.is_empty() {
            bytes
        } else {
            self.held.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.held);
            &joined
        };
        let mut text = String::with_capacity(rest.len());
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    add(&mut text, valid);
                    return text;
                }
                Err(error) => {
                    let (valid, behind) = rest.split_at(error.valid_up_to());
                    add(&mut text, std::str::from_utf8(valid).unwrap_or_default());
                    let Some(bad) = error.error_len() else {
                        self.held = behind.to_vec();
                        return text;
                    };
                    text.push(REPLACEMENT);
                    rest = behind.get(bad..).unwrap_or_default();
                }
            }
        }
    }

    /// What was held back and has no other half.
    pub(super) fn finish(&mut self) -> Option<char> {
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then_some(REPLACEMENT)
    }
}

fn add(text: &mut String, valid: &str) {
    if valid.contains('\0') {
        text.extend(
            valid
                .chars()
                .map(|next| if next == '\0' { REPLACEMENT } else { next }),
        );
    } else {
        text.push_str(valid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_in_two_halves_is_whole_wherever_it_is_cut() {
        let text = "aé€😀z";
        for at in 0..=text.len() {
            let mut decoder = Decoder::default();
            let (one, two) = text.as_bytes().split_at(at);
            let read = decoder.push(one) + &decoder.push(two);
            assert_eq!((read.as_str(), decoder.finish()), (text, None), "cut at {at}");
        }
        let mut bytewise = Decoder::default();
        let read: String = text.bytes().map(|byte| bytewise.push(&[byte])).collect();
        assert_eq!(read, text);
    }

    #[test]
    fn what_is_no_text_is_replaced_and_the_rest_stays() {
        let mut decoder = Decoder::default();
        assert_eq!(
            decoder.push(b"a\xffb\0c\x1b[31m\r\n"),
            "a\u{fffd}b\u{fffd}c\x1b[31m\r\n"
        );
        assert_eq!(decoder.push(b"\xe2\x82"), "");
        assert_eq!(decoder.finish(), Some(REPLACEMENT));
        assert_eq!(decoder.finish(), None);
    }
}
