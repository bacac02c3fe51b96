//! Accounts that run, with adapters that do what a test says.
