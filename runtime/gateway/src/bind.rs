//! Which addresses are listened on, and taking hold of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use openclaw_config::tree::gateway::{Bind, Gateway as Config};
use tokio::net::TcpListener;

use crate::error::{Error, Result};

/// How often a port that is in use is asked for again, as the one before may be on its way out.
const TRIES: u32 = 20;
/// How long between.
const PAUSE: Duration = Duration::from_millis(500);

/// The addresses that the config means; `bind` and `port` come from the command line.
pub fn addresses(config: &Config, bind: Option<Bind>, port: u16) -> Result<Vec<SocketAddr>> {
    let everywhere = || vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))];
    let here = || {
        vec![
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        ]
    };
    let in_container = || {
        ["/.dockerenv", "/run/.containerenv"]
            .iter()
            .any(|file| Path::new(file).exists())
    };
    Ok(match bind.or(config.bind) {
        Some(Bind::Loopback) => here(),
        Some(Bind::Lan) => everywhere(),
        None | Some(Bind::Auto) => {
            if in_container() {
                everywhere()
            } else {
                here()
            }
        }
        Some(Bind::Custom) => {
            let given = config.custom_bind_host.as_deref().ok_or(Error::NoCustomHost)?;
            let ip: Ipv4Addr = given.trim().parse().map_err(|_| Error::CustomHost {
                given: given.to_owned(),
            })?;
            vec![SocketAddr::from((ip, port))]
        }
        Some(Bind::Tailnet) => return Err(Error::NoTailnet),
    })
}

/// Takes hold of the addresses. From here on a client that connects waits until it is served. Without IPv6 on this
/// machine its loopback address is left out; the first address must be had. With port 0 all share the one that the
/// system chooses.
pub async fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    for address in addresses {
        let mut address = *address;
        if address.port() == 0
            && let Some(first) = listeners.first().and_then(|listener| listener.local_addr().ok())
        {
            address.set_port(first.port());
        }
        match take(address, listeners.is_empty()).await {
            Ok(listener) => listeners.push(listener),
            Err(fault) if !listeners.is_empty() && address.ip() == IpAddr::V6(Ipv6Addr::LOCALHOST) => {
                tracing::debug!(%fault, "the gateway is not reached over IPv6");
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(listeners)
}

async fn take(address: SocketAddr, patient: bool) -> Result<TcpListener> {
    let mut tries = 0;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(cause) if cause.kind() == std::io::ErrorKind::AddrInUse => {
                tries += 1;
                if tries >= TRIES || !patient {
                    return Err(Error::InUse { address });
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(cause) => return Err(Error::Bind { address, cause }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(change: impl FnOnce(&mut Config)) -> Result<Vec<SocketAddr>> {
        let mut config = Config::default();
        change(&mut config);
        addresses(&config, None, 7)
    }

    #[test]
    fn each_mode_means_its_addresses() {
        let text = |found: Result<Vec<SocketAddr>>| {
            found
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            text(chosen(|config| config.bind = Some(Bind::Loopback))),
            "127.0.0.1:7 [::1]:7"
        );
        assert_eq!(text(chosen(|config| config.bind = Some(Bind::Lan))), "0.0.0.0:7");
        let custom = |host: Option<&str>| {
            chosen(|config| {
                config.bind = Some(Bind::Custom);
                config.custom_bind_host = host.map(str::to_owned);
            })
        };
        assert_eq!(text(custom(Some("127.0.0.2"))), "127.0.0.2:7");
        assert!(matches!(custom(None), Err(Error::NoCustomHost)));
        assert!(matches!(custom(Some("box")), Err(Error::CustomHost { .. })));
        assert!(matches!(
            chosen(|config| config.bind = Some(Bind::Tailnet)),
            Err(Error::NoTailnet)
        ));
    }

    #[tokio::test]
    async fn a_port_of_the_systems_choice_is_the_same_on_all_addresses() {
        let asked = ["127.0.0.1:0".parse().unwrap(), "127.0.0.2:0".parse().unwrap()];
        let listeners = listen(&asked).await.unwrap();
        let ports: Vec<u16> = listeners
            .iter()
            .map(|one| one.local_addr().unwrap().port())
            .collect();
        assert_eq!(ports[0], ports[1]);
    }
}
