//! Adapters that misbehave.
