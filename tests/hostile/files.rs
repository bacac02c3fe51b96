//! Components that misuse the directories they were shown.
