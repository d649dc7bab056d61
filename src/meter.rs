//! How much memory a thread holds, and how much it may. What reads scenarios asks in time, so that
//! a short text that comes to more than a machine has ends with an error and not with the machine.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a file may take to be evaluated with those that it reads, however short they are, in bytes.
/// The program itself takes about 30 MB where it is built with debugging, and the allocator wastes a
/// third of some values: all of it stays below 64 MB.
const ALLOWED: usize = 24 << 20;

/// What it may take besides for each byte of theirs.
const ALLOWED_PER_BYTE: usize = 100;

/// The system's allocator, which counts for each thread what it gave and was given back. Without it
/// as the program's allocator nothing is counted, and nothing is too much.
pub struct Counted;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    static LIMIT: Cell<isize> = const { Cell::new(isize::MAX) };
}

/// What the allocator takes for so many bytes: a word of its own, and then in steps of two.
fn taken(bytes: usize) -> isize {
    const STEP: usize = 2 * size_of::<usize>();
    let whole = (bytes + size_of::<usize>()).next_multiple_of(STEP);
    whole.max(2 * STEP).cast_signed()
}

fn add(bytes: usize, sign: isize) {
    // none is counted while a thread ends
    let _ = NOW.try_with(|now| {
        now.set(now.get() + sign * taken(bytes));
        let _ = MOST.try_with(|most| most.set(most.get().max(now.get())));
    });
}

// SAFETY: all is done by the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size(), 1);
        // SAFETY: as this was called.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        add(layout.size(), -1);
        // SAFETY: as this was called.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size(), 1);
        // SAFETY: as this was called.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(layout.size(), -1);
        add(size, 1);
        // SAFETY: as this was called.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// The most bytes that the work held at a time, besides what this thread held before.
pub fn most_of(work: impl FnOnce()) -> usize {
    let before = NOW.get();
    MOST.set(before);
    work();
    usize::try_from(MOST.get() - before).unwrap_or(0)
}

/// While it is there, this thread may hold so much more than it did.
pub struct Allowance {
    before: isize,
}

impl Drop for Allowance {
    fn drop(&mut self) {
        LIMIT.set(self.before);
    }
}

/// What evaluating files of so many bytes in all may take, besides what is held by now: what others
/// hold that were read before leaves no less for these.
pub fn allow(bytes: usize) -> Allowance {
    let before = LIMIT.get();
    let own = ALLOWED + ALLOWED_PER_BYTE.saturating_mul(bytes);
    LIMIT.set(NOW.get().saturating_add_unsigned(own));
    Allowance { before }
}

/// What is held by now leaves room to look at it, whatever was allowed.
pub fn make_room() {
    let room = NOW.get().saturating_add_unsigned(ALLOWED / 4);
    LIMIT.set(LIMIT.get().max(room));
}

/// Files of so many bytes were read meanwhile, before what is made of them.
pub fn allow_more(bytes: usize) {
    let more = ALLOWED_PER_BYTE.saturating_mul(bytes);
    LIMIT.set(LIMIT.get().saturating_add_unsigned(more));
}

/// Whether so many bytes more are too much.
pub fn lacks(bytes: usize) -> bool {
    NOW.get().saturating_add_unsigned(bytes) > LIMIT.get()
}

/// Whether what is kept leaves too little to work with.
pub fn nearly() -> bool {
    lacks(ALLOWED / 8)
}

/// What is said of it, after what takes so much.
pub fn help() -> String {
    format!(
        "a file may take {} MiB, and {ALLOWED_PER_BYTE} times itself and what it reads",
        ALLOWED >> 20
    )
}
