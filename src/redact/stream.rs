//! Secrets out of a stream of bytes, also where one is cut by a chunk's end.

use super::Redactor;

/// Takes bytes as they come, and gives back what may be shown of them. What may be the beginning
/// of a secret is held back until it is known, which is no longer than the secret's longest form.
pub struct Stream {
    redactor: Redactor,
    /// The end of what came, where it may be a secret's beginning.
    held: Vec<u8>,
}

impl Stream {
    pub fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            held: Vec::new(),
        }
    }

    /// What may be shown of everything pushed so far and not yet returned.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.look(true)
    }

    /// What was held back, when no more comes.
    pub fn finish(&mut self) -> Vec<u8> {
        self.look(false)
    }

    fn look(&mut self, more_comes: bool) -> Vec<u8> {
        if self.redactor.is_empty() {
            return std::mem::take(&mut self.held);
        }
        let looked = self.redactor.look(&self.held, more_comes);
        self.held.drain(..looked.until);
        looked.shown
    }
}
