//! The web page that the gateway serves at `/`: chat, commands, pairing, extensions, status.
//!
//! **Promise.** The page is plain files in this folder, built into the program and served as they are, without the
//! comments of the scripts. A browser runs nothing but these files: no inline script or style, no other origin, no
//! markup made from text (Trusted Types with no policy), no frame around it; it connects only to where it came from.
//! Nothing is served for any other path, and nothing at all if `gateway.controlUi.enabled` is off. **Bound.** 64,000 bytes in all. **Cost.** One pass over each file and its
//! digest for the etag, the first time that any is asked for; after that a look into a short table, and 304 for a
//! browser that has the file.

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use ring::digest::{SHA256, digest};

use crate::gateway::Gateway;
use crate::http::answer::text_answer;

/// What a browser may do with the page. `'self'` in `connect-src` is also the WebSocket of the same host.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// What every file is served with, beside its type and its etag. A new program may have new files under the same
/// names, so a browser asks each time.
const HEADERS: &[(HeaderName, &str)] = &[
    (CACHE_CONTROL, "no-cache"),
    (CONTENT_SECURITY_POLICY, POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
];

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("index.html")),
    ("/chat.js", SCRIPT, include_str!("chat.js")),
    ("/conversation.js", SCRIPT, include_str!("conversation.js")),
    ("/credentials.js", SCRIPT, include_str!("credentials.js")),
    ("/device.js", SCRIPT, include_str!("device.js")),
    ("/dom.js", SCRIPT, include_str!("dom.js")),
    ("/ed25519.js", SCRIPT, include_str!("ed25519.js")),
    ("/extensions.js", SCRIPT, include_str!("extensions.js")),
    ("/icon.svg", PICTURE, include_str!("icon.svg")),
    ("/link.js", SCRIPT, include_str!("link.js")),
    ("/main.js", SCRIPT, include_str!("main.js")),
    ("/markdown.js", SCRIPT, include_str!("markdown.js")),
    ("/nods.js", SCRIPT, include_str!("nods.js")),
    ("/outbox.js", SCRIPT, include_str!("outbox.js")),
    ("/pairing.js", SCRIPT, include_str!("pairing.js")),
    ("/signin.js", SCRIPT, include_str!("signin.js")),
    ("/status.js", SCRIPT, include_str!("status.js")),
    ("/style.css", STYLE, include_str!("style.css")),
    ("/toolcard.js", SCRIPT, include_str!("toolcard.js")),
    ("/transcript.js", SCRIPT, include_str!("transcript.js")),
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| FILES.iter().map(Asset::prepare).collect());

/// A file of the page.
#[derive(Debug)]
pub struct Asset {
    path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub body: Bytes,
    /// Its digest, in quotes, as the header wants it.
    pub etag: String,
}

impl Asset {
    fn prepare((path, content_type, text): &(&'static str, &'static str, &'static str)) -> Self {
        let is_comment =
            |line: &&str| line.trim_start().starts_with("//") || line.trim_start().starts_with("/** ");
        let body = match *content_type {
            SCRIPT => text
                .split_inclusive('\n')
                .filter(|line| !is_comment(line))
                .collect::<String>()
                .into(),
            _ => Bytes::from_static(text.as_bytes()),
        };
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest(&SHA256, &body)));
        Self {
            path,
            content_type,
            body,
            etag,
        }
    }
}

/// The file of the page at a path.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// Serves the page under `gateway.controlUi.basePath`, and says of everything else that it is not there: the last
/// route of the HTTP API.
pub async fn serve(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response<Body> {
    let config = gateway.config().get();
    let settings = &config.config.gateway.control_ui;
    let base = settings.base_path.trim_end_matches('/');
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok());
    let found = match request.uri().path().strip_prefix(base) {
        Some("") if request.method() == Method::GET => Response::builder()
            .status(StatusCode::FOUND)
            .header(LOCATION, format!("{base}/"))
            .body(Bytes::new())
            .ok(),
        Some(path) => answer(request.method(), path, known),
        None => None,
    };
    match found.filter(|_| settings.enabled) {
        Some(answer) => answer.map(Body::from),
        None => text_answer(StatusCode::NOT_FOUND, "Not Found"),
    }
}

