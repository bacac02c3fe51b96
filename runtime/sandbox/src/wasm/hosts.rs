//! The hosts that the operator opens for the shell, as rules of the gate.
//!
//! An entry is `HOST`, with `http://` or `https://` before it and a port behind it if they are not the usual ones: https,
//! on its own port. `*.HOST` is every name below. `private ` before it says that its address need not be public, and then
//! it names one host.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use openclaw_config::tree::sandbox::SandboxWasm;
use openclaw_policy::capability::Http;
use openclaw_policy::capability::http::{HttpRule, Scheme};
use openclaw_policy::{Bytes, HostPattern, PathPattern, Port};

use super::limits::memory;
use crate::error::{Error, Result};
use crate::rules::WasmKeys;

/// Whatever a server may be asked for.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Bodies are held whole, and more than once while they are handed on.
const OF_MEMORY: u64 = 4;

/// The rules.
pub(super) fn opened(wasm: &SandboxWasm, keys: &WasmKeys) -> Result<Http> {
    let max_body = memory(wasm) / OF_MEMORY;
    let entries = wasm.hosts.iter().flatten();
    let rules = entries.map(|entry| {
        rule(entry, max_body).map_err(|why| Error::Setting {
            key: keys.of("hosts"),
            why: format!("{entry:?}: {why}"),
        })
    });
    Http::new(rules.collect::<Result<_>>()?).map_err(|why| Error::Setting {
        key: keys.of("hosts"),
        why: why.to_string(),
    })
}

fn rule(entry: &str, max_body: u64) -> std::result::Result<HttpRule, String> {
    let (private, text) = match entry.trim().strip_prefix("private ") {
        Some(text) => (true, text.trim()),
        None => (false, entry.trim()),
    };
    let (scheme, text) = match text.split_once("://") {
        Some(("https", text)) => (Scheme::Https, text),
        Some(("http", text)) => (Scheme::Http, text),
        Some((other, _)) => return Err(format!("{other} is not spoken; write http:// or https://")),
        None => (Scheme::Https, text),
    };
    // The colons of an address are within its brackets.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let port: NonZeroU16 = port.parse().map_err(|_| format!("{port} is no port"))?;
            (host, Port::Number(port))
        }
        _ => (text, Port::Usual),
    };
    let host: HostPattern = host
        .parse()
        .map_err(|why: openclaw_policy::Error| why.to_string())?;
    if matches!(host, HostPattern::Account(_)) {
        return Err("a sandbox has no account; name the host".to_owned());
    }
    let methods = METHODS
        .map(str::parse)
        .into_iter()
        .collect::<std::result::Result<_, _>>();
    Ok(HttpRule {
        scheme,
        host,
        port,
        methods: methods.map_err(|why: openclaw_policy::Error| why.to_string())?,
        paths: BTreeSet::from([PathPattern::default()]),
        max_body: Bytes::new(max_body).ok_or("sandbox.wasm.memory is too small for any body")?,
        private,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(entries: &[&str]) -> Result<Vec<String>> {
        let wasm = SandboxWasm {
            hosts: Some(entries.iter().map(|entry| (*entry).to_owned()).collect()),
            ..SandboxWasm::default()
        };
        let http = opened(&wasm, &WasmKeys::default())?;
        let said = http.rules().iter().map(|rule| {
            let private = if rule.private { "private " } else { "" };
            format!("{private}{} {} {:?}", rule.scheme, rule.host, rule.port)
        });
        Ok(said.collect())
    }

    #[test]
    fn an_entry_means_https_on_its_usual_port_unless_it_says_otherwise() {
        assert_eq!(
            rules(&["example.org"]).unwrap(),
            ["https example.org Number(443)"]
        );
        assert_eq!(
            rules(&["private http://127.0.0.1:8080"]).unwrap(),
            ["private http 127.0.0.1 Number(8080)"]
        );
        assert_eq!(
            rules(&["*.example.org"]).unwrap(),
            ["https *.example.org Number(443)"]
        );
        assert_eq!(rules(&["http://[::1]"]).unwrap(), ["http [::1] Number(80)"]);
        assert!(
            opened(&SandboxWasm::default(), &WasmKeys::default())
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_is_no_host_is_refused_with_its_key() {
        for entry in [
            "",
            "ftp://example.org",
            "example.org/path",
            "example.org:0",
            "private *.example.org",
            "private *",
            "${account.server}",
            "*.org",
        ] {
            let told = rules(&[entry]).unwrap_err().to_string();
            assert!(told.contains("sandbox.wasm.hosts"), "{entry}: {told}");
        }
    }
}
