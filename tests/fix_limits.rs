//! `scn lint --fix` of hostile files, under limits of memory: it ends by itself and takes no more
//! than 64 MB and 200 times the file. What is told of very many findings is within them too. How long
//! it takes is measured by `benches/lint.rs`.

#[path = "../benches/support/hostile.rs"]
mod hostile;
mod limits_support;

use limits_support::{SECONDS, run};

/// The length of a file, in bytes.
const SIZE: usize = 64 << 10;

#[test]
fn hostile_files_are_mended_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    for (name, text) in hostile::to_repair(SIZE) {
        std::fs::write(&file, text).unwrap();
        run(&["lint", "--diff", "--unsafe-fixes"], &file, SECONDS).within(SIZE, name);
    }
}

#[test]
fn all_findings_are_told_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    let many = ["commas", "colons", "slips"];
    let texts = hostile::to_repair(SIZE);
    for (name, text) in texts.into_iter().filter(|(name, _)| many.contains(name)) {
        std::fs::write(&file, text).unwrap();
        for format in ["json", "sarif"] {
            let told = run(&["lint", "--format", format], &file, SECONDS);
            told.within(SIZE, &format!("{name} as {format}"));
        }
    }
}

/// What has a finding every few bytes is held to them at other sizes, too: nothing is tried then.
#[test]
fn longer_files_that_are_wrong_all_over_are_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    let size = 160 << 10;
    let many = ["colons", "assignments on one line"];
    let texts = hostile::to_repair(size);
    for (name, text) in texts.into_iter().filter(|(name, _)| many.contains(name)) {
        std::fs::write(&file, text).unwrap();
        run(&["lint", "--diff", "--unsafe-fixes"], &file, SECONDS).within(size, name);
    }
}
