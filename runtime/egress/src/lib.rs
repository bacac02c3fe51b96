//! The one gate through which anything leaves this machine on behalf of somebody else.
//!
//! **Promise.** Nothing leaves that the grant of its tenant does not name, and nothing to an address that is not
//! public unless the grant says so of that host by name. What was judged is what is sent: one parsed URL, one
//! resolved address, one connection to it. A value of a secret goes only to a host and a place that one rule names
//! together; what comes back passes a net for values that come back.
//!
//! **Bound.** Sizes, times, counts and rates by [`Caps`]. A connection belongs to one tenant and is never handed to
//! another. **Cost.** Some microseconds for a request over a connection that is open already.
//!
//! **Never.** It knows nothing of WebAssembly and reads no config. It follows no environment variable but those by which the
//! system finds its authorities and resolves names.

mod caps;
mod connect;
mod dial;
mod dialog;
mod error;
mod gate;
mod header;
mod http;
mod ledger;
mod proxy;
mod rate;
mod resolve;
mod roots;
pub mod secret;
pub mod socket;
mod target;
mod tenant;
mod tls;
mod traffic;
mod upstream;

pub use caps::Caps;
pub use connect::{ConnectLimits, Endpoint, TlsMode};
pub use dialog::Dialog;
pub use error::{Cause, Error, Kind, Measure, Phase, Result, Sent};
pub use gate::{Client, Gate, Options};
pub use header::Header;
pub use http::{Body, Content, Kept, Limits, MAX_CAPTURE, Part, Place, Request, Response, Source};
pub use ledger::{Ending, Ledger, Passage};
pub use proxy::Proxy;
pub use resolve::{Answers, Resolve, SystemResolver};
pub use target::{MAX_URL, Target};
pub use tenant::Tenant;
pub use tls::{ClientCertificate, Roots, TlsOptions, Trust};
pub use upstream::{Loopback, Upstream};
