//! Devices that were let in, the tokens they were given, and those that wait for a person.
//!
//! **Promise.** Of a token only its hash is kept: who reads the database can be nobody's device. A device that is
//! removed takes its tokens along. **Bound.** [`WAITING`] devices wait at once, the oldest make room; each waits until
//! its time is over. **Cost.** A row each.

use rusqlite::{OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::kv::{NAME_BYTES, check_name};
use crate::view::{Tx, View};

/// How many devices may wait at once.
pub const WAITING: i64 = 100;
/// The longest description of a device, as JSON, in bytes.
const ABOUT_BYTES: usize = 16 << 10;

/// A device that was let in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// The hash of its key.
    pub device_id: String,
    /// Its key.
    pub public_key: String,
    /// What it says about itself, as JSON.
    pub about: String,
    /// What a person calls it.
    pub label: Option<String>,
    /// As what it may come.
    pub roles: Vec<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was first let in, in milliseconds since 1970.
    pub created_ms: i64,
    /// When a person or a rule last decided about it.
    pub approved_ms: i64,
    /// When it was last connected.
    pub last_seen_ms: Option<i64>,
}

/// A token that a device was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceToken {
    /// The role that it is for.
    pub role: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it was first given, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it was replaced.
    pub rotated_ms: Option<i64>,
    /// When it was taken back.
    pub revoked_ms: Option<i64>,
    /// When it was last used.
    pub last_used_ms: Option<i64>,
    /// The mark of the shared secret without which it opens nothing; none for a token that stands by itself.
    pub secret_mark: Option<Vec<u8>>,
}

/// A device that waits for a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceRequest {
    /// What the person names.
    pub request_id: String,
    /// The hash of its key.
    pub device_id: String,
    /// Its key.
    pub public_key: String,
    /// What it says about itself, as JSON.
    pub about: String,
    /// As what it wants to come.
    pub role: String,
    /// What it wants to do.
    pub scopes: Vec<String>,
    /// Whether it was let in before and wants more.
    pub is_repair: bool,
    /// When it first asked, in milliseconds since 1970.
    pub created_ms: i64,
    /// Until when it waits.
    pub expires_ms: i64,
}

impl Device {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            device_id: row.get(0)?,
            public_key: row.get(1)?,
            about: row.get(2)?,
            label: row.get(3)?,
            roles: list(&row.get::<_, String>(4)?),
            scopes: list(&row.get::<_, String>(5)?),
            created_ms: row.get(6)?,
            approved_ms: row.get(7)?,
            last_seen_ms: row.get(8)?,
        })
    }
}

impl DeviceRequest {
    /// Whether a person who looked at one has looked at the other.
    fn asks_the_same(&self, other: &Self) -> bool {
        (&self.public_key, &self.about, &self.role, &self.scopes)
            == (&other.public_key, &other.about, &other.role, &other.scopes)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            request_id: row.get(0)?,
            device_id: row.get(1)?,
            public_key: row.get(2)?,
            about: row.get(3)?,
            role: row.get(4)?,
            scopes: list(&row.get::<_, String>(5)?),
            is_repair: row.get(6)?,
            created_ms: row.get(7)?,
            expires_ms: row.get(8)?,
        })
    }
}

const DEVICE: &str = "SELECT device_id, public_key, about_json, label, roles_json, scopes_json, created_ms,
    approved_ms, last_seen_ms FROM devices";
const REQUEST: &str = "SELECT request_id, device_id, public_key, about_json, role, scopes_json, is_repair,
    created_ms, expires_ms FROM device_requests";

