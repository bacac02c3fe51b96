-- Devices that were let in, what each was given, and those that wait for a person. Of a token only its hash is kept.
CREATE TABLE devices (
    device_id     TEXT    NOT NULL PRIMARY KEY,
    public_key    TEXT    NOT NULL,
    about_json    TEXT    NOT NULL CHECK (json_valid(about_json)),
    label         TEXT,
    roles_json    TEXT    NOT NULL CHECK (json_valid(roles_json)),
    scopes_json   TEXT    NOT NULL CHECK (json_valid(scopes_json)),
    created_ms    INTEGER NOT NULL,
    approved_ms   INTEGER NOT NULL,
    last_seen_ms  INTEGER
) STRICT;

CREATE TABLE device_tokens (
    device_id    TEXT    NOT NULL REFERENCES devices (device_id) ON DELETE CASCADE,
    role         TEXT    NOT NULL,
    hash         BLOB    NOT NULL,
    scopes_json  TEXT    NOT NULL CHECK (json_valid(scopes_json)),
    created_ms   INTEGER NOT NULL,
    rotated_ms   INTEGER,
    revoked_ms   INTEGER,
    last_used_ms INTEGER,
    PRIMARY KEY (device_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_requests (
    request_id  TEXT    NOT NULL PRIMARY KEY,
    device_id   TEXT    NOT NULL UNIQUE,
    public_key  TEXT    NOT NULL,
    about_json  TEXT    NOT NULL CHECK (json_valid(about_json)),
    role        TEXT    NOT NULL,
    scopes_json TEXT    NOT NULL CHECK (json_valid(scopes_json)),
    is_repair   INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
