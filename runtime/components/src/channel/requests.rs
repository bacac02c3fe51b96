//! Requests in the background: begun after the commit, with their result as an event.
//!
//! **Bound.** The gate's, and [`super::bounds::REQUESTS`] of an account in flight. **Cost.** The whole response is
//! held until its event was handled.

use openclaw_egress::{Client, Request};

use super::{Adapter, HttpDone};
use crate::host::http::wit_error;

/// A request that a handler asked for.
pub struct StartRequest {
    /// Names it among the account's.
    pub token: String,
    pub(crate) request: Request,
}

impl std::fmt::Debug for StartRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartRequest")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl Adapter {
    /// Sends a request and waits for the whole of its response. Dropping the future gives the request up.
    pub async fn perform(&self, start: StartRequest) -> HttpDone {
        let outcome = fetch(self.client(), start.request).await;
        HttpDone {
            token: start.token,
            outcome: match outcome {
                Ok(kept) => Ok(kept.into()),
                Err(error) => Err(wit_error(&error).into()),
            },
        }
    }
}

async fn fetch(client: &Client, request: Request) -> openclaw_egress::Result<openclaw_egress::Kept> {
    client.send(request).await?.keep().await
}
