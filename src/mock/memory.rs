//! Memory that is really held: what a leak, a cache or a warm-up of the command line comes to.

use super::args::{bytes, quantity, size, size_per_request};
use crate::sim::{Counts, Memory};
use crate::units::Dimension;
use std::sync::{Mutex, PoisonError};

/// Options of what is held besides `--leak` and `--grow-at-start`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct MemoryArgs {
    /// Memory kept for ever per token of an answer, such as 160kB/tok
    #[arg(long, value_name = "SIZE", value_parser = size_per_token)]
    pub leak_token: Option<usize>,
    /// Memory kept for ever per image, such as 1MB/img
    #[arg(long, value_name = "SIZE", value_parser = size_per_image)]
    pub leak_image: Option<usize>,
    /// Memory kept for ever per request whose client went away, such as 1MB/req
    #[arg(long, value_name = "SIZE", value_parser = size_per_request)]
    pub leak_abort: Option<usize>,
    /// Memory kept for ever, all at once, after every --leak-step-every requests
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub leak_step: Option<usize>,
    /// After how many requests a --leak-step comes [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub leak_step_every: Option<u64>,
    /// Memory kept per request until it comes to --sawtooth-top, and then given back
    #[arg(long, value_name = "SIZE", value_parser = size_per_request)]
    pub sawtooth: Option<usize>,
    /// What a --sawtooth comes to before it is given back [default: 100MB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub sawtooth_top: Option<usize>,
    /// Memory taken while the server warms up, the most with the first requests
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub warm_up: Option<usize>,
    /// After how many requests a --warm-up has all but 37% of its memory [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub warm_up_requests: Option<u64>,
    /// Memory kept per request until it comes to --cache-size
    #[arg(long, value_name = "SIZE", value_parser = size_per_request)]
    pub cache: Option<usize>,
    /// What a --cache comes to at most [default: 100MB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub cache_size: Option<usize>,
}

impl MemoryArgs {
    /// With the other two; none where nothing is asked for.
    pub fn with(&self, leak: Option<usize>, grow_at_start: Option<usize>) -> Option<Memory> {
        let held = [
            leak,
            grow_at_start,
            self.leak_token,
            self.leak_image,
            self.leak_abort,
            self.leak_step,
            self.sawtooth,
            self.warm_up,
            self.cache,
        ];
        held.iter().any(Option::is_some).then(|| {
            let of = |size: Option<usize>| size.unwrap_or(0) as f64;
            let usual = Memory::default();
            let or = |size: Option<usize>, usual| size.map_or(usual, |size| size as f64);
            Memory {
                grow_at_start: of(grow_at_start),
                leak: of(leak),
                leak_token: of(self.leak_token),
                leak_image: of(self.leak_image),
                leak_abort: of(self.leak_abort),
                leak_step: of(self.leak_step),
                leak_step_every: self.leak_step_every.unwrap_or(usual.leak_step_every),
                sawtooth: of(self.sawtooth),
                sawtooth_top: or(self.sawtooth_top, usual.sawtooth_top),
                warm_up: of(self.warm_up),
                warm_up_requests: self.warm_up_requests.unwrap_or(usual.warm_up_requests),
                cache: of(self.cache),
                cache_size: or(self.cache_size, usual.cache_size),
            }
        })
    }
}

fn size_per_token(text: &str) -> Result<usize, String> {
    let text = text.strip_suffix("/tok").unwrap_or(text);
    bytes(quantity(text, Dimension::DATA, "160kB/tok")?)
}

fn size_per_image(text: &str) -> Result<usize, String> {
    let text = text.strip_suffix("/img").unwrap_or(text);
    bytes(quantity(text, Dimension::DATA, "1MB/img")?)
}

/// So large that the allocator asks the system for each apart, and gives each back to it; what of one
/// is not written is not resident.
const PIECE: usize = 64 << 20;

/// What the process holds, and what it was counted by.
pub struct Held {
    memory: Option<Memory>,
    state: Mutex<(Counts, Vec<Vec<u8>>)>,
}

impl Held {
    /// Takes at once what is held from the start.
    pub fn new(memory: Option<Memory>) -> Self {
        let held = Self {
            memory,
            state: Mutex::default(),
        };
        held.count(|_| ());
        held
    }

    /// Something more was done: holds as much as that comes to.
    pub fn count(&self, done: impl FnOnce(&mut Counts)) {
        let Some(memory) = &self.memory else {
            return;
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (counts, pieces) = &mut *state;
        done(counts);
        let wanted = usize::try_from(memory.bytes(counts)).unwrap_or(usize::MAX);
        hold(pieces, wanted);
    }
}

/// Grows or shrinks to so many bytes, all of them written so that they are resident.
fn hold(pieces: &mut Vec<Vec<u8>>, wanted: usize) {
    let mut held: usize = pieces.iter().map(Vec::len).sum();
    while held > wanted {
        held -= pieces.pop().map_or(held, |piece| piece.len());
    }
    while held < wanted {
        let full = pieces.last().is_none_or(|piece| piece.len() == PIECE);
        if full {
            pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = pieces.last_mut() {
            let more = (wanted - held).min(PIECE - piece.len());
            piece.resize(piece.len() + more, 0xA5);
            held += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_is_held_as_it_comes_to() {
        let held = Held::new(Some(Memory {
            grow_at_start: 10.0,
            sawtooth: 3.0 * PIECE as f64,
            sawtooth_top: 4.0 * PIECE as f64,
            ..Memory::default()
        }));
        let bytes = || {
            let state = held.state.lock().unwrap();
            state.1.iter().map(Vec::len).sum::<usize>()
        };
        assert_eq!(bytes(), 10);
        held.count(|counts| counts.requests = 1);
        assert_eq!(bytes(), 10 + 3 * PIECE);
        held.count(|counts| counts.requests = 2);
        assert_eq!(bytes(), 10 + 2 * PIECE);
    }
}
