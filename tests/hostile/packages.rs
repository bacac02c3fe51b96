//! Packages that are not what they say, and programs that die in the middle of a change to them.