/// The whole answer to a request for a file of the page; none if it is for something else.
pub fn answer(method: &Method, path: &str, if_none_match: Option<&str>) -> Option<Response<Bytes>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let asset = find(path)?;
    let known = if_none_match.unwrap_or_default().split(',').map(str::trim);
    let is_known = known.into_iter().any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag == asset.etag
    });
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(ETAG, HeaderValue::from_str(&asset.etag).ok()?);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
        *response.body_mut() = asset.body.clone();
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// What stands between the first two of `ends` after each `start`.
    fn all_after<'a>(text: &'a str, start: &'a str, end: char) -> impl Iterator<Item = &'a str> {
        text.split(start)
            .skip(1)
            .map(move |rest| rest.split(end).next().unwrap())
    }

    fn get(path: &str, if_none_match: Option<&str>) -> Option<Response<Bytes>> {
        answer(&Method::GET, path, if_none_match)
    }

    #[test]
    fn every_file_of_the_folder_is_served_without_comments_and_nothing_else() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
        let mut paths = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name == "mod.rs" {
                continue;
            }
            let path = match name.as_str() {
                "index.html" => "/".to_owned(),
                _ => format!("/{name}"),
            };
            let served = get(&path, None).unwrap_or_else(|| panic!("{path} is not served"));
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with('/'));
            let served = std::str::from_utf8(served.body()).unwrap();
            assert!(served.lines().eq(code), "{path}");
            paths.insert(path);
        }
        assert_eq!(paths.len(), FILES.len());
        for path in ["", "/mod.rs", "/index.html", "//", "/../lib.rs", "/main.js/"] {
            assert!(get(path, None).is_none(), "{path}");
        }
    }

    #[test]
    fn every_file_that_the_page_names_is_there() {
        let page = FILES[0].2;
        let named =
            all_after(page, "src=\"", '"').chain(all_after(page, "<link rel=\"stylesheet\" href=\"", '"'));
        let mut open: Vec<_> = named.map(|name| format!("/{name}")).collect();
        assert_eq!(open.len(), 2);
        let mut seen = BTreeSet::new();
        while let Some(path) = open.pop() {
            let asset = find(&path).unwrap_or_else(|| panic!("{path} is named and not served"));
            let text = std::str::from_utf8(&asset.body).unwrap();
            if seen.insert(path) && asset.content_type == SCRIPT {
                open.extend(all_after(text, " from '.", '\'').map(str::to_owned));
            }
        }
        let scripts = FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT).count();
        assert_eq!(seen.len(), scripts + 1, "a script is served that nothing uses");
    }

    #[test]
    fn nothing_is_inline_and_no_markup_is_made_from_text() {
        let page = FILES[0].2;
        for word in ["<style", " style=", " on", "javascript:"] {
            assert!(!page.contains(word), "{word} in the page");
        }
        assert!(page.split("<script").skip(1).all(|rest| rest.contains("src=")));
        for (path, kind, text) in FILES {
            let words = [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "createContextualFragment",
                "setHTMLUnsafe",
                "http:/",
                ".cssText",
            ];
            let found: Vec<_> = words.iter().filter(|word| text.contains(**word)).collect();
            assert!(*kind != SCRIPT || found.is_empty(), "{found:?} in {path}");
        }
    }

    #[test]
    fn the_page_is_small() {
        let size: usize = ASSETS.iter().map(|asset| asset.body.len()).sum();
        assert!(size <= 64_000, "{size} bytes");
    }

    #[test]
    fn a_browser_may_run_only_these_files_and_talk_only_to_this_host() {
        let served = get("/", None).unwrap();
        let header = |name: &str| served.headers()[name].to_str().unwrap();
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "connect-src 'self';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "trusted-types 'none'",
        ] {
            assert!(policy.contains(part), "{part}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(header("content-type"), HTML);
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-frame-options"), "DENY");
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let first = get("/main.js", None).unwrap();
        let etag = first.headers()["etag"].to_str().unwrap().to_owned();
        for known in [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"other\", {etag}"),
            "*".to_owned(),
        ] {
            let again = get("/main.js", Some(&known)).unwrap();
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert!(again.body().is_empty() && again.headers().contains_key("content-security-policy"));
        }
        let other = find("/chat.js").unwrap().etag.clone();
        let stale = get("/main.js", Some(&other)).unwrap();
        assert_eq!((stale.status(), stale.body().is_empty()), (StatusCode::OK, false));
    }

    #[test]
    fn only_reading_is_answered() {
        assert!(answer(&Method::HEAD, "/", None).is_some());
        assert!(answer(&Method::POST, "/", None).is_none());
    }
}
