//! The serving simulator: a deterministic state machine without a clock, a socket or a thread. A
//! driver tells it what arrives and how late it is, and asks what comes next and when; in virtual
//! time it jumps there, in real time it waits.
//!
//! What happens is continuous batching over paged KV blocks (`scheduler`, `pool`), steps whose time
//! `cost` works out, several of them in flight (`replica`), and a front end that takes requests in
//! and gives tokens out (`front`). Times are whole nanoseconds, so that two machines agree.

mod fault;
#[cfg(test)]
mod fault_tests;
mod faulty;
mod front;
#[cfg(test)]
mod hand_tests;
mod memory;
mod pool;
mod prompt;
#[cfg(test)]
mod prop_tests;
mod replica;
mod route;
mod scheduler;
mod sequence;
mod server;
mod setup;
mod step;
#[cfg(test)]
pub(crate) mod test_support;

pub use fault::{Dice, Fate, Faults};
pub use memory::{Counts, Memory};
pub use prompt::{ANSWER_TOKENS, AUDIO_TOKENS, IMAGE_TOKENS, Prompt, VIDEO_TOKENS};
pub use route::{Balance, Router};
pub use server::{Server, Share};
pub use setup::{FrontEnd, Passes, Profile, Setup};
pub use step::Step;

/// Nanoseconds since the simulation began.
pub type Time = u64;

/// So many nanoseconds as a time in seconds has.
pub fn nanoseconds(seconds: f64) -> Time {
    (seconds * 1e9).round() as Time
}

/// What a client asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The driver's own name of it; no two that are under way have the same.
    pub id: u64,
    /// Tokens.
    pub prompt: u32,
    pub output: u32,
    /// What the leading whole blocks of the prompt hold, one number for each: equal numbers are
    /// equal tokens up to there. Blocks beyond them are this request's alone.
    pub prefix: Vec<u64>,
    /// Pictures in it.
    pub images: u32,
}

/// What happened, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    pub at: Time,
    pub id: u64,
    pub what: What,
}

/// What a client sees of its request, and what an engine does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The first chunk of the answer, of so many tokens.
    First(u32),
    /// A further chunk.
    Tokens(u32),
    /// The chunk before was the last; nothing more comes.
    Finished,
    /// Its blocks were taken away: it waits, and all of it is computed again.
    Preempted,
    /// It is not taken, and never will be.
    Rejected(Resource),
    /// It is refused with this status, on purpose or because no worker is there.
    Refused(u16),
    /// Its connection breaks off, on purpose.
    Cut,
    /// What worked on it has crashed.
    Lost,
}

/// What a request may wait for, or need more of than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Blocks of KV cache.
    Blocks,
    /// Places for sequences that are worked on at once.
    Sequences,
    /// Tokens of one step.
    Tokens,
    /// The longest sequence that the server takes.
    Context,
    /// The end of a step that is under way.
    Step,
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Blocks => "blocks of KV cache",
            Self::Sequences => "places for sequences that are worked on at once",
            Self::Tokens => "tokens of one step",
            Self::Context => "length of sequences",
            Self::Step => "the end of a step",
        })
    }
}
