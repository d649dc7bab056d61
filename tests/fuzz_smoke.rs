//! The fuzz targets on stable Rust: the kept corpus, and changes of it. `fuzz/` runs them for longer.

#[path = "../fuzz/targets.rs"]
mod targets;

use proptest::prelude::*;
use std::path::Path;

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

#[test]
fn kept_inputs() {
    for (name, run) in targets::ALL {
        for input in corpus(name) {
            run(&input);
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
        for (name, run) in targets::ALL {
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
                    _ => { bytes.splice(at..at, PIECES[*piece].bytes()); }
                }
            }
            run(&bytes);
        }
    }
}
