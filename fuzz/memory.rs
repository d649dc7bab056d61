//! How much memory a piece of work takes: no more than 64 MB and 200 times its input.

pub use scn::meter::Counted;

/// Does the work, and panics where this thread held more at a time than is allowed for an input
/// of so many bytes. Returns how much it was.
pub fn bounded(input: usize, work: impl FnOnce()) -> usize {
    let most = scn::meter::most_of(work);
    let allowed = 64_000_000 + 200 * input;
    assert!(most <= allowed, "{most} bytes for an input of {input}");
    most
}
