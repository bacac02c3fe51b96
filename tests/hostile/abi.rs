//! Components that break the rules of calls between them and the host.
