//! Keeps an extension's secrets out of what it says: its output, its failures, its lines in the log.
//!
//! **Promise.** A placeholder becomes the name of its secret, because transcripts outlive it; a value that got in by
//! some way becomes that too, as far as the net for values that come back finds it. **Cost.** A search of the text
//! for an extension that has secrets, and of nothing for one that has none.

use openclaw_egress::secret::Vault;

use crate::call::{Output, Part};
use crate::error::Failure;

/// Text that holds no secret of the vault.
pub(crate) fn conceal(vault: &Vault, text: String) -> String {
    let mut text = text;
    if vault.holds_placeholder(text.as_bytes()) {
        text = vault.hide_placeholders(&text);
    }
    match vault.scanner() {
        Some(scanner) => scanner.mask_text(&text).into_owned(),
        None => text,
    }
}

/// An output whose every text holds no secret of the vault.
pub(crate) fn conceal_output(vault: &Vault, mut output: Output) -> Output {
    let hide = |text: String| conceal(vault, text);
    let part = |part: Part| match part {
        Part::Text { text } => Part::Text { text: hide(text) },
        Part::Media { media, description } => Part::Media {
            media,
            description: description.map(hide),
        },
        Part::Json { json } => Part::Json { json: hide(json) },
        Part::Link {
            url,
            title,
            description,
        } => Part::Link {
            url: hide(url),
            title: title.map(hide),
            description: description.map(hide),
        },
    };
    output.content = output.content.into_iter().map(part).collect();
    output.structured = output.structured.map(hide);
    output.printed = hide(output.printed);
    output
}

/// A failure whose every text holds no secret of the vault.
pub(crate) fn conceal_failure(vault: &Vault, failure: Failure) -> Failure {
    Failure {
        message: conceal(vault, failure.message),
        detail: failure.detail.map(|detail| conceal(vault, detail)),
        ..failure
    }
}
