//! How extensions reach the network, as the config and the environment say.

use openclaw_components::NetworkOptions;
use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_config::tree::system::{LoopbackMode, Proxy};
use openclaw_egress::{Loopback, Roots, Upstream};

use crate::failure::Failure;

/// The variable that names a file of further authorities, as Node.js has it.
const EXTRA_CERTIFICATES: &str = "NODE_EXTRA_CA_CERTS";

/// Reads them.
pub(crate) fn options(snapshot: &Snapshot<Config>) -> Result<NetworkOptions, Failure> {
    let mut options = NetworkOptions::default();
    if let Some(file) = snapshot
        .environment
        .get(EXTRA_CERTIFICATES)
        .filter(|file| !file.is_empty())
    {
        add_file(&mut options.roots, file, EXTRA_CERTIFICATES)?;
    }
    if let Some(proxy) = snapshot.config.proxy.as_ref().filter(|proxy| proxy.enabled) {
        options.upstream = Some(upstream(proxy)?);
    }
    Ok(options)
}

fn upstream(config: &Proxy) -> Result<Upstream, Failure> {
    let url = config.proxy_url.as_deref().unwrap_or_default();
    let proxy = openclaw_egress::Proxy::parse(url)
        .map_err(|error| Failure::negative(format!("proxy.proxyUrl cannot be used: {error}")))?;
    let mut roots = Roots::of_platform();
    if let Some(file) = &config.tls.ca_file {
        add_file(&mut roots, file, "proxy.tls.caFile")?;
    }
    Ok(Upstream {
        proxy,
        roots,
        loopback: match config.loopback_mode {
            None | Some(LoopbackMode::GatewayOnly) => Loopback::Direct,
            Some(LoopbackMode::Proxy) => Loopback::Proxied,
            Some(LoopbackMode::Block) => Loopback::Blocked,
        },
    })
}

fn add_file(roots: &mut Roots, file: &str, named_by: &str) -> Result<(), Failure> {
    let refuse =
        |why: String| Failure::negative(format!("{named_by} names {file}, which cannot be used: {why}"));
    let pem = std::fs::read(file).map_err(|error| refuse(error.to_string()))?;
    roots
        .add_pem(&pem)
        .map(drop)
        .map_err(|error| refuse(error.to_string()))
}
