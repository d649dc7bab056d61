//! Of twice as many things of one sort a lint asks for about twice as much memory, and stays within
//! what it may take: counted in this process, so that it is the same whatever else the machine does.
//! (A process of its own, since a child's peak is no less than its parent's at its start.)

#[path = "../fuzz/memory.rs"]
mod memory;
#[path = "../fuzz/repairs.rs"]
#[allow(dead_code, reason = "it is for repairs, which are not made here")]
mod repairs;
#[path = "../benches/support/shapes.rs"]
mod shapes;
#[path = "../fuzz/targets.rs"]
#[allow(dead_code, reason = "one of them is looked at here")]
mod targets;

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

/// Bytes of text: as few as tell what grows with their square, and up to where what is compared with
/// each other (names, with those that may be meant) has reached the most that is looked at.
const FEW: usize = 16 << 10;
const MANY: usize = 128 << 10;

/// Of twice as many there are so many times as many pieces of memory at most: twice, and what a
/// table that grows takes more.
const GROWTH: f64 = 2.5;

#[test]
fn twice_as_many_take_twice_as_much() {
    let count = shapes::shapes(FEW).count();
    for shape in 0..count {
        let text = |size| shapes::shapes(size).nth(shape).unwrap();
        let (mut size, (name, first)) = (FEW, text(FEW));
        let mut asked = vec![pieces(&first)];
        loop {
            size *= 2;
            assert!(size <= MANY, "{name}: {asked:?}, each of twice as many");
            asked.push(pieces(&text(size).1));
            if let [.., few, many] = asked[..]
                && many <= GROWTH * few
            {
                break;
            }
        }
        println!("{name}: {asked:?}");
    }
}

/// How many pieces of memory a lint of the text asks for, within the bound of memory.
fn pieces(text: &str) -> f64 {
    let before = PIECES.get();
    memory::bounded(text.len(), || targets::lint(text.as_bytes()));
    (PIECES.get() - before) as f64
}

thread_local! {
    static PIECES: Cell<u64> = const { Cell::new(0) };
}

/// The program's allocator, which counts besides how often a thread asks for more.
struct Pieces;

#[global_allocator]
static COUNTED: Pieces = Pieces;

impl Pieces {
    fn one_more() {
        // none is counted while a thread ends
        let _ = PIECES.try_with(|pieces| pieces.set(pieces.get() + 1));
    }
}

// SAFETY: all is done by the program's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Pieces {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::one_more();
        // SAFETY: as this was called.
        unsafe { memory::Counted.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as this was called.
        unsafe { memory::Counted.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::one_more();
        // SAFETY: as this was called.
        unsafe { memory::Counted.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::one_more();
        // SAFETY: as this was called.
        unsafe { memory::Counted.realloc(at, layout, size) }
    }
}
