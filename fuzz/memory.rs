//! How much memory a piece of work takes: no more than 64 MB and 200 times its input.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, which counts for each thread what it gave and was given back.
pub struct Counted;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn add(bytes: usize, sign: isize) {
    // none is counted while a thread ends
    let _ = NOW.try_with(|now| {
        now.set(now.get() + sign * bytes.cast_signed());
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

/// Does the work, and panics where this thread held more at a time than is allowed for an input
/// of so many bytes. Returns how much it was.
pub fn bounded(input: usize, work: impl FnOnce()) -> usize {
    let before = NOW.get();
    MOST.set(before);
    work();
    let most = usize::try_from(MOST.get() - before).unwrap_or(0);
    let allowed = 64_000_000 + 200 * input;
    assert!(most <= allowed, "{most} bytes for an input of {input}");
    most
}
