-- Where sandboxed sessions run, and what their shells remember.
CREATE TABLE sandboxes (
    -- What shares it: "shared", "agent:<id>" or a session's key.
    scope TEXT PRIMARY KEY,
    backend TEXT NOT NULL,
    agent TEXT NOT NULL,
    -- The folder of this machine that is its workspace.
    workspace TEXT NOT NULL,
    -- Tells settings apart that need a new sandbox.
    config_hash TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE shells (
    session TEXT PRIMARY KEY,
    scope TEXT NOT NULL,
    -- Variables, functions and the directory, in the shell's own format.
    memory BLOB NOT NULL,
    used_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX shells_by_scope ON shells (scope);
