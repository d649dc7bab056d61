//! All mistakes of a file are said in one run: each of many single mistakes in one valid file is
//! said once, and of any two of them both are said, where they stand, and nothing else.

mod mistakes;

use mistakes::{ANYWHERE, JUSTIFIED, MISTAKES, Mistake, OBJECTIONS, SILENCED, TWO, VALID};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// So many pairs are tried; all of them with `SCN_ALL_PAIRS`.
const PAIRS: usize = 300;

/// Code and line of a finding.
type Found = BTreeMap<(String, usize), usize>;

/// The errors of a text, and how often each is said; and what they say.
fn errors(folder: &Path, text: &str) -> (Found, String) {
    said(folder, text, "error")
}

/// The findings of a severity.
fn said(folder: &Path, text: &str, severity: &str) -> (Found, String) {
    let file = format!("{:?}.scn", std::thread::current().id());
    std::fs::write(folder.join(&file), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["lint", &file, "--json", "-"])
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let mut out = Found::new();
    let mut said = String::new();
    for one in found.iter().filter(|one| one["severity"] == severity) {
        let code = one["code"].as_str().unwrap().to_string();
        let line = usize::try_from(one["line"].as_u64().unwrap()).unwrap();
        said.push_str(&format!("  {code} {line}: {}\n", one["message"]));
        *out.entry((code, line)).or_default() += 1;
    }
    (out, said)
}

/// The text with mistakes put in; none where two of them change the same line.
fn with(mistakes: &[&Mistake]) -> Option<String> {
    let mut lines: Vec<String> = VALID.lines().map(str::to_string).collect();
    let mut changed = Vec::new();
    for Mistake(name, from, to) in mistakes {
        let places: Vec<usize> = (0..lines.len())
            .filter(|at| VALID.lines().nth(*at).unwrap().contains(from))
            .collect();
        let [at] = places[..] else {
            panic!("{name}: `{from}` stands in {} lines", places.len());
        };
        if changed.contains(&at) {
            return None;
        }
        changed.push(at);
        lines[at] = lines[at].replacen(from, to, 1);
    }
    Some(lines.join("\n") + "\n")
}

/// What a level of indentation is written with.
const INDENTS: [&str; 3] = ["  ", "\t", "    "];

/// A text with another indentation.
fn indented(text: &str, with: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let body = line.trim_start_matches(' ');
        let levels = (line.len() - body.len()) / 2;
        out.push_str(&with.repeat(levels));
        out.push_str(body);
        out.push('\n');
    }
    out
}

/// The lines with these many levels, by the line's own and by how many definitions began so far.
fn laid_out(text: &str, levels: impl Fn(usize, usize) -> usize) -> String {
    let mut out = String::new();
    let mut definitions = 0;
    for line in text.lines() {
        let body = line.trim_start_matches(' ');
        let own = (line.len() - body.len()) / 2;
        definitions += usize::from(own == 0 && body.starts_with(|c: char| c.is_alphabetic()));
        out.push_str(&"  ".repeat(levels(own, definitions)));
        out.push_str(body);
        out.push('\n');
    }
    out
}

/// Numbers that are as good as random, and the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

#[test]
fn the_file_itself_has_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["lint", "it.scn", "--json", "-"])
        .current_dir({
            std::fs::write(folder.path().join("it.scn"), VALID).unwrap();
            folder.path()
        })
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "[]");
}

