//! Who is there, as clients see it: the gateway itself, and each program that is connected.
//!
//! **Promise.** A program is there from its hello to the end of its connection. Commands and services on the gateway's
//! own host, which come and go with every call, are not listed. **Bound.** One entry for each connection.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use openclaw_protocol::VERSION;
use openclaw_protocol::connect::Mode;
use openclaw_protocol::presence::PresenceEntry;
use parking_lot::Mutex;

use crate::clock::now_ms;
use crate::connection::Connection;
use crate::machine::Machine;

/// Who is there.
#[derive(Debug)]
pub struct Presence {
    gateway: PresenceEntry,
    others: Mutex<BTreeMap<String, PresenceEntry>>,
    version: AtomicU64,
}

impl Presence {
    pub(crate) fn new(machine: &Machine, boot_id: &str) -> Self {
        let ip = machine.ip.map(|ip| ip.to_string());
        let at = ip.as_ref().map(|ip| format!(" ({ip})")).unwrap_or_default();
        Self {
            gateway: PresenceEntry {
                text: Some(format!(
                    "Gateway: {}{at} · app {VERSION} · mode gateway · reason self",
                    machine.host
                )),
                host: Some(machine.host.clone()),
                ip,
                version: Some(VERSION.to_owned()),
                platform: Some(machine.platform.clone()),
                device_family: Some(machine.family.to_owned()),
                mode: Some("gateway".to_owned()),
                reason: Some("self".to_owned()),
                instance_id: Some(boot_id.to_owned()),
                ..PresenceEntry::default()
            },
            others: Mutex::default(),
            version: AtomicU64::new(1),
        }
    }

    /// All who are there, the gateway first.
    pub fn entries(&self) -> Vec<PresenceEntry> {
        let mut gateway = self.gateway.clone();
        gateway.ts = now_ms();
        let others = self.others.lock();
        std::iter::once(gateway).chain(others.values().cloned()).collect()
    }

    /// How often it has changed.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Adds a connection. False: it is not listed.
    pub(crate) fn add(&self, connection: &Connection) -> bool {
        let peer = connection.peer();
        if matches!(peer.client.mode, Mode::Cli | Mode::Backend | Mode::Probe) {
            return false;
        }
        let client = &peer.client;
        let entry = PresenceEntry {
            host: client.display_name.clone(),
            client_id: Some(client.id.clone()),
            ip: (!peer.ip.is_loopback()).then(|| peer.ip.to_string()),
            version: Some(client.version.clone()),
            platform: Some(client.platform.clone()),
            device_family: client.device_family.clone(),
            model_identifier: client.model_identifier.clone(),
            time_zone: client.time_zone.clone().filter(|zone| !zone.is_empty()),
            mode: Some(client.mode.name().to_owned()),
            reason: Some("connect".to_owned()),
            device_id: peer.device_id.clone(),
            roles: vec![peer.role.name().to_owned()],
            scopes: peer.grant.names().to_vec(),
            instance_id: client.instance_id.clone(),
            text: None,
            ts: peer.since_ms,
        };
        self.others.lock().insert(connection.id().to_owned(), entry);
        self.version.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Removes a connection. False: it was not listed.
    pub(crate) fn remove(&self, connection: &Connection) -> bool {
        let listed = self.others.lock().remove(connection.id()).is_some();
        if listed {
            self.version.fetch_add(1, Ordering::Relaxed);
        }
        listed
    }
}
