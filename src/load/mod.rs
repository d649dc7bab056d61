//! Load: arrival processes and payloads (pure), the HTTP and SSE client, the request records.

pub mod answer;
pub mod arrival;
pub mod client;
pub mod delay;
pub mod detail;
pub mod drive;
mod exchange;
mod kept;
mod lenient;
pub mod live;
mod priority;
pub mod protocol;
mod quick;
pub mod random;
pub mod record;
pub mod seed;
mod senders;
pub mod spec;
pub mod sse;
mod thread;
mod wire;
pub mod words;

pub use thread::realtime;
