//! `md5sum` and its kin.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};
use sha2::Digest;

use super::common::{Report, reason};
use super::lines::content;
use super::options::{Given, Known, Takes, flag, long, parse};

const KNOWN: [Known; 10] = [
    flag('b', "binary"),
    flag('t', "text"),
    flag('c', "check"),
    flag('z', "zero"),
    flag('w', "warn"),
    long("tag", Takes::Nothing),
    long("quiet", Takes::Nothing),
    long("status", Takes::Nothing),
    long("strict", Takes::Nothing),
    long("ignore-missing", Takes::Nothing),
];

/// The tool, and what its kind of sum is called.
pub(super) struct Sum(pub(super) &'static str, pub(super) &'static str);

impl Sum {
    fn of(&self, bytes: &[u8]) -> String {
        match self.1 {
            "MD5" => hex(&md5::Md5::digest(bytes)),
            "SHA1" => hex(&sha1::Sha1::digest(bytes)),
            "SHA224" => hex(&sha2::Sha224::digest(bytes)),
            "SHA384" => hex(&sha2::Sha384::digest(bytes)),
            "SHA512" => hex(&sha2::Sha512::digest(bytes)),
            _ => hex(&sha2::Sha256::digest(bytes)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[async_trait]
impl Builtin for Sum {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let Self(tool, kind) = *self;
        let given = match parse(tool, &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut report = Report::default();
        let input = ["-".to_owned()];
        let names = if given.operands.is_empty() {
            &input
        } else {
            given.operands.as_slice()
        };
        for name in names {
            let text = match content(&ctx, name).await {
                Ok(text) => text,
                Err(error) => {
                    report.fail(tool, &format!("{name}: {}", reason(&error)));
                    continue;
                }
            };
            if given.has("check") {
                self.check(&ctx, &given, name, &String::from_utf8_lossy(&text), &mut report)
                    .await;
                continue;
            }
            let sum = self.of(&text);
            let mark = if given.last(&["binary", "text"]) == Some("binary") {
                '*'
            } else {
                ' '
            };
            let end = if given.has("zero") { '\0' } else { '\n' };
            match given.has("tag") {
                true => report.out.push_str(&format!("{kind} ({name}) = {sum}{end}")),
                false => report.out.push_str(&format!("{sum} {mark}{name}{end}")),
            }
        }
        Ok(report.end())
    }
}

impl Sum {
    async fn check(
        &self,
        ctx: &BuiltinContext<'_>,
        given: &Given,
        list: &str,
        text: &str,
        report: &mut Report,
    ) {
        let Self(tool, kind) = *self;
        let (mut bad, mut unread, mut odd, mut good) = (0u32, 0u32, 0u32, 0u32);
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let tagged = line.strip_prefix(kind).and_then(|rest| rest.strip_prefix(" ("));
            let tagged = tagged
                .and_then(|rest| rest.rsplit_once(") = "))
                .map(|(name, sum)| (sum, name));
            let plain = line
                .split_once(' ')
                .map(|(sum, name)| (sum, name.strip_prefix([' ', '*']).unwrap_or(name)));
            let Some((sum, name)) = tagged
                .or(plain)
                .filter(|(sum, _)| sum.len() == self.of(b"").len())
            else {
                odd += 1;
                continue;
            };
            match content(ctx, name).await {
                Ok(bytes) if self.of(&bytes) == sum.to_lowercase() => {
                    good += 1;
                    if !given.has("quiet") && !given.has("status") {
                        report.out.push_str(&format!("{name}: OK\n"));
                    }
                }
                Ok(_) => {
                    bad += 1;
                    if !given.has("status") {
                        report.out.push_str(&format!("{name}: FAILED\n"));
                    }
                }
                Err(_) if given.has("ignore-missing") => {}
                Err(error) => {
                    unread += 1;
                    report.fail(tool, &format!("{name}: {}", reason(&error)));
                    if !given.has("status") {
                        report.out.push_str(&format!("{name}: FAILED open or read\n"));
                    }
                }
            }
        }
        if good + bad + unread == 0 {
            report.fail(
                tool,
                &format!("{list}: no properly formatted checksum lines found"),
            );
            return;
        }
        let count = |number: u32, one: &str, many: &str| match number {
            1 => format!("WARNING: 1 {one}"),
            number => format!("WARNING: {number} {many}"),
        };
        let mut warnings = Vec::new();
        if odd > 0 {
            warnings.push(count(
                odd,
                "line is improperly formatted",
                "lines are improperly formatted",
            ));
        }
        if unread > 0 {
            warnings.push(count(
                unread,
                "listed file could not be read",
                "listed files could not be read",
            ));
        }
        if bad > 0 {
            warnings.push(count(
                bad,
                "computed checksum did NOT match",
                "computed checksums did NOT match",
            ));
        }
        if !given.has("status") {
            for warning in warnings {
                report.err.push_str(&format!("{tool}: {warning}\n"));
            }
        }
        if bad + unread > 0 || (odd > 0 && given.has("strict")) {
            report.code = 1;
        }
    }
}
