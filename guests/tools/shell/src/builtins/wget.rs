//! `wget`, for what agents do with it: an address into a file, or to the screen.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Files, reason, within};
use super::options::{Given, Known, Takes, flag, long, parse, valued};
use super::web::{self, CLOSED, Stop, Trouble, address, deadline, exchange, file_name, redirects, words};
use crate::network::{Failure, Request};

const KNOWN: [Known; 15] = [
    flag('q', "quiet"),
    // `-nv` and its like are two letters.
    valued('n', ""),
    long("no-verbose", Takes::Nothing),
    valued('O', "output-document"),
    valued('P', "directory-prefix"),
    valued('T', "timeout"),
    valued('t', "tries"),
    valued('U', "user-agent"),
    flag('S', "server-response"),
    long("header", Takes::Value),
    long("post-data", Takes::Value),
    long("method", Takes::Value),
    long("body-data", Takes::Value),
    long("max-redirect", Takes::Value),
    long("spider", Takes::Nothing),
];

/// As many redirects as `wget` follows where nothing is said.
const REDIRECTS: usize = 20;

pub(super) struct Wget {
    /// What the operator opened.
    pub(super) open: Vec<String>,
}

#[async_trait]
impl Builtin for Wget {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        if self.open.is_empty() {
            return Ok(ExecResult::err(format!("wget: {CLOSED}\n"), 4));
        }
        let given = match parse("wget", &KNOWN, ctx.args, 2) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        if given.operands.is_empty() {
            return Ok(ExecResult::err("wget: missing URL\n", 2));
        }
        let files = Files::new(&ctx);
        let (mut out, mut err, mut code) = (Vec::new(), String::new(), 0);
        // One document is made of all that is fetched.
        let mut document = Vec::new();
        for text in &given.operands {
            match self.fetch(&given, &files, text, &mut document).await {
                Ok(told) if given.has("quiet") => drop(told),
                Ok(told) => err.push_str(&told),
                Err(Stop(how, why)) => {
                    code = how;
                    err.push_str(&format!("wget: {why}\n"));
                }
            }
        }
        match given.value("output-document") {
            Some("-") => out = document,
            Some(file) => {
                if let Err(error) = files.fs.write_file(&files.path(file), &document).await {
                    code = 3;
                    err.push_str(&format!("wget: {file}: {}\n", reason(&error)));
                }
            }
            None => {}
        }
        Ok(ExecResult {
            stdout: out.into(),
            stderr: err.into(),
            exit_code: code,
            ..ExecResult::default()
        })
    }
}

impl Wget {
    async fn fetch(
        &self,
        given: &Given,
        files: &Files,
        text: &str,
        document: &mut Vec<u8>,
    ) -> std::result::Result<String, Stop> {
        let request = request(given, text)?;
        let most = redirects(given.value("max-redirect"), REDIRECTS)?;
        let asked = request.url.clone();
        let found = exchange(request, most, false)
            .map_err(|trouble| Stop(code(&trouble), words(&trouble, &self.open)))?;
        let Some(last) = found.responses.last() else {
            return Ok(String::new());
        };
        let mut told = String::new();
        if given.has("server-response") {
            let heads: Vec<u8> = found.responses.iter().flat_map(web::head).collect();
            told.push_str(&String::from_utf8_lossy(&heads).replace('\r', ""));
        }
        if last.status >= 300 {
            let why = format!("ERROR {}: {}.", last.status, web::reason(last.status));
            return Err(Stop(8, format!("{}: {why}", found.url)));
        }
        if given.has("spider") {
            return Ok(format!("{told}Remote file exists.\n"));
        }
        if given.value("output-document").is_some() {
            document.extend_from_slice(&last.body);
            return Ok(told);
        }
        // After what was asked for: where it was sent on to has no say in it.
        let name = file_name(&asked).unwrap_or("index.html");
        let name = match given.value("directory-prefix") {
            Some(folder) => {
                // If it cannot be made, what is written into it says so.
                let _ = files.fs.mkdir(&files.path(folder), true).await;
                within(folder, name)
            }
            None => name.to_owned(),
        };
        let name = free(files, name).await;
        let written = files.fs.write_file(&files.path(&name), &last.body).await;
        written.map_err(|error| Stop(3, format!("{name}: {}", reason(&error))))?;
        Ok(format!("{told}'{name}' saved [{}]\n", last.body.len()))
    }
}

/// A name that no file has: what is there is never written over.
async fn free(files: &Files, name: String) -> String {
    let mut tried = name.clone();
    let mut number = 0;
    while files.lstat(&tried).await.is_ok() {
        number += 1;
        tried = format!("{name}.{number}");
    }
    tried
}

fn request(given: &Given, text: &str) -> std::result::Result<Request, Stop> {
    let url = address(text).map_err(|unread| Stop(1, unread.why()))?;
    let agent = given.value("user-agent").unwrap_or("Wget/1 (openclaw sandbox)");
    let mut headers = vec![
        ("user-agent".to_owned(), agent.to_owned()),
        ("accept".to_owned(), "*/*".to_owned()),
    ];
    let body = given.value("post-data").or_else(|| given.value("body-data"));
    if given.value("post-data").is_some() {
        let kind = "application/x-www-form-urlencoded";
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    let own = given.options.iter().filter(|(name, _)| name == "header");
    for line in own.filter_map(|(_, value)| value.as_deref()) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(Stop(2, format!("{line}: a header is written NAME: VALUE")));
        };
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name.trim()));
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let method = match (
        given.value("method"),
        given.has("spider"),
        given.value("post-data"),
    ) {
        (Some(method), ..) => method.to_owned(),
        (None, true, _) => "HEAD".to_owned(),
        (None, false, Some(_)) => "POST".to_owned(),
        (None, false, None) => "GET".to_owned(),
    };
    Ok(Request {
        method,
        url,
        headers,
        body: body.map(|body| body.as_bytes().to_vec()),
        end: deadline("timeout", given.value("timeout"))?,
    })
}

fn code(trouble: &Trouble) -> i32 {
    match trouble {
        Trouble::At(_, Failure::Tls) => 5,
        Trouble::At(_, Failure::Malformed(_)) => 7,
        Trouble::At(..) => 4,
        Trouble::Redirects => 8,
    }
}
