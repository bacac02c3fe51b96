//! Components that misuse what the host offers them.
