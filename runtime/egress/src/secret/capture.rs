//! Taking a token out of a response before its reader sees any of it. Everything around it stays byte for byte.

use std::ops::Range;

use openclaw_policy::display_safe;
use openclaw_secrets::SecretValue;
use zeroize::{Zeroize as _, Zeroizing};

use super::captured::Keep;
use super::edit::{Edit, apply};
use super::failure::SecretFailure;
use super::json::{Met, Pointer, read, walk};
use super::vault::Vault;
use crate::error::SHOWN;

/// The most bytes of a pointer to what is captured, so that comparing with it at every string costs little.
const MAX_POINTER: usize = 1024;

fn nothing(kind: &str, name: &str) -> SecretFailure {
    SecretFailure::NothingThere {
        place: format!("{kind} \"{}\"", display_safe(name, SHOWN)),
    }
}

impl Vault {
    /// Captures the string at a place of a JSON body and puts its placeholder there. If a member stands there twice,
    /// the last one counts, as it does for most readers, and none is left.
    pub fn capture_json(
        &self,
        body: &mut Vec<u8>,
        pointer: &str,
        name: &str,
        keep: Keep,
    ) -> Result<String, SecretFailure> {
        self.may_capture(name, keep)?;
        let missing = || nothing("the JSON pointer", pointer);
        if pointer.len() > MAX_POINTER {
            return Err(SecretFailure::TooLarge {
                what: "the JSON pointer of what is captured",
                most: "1 KiB",
            });
        }
        let place = Pointer::read(pointer).ok_or_else(missing)?;
        let text = std::str::from_utf8(body).map_err(|_| missing())?;
        let mut places = Vec::new();
        walk(text, |met, at| {
            if let Met::Text(way) = met
                && way.leads_to(&place)
            {
                places.push(at);
            }
        })
        .map_err(|_| missing())?;
        let token = places.last().and_then(|at| read(text, at)).map(Zeroizing::new);
        let token = token.filter(|token| !token.is_empty()).ok_or_else(missing)?;
        let placeholder = self.capture(name, SecretValue::new(&token), keep)?;
        let edit = |at| Edit {
            at,
            text: Zeroizing::new(placeholder.clone()),
        };
        let edits: Vec<Edit> = places.into_iter().map(edit).collect();
        let shown = apply(text, &edits).as_bytes().to_vec();
        body.zeroize();
        *body = shown;
        Ok(placeholder)
    }

    /// Captures the whole value of the first header of a name and puts its placeholder there.
    pub fn capture_header(
        &self,
        headers: &mut [(String, String)],
        header: &str,
        name: &str,
        keep: Keep,
    ) -> Result<String, SecretFailure> {
        self.may_capture(name, keep)?;
        let mut found = headers
            .iter_mut()
            .filter(|(found, _)| found.eq_ignore_ascii_case(header));
        let first = found.next().filter(|(_, value)| !value.is_empty());
        let (_, value) = first.ok_or_else(|| nothing("the header", header))?;
        let placeholder = self.capture(name, SecretValue::new(value), keep)?;
        value.zeroize();
        value.push_str(&placeholder);
        Ok(placeholder)
    }

    /// Captures the value of the cookie of a name that the response sets, and puts its placeholder there. Of several
    /// the last counts, as in browsers, and none is left.
    pub fn capture_cookie(
        &self,
        headers: &mut [(String, String)],
        cookie: &str,
        name: &str,
        keep: Keep,
    ) -> Result<String, SecretFailure> {
        self.may_capture(name, keep)?;
        let cookies = headers
            .iter_mut()
            .filter(|(found, _)| found.eq_ignore_ascii_case("set-cookie"));
        let mut found: Vec<_> = cookies
            .filter_map(|(_, header)| Some((cookie_value(header, cookie)?, header)))
            .collect();
        let token = found.last().and_then(|(at, header)| header.get(at.clone()));
        let token = token.ok_or_else(|| nothing("the cookie", cookie))?;
        let placeholder = self.capture(name, SecretValue::new(token), keep)?;
        for (at, header) in &mut found {
            let edit = Edit {
                at: at.clone(),
                text: Zeroizing::new(placeholder.clone()),
            };
            let shown = (*apply(header, &[edit])).clone();
            header.zeroize();
            **header = shown;
        }
        Ok(placeholder)
    }
}

/// Where the value of this cookie stands in a header that sets it.
fn cookie_value(header: &str, cookie: &str) -> Option<Range<usize>> {
    let (name, value) = header.split(';').next()?.split_once('=')?;
    let end = name.len().checked_add(1)?.checked_add(value.trim_end().len())?;
    let start = end.checked_sub(value.trim().len())?;
    (name.trim() == cookie && start < end).then_some(start..end)
}
