//! Server-sent events out of the bytes of a response.
//!
//! **Promise.** Events as the HTML standard reads them, however the bytes are cut; one that the stream's end cuts off
//! is none. **Bound.** Name, id and data of one event, with the line that is being read, take the given number of
//! bytes. **Cost.** Each byte is looked at once and copied once or twice.

use bytes::{Buf as _, Bytes};
use memchr::memchr2;

use super::ServerEvent;
use super::framing::too_large;
use crate::error::Result;

/// A stream of events that is being read.
#[derive(Debug)]
pub(super) struct Events {
    most: usize,
    unread: Bytes,
    line: Vec<u8>,
    is_first_line: bool,
    /// The last line ended in CR, so that LF as next byte belongs to its end.
    ended_in_cr: bool,
    name: String,
    data: String,
    has_data: bool,
    id: String,
}

impl Events {
    /// For events of at most this many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            unread: Bytes::new(),
            line: Vec::new(),
            is_first_line: true,
            ended_in_cr: false,
            name: String::new(),
            data: String::new(),
            has_data: false,
            id: String::new(),
        }
    }

    /// Gives it what arrived. What was given before must have been taken: [`Self::take`] gave none.
    pub(super) fn push(&mut self, chunk: Bytes) {
        self.unread = chunk;
    }

    /// Takes the next event.
    pub(super) fn take(&mut self) -> Result<Option<ServerEvent>> {
        while !self.unread.is_empty() {
            if std::mem::take(&mut self.ended_in_cr) && self.unread.starts_with(b"\n") {
                self.unread.advance(1);
                continue;
            }
            let Some(found) = memchr2(b'\r', b'\n', &self.unread) else {
                let rest = std::mem::take(&mut self.unread);
                self.extend(&rest)?;
                break;
            };
            let part = self.unread.split_to(found);
            self.ended_in_cr = self.unread.starts_with(b"\r");
            self.unread.advance(1);
            self.extend(&part)?;
            if let Some(event) = self.end_line() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn extend(&mut self, part: &[u8]) -> Result<()> {
        let held = [self.name.len(), self.data.len(), self.id.len(), self.line.len()];
        if held.iter().sum::<usize>().saturating_add(part.len()) > self.most {
            return Err(too_large(self.most).unsent());
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn end_line(&mut self) -> Option<ServerEvent> {
        let line = std::mem::take(&mut self.line);
        let mut bytes = line.as_slice();
        if std::mem::take(&mut self.is_first_line) {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        if bytes.is_empty() {
            return self.end_event();
        }
        let text = String::from_utf8_lossy(bytes);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            // Comments, `retry` (the adapter decides when to connect again) and what nobody knows.
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<ServerEvent> {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        std::mem::take(&mut self.has_data).then(|| ServerEvent {
            name: if name.is_empty() {
                "message".to_owned()
            } else {
                name
            },
            id: (!self.id.is_empty()).then(|| self.id.clone()),
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Kind;

    fn read_in(cuts: &[usize], bytes: &[u8], most: usize) -> Result<Vec<ServerEvent>> {
        let mut events = Events::new(most);
        let mut found = Vec::new();
        let mut rest = bytes;
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, more) = rest.split_at(rest.len().min(*cut));
            events.push(Bytes::copy_from_slice(chunk));
            while let Some(event) = events.take()? {
                found.push(event);
            }
            rest = more;
        }
        Ok(found)
    }

    fn read(text: &str) -> Vec<ServerEvent> {
        let whole = read_in(&[usize::MAX], text.as_bytes(), 1000).unwrap();
        assert_eq!(
            read_in(&[1], text.as_bytes(), 1000).unwrap(),
            whole,
            "byte by byte"
        );
        whole
    }

    fn event(name: &str, id: Option<&str>, data: &str) -> ServerEvent {
        ServerEvent {
            name: name.to_owned(),
            id: id.map(str::to_owned),
            data: data.to_owned(),
        }
    }

    #[test]
    fn lines_of_data_are_joined() {
        let found = read("data: YHOO\ndata: +2\ndata: 10\n\n");
        assert_eq!(found, [event("message", None, "YHOO\n+2\n10")]);
    }

    #[test]
    fn an_id_holds_until_another_and_an_empty_one_takes_it_back() {
        let found = read(
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\n\ndata: third\nid\n\ndata:  third event\n\ndata: cut",
        );
        let expected = [
            event("message", Some("1"), "first event"),
            event("message", Some("1"), "second event"),
            event("message", None, "third"),
            event("message", None, " third event"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn data_without_a_value_is_an_event_and_a_block_without_its_end_is_none() {
        let found = read("data\n\ndata\ndata\n\ndata:");
        assert_eq!(found, [event("message", None, ""), event("message", None, "\n")]);
    }

    #[test]
    fn a_space_behind_the_colon_does_not_count() {
        assert_eq!(
            read("data:test\n\ndata: test\n\n"),
            [event("message", None, "test"), event("message", None, "test")]
        );
    }

    #[test]
    fn a_name_is_for_one_event_even_for_one_without_data() {
        let found = read("event: add\ndata: 1\n\nevent: gone\n\ndata: 2\n\n");
        assert_eq!(found, [event("add", None, "1"), event("message", None, "2")]);
    }

    #[test]
    fn every_end_of_a_line_is_one() {
        let found = read("data: a\r\rdata: b\r\n\r\ndata: c\n\ndata: d\r\n\ndata: e\r\n\r");
        let data: Vec<_> = found.iter().map(|event| event.data.as_str()).collect();
        assert_eq!(data, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn an_event_is_there_as_soon_as_its_last_byte() {
        let mut events = Events::new(100);
        events.push(Bytes::from_static(b"data: a\r\r"));
        assert_eq!(events.take().unwrap(), Some(event("message", None, "a")));
    }

    #[test]
    fn a_mark_of_byte_order_and_an_id_with_nul_are_ignored() {
        let found = read("\u{feff}data: a\nid: 1\0\n\n\u{feff}data: b\n\n");
        assert_eq!(found, [event("message", None, "a")]);
    }

    #[test]
    fn fields_that_nobody_knows_and_retry_are_ignored() {
        let found = read("retry: 10\nData: x\n data: y\nfoo: bar\nfoo\n:\ndata: z\n\n");
        assert_eq!(found, [event("message", None, "z")]);
    }

    #[test]
    fn what_is_not_utf8_is_replaced() {
        let found = read_in(&[1], b"data: \xff\xe2\x82\n\n", 100).unwrap();
        assert_eq!(found, [event("message", None, "\u{fffd}\u{fffd}")]);
    }

    #[test]
    fn an_event_beyond_the_limit_is_refused_in_one_line_or_in_many() {
        for text in [
            "data: 0123456789012345\n\n",
            "data: 01234567\ndata: 01234567\n\n",
            ": 01234567890123456789",
        ] {
            let error = read_in(&[3], text.as_bytes(), 20).unwrap_err();
            assert_eq!(error.cause.kind(), Kind::TooLarge, "{text}");
        }
        assert_eq!(read_in(&[3], b"data: 01234567890123\n\n", 20).unwrap().len(), 1);
    }

    #[test]
    fn comments_without_end_of_the_stream_take_no_room() {
        let beats = ": beat\n\n".repeat(10_000) + "data: a\n\n";
        assert_eq!(read_in(&[7], beats.as_bytes(), 20).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn the_same_bytes_become_the_same_events_however_they_are_cut(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("\r"), Just("\n"), Just("data"), Just("id"), Just("event"), Just(":"), Just(" "), Just("é"),
                    Just("\0"), Just("x"),
                ],
                0..80,
            ),
            cuts in proptest::collection::vec(1..9_usize, 1..30),
        ) {
            let text = parts.concat();
            let whole = read_in(&[usize::MAX], text.as_bytes(), 10_000).unwrap();
            prop_assert_eq!(read_in(&cuts, text.as_bytes(), 10_000).unwrap(), whole);
        }
    }
}
