//! The server: one port for WebSocket RPC, the HTTP API and the web page.

pub mod page;
