//! `scn lint --fix` on every file of the corpora and of the examples: what it
//! promises of any file, and which rules have a repair that it makes.

#[path = "../fuzz/repairs.rs"]
#[allow(dead_code, reason = "the fuzz target uses the rest")]
mod repairs;

mod corpus_support;

use corpus_support::{below, root, scenarios, scn};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Rules whose repairs are made in some file of the corpora.
const MENDED: [&str; 32] = [
    "E0101", "E0102", "E0104", "E0105", "E0106", "E0107", "E0201", "E0202", "E0203", "E0204",
    "E0206", "E0208", "E0209", "E0210", "E0211", "E0213", "E0214", "E0301", "E0303", "E0304",
    "E0306", "E0307", "W0502", "W0506", "W0507", "W0508", "W0604", "W0618", "W0621", "W0622",
    "W0624", "W0640",
];

/// A folder with all of it, in which files may be changed.
struct Copied(tempfile::TempDir);

const FOLDERS: [&str; 2] = ["tests/corpus", "docs/examples"];

impl Copied {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        for folder in FOLDERS {
            for file in below(&root().join(folder)) {
                copy.restore(file.strip_prefix(root()).unwrap());
            }
        }
        copy
    }

    fn restore(&self, file: &Path) {
        let to = self.0.path().join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(root().join(file), to).unwrap();
    }

    /// The text of a file; none where it is not UTF-8.
    fn text(&self, file: &Path) -> Option<String> {
        std::fs::read_to_string(self.0.path().join(file)).ok()
    }

    /// `scn lint` of a file, from its folder, with the arguments of its first line.
    fn lint(&self, file: &Path, more: &[&str]) -> Linted {
        let text = std::fs::read(root().join(file)).unwrap();
        let text = String::from_utf8_lossy(&text);
        let given = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# args: "));
        let given = given.unwrap_or_default().replace('"', "");
        let name = file.file_name().unwrap().to_str().unwrap();
        let mut args = vec!["lint", name, "--format", "json"];
        args.extend(given.split_whitespace());
        args.extend(more);
        let done = scn(self.0.path().join(file).parent().unwrap(), &args, "");
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(!said.contains("panicked"), "{}: {said}", file.display());
        Linted {
            found: serde_json::from_slice(&done.stdout).unwrap_or_default(),
            said,
        }
    }
}

struct Linted {
    found: Vec<Value>,
    said: String,
}

impl Linted {
    /// How many errors have a code that begins so.
    fn errors(&self, code: &str) -> usize {
        let is = |one: &&Value| {
            one["severity"] == "error" && one["code"].as_str().unwrap().starts_with(code)
        };
        self.found.iter().filter(is).count()
    }

    fn has_repairs(&self, unsafe_too: bool) -> bool {
        let mut fixes = self
            .found
            .iter()
            .flat_map(|one| one["fixes"].as_array().unwrap());
        fixes.any(|fix| unsafe_too || fix["safe"] == true)
    }

    /// The codes of what was mended, from the lines `  CODE rule: title`.
    fn made(&self) -> BTreeSet<String> {
        let lines = self.said.lines().filter_map(|line| line.strip_prefix("  "));
        lines
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    }
}

/// What holds of any file: returns the codes of what was mended.
fn mended(copy: &Copied, file: &Path, before: &Linted, unsafe_too: bool) -> BTreeSet<String> {
    let name = file.display();
    let args: &[&str] = match unsafe_too {
        true => &["--fix", "--unsafe-fixes"],
        false => &["--fix"],
    };
    let was = copy.text(file).unwrap();
    let after = copy.lint(file, args);
    let now = copy.text(file).unwrap();
    let made = after.made();
    assert!(
        !after.said.contains("stopped before all was tried"),
        "{name}: {}",
        after.said
    );
    let codes: Vec<&str> = made.iter().map(String::as_str).collect();
    if let Some(kind) = repairs::never_more(&codes) {
        let (before, after) = (before.errors(kind), after.errors(kind));
        assert!(
            after <= before,
            "{name}: {before} errors {kind} became {after}"
        );
    }
    let readable = before.errors("E01") == 0;
    repairs::comments_stay(&was, &now, readable);
    let again = copy.lint(file, args);
    assert_eq!(
        copy.text(file).unwrap(),
        now,
        "{name}: the second time: {}",
        again.said
    );
    assert_eq!(again.found, after.found, "{name}: the second time");
    if readable {
        assert_eq!(
            after.errors("E01"),
            0,
            "{name}: it cannot be read now:\n{now}"
        );
        let done = scn(copy.0.path(), &["fmt", "--stdin"], &now);
        assert!(
            done.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    copy.restore(file);
    made
}

#[test]
fn every_file_of_the_corpora() {
    let mut files: Vec<PathBuf> = FOLDERS
        .into_iter()
        .flat_map(|folder| scenarios(&root().join(folder)))
        .map(|file| file.strip_prefix(root()).unwrap().to_path_buf())
        // another test has nothing found in these
        .filter(|file| {
            !file
                .file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("good_")
        })
        .collect();
    files.reverse();
    assert!(files.len() > 450, "{}", files.len());
    let files = Mutex::new(files);
    let seen = Mutex::new((BTreeSet::new(), [0, 0]));
    let work = || {
        let copy = Copied::new();
        loop {
            let Some(file) = files.lock().unwrap().pop() else {
                return;
            };
            if copy.text(&file).is_none() {
                continue;
            }
            let before = copy.lint(&file, &[]);
            for unsafe_too in [false, true] {
                if before.has_repairs(unsafe_too) {
                    let made = mended(&copy, &file, &before, unsafe_too);
                    let mut seen = seen.lock().unwrap();
                    seen.1[usize::from(unsafe_too)] += usize::from(!made.is_empty());
                    seen.0.extend(made);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let (codes, [safe, all]) = seen.into_inner().unwrap();
    println!(
        "{safe} files, {all} with unsafe repairs; {} codes: {codes:?}",
        codes.len()
    );
    let lost: Vec<&str> = MENDED
        .into_iter()
        .filter(|code| !codes.contains(*code))
        .collect();
    assert!(lost.is_empty(), "no repair is made of {lost:?}");
}

#[test]
fn docs_go_with_what_they_are_of_alone() {
    let lost = |before: &'static str, after: &'static str| {
        std::panic::catch_unwind(|| repairs::comments_stay(before, after, true)).is_err()
    };
    let text = "## of a\nlet a = 1\n## of it\nuse std.engines\n";
    assert!(!lost(text, "## of a\nlet a = 1\n"));
    assert!(lost(text, "let a = 1\n"));
    assert!(lost(text, "let a = 1\nuse std.engines\n"));
    // one of two goes with its own
    let two = "## one\nuse std.engines\n## two\nuse std.engines\n";
    assert!(!lost(two, "## one\nuse std.engines\n"));
    assert!(lost(two, "use std.engines\n"));
}
