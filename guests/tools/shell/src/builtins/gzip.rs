//! `gzip`, `gunzip` and `zcat`.

use std::io::{ErrorKind, Read, Write};

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

use super::common::{Files, Report, reason};
use super::lines::content;
use super::options::{Given, Known, flag, parse, valued};

const KNOWN: [Known; 21] = [
    flag('c', "stdout"),
    flag('d', "decompress"),
    flag('k', "keep"),
    flag('f', "force"),
    flag('t', "test"),
    flag('l', "list"),
    flag('v', "verbose"),
    flag('q', "quiet"),
    flag('n', "no-name"),
    flag('N', "name"),
    flag('r', "recursive"),
    valued('S', "suffix"),
    flag('1', "fast"),
    flag('2', ""),
    flag('3', ""),
    flag('4', ""),
    flag('5', ""),
    flag('6', ""),
    flag('7', ""),
    flag('8', ""),
    flag('9', "best"),
];

/// One of the three names.
pub(super) struct Gzip(pub(super) &'static str);

#[async_trait]
impl Builtin for Gzip {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let Self(tool) = *self;
        let given = match parse(tool, &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        if given.value("suffix") == Some("") {
            return Ok(ExecResult::err(format!("{tool}: invalid suffix ''\n"), 1));
        }
        let mut run = Run {
            tool,
            unpacks: tool != "gzip" || given.has("decompress") || given.has("test") || given.has("list"),
            to_out: tool == "zcat" || given.has("stdout"),
            given: &given,
            out: Vec::new(),
            report: Report::default(),
        };
        let input = ["-".to_owned()];
        let names = if given.operands.is_empty() {
            &input
        } else {
            given.operands.as_slice()
        };
        for name in names {
            run.one(&ctx, name).await;
        }
        Ok(ExecResult {
            stdout: run.out.into(),
            ..run.report.end()
        })
    }
}

struct Run<'a> {
    tool: &'static str,
    unpacks: bool,
    to_out: bool,
    given: &'a Given,
    out: Vec<u8>,
    report: Report,
}

impl Run<'_> {
    async fn one(&mut self, ctx: &BuiltinContext<'_>, name: &str) {
        let files = Files::new(ctx);
        let suffix = self.given.value("suffix").unwrap_or(".gz");
        // `gunzip f` means `f.gz` if there is no `f`.
        let name = match self.unpacks && name != "-" && files.stat(name).await.is_err() {
            true => format!("{name}{suffix}"),
            false => name.to_owned(),
        };
        let packed = match content(ctx, &name).await {
            Ok(packed) => packed,
            Err(error) => {
                return self
                    .report
                    .fail(self.tool, &format!("{name}: {}", reason(&error)));
            }
        };
        let shown = if name == "-" { "stdin" } else { &name };
        let result = match self.unpacks {
            true => match unpack(&packed) {
                (whole, None) => Ok(whole),
                (_, Some(why)) => Err(why),
            },
            false => pack(&packed, self.level()).map_err(|_| "cannot be packed"),
        };
        let result = match result {
            Ok(result) => result,
            Err(why) => {
                self.report
                    .err
                    .push_str(&format!("\n{}: {shown}: {why}\n", self.tool));
                self.report.code = 1;
                return;
            }
        };
        if self.given.has("list") {
            return self.list(&name, packed.len(), result.len());
        }
        if self.given.has("test") {
            return;
        }
        if self.to_out || name == "-" {
            return self.out.extend(result);
        }
        let to = match self.unpacks {
            false if name.ends_with(suffix) && !self.given.has("force") => {
                self.report.err.push_str(&format!(
                    "gzip: {name} already has {suffix} suffix -- unchanged\n"
                ));
                self.report.code = 2;
                return;
            }
            false => format!("{name}{suffix}"),
            true => match (name.strip_suffix(suffix), name.strip_suffix(".tgz")) {
                (Some(stem), _) => stem.to_owned(),
                (None, Some(stem)) => format!("{stem}.tar"),
                (None, None) => {
                    self.report
                        .err
                        .push_str(&format!("gzip: {name}: unknown suffix -- ignored\n"));
                    self.report.code = 2;
                    return;
                }
            },
        };
        if files.stat(&to).await.is_ok() && !self.given.has("force") {
            self.report
                .err
                .push_str(&format!("gzip: {to} already exists;\tnot overwritten\n"));
            self.report.code = 2;
            return;
        }
        let (from, goal) = (files.path(&name), files.path(&to));
        let found = files.fs.stat(&from).await;
        if let Err(error) = files.fs.write_file(&goal, &result).await {
            return self.report.fail(self.tool, &format!("{to}: {}", reason(&error)));
        }
        if let Ok(found) = found {
            // The time and mode are the least of it.
            let _ = files.fs.set_modified_time(&goal, found.modified).await;
            let _ = files.fs.chmod(&goal, found.mode).await;
        }
        if !self.given.has("keep")
            && let Err(error) = files.fs.remove(&from, false).await
        {
            self.report
                .fail(self.tool, &format!("{name}: {}", reason(&error)));
        }
    }

    fn level(&self) -> Compression {
        let levels = ["fast", "2", "3", "4", "5", "6", "7", "8", "best"];
        match self.given.last(&levels) {
            Some("fast") => Compression::fast(),
            Some("best") => Compression::best(),
            Some(level) => Compression::new(level.parse().unwrap_or(6)),
            None => Compression::default(),
        }
    }

    fn list(&mut self, name: &str, packed: usize, whole: usize) {
        if self.out.is_empty() {
            self.out
                .extend_from_slice(b"         compressed        uncompressed  ratio uncompressed_name\n");
        }
        let saved = match whole {
            0 => 0.0,
            whole => 100.0 - (packed as f64 - 18.0 - name.len() as f64) * 100.0 / whole as f64,
        };
        let stem = name.strip_suffix(".gz").unwrap_or(name);
        self.out
            .extend_from_slice(format!("{packed:>19} {whole:>19} {saved:>5.1}% {stem}\n").as_bytes());
    }
}

/// What was packed, as far as it can be read, and in gzip's words why that is not all of it.
pub(super) fn unpack(packed: &[u8]) -> (Vec<u8>, Option<&'static str>) {
    const MAGIC: [u8; 2] = [0x1f, 0x8b];
    let (mut whole, mut rest) = (Vec::new(), packed);
    loop {
        if let Err(error) = GzDecoder::new(&mut rest).read_to_end(&mut whole) {
            let why = match error.kind() {
                _ if !packed.starts_with(&MAGIC) => "not in gzip format",
                ErrorKind::UnexpectedEof => "unexpected end of file",
                _ if error.to_string().contains("checksum") => "invalid compressed data--crc error",
                _ => "invalid compressed data--format violated",
            };
            return (whole, Some(why));
        }
        // Tapes are filled up with zeros.
        if rest.iter().all(|byte| *byte == 0) {
            return (whole, None);
        }
        if !rest.starts_with(&MAGIC) {
            return (whole, Some("decompression OK, trailing garbage ignored"));
        }
    }
}

fn pack(whole: &[u8], level: Compression) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), level);
    packer.write_all(whole)?;
    packer.finish()
}
