//! Load: arrival processes and payloads (pure), the HTTP and SSE client, the request records.

pub mod record;
pub mod spec;
