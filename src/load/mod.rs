//! Load: arrival processes and payloads (pure), the HTTP and SSE client, the request records.

pub mod answer;
pub mod arrival;
pub mod client;
pub mod delay;
pub mod detail;
pub mod drive;
mod exchange;
pub mod live;
mod priority;
pub mod protocol;
mod quick;
pub mod record;
pub mod seed;
mod senders;
pub mod spec;
pub mod sse;
mod thread;
mod wire;

pub use thread::realtime;
