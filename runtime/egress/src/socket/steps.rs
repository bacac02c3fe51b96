//! What is said in the clear before a connection is encrypted.
//!
//! **Promise.** Only the given lines are sent, and what the server answers is judged and thrown away: nothing of it
//! reaches whoever speaks later under TLS. If anything stands behind the line that ends the last step, somebody on
//! the way may have put it there to be taken for what the server said under TLS; then there is no connection.
//! **Bound.** The given time, and [`MOST_BYTES`] that arrive.

use openclaw_policy::Host;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;

use super::framing::{Lines, line_of};
use super::pattern::Pattern;
use crate::error::{Cause, Error, Phase, Result, Sent};

/// The bytes that a server may say in the clear: greetings and lists of what it can do.
const MOST_BYTES: usize = 64 * 1024;

/// One step in the clear.
#[derive(Clone, Debug, PartialEq)]
pub struct ClearStep {
    /// A line to send first, without its end.
    pub send: Option<String>,
    /// The line that ends the step. Others before it are thrown away.
    pub until: Pattern,
}

/// Takes the steps. The stream that is returned is the one to encrypt.
pub(crate) async fn speak<S>(mut stream: S, host: &Host, steps: &[ClearStep], until: Instant) -> Result<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let within = until.saturating_duration_since(Instant::now());
    // All are read before the first is sent, so that a mistake in one of them sends nothing.
    let steps: Result<Vec<_>> = steps.iter().map(prepare).collect();
    let steps = steps?;
    let mut sent = Sent::No;
    match tokio::time::timeout_at(until, take(&mut stream, host, &steps, &mut sent)).await {
        Ok(Ok(())) => Ok(stream),
        Ok(Err(cause)) => Err(cause.when(sent)),
        Err(_) => Err(Cause::Timeout {
            phase: Phase::Connect,
            within,
        }
        .when(sent)),
    }
}

fn prepare(step: &ClearStep) -> Result<(Vec<u8>, &Pattern), Error> {
    let line = step.send.as_ref().map(|line| line_of(line.as_bytes()));
    Ok((line.transpose()?.unwrap_or_default(), &step.until))
}

async fn take<S>(
    stream: &mut S,
    host: &Host,
    steps: &[(Vec<u8>, &Pattern)],
    sent: &mut Sent,
) -> Result<(), Cause>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let broke = |error: std::io::Error| Cause::Connect {
        host: host.to_string(),
        why: format!("the connection broke before it was encrypted: {error}"),
    };
    let mut lines = Lines::new(MOST_BYTES);
    let mut left = MOST_BYTES;
    for (line, until) in steps {
        if !line.is_empty() {
            *sent = Sent::Unknown;
            stream.write_all(line).await.map_err(broke)?;
            stream.flush().await.map_err(broke)?;
            *sent = Sent::Yes;
        }
        loop {
            if let Some(answer) = lines.take().map_err(|error| error.cause)? {
                if is_match(until, &answer) {
                    break;
                }
                continue;
            }
            let read = (&mut *stream).take(left as u64).read_buf(lines.arrived()).await;
            let read = read.map_err(broke)?;
            if read == 0 {
                let why = if left == 0 {
                    format!("sent more than {MOST_BYTES} bytes before the connection was encrypted")
                } else {
                    "closed the connection before it was encrypted".to_owned()
                };
                return Err(Cause::peer(host, &why));
            }
            left = left.saturating_sub(read);
        }
    }
    if lines.is_empty() {
        Ok(())
    } else {
        let why =
            "sent more in the clear behind the line that ends the last step; somebody on the way may have";
        Err(Cause::peer(host, why))
    }
}

/// What is not text can only be anything.
fn is_match(pattern: &Pattern, line: &[u8]) -> bool {
    match std::str::from_utf8(line) {
        Ok(text) => pattern.matches(text),
        Err(_) => *pattern == Pattern::Anything,
    }
}
