//! The other direction: what must not be read in what comes back, arrives or is written down.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use openclaw_secrets::SecretValue;
use zeroize::Zeroizing;

use super::edit::{Edit, apply};
use super::placeholder::LENGTH;
use super::scan::{Known, Scanner};
use super::vault::{Built, Entry, Given, MAX_MADE, Vault};

impl Vault {
    /// The text with the names of secrets for their placeholders, for the audit.
    pub fn hide_placeholders(&self, text: &str) -> String {
        let edits = self.find(text.as_bytes()).into_iter().map(|(at, entry)| Edit {
            at: at..at.saturating_add(LENGTH),
            text: Zeroizing::new(mark(&entry.label)),
        });
        let hidden = apply(text, &Vec::from_iter(edits));
        (*hidden).clone()
    }

    /// What masks the values in what comes back; none if every value is too short to be told from ordinary text.
    pub fn scanner(&self) -> Option<Arc<Scanner>> {
        let kept = self.kept.version();
        let (versions, known) = {
            let given = self.given.read();
            let versions = (kept, given.version);
            if let Some(built) = given.scanner.as_ref().filter(|built| built.versions == versions) {
                return built.scanner.clone();
            }
            (versions, self.known(&given))
        };
        let scanner = Scanner::new(known).map(Arc::new);
        self.given.write().scanner = Some(Built {
            versions,
            scanner: scanner.clone(),
        });
        scanner
    }

    fn known(&self, given: &Given) -> Vec<Known> {
        let names: BTreeSet<String> = self.values.keys().cloned().chain(self.kept.names()).collect();
        let whole = names.into_iter().filter_map(|name| {
            let value = self.current(&name)?;
            Some(Known { label: name, value })
        });
        let made = given.made.keys().filter_map(|placeholder| {
            let entry = given.entries.get(placeholder)?;
            let value = self.value_of(entry).ok()?;
            let label = entry.label.clone();
            Some(Known { label, value })
        });
        whole.chain(made).collect()
    }

    /// What arrived with the extension's placeholders in the place of its values, byte for byte restorable: the
    /// signatures put the very bytes back.
    pub fn hide_values<'t>(&self, arrived: &'t [u8]) -> Cow<'t, [u8]> {
        let Some(scanner) = self.scanner() else {
            return Cow::Borrowed(arrived);
        };
        let hits = scanner.apart(arrived);
        if hits.is_empty() {
            return Cow::Borrowed(arrived);
        }
        let mut out = Vec::with_capacity(arrived.len());
        let mut from = 0;
        for hit in hits {
            let (Some(before), Some(found)) = (arrived.get(from..hit.at.start), arrived.get(hit.at.clone()))
            else {
                continue;
            };
            let Some(placeholder) = self.give_found(&hit.label, found) else {
                continue;
            };
            out.extend_from_slice(before);
            out.extend_from_slice(placeholder.as_bytes());
            from = hit.at.end;
        }
        out.extend_from_slice(arrived.get(from..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// The placeholder of a value in the spelling in which it was found.
    fn give_found(&self, label: &str, found: &[u8]) -> Option<String> {
        let found = std::str::from_utf8(found).ok()?;
        let value = SecretValue::new(found);
        if self.current(label).is_some_and(|value| value.expose() == found) {
            let placeholder = self.give_whole(label);
            self.given.write().arrived.insert(placeholder.clone(), value);
            return Some(placeholder);
        }
        let placeholder = self
            .key
            .placeholder([&b"found"[..], label.as_bytes(), found.as_bytes()]);
        // The names in a label are names of secrets, which have no plus sign.
        let entry = Entry {
            names: label.split('+').map(str::to_owned).collect(),
            made: Some(value.clone()),
            label: label.to_owned(),
            origin: None,
        };
        let mut given = self.given.write();
        let earlier = given.entries.insert(placeholder.clone(), Arc::new(entry));
        if earlier.is_none() {
            given.found.push_back(placeholder.clone());
        }
        given.arrived.insert(placeholder.clone(), value);
        if given.found.len() > MAX_MADE
            && let Some(oldest) = given.found.pop_front()
        {
            given.entries.remove(&oldest);
            given.arrived.remove(&oldest);
        }
        Some(placeholder)
    }
}

/// What is shown for a value.
pub(super) fn mark(label: &str) -> String {
    format!("[secret:{label}]")
}
