//! The server: one port for WebSocket RPC, the HTTP API and the web page.

mod http;
mod methods;
mod projection;
