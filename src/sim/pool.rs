//! The paged KV cache: how many blocks are taken, and which are kept for prompts that begin alike.

use std::collections::{BTreeMap, HashMap};

/// Blocks are counted; only those with content that others may share have a name.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    capacity: u64,
    /// Blocks that belong to one sequence.
    own: u64,
    shared: HashMap<u64, Shared>,
    /// Shared blocks that nobody uses, the longest unused first: they make room when it is needed.
    idle: BTreeMap<u64, u64>,
    used: u64,
}

#[derive(Debug, Clone, Copy)]
struct Shared {
    users: u32,
    /// Since when it is idle, as a running number.
    since: u64,
}

impl Pool {
    pub fn new(capacity: u64) -> Self {
        Self {
            capacity,
            own: 0,
            shared: HashMap::new(),
            idle: BTreeMap::new(),
            used: 0,
        }
    }

    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Blocks that can be had, idle ones included.
    pub fn free(&self) -> u64 {
        self.capacity - self.in_use()
    }

    pub fn in_use(&self) -> u64 {
        self.own + (self.shared.len() - self.idle.len()) as u64
    }

    /// Takes so many, or none.
    pub fn take(&mut self, blocks: u64) -> bool {
        if blocks > self.free() {
            return false;
        }
        self.own += blocks;
        while self.own + self.shared.len() as u64 > self.capacity {
            let Some((_, name)) = self.idle.pop_first() else {
                break;
            };
            self.shared.remove(&name);
        }
        true
    }

    pub fn give_back(&mut self, blocks: u64) {
        self.own -= blocks;
    }

    /// Forgets what nobody uses.
    pub fn forget(&mut self) {
        for name in std::mem::take(&mut self.idle).into_values() {
            self.shared.remove(&name);
        }
    }

    pub fn has(&self, name: u64) -> bool {
        self.shared.contains_key(&name)
    }

    /// One more sequence uses a shared block that is there.
    pub fn join(&mut self, name: u64) {
        if let Some(block) = self.shared.get_mut(&name) {
            if block.users == 0 {
                self.idle.remove(&block.since);
            }
            block.users += 1;
        }
    }

    /// A block of one sequence gets a name; not where another has the same content already.
    pub fn share(&mut self, name: u64) -> bool {
        if self.has(name) {
            return false;
        }
        self.own -= 1;
        self.shared.insert(name, Shared { users: 1, since: 0 });
        true
    }

    pub fn leave(&mut self, name: u64) {
        if let Some(block) = self.shared.get_mut(&name) {
            block.users -= 1;
            if block.users == 0 {
                self.used += 1;
                block.since = self.used;
                self.idle.insert(self.used, name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_blocks_are_kept_until_their_room_is_needed() {
        let mut pool = Pool::new(4);
        assert!(pool.take(3) && !pool.take(2));
        assert!(pool.share(7) && pool.share(8));
        assert_eq!((pool.free(), pool.in_use()), (1, 3));
        pool.leave(7);
        pool.leave(8);
        pool.join(8);
        assert_eq!(pool.free(), 2);
        // the free one first, then the idle one
        assert!(pool.take(1) && pool.has(7));
        assert!(pool.take(1) && !pool.has(7) && pool.has(8));
        assert!(!pool.take(1));
        pool.give_back(3);
        assert_eq!(pool.free(), 3);
    }

    #[test]
    fn equal_content_has_one_name() {
        let mut pool = Pool::new(4);
        assert!(pool.take(2));
        assert!(pool.share(7) && !pool.share(7));
        assert_eq!(pool.in_use(), 2);
    }
}