#[test]
fn of_two_mistakes_both_are_said_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut failed = Vec::new();
    let singles: Vec<Found> = MISTAKES
        .iter()
        .map(|mistake| {
            let (found, said) = errors(folder, &with(&[mistake]).unwrap());
            let alone = found.values().sum::<usize>();
            let due = if mistake.0 == TWO { 2 } else { 1 };
            if alone != due {
                failed.push(format!(
                    "`{}` alone is not {due} errors:\n{said}",
                    mistake.0
                ));
            }
            for with in &INDENTS[1..] {
                let text = indented(&self::with(&[mistake]).unwrap(), with);
                let (other, said) = errors(folder, &text);
                if other != found {
                    let name = mistake.0;
                    failed.push(format!(
                        "`{name}` is another mistake with {with:?}:\n{said}"
                    ));
                }
            }
            found
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let mut draw = Draw(7);
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let all = std::env::var_os("SCN_ALL_PAIRS").is_some();
    for a in 0..MISTAKES.len() {
        pairs.extend((a + 1..MISTAKES.len()).map(|b| (a, b)));
    }
    while !all && pairs.len() > PAIRS {
        let at = draw.below(pairs.len());
        pairs.swap_remove(at);
    }
    let check = |(a, b): &(usize, usize)| {
        let (one, other) = (&MISTAKES[*a], &MISTAKES[*b]);
        let text = indented(&with(&[one, other])?, INDENTS[(a + b) % INDENTS.len()]);
        let (found, said) = errors(folder, &text);
        let mut due = singles[*a].clone();
        for (key, count) in &singles[*b] {
            *due.entry(key.clone()).or_default() += count;
        }
        let justified = JUSTIFIED.iter().any(|(hides, hidden, _)| {
            let is =
                |a: &Mistake, b: &Mistake| a.0 == *hides && (b.0 == *hidden || hidden.is_empty());
            is(one, other) || is(other, one)
        });
        let fine = match justified {
            // what is hidden is hidden; nothing is said that neither says alone
            true => found.keys().all(|key| due.contains_key(key)),
            false => found == due,
        };
        (!fine).then(|| {
            format!(
                "`{}` and `{}`: {due:?} are due, said is\n{said}",
                one.0, other.0
            )
        })
    };
    let half = pairs.len() / 2;
    std::thread::scope(|scope| {
        let halves = [&pairs[..half], &pairs[half..]];
        let threads = halves
            .map(|pairs| scope.spawn(move || pairs.iter().filter_map(check).collect::<Vec<_>>()));
        for thread in threads {
            failed.extend(thread.join().unwrap());
        }
    });
    assert!(
        failed.is_empty(),
        "{} pairs:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// How far in a line stands of a definition, by how far in it stood and the definition's number.
type Layout = fn(usize, usize) -> usize;

#[test]
fn a_mistake_is_said_once_however_lines_stand() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let layouts: [(&str, Layout); 3] = [
        ("no indentation", |_, _| 0),
        ("every second definition", |own, n| own * (n % 2)),
        ("a level too few", |own, _| own.saturating_sub(1)),
    ];
    let check = |mistake: &Mistake| {
        let mut failed = Vec::new();
        let text = with(&[mistake]).unwrap();
        let (due, _) = errors(folder, &text);
        for (name, levels) in layouts {
            let (found, said) = errors(folder, &laid_out(&text, levels));
            let once = found.values().sum::<usize>() == 1;
            let codes = |of: &Found| of.keys().map(|key| key.0.clone()).collect::<Vec<_>>();
            let fine = match ANYWHERE.contains(&mistake.0) {
                true => once && codes(&found) == codes(&due),
                false => found == due,
            };
            if !fine {
                failed.push(format!(
                    "`{}` with {name}: {due:?} is due, said is\n{said}",
                    mistake.0
                ));
            }
        }
        failed
    };
    let single: Vec<&Mistake> = MISTAKES.iter().filter(|mistake| mistake.0 != TWO).collect();
    let half = single.len() / 2;
    let mut failed = Vec::new();
    std::thread::scope(|scope| {
        let halves = [&single[..half], &single[half..]];
        let threads = halves
            .map(|of| scope.spawn(move || of.iter().flat_map(|m| check(m)).collect::<Vec<_>>()));
        for thread in threads {
            failed.extend(thread.join().unwrap());
        }
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_mistake_hides_no_objection_to_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let warnings = |text: &str| said(folder, text, "warning");
    let mut failed = Vec::new();
    let alone: Vec<Found> = OBJECTIONS
        .iter()
        .map(|objection| {
            let (found, said) = warnings(&with(&[objection]).unwrap());
            if found.values().sum::<usize>() != 1 {
                failed.push(format!("`{}` is not one warning:\n{said}", objection.0));
            }
            found
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let all = std::env::var_os("SCN_ALL_PAIRS").is_some();
    let beside = |mistake: &&Mistake| {
        let mut failed = Vec::new();
        let (own, _) = warnings(&with(&[mistake]).unwrap());
        for (at, (objection, alone)) in OBJECTIONS.iter().zip(&alone).enumerate() {
            // one of three, each another of the next mistake
            if !all && !(at + mistake.0.len()).is_multiple_of(3) {
                continue;
            }
            let Some(text) = with(&[mistake, objection]) else {
                continue;
            };
            let (found, said) = warnings(&text);
            let silenced = SILENCED
                .iter()
                .any(|(name, of)| *name == mistake.0 && of.contains(&objection.0));
            let mut due = own.clone();
            due.extend(alone.clone().into_iter().filter(|_| !silenced));
            if found != due {
                let (mistake, objection) = (mistake.0, objection.0);
                failed.push(format!(
                    "`{objection}` beside `{mistake}`: {due:?} is due, said is\n{said}"
                ));
            }
        }
        failed
    };
    let half = MISTAKES.len() / 2;
    std::thread::scope(|scope| {
        let halves = [&MISTAKES[..half], &MISTAKES[half..]];
        let threads = halves
            .map(|of| scope.spawn(move || of.iter().flat_map(|m| beside(&m)).collect::<Vec<_>>()));
        for thread in threads {
            failed.extend(thread.join().unwrap());
        }
    });
    assert!(
        failed.is_empty(),
        "{} pairs:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
