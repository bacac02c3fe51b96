//! The gateway's wire: frames, the handshake, and the shapes of methods and events.
