//! How well `scn lint` tells one slip of a good file, and how much of what else is wrong with it
//! then: every error of a file is to be told in one run, and nothing that follows from another.
//! Run with `cargo bench --bench slips`. `-- 50` makes so many slips of each sort, which a build
//! without optimizations gets through too (`cargo test --bench slips -- 50`); `-- 50 bracket` those
//! of some sorts, with all that went wrong; `SCN_BENCHED` names another program, an older build.

mod planted;
mod slips;
#[path = "../support/mod.rs"]
mod support;
mod trees;

use planted::{Planted, SORTS};
use scn::diagnostics::Severity;
use slips::Slip;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::table;
use trees::{GOOD, copied, scenarios, shared_out};

/// So many slips of each sort.
const OF_EACH: usize = 700;

/// So many places of a sort of planted mistakes are used in a file.
const PLACES: usize = 4;

/// An error's code and line.
type Found = (String, usize);

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let mut given = given.iter().filter(|one| !one.starts_with('-'));
    let most = given.next().and_then(|one| one.parse().ok());
    let asked = given.next().map(String::as_str);
    let rows = measure(most.unwrap_or(OF_EACH), asked);
    table(
        "one slip in a good file, by its sort: how many errors it makes; and how many of five \
         independent mistakes are still told",
        &[
            "slip",
            "made",
            "found",
            "exactly one",
            "false follow-ups",
            "the worst",
            "of five, lost",
            "two or more lost",
        ],
        &rows,
    );
}

/// A good file and what can be made of it.
struct Good {
    path: PathBuf,
    lines: Vec<String>,
    /// Of each sort, each told where it stands alone.
    planted: [Vec<Planted>; SORTS],
}

/// What came of a slip.
struct Seen {
    errors: Vec<Found>,
    due: usize,
    lost: Vec<String>,
}

/// Makes slips, and tells of each sort what came of them.
fn measure(of_each: usize, asked: Option<&str>) -> Vec<Vec<String>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let trees: Vec<tempfile::TempDir> = (0..threads).map(|_| copied()).collect();
    let mut files = Vec::new();
    GOOD.iter()
        .for_each(|folder| scenarios(Path::new(folder), &mut files));
    files.sort();
    let goods = shared_out(&trees, &files, |tree, path| good(tree, path));
    let mut all: BTreeMap<&str, Vec<(&Good, Slip)>> = BTreeMap::new();
    for good in &goods {
        for slip in slips::slips(&(good.lines.join("\n") + "\n")) {
            if asked.is_none_or(|word| slip.sort.contains(word)) {
                all.entry(slip.sort).or_default().push((good, slip));
            }
        }
    }
    let mut rows = Vec::new();
    for (sort, made) in all {
        // every so many-th, over all files
        let step = made.len() as f64 / of_each.min(made.len()) as f64;
        let chosen: Vec<(usize, &(&Good, Slip))> = (0..of_each.min(made.len()))
            .map(|n| (n, &made[(n as f64 * step) as usize]))
            .collect();
        let seen = shared_out(&trees, &chosen, |tree, (n, (good, slip))| {
            one(tree, good, slip, *n)
        });
        if asked.is_some() {
            let slips = chosen.iter().map(|(_, (good, slip))| (*good, slip));
            slips.zip(&seen).for_each(|(slip, seen)| show(slip, seen));
        }
        rows.push(row(sort, &chosen, &seen));
    }
    rows
}

fn row(sort: &str, chosen: &[(usize, &(&Good, Slip))], seen: &[Seen]) -> Vec<String> {
    let made = seen.len();
    let share = |n: usize| format!("{n} ({:.1} %)", 100.0 * n as f64 / made as f64);
    let count = |test: fn(&Seen) -> bool| share(seen.iter().filter(|seen| test(seen)).count());
    let follow = |seen: &Seen| seen.errors.len().saturating_sub(1);
    let follow_ups: usize = seen.iter().map(follow).sum();
    let worst = seen.iter().zip(chosen).max_by_key(|(seen, _)| follow(seen));
    let worst = worst.map_or(String::new(), |(seen, (_, (good, slip)))| {
        let file = good.path.file_name().unwrap_or_default().to_string_lossy();
        format!("{} in {file}:{}", seen.errors.len(), slip.line + 1)
    });
    let (due, lost) = seen.iter().fold((0, 0), |(due, lost), seen| {
        (due + seen.due, lost + seen.lost.len())
    });
    vec![
        sort.to_owned(),
        made.to_string(),
        count(|seen| !seen.errors.is_empty()),
        count(|seen| seen.errors.len() == 1),
        follow_ups.to_string(),
        worst,
        format!("{lost} of {due}"),
        count(|seen| seen.lost.len() > 1),
    ]
}

