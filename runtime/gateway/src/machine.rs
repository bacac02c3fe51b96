//! The machine that the gateway runs on, as it is shown to people.
//!
//! **Cost.** Asked once at the start: two files and one socket that sends nothing.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// The machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Machine {
    /// Its name.
    pub host: String,
    /// Its address on the network, if it has one.
    pub ip: Option<IpAddr>,
    /// Its system and release, as in `linux 6.1.0`.
    pub platform: String,
    /// The family of its system.
    pub family: &'static str,
}

impl Machine {
    /// This one.
    pub fn find() -> Self {
        let name = rustix::system::uname();
        let host = name.nodename().to_string_lossy();
        let release = name.release().to_string_lossy();
        Self {
            host: if host.is_empty() {
                "localhost".to_owned()
            } else {
                host.into_owned()
            },
            ip: outward_address(),
            platform: format!("{} {release}", std::env::consts::OS),
            family: match std::env::consts::OS {
                "linux" => "Linux",
                "macos" => "Mac",
                "windows" => "Windows",
                other => other,
            },
        }
    }
}

/// The address that the system would send from: connecting a datagram socket only asks the routing table.
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address for documentation, which no host has.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}
