//! The fake Telegram as a program: `fake-telegram [ADDRESS]`. It says on its first line where it listens, and ends
//! with its standard input.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use anyhow::{Context, Result};
use openclaw_tests::platforms::telegram::Telegram;

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let address: SocketAddr = address
        .parse()
        .context("the address is written like 127.0.0.1:8081")?;
    let server = Telegram::start_at(address).await.context("opening the port")?;
    let mut out = io::stdout();
    writeln!(out, "{}", server.root())
        .and_then(|()| out.flush())
        .context("saying where")?;
    let end = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    end.await?.context("waiting for the end of the input")?;
    Ok(())
}
