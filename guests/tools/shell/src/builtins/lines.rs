//! What the tools for text read: files as bytes, their lines, and the letters of a line.
//!
//! **Promise.** No byte is lost or changed on the way: a byte that belongs to no letter is one of its own.

use bashkit::{BuiltinContext, Result};

use super::common::Files;
use super::options::Given;

/// What is in a file, or in the input if it is named `-`.
pub(super) async fn content(ctx: &BuiltinContext<'_>, name: &str) -> Result<Vec<u8>> {
    match name {
        "-" => Ok(ctx
            .stdin
            .map(|input| input.as_bytes().to_vec())
            .unwrap_or_default()),
        name => ctx.fs.read_file(&Files::new(ctx).path(name)).await,
    }
}

/// The files that were named, or the input.
pub(super) fn sources(given: &Given) -> Vec<String> {
    match given.operands.as_slice() {
        [] => vec!["-".to_owned()],
        names => names.to_vec(),
    }
}

/// What a line ends with: `-z` is for names that may hold newlines.
pub(super) fn end_of(given: &Given) -> u8 {
    match given.has("zero-terminated") {
        true => b'\0',
        false => b'\n',
    }
}

/// The lines of a text, without what ends them.
pub(super) fn lines(text: &[u8], end: u8) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(move |byte| *byte == end)
        .map(move |line| line.strip_suffix(&[end]).unwrap_or(line))
}

/// Where no letters are that anybody uses.
const FOREIGN: u32 = 0x10_0000;

/// A text whose foreign bytes are letters that there are none of, each its own; [`encoded`] is the way back.
pub(super) fn decoded(text: &[u8]) -> String {
    let mut all = String::with_capacity(text.len());
    for letter in letters(text) {
        match str::from_utf8(letter) {
            Ok(known) if !known.starts_with(|letter| u32::from(letter) >= FOREIGN) => all.push_str(known),
            _ => all.extend(
                letter
                    .iter()
                    .filter_map(|byte| char::from_u32(FOREIGN + u32::from(*byte))),
            ),
        }
    }
    all
}

/// The bytes of a text that was [`decoded`].
pub(super) fn encoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match u32::from(letter).checked_sub(FOREIGN).map(u8::try_from) {
            Some(Ok(byte)) => bytes.push(byte),
            _ => bytes.extend(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// The letters of a line.
pub(super) fn letters(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid();
        let starts = valid
            .char_indices()
            .map(move |(at, letter)| valid.as_bytes().get(at..at + letter.len_utf8()));
        starts.flatten().chain(chunk.invalid().chunks(1))
    })
}
