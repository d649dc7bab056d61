//! A request that an engine has taken in.

use super::pool::Pool;

/// Counts are of tokens, but for `held`.
#[derive(Debug, Clone, Default)]
pub(super) struct Sequence {
    pub id: u64,
    /// Where the front end keeps its answer.
    pub stream: u32,
    pub prompt: u32,
    pub output: u32,
    pub prefix: Vec<u64>,
    /// Whose keys and values are in the cache, or will be after the steps under way.
    pub computed: u32,
    /// Of the answer: those that steps so far will have given, and those that they have.
    pub issued: u32,
    pub given: u32,
    /// Blocks, shared ones included.
    pub held: u32,
    /// Names of the blocks that it shares.
    pub shared: Vec<u64>,
    /// How many of the prefix's blocks were looked at for sharing.
    pub named: u32,
    /// Steps under way that it is part of.
    pub flights: u32,
    /// It was ended from outside, or has ended: its place is free once no step has it.
    pub gone: bool,
}

impl Sequence {
    /// Tokens that the next step of it computes.
    pub fn remaining(&self) -> u32 {
        if self.issued == self.output {
            0
        } else {
            self.prompt + self.issued - self.computed
        }
    }

    /// Those of them that are known already: the last token of a step under way is not.
    pub fn there(&self) -> u32 {
        self.remaining()
            .min((self.prompt + self.given).saturating_sub(self.computed))
    }

    /// Whether it is still reading its prompt, or what it had before it was preempted.
    pub fn reads(&self) -> bool {
        self.remaining() > 1 || self.computed == 0
    }

    /// Takes the blocks that `count` more tokens need; false where they are not there.
    pub fn grow(&mut self, pool: &mut Pool, count: u32, block: u32) -> bool {
        let needed = (self.computed + count).div_ceil(block);
        let more = needed.saturating_sub(self.held);
        if more > 0 {
            if !pool.take(u64::from(more)) {
                return false;
            }
            self.held = needed;
        }
        true
    }

    /// Leading blocks that are in the cache already. At least one token is computed, or there would
    /// be no answer.
    pub fn known(&self, pool: &Pool, block: u32) -> u32 {
        let most = (self.prompt + self.issued - 1) / block;
        let names = self.prefix.iter().take(most as usize);
        names.take_while(|name| pool.has(**name)).count() as u32
    }

    /// Begins with so many blocks of the cache.
    pub fn begin(&mut self, pool: &mut Pool, blocks: u32, block: u32) {
        for name in &self.prefix[..blocks as usize] {
            pool.join(*name);
            self.shared.push(*name);
        }
        self.held = blocks;
        self.named = blocks;
        self.computed = blocks * block;
    }

    /// Gives names to the blocks that are full now.
    pub fn name_blocks(&mut self, pool: &mut Pool, block: u32) {
        while (self.named as usize) < self.prefix.len() && (self.named + 1) * block <= self.computed
        {
            let name = self.prefix[self.named as usize];
            if pool.share(name) {
                self.shared.push(name);
            }
            self.named += 1;
        }
    }

    /// Gives all blocks back: those at the end are the first to make room.
    pub fn release(&mut self, pool: &mut Pool) {
        pool.give_back(u64::from(self.held) - self.shared.len() as u64);
        for name in self.shared.drain(..).rev() {
            pool.leave(name);
        }
        self.held = 0;
        self.named = 0;
        self.computed = 0;
    }
}
