//! Services of other people, as far as tests need them: strict about what they are sent, and able to fail in every
//! way in which the real ones do. They listen on this machine only.

pub mod openai;
