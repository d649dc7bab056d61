//! `scn lint --fix` of hostile files, under limits of memory and time: it ends by itself, takes no
//! more than 64 MB and 200 times the file, and no more than 20 times the time of a lint with repairs
//! of a valid file of its size. What is told of very many findings is within them too.

mod limits_support;

use limits_support::{SECONDS, run};

/// The length of a file, in bytes. At this one what grows with its square shows in the time.
const SIZE: usize = 64 << 10;

/// So many times the processor's time of a valid file may a hostile one take.
const TIMES: f64 = 20.0;

/// What other work on the machine adds to a time is not there every time.
const TRIES: usize = 4;

fn repeated(piece: &str) -> String {
    piece.repeat(SIZE / piece.len())
}

/// A line by its number, as often as makes the size.
fn lines(head: &str, line: impl Fn(usize) -> String) -> String {
    let mut out = head.to_owned();
    let mut n = 0;
    while out.len() < SIZE {
        out += &line(n);
        n += 1;
    }
    out
}

fn hostile() -> Vec<(&'static str, String)> {
    vec![
        ("commas", repeated(",")),
        ("quotes", repeated("'")),
        ("brackets that cross", repeated("(]{)")),
        ("braces", repeated("{")),
        ("colons", repeated("a: 1\n")),
        ("assignments in a row", repeated("let a = b = c\n")),
        (
            "a slip",
            lines("let hello = 1\n", |n| format!("let x{n} = helo\n")),
        ),
        ("slips", lines("", |n| format!("let x{n} = y{n}x\n"))),
        (
            "blocks that are not closed",
            lines("", |n| format!("workload w{n} {{\n")),
        ),
        (
            "what nothing reads",
            lines("", |n| format!("use \"./it.scn\" as x{n}\n")),
        ),
    ]
}

#[test]
fn hostile_files_are_mended_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    let command = ["lint", "--diff", "--unsafe-fixes"];
    std::fs::write(&file, lines("", |n| format!("let x{n} = {n}\n"))).unwrap();
    let runs = [(); 3].map(|()| run(&command, &file, SECONDS));
    let valid = runs.iter().map(|run| run.seconds).reduce(f64::min).unwrap();
    for (name, text) in hostile() {
        std::fs::write(&file, text).unwrap();
        let mut best = run(&command, &file, SECONDS);
        for _ in 1..TRIES {
            if best.seconds > TIMES * valid && best.ended.is_ok() {
                let next = run(&command, &file, SECONDS);
                best = if next.seconds < best.seconds {
                    next
                } else {
                    best
                };
            }
        }
        best.within(SIZE, name);
        let times = best.seconds / valid;
        println!("{name}: {times:.1} times, {} MB", best.most >> 20);
        assert!(times <= TIMES, "{name}: {times} times a valid file");
    }
}

#[test]
fn all_findings_are_told_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    let many = ["commas", "colons", "slips"];
    for (name, text) in hostile()
        .into_iter()
        .filter(|(name, _)| many.contains(name))
    {
        std::fs::write(&file, text).unwrap();
        for format in ["json", "sarif"] {
            run(&["lint", "--format", format], &file, SECONDS)
                .within(SIZE, &format!("{name} as {format}"));
        }
    }
}
