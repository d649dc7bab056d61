//! Copies of the good files, one for each thread.

use std::path::{Path, PathBuf};

/// The folders of the good files, and what they read.
pub const GOOD: [&str; 3] = ["scenarios", "docs/examples", "tests/corpus/drafts"];

/// The good files and what they read, in a folder of their own.
pub fn copied() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    let mut open: Vec<PathBuf> = GOOD.iter().map(PathBuf::from).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    while let Some(folder) = open.pop() {
        std::fs::create_dir_all(tree.path().join(&folder)).unwrap();
        for entry in std::fs::read_dir(root.join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            match root.join(&path).is_dir() {
                true => open.push(path),
                false => drop(std::fs::copy(root.join(&path), tree.path().join(&path)).unwrap()),
            }
        }
    }
    tree
}

/// All `.scn` files below a folder.
pub fn scenarios(folder: &Path, out: &mut Vec<PathBuf>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let path = folder.join(entry.unwrap().file_name());
        match root.join(&path).is_dir() {
            true => scenarios(&path, out),
            false if path.extension().is_some_and(|end| end == "scn") => out.push(path),
            false => {}
        }
    }
}

/// Does something with each, one thread for each tree; in order.
pub fn shared_out<T: Sync, R: Send>(
    trees: &[tempfile::TempDir],
    all: &[T],
    each: impl Fn(&Path, &T) -> R + Sync,
) -> Vec<R> {
    let part = all.len().div_ceil(trees.len()).max(1);
    let each = &each;
    std::thread::scope(|scope| {
        let threads: Vec<_> = all
            .chunks(part)
            .zip(trees)
            .map(|(part, tree)| {
                let of_part = move || part.iter().map(|one| each(tree.path(), one));
                scope.spawn(move || of_part().collect::<Vec<R>>())
            })
            .collect();
        let done = threads.into_iter().flat_map(|one| one.join().unwrap());
        done.collect()
    })
}
