-- Which conversation a key leads to now. `entry` holds what clients see of it beside these columns.
CREATE TABLE sessions (
    key                 TEXT    PRIMARY KEY,
    agent_id            TEXT    NOT NULL,
    session_id          TEXT    NOT NULL,
    started_ms          INTEGER NOT NULL,
    last_interaction_ms INTEGER NOT NULL,
    updated_ms          INTEGER NOT NULL,
    entry               TEXT    NOT NULL CHECK (json_valid(entry))
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_update ON sessions (updated_ms);

-- One conversation each; a reset leaves the old one and begins another. `leaf` is the entry that the next follows.
CREATE TABLE transcripts (
    session_id  TEXT    PRIMARY KEY,
    session_key TEXT    NOT NULL,
    agent_id    TEXT    NOT NULL,
    created_ms  INTEGER NOT NULL,
    leaf        INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX transcripts_by_key ON transcripts (session_key);

-- What was said, as a tree: each entry names the one before it. Entries are added and never changed.
CREATE TABLE transcript (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT    NOT NULL,
    parent     INTEGER,
    at_ms      INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    run_id     TEXT,
    body       TEXT    NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX transcript_by_session ON transcript (session_id);

-- What was asked for, in the order in which it was accepted. The run's id is what a repeat is known by.
CREATE TABLE turns (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id      TEXT    NOT NULL UNIQUE,
    session_key TEXT    NOT NULL,
    agent_id    TEXT    NOT NULL,
    session_id  TEXT,
    request     TEXT    NOT NULL CHECK (json_valid(request)),
    state       TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'aborted')),
    received_ms INTEGER NOT NULL,
    started_ms  INTEGER,
    ended_ms    INTEGER,
    stop_asked  INTEGER NOT NULL DEFAULT 0 CHECK (stop_asked IN (0, 1)),
    outcome     TEXT CHECK (outcome IS NULL OR json_valid(outcome))
) STRICT;
CREATE INDEX turns_open ON turns (session_key, seq) WHERE state IN ('queued', 'running');
CREATE INDEX turns_waiting ON turns (seq) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX one_turn_runs ON turns (session_key) WHERE state = 'running';
CREATE INDEX turns_ended ON turns (ended_ms) WHERE ended_ms IS NOT NULL;

-- What is to leave on a channel. `part` counts the parts that were begun, `sent` lists the platform's ids of those
-- that arrived.
CREATE TABLE outbox (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT    NOT NULL UNIQUE,
    channel      TEXT    NOT NULL,
    account      TEXT    NOT NULL,
    recipient    TEXT    NOT NULL,
    thread       TEXT,
    reply_to     TEXT,
    in_answer_to TEXT,
    kind         TEXT    NOT NULL,
    body         TEXT    NOT NULL CHECK (json_valid(body)),
    session_key  TEXT,
    run_id       TEXT,
    state        TEXT    NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'dead')),
    part         INTEGER NOT NULL DEFAULT 0,
    sent         TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(sent)),
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_try_ms  INTEGER NOT NULL DEFAULT 0,
    error        TEXT,
    created_ms   INTEGER NOT NULL,
    updated_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_open ON outbox (channel, account, seq) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_dead ON outbox (seq) WHERE state = 'dead';
CREATE INDEX outbox_dead_by_account ON outbox (channel, account, seq) WHERE state = 'dead';
