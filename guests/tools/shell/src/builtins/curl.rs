//! `curl`, for what agents do with it.

use std::time::Instant;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::common::{Files, reason};
use super::options::{Given, Known, Takes, flag, long, parse, valued};
use super::web::{
    CLOSED, Exchange, Stop, Trouble, Unread, address, deadline, exchange, file_name, head, next, redirects,
    words,
};
use crate::network::{Failure, Request};

const KNOWN: [Known; 37] = [
    valued('X', "request"),
    valued('d', "data"),
    long("data-ascii", Takes::Value),
    long("data-binary", Takes::Value),
    long("data-raw", Takes::Value),
    long("data-urlencode", Takes::Value),
    long("json", Takes::Value),
    valued('H', "header"),
    valued('A', "user-agent"),
    valued('e', "referer"),
    valued('b', "cookie"),
    valued('u', "user"),
    valued('o', "output"),
    flag('O', "remote-name"),
    valued('D', "dump-header"),
    valued('w', "write-out"),
    valued('m', "max-time"),
    long("connect-timeout", Takes::Value),
    long("max-redirs", Takes::Value),
    long("url", Takes::Value),
    flag('G', "get"),
    flag('I', "head"),
    flag('L', "location"),
    flag('f', "fail"),
    long("fail-with-body", Takes::Nothing),
    flag('i', "include"),
    flag('s', "silent"),
    flag('S', "show-error"),
    // These say how the same answer comes, which the gate decides.
    flag('N', "no-buffer"),
    flag('#', "progress-bar"),
    flag('g', "globoff"),
    flag('q', "disable"),
    long("no-progress-meter", Takes::Nothing),
    long("compressed", Takes::Nothing),
    long("http1.1", Takes::Nothing),
    long("http2", Takes::Nothing),
    long("create-dirs", Takes::Nothing),
];

/// As many redirects as `curl` follows where nothing is said.
const REDIRECTS: usize = 50;

pub(super) struct Curl {
    /// What the operator opened.
    pub(super) open: Vec<String>,
}

/// One call.
struct Call<'a> {
    given: &'a Given,
    files: Files,
    input: &'a [u8],
    open: &'a [String],
    out: Vec<u8>,
}

#[async_trait]
impl Builtin for Curl {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        if self.open.is_empty() {
            return Ok(ExecResult::err(format!("curl: {CLOSED}\n"), 6));
        }
        let given = match parse("curl", &KNOWN, ctx.args, 2) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut call = Call {
            given: &given,
            files: Files::new(&ctx),
            input: ctx.stdin.map_or(&[], |input| input.as_bytes()),
            open: &self.open,
            out: Vec::new(),
        };
        let (mut code, mut err) = (0, String::new());
        let named = given.options.iter().filter(|(name, _)| name == "url");
        let named = named.filter_map(|(_, value)| value.clone());
        let urls: Vec<String> = named.chain(given.operands.iter().cloned()).collect();
        if urls.is_empty() {
            (code, err) = (2, "curl: (2) no URL specified\n".to_owned());
        }
        for (at, url) in urls.iter().enumerate() {
            if let Err(Stop(how, why)) = call.fetch(url, at).await {
                code = how;
                if !given.has("silent") || given.has("show-error") {
                    err.push_str(&format!("curl: ({how}) {why}\n"));
                }
            }
        }
        Ok(ExecResult {
            stdout: call.out.into(),
            stderr: err.into(),
            exit_code: code,
            ..ExecResult::default()
        })
    }
}

