//! What a prompt comes to: tokens, and what it has in common with others. One word is one token.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Prompt tokens of a picture, of a piece of sound and of a video, and tokens of an answer that has no
/// limit, where nothing says it: in virtual time, and of the built-in engine.
pub const IMAGE_TOKENS: u32 = 256;
pub const AUDIO_TOKENS: u32 = 128;
pub const VIDEO_TOKENS: u32 = 1024;
pub const ANSWER_TOKENS: u32 = 16;

/// A prompt, read part by part.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Tokens of a block of KV cache.
    block: u32,
    tokens: u32,
    so_far: DefaultHasher,
    prefix: Vec<u64>,
}

impl Prompt {
    /// Where blocks of KV cache have so many tokens; 0 where there are none.
    pub fn new(block: u32) -> Self {
        Self {
            block,
            tokens: 0,
            so_far: DefaultHasher::new(),
            prefix: Vec::new(),
        }
    }

    /// The words of a text follow.
    pub fn text(&mut self, text: &str) {
        text.split_whitespace().for_each(|word| self.token(word));
    }

    /// A token follows that is a number.
    pub fn id(&mut self, id: u64) {
        self.token(&id);
    }

    fn token<T: Hash + ?Sized>(&mut self, token: &T) {
        self.tokens = self.tokens.saturating_add(1);
        if self.block == 0 {
            return;
        }
        token.hash(&mut self.so_far);
        if self.tokens.is_multiple_of(self.block) {
            self.prefix.push(self.so_far.finish());
        }
    }

    pub fn tokens(&self) -> u32 {
        self.tokens
    }

    /// What each whole block holds, with all before it: as [`Request::prefix`](super::Request).
    pub fn into_prefix(self) -> Vec<u64> {
        self.prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: u32, text: &str) -> Prompt {
        let mut prompt = Prompt::new(block);
        prompt.text(text);
        prompt
    }

    #[test]
    fn prompts_that_begin_alike_have_blocks_in_common() {
        let of = |text| read(2, text).into_prefix();
        let (one, other) = (of("a b c d e"), of("a b c x"));
        assert_eq!((one.len(), other.len()), (2, 2));
        assert_eq!(one[0], other[0]);
        assert_ne!(one[1], other[1]);
        // what comes before a block is part of it
        assert_ne!(of("x y c d")[1], one[1]);
    }

    #[test]
    fn without_blocks_tokens_are_counted_all_the_same() {
        let prompt = read(0, "one two\nthree");
        assert_eq!(prompt.tokens(), 3);
        assert!(prompt.into_prefix().is_empty());
    }
}
