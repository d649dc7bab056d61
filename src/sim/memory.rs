//! What a server's process holds, as a scenario has it for testing how leaks are found. It follows
//! from counts alone: what looks like a leak and is none is in it too.

use serde::{Deserialize, Serialize};

/// What was done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// That were taken in.
    pub requests: u64,
    /// Of answers, that were given out.
    pub tokens: u64,
    /// In requests that were taken in.
    pub images: u64,
    /// Requests whose clients went away.
    pub aborts: u64,
}

/// What is kept of it. Sizes are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Taken at the start.
    pub grow_at_start: f64,
    /// Kept for ever with every request, token, image and abort.
    pub leak: f64,
    pub leak_token: f64,
    pub leak_image: f64,
    pub leak_abort: f64,
    /// Kept for ever, all at once, after every so many requests.
    pub leak_step: f64,
    pub leak_step_every: u64,
    /// Kept with every request until it comes to so much, and then given back, as a garbage
    /// collector does.
    pub sawtooth: f64,
    pub sawtooth_top: f64,
    /// Taken while it warms up: after so many requests all but a part of 1/e of it.
    pub warm_up: f64,
    pub warm_up_requests: u64,
    /// Kept with every request until it comes to so much.
    pub cache: f64,
    pub cache_size: f64,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            grow_at_start: 0.0,
            leak: 0.0,
            leak_token: 0.0,
            leak_image: 0.0,
            leak_abort: 0.0,
            leak_step: 0.0,
            leak_step_every: 100,
            sawtooth: 0.0,
            sawtooth_top: 1e8,
            warm_up: 0.0,
            warm_up_requests: 100,
            cache: 0.0,
            cache_size: 1e8,
        }
    }
}

impl Memory {
    /// What is held after so much, in whole bytes.
    pub fn bytes(&self, counts: &Counts) -> u64 {
        let requests = counts.requests as f64;
        let steps = counts.requests / self.leak_step_every.max(1);
        let warm = 1.0 - (-requests / self.warm_up_requests.max(1) as f64).exp();
        let tooth = match self.sawtooth_top > 0.0 {
            true => (self.sawtooth * requests) % self.sawtooth_top,
            false => 0.0,
        };
        let held = self.grow_at_start
            + self.leak * requests
            + self.leak_token * counts.tokens as f64
            + self.leak_image * counts.images as f64
            + self.leak_abort * counts.aborts as f64
            + self.leak_step * steps as f64
            + tooth
            + self.warm_up * warm
            + (self.cache * requests).min(self.cache_size);
        held.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(memory: Memory, requests: [u64; 5]) -> [u64; 5] {
        requests.map(|requests| {
            memory.bytes(&Counts {
                requests,
                ..Counts::default()
            })
        })
    }

    #[test]
    fn leaks_follow_what_they_are_of() {
        let memory = Memory {
            grow_at_start: 1e6,
            leak: 94.0,
            leak_token: 3.0,
            leak_image: 7000.0,
            leak_abort: 50_000.0,
            ..Memory::default()
        };
        let counts = Counts {
            requests: 10,
            tokens: 200,
            images: 4,
            aborts: 2,
        };
        let expected = 1_000_000 + 940 + 600 + 28_000 + 100_000;
        assert_eq!(memory.bytes(&counts), expected);
        assert_eq!(memory.bytes(&Counts::default()), 1_000_000);
    }

    #[test]
    fn what_looks_like_a_leak_has_its_shape() {
        let requests = [0, 49, 50, 100, 125];
        let steps = Memory {
            leak_step: 1000.0,
            leak_step_every: 50,
            ..Memory::default()
        };
        assert_eq!(after(steps, requests), [0, 0, 1000, 2000, 2000]);
        let sawtooth = Memory {
            sawtooth: 10.0,
            sawtooth_top: 500.0,
            ..Memory::default()
        };
        assert_eq!(after(sawtooth, requests), [0, 490, 0, 0, 250]);
        let cache = Memory {
            cache: 10.0,
            cache_size: 500.0,
            ..Memory::default()
        };
        assert_eq!(after(cache, requests), [0, 490, 500, 500, 500]);
        let warm_up = Memory {
            warm_up: 1e6,
            warm_up_requests: 50,
            ..Memory::default()
        };
        // 1 − 1/e, then 1 − 1/e², of it
        let [start, _, one, two, _] = after(warm_up, requests);
        assert_eq!([start, one, two], [0, 632_121, 864_665]);
    }
}