impl View<'_> {
    /// A device, if it was let in.
    pub fn device(&self, device_id: &str) -> Result<Option<Device>> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{DEVICE} WHERE device_id = ?1"))?;
        Ok(statement.query_row([device_id], Device::read).optional()?)
    }

    /// All devices that were let in, the newest first.
    pub fn devices(&self) -> Result<Vec<Device>> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{DEVICE} ORDER BY approved_ms DESC, device_id"))?;
        let rows = statement.query_map([], Device::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The tokens of a device, by role.
    pub fn device_tokens(&self, device_id: &str) -> Result<Vec<DeviceToken>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT role, scopes_json, created_ms, rotated_ms, revoked_ms, last_used_ms, secret_mark
             FROM device_tokens WHERE device_id = ?1 ORDER BY role",
        )?;
        let rows = statement.query_map([device_id], |row| {
            Ok(DeviceToken {
                role: row.get(0)?,
                scopes: list(&row.get::<_, String>(1)?),
                created_ms: row.get(2)?,
                rotated_ms: row.get(3)?,
                revoked_ms: row.get(4)?,
                last_used_ms: row.get(5)?,
                secret_mark: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What a token allows, if it is this device's and was not taken back. `secret_mark`: of the shared secret that
    /// counts now; a token that was given under another one opens nothing.
    pub fn device_token_scopes(
        &self,
        device_id: &str,
        role: &str,
        token: &str,
        secret_mark: Option<&[u8]>,
    ) -> Result<Option<Vec<String>>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT scopes_json FROM device_tokens
             WHERE device_id = ?1 AND role = ?2 AND hash = ?3 AND revoked_ms IS NULL
                 AND (secret_mark IS NULL OR secret_mark = ?4)",
        )?;
        let found = statement.query_row(params![device_id, role, hash(token), secret_mark], |row| {
            row.get::<_, String>(0)
        });
        Ok(found.optional()?.map(|scopes| list(&scopes)))
    }

    /// Those that wait at this time, the newest first.
    pub fn device_requests(&self, now_ms: i64) -> Result<Vec<DeviceRequest>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{REQUEST} WHERE expires_ms > ?1 ORDER BY created_ms DESC, request_id"
        ))?;
        let rows = statement.query_map([now_ms], DeviceRequest::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One that waits at this time.
    pub fn device_request(&self, request_id: &str, now_ms: i64) -> Result<Option<DeviceRequest>> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{REQUEST} WHERE request_id = ?1 AND expires_ms > ?2"))?;
        let found = statement.query_row(params![request_id, now_ms], DeviceRequest::read);
        Ok(found.optional()?)
    }
}

