//! Components that take memory.
