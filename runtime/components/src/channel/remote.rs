//! Media that a platform has, fetched by the host after its message was accepted.
//!
//! **Promise.** It is fetched with the account's own grant, and with the secrets that its address names as they are
//! now. It never enters a guest. **Bound.** The gate's, and the media store's. **Cost.** One piece in memory.

use super::inbound::RemoteMedia;
use super::{Adapter, AdapterError, ErrorCode, MediaInfo, Sent, WitError};
use crate::guest::fail;
use crate::host::http::{complete, header, wit_error};
use crate::host::media::{failed, full, said};

impl Adapter {
    /// Fetches what an attachment left on the platform, and names it in the media store. `info` is what the
    /// attachment says of it.
    pub async fn fetch_remote(&self, media: &RemoteMedia, info: &MediaInfo) -> Result<String, AdapterError> {
        self.take_remote(media, info).await.map_err(|error| AdapterError {
            is_said: false,
            ..error.into()
        })
    }

    async fn take_remote(&self, media: &RemoteMedia, info: &MediaInfo) -> Result<String, WitError> {
        let (client, host) = (self.client(), self.host());
        let vault = &client.tenant().vault;
        let read = |text: &str| {
            vault
                .read_back(text)
                .map_err(|failure| wit_error(&failure.into()))
        };
        let mut headers = Vec::with_capacity(media.headers.len());
        for known in &media.headers {
            let value = read(&known.value)?;
            let name = known.name.clone();
            headers.push(header(super::Header { name, value }));
        }
        let request = openclaw_egress::Request {
            method: "GET".to_owned(),
            url: read(&media.url)?,
            headers,
            ..openclaw_egress::Request::default()
        };
        let response = client.send(request).await;
        let mut response = response.map_err(|error| wit_error(&error))?;
        if response.status() != 200 {
            let (code, status) = (of_status(response.status()), response.status());
            return Err(WitError {
                sent: Sent::Yes,
                ..fail(code, &format!("the media was answered with status {status}"))
            });
        }
        let info = complete(info.clone(), response.headers());
        let owner = self.owner();
        let failed = |error| failed(self.flow(), &error);
        let created = host.media.create(owner, said(info)).await;
        let mut writing = created.map_err(failed)?.map_err(full)?;
        while let Some(piece) = response.chunk().await.map_err(|error| wit_error(&error))? {
            writing.reserve(piece.len() as u64).map_err(full)?;
            writing.write(&piece).await.map_err(failed)?;
        }
        writing.commit().await.map_err(failed)
    }
}

fn of_status(status: u16) -> ErrorCode {
    match status {
        404 | 410 => ErrorCode::NotFound,
        401 | 403 => ErrorCode::Unauthenticated,
        429 => ErrorCode::RateLimited,
        500.. => ErrorCode::Unavailable,
        _ => ErrorCode::Refused,
    }
}
