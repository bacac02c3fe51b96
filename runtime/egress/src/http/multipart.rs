//! Forms with files: the parts of a `multipart/form-data` body, one after the other.
//!
//! **Promise.** No name, file name or media type ends its line or its quotes. A boundary is random, so no content
//! that was written before can hold it. **Cost.** What is read while it is sent is never held whole.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::{Body, Content, Part, Source};
use crate::error::Cause;
use crate::secret::Injector;

/// A form that is ready to be sent.
pub(super) struct Form {
    /// The value of the header `Content-Type`.
    pub(super) content_type: String,
    /// The parts; bytes if none is read while it is sent.
    pub(super) body: Body,
}

/// Puts a form together, with secrets in the texts where they may stand.
pub(super) fn assemble(parts: Vec<Part>, injector: &Injector<'_>) -> Result<Form, Cause> {
    let boundary = boundary()?;
    let mut pieces: Vec<(u64, Source)> = Vec::new();
    let mut text: Vec<u8> = Vec::new();
    for part in parts {
        for said in [
            Some(&part.name),
            part.file_name.as_ref(),
            part.content_type.as_ref(),
        ]
        .into_iter()
        .flatten()
        {
            injector.refuse_in(said, "the name or type of a field or file of a form")?;
        }
        text.extend_from_slice(head_of(&part, &boundary)?.as_bytes());
        match part.content {
            Content::Text(value) => {
                let value = injector.form_field(&part.name, &value)?;
                text.extend_from_slice(value.as_bytes());
            }
            Content::Bytes(bytes) => {
                injector.refuse_in_bytes(&bytes, "the bytes of a form's part")?;
                text.extend_from_slice(&bytes);
            }
            Content::Stream(length, source) => {
                pieces.push(whole(std::mem::take(&mut text)));
                pieces.push((length, source));
            }
        }
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = format!("multipart/form-data; boundary={boundary}");
    if pieces.is_empty() {
        let body = Body::Bytes(text.into());
        return Ok(Form { content_type, body });
    }
    pieces.push(whole(text));
    let length = pieces
        .iter()
        .try_fold(0_u64, |sum, (length, _)| sum.checked_add(*length));
    let length = length.ok_or(Cause::Request {
        why: "has parts that are too long to be counted",
    })?;
    let joined = stream::iter(pieces.into_iter().map(|(_, source)| source)).flatten();
    let body = Body::Stream(Some(length), Box::pin(joined));
    Ok(Form { content_type, body })
}

fn whole(bytes: Vec<u8>) -> (u64, Source) {
    let length = bytes.len() as u64;
    let once = stream::once(std::future::ready(Ok(Bytes::from(bytes))));
    (length, Box::pin(once))
}

fn head_of(part: &Part, boundary: &str) -> Result<String, Cause> {
    let mut head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
        quoted(&part.name)
    );
    if let Some(name) = &part.file_name {
        head.push_str(&format!("; filename=\"{}\"", quoted(name)));
    }
    if let Some(kind) = &part.content_type {
        if !kind.bytes().all(|c| c.is_ascii_graphic() || c == b' ') {
            let why = "has a part whose media type is not one line of ASCII";
            return Err(Cause::Request { why });
        }
        head.push_str(&format!("\r\nContent-Type: {kind}"));
    }
    head.push_str("\r\n\r\n");
    Ok(head)
}

/// As forms of pages write a name. For some readers a backslash at its end would take the quote behind it along.
fn quoted(name: &str) -> String {
    let mut quoted = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    if quoted.ends_with('\\') {
        quoted.pop();
        quoted.push_str("%5C");
    }
    quoted
}

fn boundary() -> Result<String, Cause> {
    let mut bytes = [0; 16];
    let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    filled.map_err(|_| Cause::Internal {
        what: "the system has no random bytes".to_owned(),
    })?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("----openclaw{hex}"))
}