impl Tx<'_> {
    /// Lets a device wait. The answer is the request id that counts, and whether it is new: a device that asks again
    /// for the same keeps its id, one that asks for something else gets another, so that nobody approves what they
    /// have not seen.
    pub fn put_device_request(&self, request: &DeviceRequest) -> Result<(String, bool)> {
        check_name("the id of a device", &request.device_id, NAME_BYTES)?;
        check_about(&request.about)?;
        self.connection.execute(
            "DELETE FROM device_requests WHERE expires_ms <= ?1",
            [self.now_ms],
        )?;
        let before = self
            .connection
            .query_row(
                &format!("{REQUEST} WHERE device_id = ?1"),
                [&request.device_id],
                DeviceRequest::read,
            )
            .optional()?;
        if let Some(before) = before {
            if before.asks_the_same(request) {
                self.connection.execute(
                    "UPDATE device_requests SET is_repair = ?2, expires_ms = ?3 WHERE request_id = ?1",
                    params![before.request_id, request.is_repair, request.expires_ms],
                )?;
                return Ok((before.request_id, false));
            }
            self.connection.execute(
                "DELETE FROM device_requests WHERE request_id = ?1",
                [&before.request_id],
            )?;
        }
        self.connection.execute(
            "DELETE FROM device_requests WHERE request_id IN
             (SELECT request_id FROM device_requests ORDER BY created_ms DESC LIMIT -1 OFFSET ?1)",
            [WAITING - 1],
        )?;
        self.connection.execute(
            "INSERT INTO device_requests
                 (request_id, device_id, public_key, about_json, role, scopes_json, is_repair, created_ms, expires_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                request.request_id,
                request.device_id,
                request.public_key,
                request.about,
                request.role,
                text(&request.scopes),
                request.is_repair,
                request.created_ms,
                request.expires_ms
            ],
        )?;
        Ok((request.request_id.clone(), true))
    }

    /// Lets a device wait no longer. None: it did not.
    pub fn take_device_request(&self, request_id: &str) -> Result<Option<DeviceRequest>> {
        let found = self.device_request(request_id, self.now_ms)?;
        self.connection
            .execute("DELETE FROM device_requests WHERE request_id = ?1", [request_id])?;
        Ok(found)
    }

    /// Lets a device in, in this role and with these scopes beside those that it has.
    pub fn approve_device(
        &self,
        device_id: &str,
        public_key: &str,
        about: &str,
        role: &str,
        scopes: &[String],
    ) -> Result<Device> {
        check_name("the id of a device", device_id, NAME_BYTES)?;
        check_about(about)?;
        let before = self.device(device_id)?;
        let merged = |have: Vec<String>, more: &[String]| {
            let mut all = have;
            for name in more {
                if !all.contains(name) {
                    all.push(name.clone());
                }
            }
            all
        };
        let (roles, had) = before
            .map(|before| (before.roles, before.scopes))
            .unwrap_or_default();
        let (roles, scopes) = (merged(roles, &[role.to_owned()]), merged(had, scopes));
        self.connection.execute(
            "INSERT INTO devices
                 (device_id, public_key, about_json, roles_json, scopes_json, created_ms, approved_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
             ON CONFLICT (device_id) DO UPDATE SET about_json = excluded.about_json,
                 roles_json = excluded.roles_json, scopes_json = excluded.scopes_json,
                 approved_ms = excluded.approved_ms",
            params![
                device_id,
                public_key,
                about,
                text(&roles),
                text(&scopes),
                self.now_ms
            ],
        )?;
        self.connection
            .execute("DELETE FROM device_requests WHERE device_id = ?1", [device_id])?;
        self.connection.execute(
            "UPDATE device_tokens SET scopes_json = ?3 WHERE device_id = ?1 AND role = ?2 AND revoked_ms IS NULL",
            params![device_id, role, text(&scopes)],
        )?;
        self.device(device_id)?
            .ok_or(Error::Sqlite(rusqlite::Error::QueryReturnedNoRows))
    }

    /// Gives a device a token for a role, in the place of the one that it has. `secret_mark`: of the shared secret
    /// that must still count when the token is shown; none for one that stands by itself.
    pub fn put_device_token(
        &self,
        device_id: &str,
        role: &str,
        token: &str,
        scopes: &[String],
        secret_mark: Option<&[u8]>,
    ) -> Result<()> {
        self.connection.execute(
            "INSERT INTO device_tokens (device_id, role, hash, scopes_json, created_ms, secret_mark)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET hash = excluded.hash, scopes_json = excluded.scopes_json,
                 rotated_ms = ?5, revoked_ms = NULL, secret_mark = excluded.secret_mark",
            params![
                device_id,
                role,
                hash(token),
                text(scopes),
                self.now_ms,
                secret_mark
            ],
        )?;
        Ok(())
    }

    /// Takes a token back. False: there was none.
    pub fn revoke_device_token(&self, device_id: &str, role: &str) -> Result<bool> {
        let changed = self.connection.execute(
            "UPDATE device_tokens SET revoked_ms = ?3 WHERE device_id = ?1 AND role = ?2 AND revoked_ms IS NULL",
            params![device_id, role, self.now_ms],
        )?;
        Ok(changed > 0)
    }

    /// Notes that a device is there, and by its token if it used that.
    pub fn note_device_seen(&self, device_id: &str, role: &str, by_token: bool) -> Result<()> {
        self.connection.execute(
            "UPDATE devices SET last_seen_ms = ?2 WHERE device_id = ?1",
            params![device_id, self.now_ms],
        )?;
        if by_token {
            self.connection.execute(
                "UPDATE device_tokens SET last_used_ms = ?3 WHERE device_id = ?1 AND role = ?2",
                params![device_id, role, self.now_ms],
            )?;
        }
        Ok(())
    }

    /// Names a device. False: there is none.
    pub fn label_device(&self, device_id: &str, label: &str) -> Result<bool> {
        check_name("the label of a device", label, NAME_BYTES)?;
        let changed = self.connection.execute(
            "UPDATE devices SET label = ?2 WHERE device_id = ?1",
            params![device_id, label],
        )?;
        Ok(changed > 0)
    }

    /// Removes a device with its tokens. False: there is none.
    pub fn remove_device(&self, device_id: &str) -> Result<bool> {
        let changed = self
            .connection
            .execute("DELETE FROM devices WHERE device_id = ?1", [device_id])?;
        Ok(changed > 0)
    }
}

fn check_about(about: &str) -> Result<()> {
    if about.len() > ABOUT_BYTES {
        return Err(Error::Name {
            what: "the description of a device",
            max: ABOUT_BYTES,
        });
    }
    Ok(())
}

/// A token is 32 random bytes, so that a plain hash cannot be turned back.
fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

fn list(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_default()
}

fn text(list: &[String]) -> String {
    serde_json::Value::from(list.to_vec()).to_string()
}
