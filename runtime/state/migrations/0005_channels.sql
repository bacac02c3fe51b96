-- What the adapter of an account saved; one row for each account that ever saved something.
CREATE TABLE channel_states (
    channel    TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    state      BLOB    NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (channel, account)
) STRICT;

-- How far an account has read each of the platform's streams.
CREATE TABLE channel_cursors (
    channel    TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    position   TEXT    NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (channel, account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel_timers (
    channel TEXT    NOT NULL,
    account TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    due_ms  INTEGER NOT NULL,
    PRIMARY KEY (channel, account, name)
) STRICT, WITHOUT ROWID;

-- What was taken in, so that it is not taken in again. `key` names an event or a message.
CREATE TABLE channel_seen (
    seq     INTEGER PRIMARY KEY,
    channel TEXT    NOT NULL,
    account TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    seen_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX channel_seen_keys ON channel_seen (channel, account, key);

-- What came in and is no turn of its own: edits, deletions, reactions and the like.
CREATE TABLE channel_records (
    seq          INTEGER PRIMARY KEY,
    channel      TEXT    NOT NULL,
    account      TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    detail       TEXT    NOT NULL,
    at_ms        INTEGER NOT NULL
) STRICT;
CREATE INDEX channel_records_by_account ON channel_records (channel, account, seq);

-- Events that an adapter could not deal with, set aside for a person.
CREATE TABLE channel_parked (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    channel   TEXT    NOT NULL,
    account   TEXT    NOT NULL,
    event     TEXT    NOT NULL,
    attempts  INTEGER NOT NULL,
    error     TEXT    NOT NULL,
    payload   BLOB    NOT NULL,
    parked_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX channel_parked_by_account ON channel_parked (channel, account, id);

CREATE TABLE pairing_requests (
    channel    TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    sender     TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    name       TEXT,
    reply_to   TEXT    NOT NULL,
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL,
    PRIMARY KEY (channel, account, sender)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pairing_requests_by_code ON pairing_requests (channel, code);

-- Who was let in by a code.
CREATE TABLE paired_senders (
    channel   TEXT    NOT NULL,
    account   TEXT    NOT NULL,
    sender    TEXT    NOT NULL,
    name      TEXT,
    paired_ms INTEGER NOT NULL,
    PRIMARY KEY (channel, account, sender)
) STRICT, WITHOUT ROWID;

-- What was said in a room since the agent was last called there: `at_ms` is the platform's time, `put_ms` ours.
CREATE TABLE room_messages (
    seq          INTEGER PRIMARY KEY,
    channel      TEXT    NOT NULL,
    account      TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    sender       TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    at_ms        INTEGER NOT NULL,
    put_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX room_messages_by_conversation ON room_messages (channel, account, conversation, seq);
CREATE INDEX room_messages_by_age ON room_messages (put_ms);

-- Conversations that have a new address, with the one under which they are kept.
CREATE TABLE channel_moves (
    channel TEXT NOT NULL,
    account TEXT NOT NULL,
    address TEXT NOT NULL,
    kept_as TEXT NOT NULL,
    PRIMARY KEY (channel, account, address)
) STRICT, WITHOUT ROWID;

-- The message in which the answer of a turn is shown while it is written.
CREATE TABLE channel_drafts (
    run_id     TEXT    NOT NULL PRIMARY KEY,
    message_id TEXT    NOT NULL,
    made_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The parts that a message was cut into when its first one left, so that a later build or setting cuts it no other way.
ALTER TABLE outbox ADD COLUMN plan TEXT CHECK (plan IS NULL OR json_valid(plan));
CREATE INDEX outbox_sent ON outbox (updated_ms) WHERE state = 'sent';
