//! Components that are dear to compile.
