//! `openclaw:http/background`: requests whose result is an event.
//!
//! **Promise.** A request is begun after the handler returned ok and all that it asked for was committed, at most once.
//! **Bound.** [`crate::channel::bounds`], and the gate's when it is sent.

use crate::bindings::openclaw::http::{background, types};
use crate::bindings::openclaw::types::errors::Error;
use crate::channel::StartRequest;
use crate::guest::Guest;

const WHAT: &str = "requests in the background are begun and given up";

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl background::Host for Guest {
    async fn start(&mut self, token: String, request: types::Request) -> Answer<()> {
        self.volume.bytes_out.spend(token.len() as u64)?;
        let ready = self
            .handler(WHAT)
            .map(drop)
            .and_then(|()| self.check_name("the token of a request", &token))
            .and_then(|()| self.client());
        if let Err(refused) = ready {
            return Ok(Err(refused));
        }
        let bytes = super::http::weight(&request);
        let request = match self.request(request).await? {
            Ok(request) => request,
            Err(refused) => return Ok(Err(refused)),
        };
        let start = StartRequest { token, request };
        Ok(self.handler(WHAT).and_then(|seat| seat.start(start, bytes)))
    }

    async fn cancel(&mut self, token: String) -> Answer<()> {
        self.volume.bytes_out.spend(token.len() as u64)?;
        Ok(self.handler(WHAT).map(|seat| seat.cancel(token)))
    }

    async fn in_flight(&mut self) -> wasmtime::Result<Vec<String>> {
        let Ok(seat) = self.seat() else {
            return Ok(Vec::new());
        };
        let tokens: Vec<_> = seat.in_flight().into_iter().cloned().collect();
        let bytes = tokens.iter().map(String::len).sum::<usize>();
        self.volume.bytes_in.spend(bytes as u64)?;
        Ok(tokens)
    }
}
