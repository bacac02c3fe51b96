-- What people agreed to, each for one component of an extension. `account` is '' for what is for all accounts.
CREATE TABLE grants (
    extension  TEXT    NOT NULL,
    digest     TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    grant_json TEXT    NOT NULL CHECK (json_valid(grant_json)),
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (extension, digest, account)
) STRICT, WITHOUT ROWID;
