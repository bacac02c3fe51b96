//! The turn: a queue for each session, the prompt, the tools and what is told about it.
