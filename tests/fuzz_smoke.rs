//! The fuzz targets on stable Rust: the kept corpus, and changes of it. `fuzz/` runs them for longer.

#[path = "../fuzz/memory.rs"]
mod memory;
#[path = "../fuzz/repairs.rs"]
mod repairs;
#[path = "../fuzz/targets.rs"]
mod targets;

use proptest::prelude::*;
use std::path::Path;

#[global_allocator]
static COUNTED: memory::Counted = memory::Counted;

/// A target on one input, within the memory that it may take.
fn one(run: targets::Target, input: &[u8]) -> usize {
    memory::bounded(input.len(), || run(input))
}

/// The kept inputs of a target, in order.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder.join(target))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has no corpus");
    files.iter().map(|f| std::fs::read(f).unwrap()).collect()
}

/// What a text may be changed by.
const PIECES: [&str; 30] = [
    "[", "]", "{", "}", "(", ")", "\"", "'", "\"\"\"", "${", "\\", "#", "## ", "\n", "\r\n", ",",
    "=", "==", ":", ".", "-", "1", "5ms", "if ", "else ", "for ", "and ", "é", "\u{0}", "x",
];

/// A piece in place of as many bytes, or of all to the end.
fn overwrite(bytes: &mut Vec<u8>, at: usize, piece: &str) {
    let end = bytes.len().min(at + piece.len());
    bytes.splice(at..end, piece.bytes());
}

#[test]
fn kept_inputs() {
    for (name, run) in targets::ALL {
        for input in corpus(name) {
            one(run, &input);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn changed_inputs(
        input in any::<prop::sample::Index>(),
        cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, 0..PIECES.len()), 1..8),
    ) {
        // repairs take many looks at a file: they have a test of their own
        for (name, run) in targets::ALL.into_iter().filter(|(name, _)| *name != "fix") {
            let inputs = corpus(name);
            let mut bytes = input.get(&inputs).clone();
            if bytes.len() > 1 {
                let ends = (cut.0.index(bytes.len()), cut.1.index(bytes.len()));
                bytes = bytes[ends.0.min(ends.1)..ends.0.max(ends.1)].to_vec();
            }
            for (place, change, piece) in &changes {
                let at = place.index(bytes.len() + 1);
                match change {
                    0 if at < bytes.len() => { bytes.remove(at); }
                    1 if at < bytes.len() => overwrite(&mut bytes, at, PIECES[*piece]),
                    _ => { bytes.splice(at..at, PIECES[*piece].bytes()); }
                }
            }
            one(run, &bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Whole programs with a few mistakes are mended as far as it goes, and no further.
    #[test]
    fn changed_programs(
        input in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, 0..PIECES.len()), 1..5),
    ) {
        let inputs = corpus("fix");
        let mut bytes = input.get(&inputs).clone();
        for (place, change, piece) in &changes {
            let at = place.index(bytes.len());
            match change {
                0 => { bytes.remove(at); }
                1 => overwrite(&mut bytes, at, PIECES[*piece]),
                _ => { bytes.splice(at..at, PIECES[*piece].bytes()); }
            }
        }
        one(targets::fix, &bytes);
    }
}

/// What costs much where something costs more than it should.
#[test]
fn hostile_inputs() {
    let pieces = [
        "[", "{", "\"", "${", "f(", "a = ", "- ", "x ? y : ", "True ", "a = b\n", "use x\n",
    ];
    for piece in pieces {
        for (name, run) in targets::ALL {
            // repairs take many looks at a file, each with its findings and with none hidden
            let size = if name == "fix" { 2 << 10 } else { 16 << 10 };
            let input = piece.repeat(size / piece.len());
            let most = one(run, input.as_bytes());
            println!("{name} {piece:?} {most}");
        }
    }
}
