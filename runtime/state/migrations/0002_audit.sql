-- Who did what, chained: each row's hash covers its own columns and the hash before it.
CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY,
    at_ms     INTEGER NOT NULL,
    actor     TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    outcome   TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    prev_hash BLOB    NOT NULL,
    hash      BLOB    NOT NULL
) STRICT;

-- The newest row once more, so that rows cut off at the end are missed.
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL
) STRICT;

-- REPLACE takes a row away without the trigger for DELETE, so a number that is taken is refused first.
CREATE TRIGGER audit_rows_never_give_way BEFORE INSERT ON audit
WHEN NEW.seq < 1 OR EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'audit rows never give way');
END;

CREATE TRIGGER audit_rows_never_change BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows never change');
END;

CREATE TRIGGER audit_rows_never_go BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows never go');
END;
