//! The gateway's durable state: one SQLite database, one writer, many readers.
//!
//! **Promise.** A write that was acknowledged survives `kill -9` of the process; with [`Durability::Full`] it
//! survives a power cut as well. A write is kept whole or not at all. One process at a time owns a state folder.
//! The audit log only grows, and a changed, missing or cut-off row is found.
//!
//! **Bound.** At most [`writer::QUEUE`] writes wait; a caller beyond that waits its turn. Readers wait for the
//! writer only in the bounded moment that keeps the log of changes short. Every store of an extension has a
//! quota.
//!
//! **Never.** No secret is written: audit text passes the redactor that the owner of the state provides. No
//! network, no child process, no environment variable is read.
//!
//! Start at [`State::open`]. What a write may do is on [`Tx`], what a read may do on [`View`].

mod audit;
mod backup;
mod changes;
mod channels;
mod connection;
mod delivery;
pub mod devices;
mod error;
mod glance;
mod grants;
mod inbound;
mod integrity;
mod jobs;
mod kv;
mod lock;
mod migrations;
mod outbox;
mod pairing;
mod readers;
mod rooms;
mod sandboxes;
mod sessions;
mod state;
mod transcript;
mod turns;
mod view;
pub mod writer;

pub use audit::{AuditEntry, AuditHead, AuditRow, Outcome, Redact};
pub use backup::restore;
pub use channels::{ChannelAccount, ChannelCursor, ChannelTimer};
pub use delivery::{DeadLetter, INTERRUPTED, NextOutbound, Outbound};
pub use error::{Error, Result};
pub use glance::look;
pub use grants::StoredGrant;
pub use inbound::{ChannelRecord, NewParked, PARKED_MOST, ParkedEvent, RECORDS_MOST, SEEN_MOST, SEEN_MS};
pub use integrity::Integrity;
pub use kv::{KvEntry, KvQuota, KvUsage, Namespace, QuotaKind};
pub use migrations::SCHEMA_VERSION;
pub use outbox::NewOutbound;
pub use pairing::{Applicant, PairedSender, Pairing, PairingRequest, PairingRules};
pub use rooms::RoomMessage;
pub use sandboxes::{MEMORY_BYTES, SandboxRow};
pub use sessions::Session;
pub use state::{DATABASE_FILE, Durability, Options, State};
pub use transcript::{Entry, Transcript};
pub use turns::{NewTurn, Put, Turn, TurnState};
pub use view::{Tx, View};
