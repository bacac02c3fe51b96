-- Small stores, one for each extension and account. `account` is '' for what belongs to no account.
CREATE TABLE kv (
    owner      TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    value      BLOB    NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (owner, account, key)
) STRICT;

-- What each store holds, kept beside it so that a quota is checked without adding the store up.
CREATE TABLE kv_usage (
    owner   TEXT    NOT NULL,
    account TEXT    NOT NULL,
    entries INTEGER NOT NULL CHECK (entries >= 0),
    bytes   INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (owner, account)
) STRICT, WITHOUT ROWID;
