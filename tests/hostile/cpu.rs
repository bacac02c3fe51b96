//! Components that compute, wait or are broken off.
