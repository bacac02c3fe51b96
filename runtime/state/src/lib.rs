//! The gateway's durable state: one SQLite database, one writer, many readers.