fn show((good, slip): (&Good, &Slip), seen: &Seen) {
    if seen.errors.len() == 1 && seen.lost.is_empty() {
        return;
    }
    let (file, line) = (good.path.display(), slip.line + 1);
    println!(
        "{file}:{line} {}: `{}` for `{}`: {:?}, lost {:?}",
        slip.sort,
        slip.with.as_deref().unwrap_or("").trim(),
        good.lines[slip.line].trim(),
        seen.errors,
        seen.lost
    );
}

/// What is found of a slip alone, and of five mistakes beside it.
fn one(tree: &Path, good: &Good, slip: &Slip, n: usize) -> Seen {
    let errors = errors(tree, good, Some(slip), &[]).0;
    let mut chosen: Vec<&Planted> = Vec::new();
    for of_sort in &good.planted {
        let places = (0..of_sort.len()).map(|at| &of_sort[(at + n) % of_sort.len()]);
        let apart = |one: &&Planted| {
            let used = chosen.iter().any(|other| other.above == one.above);
            !used && (one.above as isize - 1 - slip.line as isize).abs() > 2
        };
        chosen.extend(places.into_iter().find(apart));
    }
    chosen.sort_by_key(|planted| planted.above);
    let told = |slip: Option<&Slip>| {
        let (found, lines) = self::errors(tree, good, slip, &chosen);
        let of_line = |line: &usize| found.iter().find(|one| one.1 == *line);
        let codes = lines
            .iter()
            .map(|line| of_line(line).map(|one| one.0.clone()));
        codes.collect::<Vec<_>>()
    };
    // what hides another without any slip is no matter of the slip
    let (alone, beside) = (told(None), told(Some(slip)));
    let due = alone.iter().flatten().count();
    let pairs = alone.iter().zip(&beside).zip(&chosen);
    let lost = pairs.filter(|((alone, beside), _)| alone.is_some() && alone != beside);
    Seen {
        errors,
        due,
        lost: lost
            .map(|(_, planted)| format!("{}: {}", planted.above, planted.text.trim()))
            .collect(),
    }
}

/// The errors of a file with a slip and planted mistakes, and the lines on which those stand then.
fn errors(
    tree: &Path,
    good: &Good,
    slip: Option<&Slip>,
    planted: &[&Planted],
) -> (Vec<Found>, Vec<usize>) {
    let (mut out, mut at) = (Vec::new(), Vec::new());
    for line in 0..=good.lines.len() {
        for one in planted.iter().filter(|one| one.above == line) {
            out.push(one.text.as_str());
            at.push(out.len());
        }
        match slip.filter(|slip| slip.line == line) {
            Some(slip) => out.extend(slip.with.as_deref()),
            None => out.extend(good.lines.get(line).map(String::as_str)),
        }
    }
    std::fs::write(tree.join(&good.path), out.join("\n") + "\n").unwrap();
    // another build, to compare
    let program = std::env::var("SCN_BENCHED");
    let program = program.unwrap_or_else(|_| env!("CARGO_BIN_EXE_scn").to_owned());
    let output = Command::new(program)
        .args(["lint", "--json", "-"])
        .arg(&good.path)
        .current_dir(tree)
        .output()
        .unwrap();
    std::fs::write(tree.join(&good.path), good.lines.join("\n") + "\n").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{}: {error}: {said}", good.path.display()));
    let error = serde_json::to_value(Severity::Error).unwrap();
    let found = found.iter().filter(|one| one["severity"] == error);
    let place = |one: &serde_json::Value| {
        let code = one["code"].as_str().unwrap_or_default().to_owned();
        let line = one["line"].as_u64().and_then(|line| line.try_into().ok());
        (code, line.unwrap_or(0))
    };
    (found.map(place).collect(), at)
}

/// A good file, with planted mistakes that are told where each stands alone.
fn good(tree: &Path, path: &Path) -> Good {
    let text = std::fs::read_to_string(tree.join(path)).unwrap();
    let mut good = Good {
        path: path.to_owned(),
        lines: text.lines().map(str::to_owned).collect(),
        planted: Default::default(),
    };
    assert_eq!(errors(tree, &good, None, &[]).0, [], "{}", path.display());
    let places = planted::places(&text);
    for sort in 0..SORTS {
        let of_sort: Vec<&Planted> = places.iter().filter(|one| one.sort == sort).collect();
        let mut left = of_sort.len();
        for n in 0..of_sort.len() {
            // from places all over the file
            let one = of_sort[(n * 7 + sort * 3) % of_sort.len()];
            left -= 1;
            let alone = |one: &Planted| matches!(&errors(tree, &good, None, &[one]).0[..], [_]);
            let known = good.planted[sort]
                .iter()
                .any(|other| other.above == one.above);
            if !known && alone(one) {
                let Planted { above, text, .. } = one;
                let (above, text) = (*above, text.clone());
                good.planted[sort].push(Planted { sort, above, text });
            }
            if good.planted[sort].len() == PLACES || left == 0 {
                break;
            }
        }
    }
    good
}