impl Call<'_> {
    async fn fetch(&mut self, text: &str, at: usize) -> std::result::Result<(), Stop> {
        let url = address(text).map_err(|unread| match unread {
            Unread::Foreign(why) => Stop(1, why),
            Unread::Malformed(why) => Stop(3, why),
        })?;
        let request = self.request(url).await?;
        let most = match self.given.has("location") {
            true => redirects(self.given.value("max-redirs"), REDIRECTS)?,
            false => 0,
        };
        let begun = Instant::now();
        let sent = exchange(request.clone(), most, self.given.value("request").is_some());
        let exchange = match sent {
            Ok(exchange) => exchange,
            Err(trouble) => {
                self.write_out(None, begun);
                return Err(self.stop(&trouble, most));
            }
        };
        let told = self.keep(&request.url, &exchange, at).await;
        self.write_out(Some(&exchange), begun);
        told
    }

    /// Puts the answer where it belongs.
    async fn keep(&mut self, asked: &Url, exchange: &Exchange, at: usize) -> std::result::Result<(), Stop> {
        let Some(last) = exchange.responses.last() else {
            return Ok(());
        };
        let heads: Vec<u8> = exchange.responses.iter().flat_map(head).collect();
        if let Some(file) = self.given.value("dump-header") {
            self.put(Some(file.to_owned()), &heads).await?;
        }
        let has_failed = last.status >= 400;
        let failed = || Stop(22, format!("The requested URL returned error: {}", last.status));
        if has_failed && self.given.has("fail") {
            return Err(failed());
        }
        let mut bytes = match self.given.has("include") || self.given.has("head") {
            true => heads,
            false => Vec::new(),
        };
        bytes.extend_from_slice(&last.body);
        let sinks = self.given.options.iter();
        let sink = sinks
            .filter(|(name, _)| matches!(name.as_str(), "output" | "remote-name"))
            .nth(at);
        let file = match sink {
            Some((name, Some(file))) if name == "output" => Some(file.clone()),
            Some(_) => {
                // After what was asked for: where it was sent on to has no say in it.
                let name = file_name(asked).map(str::to_owned);
                Some(name.ok_or_else(|| Stop(23, "Remote file name has no length".to_owned()))?)
            }
            None => None,
        };
        self.put(file, &bytes).await?;
        match has_failed && self.given.has("fail-with-body") {
            true => Err(failed()),
            false => Ok(()),
        }
    }

    async fn put(&mut self, file: Option<String>, bytes: &[u8]) -> std::result::Result<(), Stop> {
        let Some(file) = file.filter(|file| file != "-") else {
            self.out.extend_from_slice(bytes);
            return Ok(());
        };
        let path = self.files.path(&file);
        if self.given.has("create-dirs")
            && let Some(folder) = path.parent()
        {
            // If it cannot be made, what is written into it says so.
            let _ = self.files.fs.mkdir(folder, true).await;
        }
        let written = self.files.fs.write_file(&path, bytes).await;
        written.map_err(|error| Stop(23, format!("cannot write {file}: {}", reason(&error))))
    }

    async fn request(&self, mut url: Url) -> std::result::Result<Request, Stop> {
        let given = self.given;
        let mut headers = vec![
            ("user-agent".to_owned(), "curl/8 (openclaw sandbox)".to_owned()),
            ("accept".to_owned(), "*/*".to_owned()),
        ];
        let mut body = self.data().await?;
        if let Some(bytes) = body.take_if(|_| given.has("get")) {
            let more = String::from_utf8_lossy(&bytes).into_owned();
            let query = url.query().map(|query| format!("{query}&{more}"));
            url.set_query(Some(&query.unwrap_or(more)));
        }
        if body.is_some() {
            let is_json = given.has("json");
            let kind = match is_json {
                true => "application/json",
                false => "application/x-www-form-urlencoded",
            };
            set(&mut headers, "content-type", kind);
            if is_json {
                set(&mut headers, "accept", kind);
            }
        }
        for (option, header) in [
            ("user-agent", "user-agent"),
            ("referer", "referer"),
            ("cookie", "cookie"),
        ] {
            if let Some(value) = given.value(option) {
                set(&mut headers, header, value);
            }
        }
        if let Some(user) = given.value("user") {
            set(
                &mut headers,
                "authorization",
                &format!("Basic {}", STANDARD.encode(user)),
            );
        }
        let own = given.options.iter().filter(|(name, _)| name == "header");
        for line in own.filter_map(|(_, value)| value.as_deref()) {
            match line.split_once(':') {
                Some((name, value)) => {
                    headers.retain(|(known, _)| {
                        !known.eq_ignore_ascii_case(name.trim()) || is_own(given, known)
                    });
                    if !value.trim().is_empty() {
                        headers.push((name.trim().to_owned(), value.trim().to_owned()));
                    }
                }
                None => headers.push((line.trim_end_matches(';').to_owned(), String::new())),
            }
        }
        let method = match (given.value("request"), given.has("head"), &body) {
            (Some(method), ..) => method.to_owned(),
            (None, true, _) => "HEAD".to_owned(),
            (None, false, Some(_)) => "POST".to_owned(),
            (None, false, None) => "GET".to_owned(),
        };
        Ok(Request {
            method,
            url,
            headers,
            body,
            end: deadline("max-time", given.value("max-time"))?,
        })
    }

    /// What is to be sent: all that was given, in its order.
    async fn data(&self) -> std::result::Result<Option<Vec<u8>>, Stop> {
        let mut body: Option<Vec<u8>> = None;
        for (name, value) in &self.given.options {
            let value = value.as_deref().unwrap_or_default();
            let piece = match name.as_str() {
                "data" | "data-ascii" => match value.strip_prefix('@') {
                    Some(file) => {
                        let mut bytes = self.read(file).await?;
                        bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | b'\0'));
                        bytes
                    }
                    None => value.as_bytes().to_vec(),
                },
                "data-binary" | "json" => match value.strip_prefix('@') {
                    Some(file) => self.read(file).await?,
                    None => value.as_bytes().to_vec(),
                },
                "data-raw" => value.as_bytes().to_vec(),
                "data-urlencode" => self.encoded(value).await?,
                _ => continue,
            };
            match &mut body {
                None => body = Some(piece),
                Some(body) => {
                    if name != "json" {
                        body.push(b'&');
                    }
                    body.extend_from_slice(&piece);
                }
            }
        }
        Ok(body)
    }

    async fn encoded(&self, value: &str) -> std::result::Result<Vec<u8>, Stop> {
        let (name, content) = match value.find(['=', '@']).and_then(|at| value.split_at_checked(at)) {
            None => ("", value.as_bytes().to_vec()),
            Some((name, rest)) => match rest.strip_prefix('@') {
                Some(file) => (name, self.read(file).await?),
                None => (name, rest.trim_start_matches('=').as_bytes().to_vec()),
            },
        };
        let content: String = byte_serialize(&content).collect::<String>().replace('+', "%20");
        Ok(match name {
            "" => content.into_bytes(),
            name => format!("{name}={content}").into_bytes(),
        })
    }

    async fn read(&self, file: &str) -> std::result::Result<Vec<u8>, Stop> {
        if file == "-" {
            return Ok(self.input.to_vec());
        }
        let read = self.files.fs.read_file(&self.files.path(file)).await;
        read.map_err(|error| Stop(26, format!("cannot read {file}: {}", reason(&error))))
    }

    fn stop(&self, trouble: &Trouble, most: usize) -> Stop {
        let code = match trouble {
            Trouble::Redirects => return Stop(47, format!("Maximum ({most}) redirects followed")),
            Trouble::At(_, failure) => match failure {
                Failure::Closed | Failure::Name => 6,
                Failure::NotPublic | Failure::Connect | Failure::TooMany => 7,
                Failure::Malformed(_) => 3,
                Failure::Tls => 60,
                Failure::Late => 28,
                Failure::TooLarge => 63,
                Failure::Broken(_) => 56,
            },
        };
        Stop(code, words(trouble, self.open))
    }

    /// What `-w` asks for.
    fn write_out(&mut self, exchange: Option<&Exchange>, begun: Instant) {
        let Some(form) = self.given.value("write-out") else {
            return;
        };
        let last = exchange.and_then(|exchange| exchange.responses.last());
        let mut left = form;
        let mut text = String::new();
        while let Some(at) = left.find(['%', '\\']) {
            let (before, rest) = left.split_at_checked(at).unwrap_or((left, ""));
            text.push_str(before);
            let name = rest.strip_prefix("%{").and_then(|rest| rest.split_once('}'));
            if let Some((name, rest)) = name {
                text.push_str(&match name {
                    "http_code" | "response_code" => format!("{:03}", last.map_or(0, |last| last.status)),
                    "content_type" => last
                        .and_then(|last| last.header("content-type"))
                        .unwrap_or_default(),
                    "size_download" => last.map_or(0, |last| last.body.len()).to_string(),
                    "num_redirects" => {
                        let all = exchange.map_or(0, |exchange| exchange.responses.len());
                        all.saturating_sub(1).to_string()
                    }
                    "url_effective" | "url" => {
                        exchange.map_or_else(String::new, |exchange| exchange.url.to_string())
                    }
                    "redirect_url" => exchange.and_then(sent_on).unwrap_or_default(),
                    "time_total" => format!("{:.6}", begun.elapsed().as_secs_f64()),
                    _ => String::new(),
                });
                left = rest;
                continue;
            }
            let mut letters = rest.chars();
            let sign = letters.next();
            text.push_str(&match (sign, letters.next()) {
                (Some('%'), Some('%')) => "%".to_owned(),
                (Some('\\'), Some('n')) => "\n".to_owned(),
                (Some('\\'), Some('r')) => "\r".to_owned(),
                (Some('\\'), Some('t')) => "\t".to_owned(),
                (sign, other) => sign.into_iter().chain(other).collect(),
            });
            left = letters.as_str();
        }
        text.push_str(left);
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// Where an answer would have sent its request on to.
fn sent_on(exchange: &Exchange) -> Option<String> {
    let request = Request {
        method: String::new(),
        url: exchange.url.clone(),
        headers: Vec::new(),
        body: None,
        end: None,
    };
    next(&request, exchange.responses.last()?).map(String::from)
}

/// Sets a header, in place of another of its name.
fn set(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    headers.push((name.to_owned(), value.to_owned()));
}

/// Whether a header was given by the script itself; it may give one of a name more than once.
fn is_own(given: &Given, name: &str) -> bool {
    let own = given.options.iter().filter(|(option, _)| option == "header");
    let mut named = own.filter_map(|(_, value)| value.as_deref()?.split_once(':'));
    named.any(|(known, _)| known.trim() == name)
}
