//! Connections that were kept after an answer: whether a request failed only because the server
//! had closed the one that it was sent on.

use crate::load::detail::cause;
use hyper::http::Extensions;
use hyper_util::client::legacy::connect::HttpInfo;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A connection that closes later than this after its last answer was not closed for its age: the
/// client had given it up, and its port may be another's; or the server worked on the request.
const RECENT: Duration = super::client::IDLE_TIMEOUT.saturating_add(Duration::from_secs(1));

/// So many are remembered before the old ones are forgotten.
const MANY: usize = 1024;

/// When the connections of a client, by their own addresses, last carried an answer.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<HashMap<SocketAddr, Instant>>);

impl Kept {
    /// An answer came over the connection at this address, just now.
    pub fn carried(&self, local: SocketAddr) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        last.insert(local, now);
        if last.len() > MANY {
            last.retain(|_, at| now.duration_since(*at) < RECENT);
        }
    }

    /// Whether an answer came over a connection at this address lately: it was kept since.
    pub fn was_used(&self, local: SocketAddr) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(&local).is_some_and(|at| at.elapsed() < RECENT)
    }

    /// Whether this is the end of a connection that had carried an answer before, with nothing of
    /// the answer to this request come. (A status line of which only a part came reads as none.)
    pub fn was_closed(&self, error: &reqwest::Error) -> bool {
        let closed = cause::<hyper::Error>(error)
            .is_some_and(|error| error.is_incomplete_message() || error.is_canceled())
            || cause::<std::io::Error>(error).is_some_and(is_close);
        let Some(local) = failed_on(error) else {
            return false;
        };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = last.remove(&local);
        closed && at.is_some_and(|at| at.elapsed() < RECENT)
    }
}

/// The client's own end of the connection that this answer came over.
pub(super) fn local_address(response: &reqwest::Response) -> Option<SocketAddr> {
    Some(response.extensions().get::<HttpInfo>()?.local_addr())
}

/// The client's own end of the connection that broke.
fn failed_on(error: &reqwest::Error) -> Option<SocketAddr> {
    let error = cause::<hyper_util::client::legacy::Error>(error)?;
    let mut extras = Extensions::new();
    error.connect_info()?.get_extras(&mut extras);
    Some(extras.get::<HttpInfo>()?.local_addr())
}

fn is_close(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof,
    };
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof
    )
}
