//! How fast the formatter is, its reading again of what it wrote included, on ordinary and on
//! hostile text. Run with `cargo bench --bench format`.

mod support;

use std::time::Instant;

use scn::source::FileId;
use scn::syntax::format::{Refused, format};
use scn::syntax::parse;
use support::{Samples, table};

const SAMPLE: &str = include_str!("../scenarios/quickstart.scn");
const MEGABYTE: usize = 1 << 20;

fn main() {
    let neat = formatted(&SAMPLE.repeat(MEGABYTE / SAMPLE.len()));
    // every line is wrong, and has what it had
    let wrong: String = neat.lines().map(|line| format!("   {line}  \n")).collect();
    let texts = [
        ("parse, formatted text", &neat, false),
        ("format, formatted text", &neat, true),
        ("format, text with every line changed", &wrong, true),
    ];
    let rows = texts.map(|(name, text, whole)| {
        let speeds = (0..7).map(|_| {
            let started = Instant::now();
            if whole {
                assert!(formatted(text) == neat);
            } else {
                assert!(parse(FileId(0), text).1.is_empty());
            }
            text.len() as f64 / 1e6 / started.elapsed().as_secs_f64()
        });
        let speeds = Samples::new(speeds.collect());
        vec![name.to_owned(), speeds.range(1.0, 1)]
    });
    table(
        "1 MB of ordinary text, 7 times: median (min to max)",
        &["", "MB/s"],
        &rows,
    );

    let rows: Vec<_> = hostile()
        .into_iter()
        .map(|(name, text)| {
            let started = Instant::now();
            let done = match format(FileId(0), &text) {
                Ok(_) => "formatted",
                Err(Refused::Syntax(_)) => "mistakes",
                Err(Refused::Changed) => panic!("{name} would mean something else"),
            };
            let time = started.elapsed().as_secs_f64() * 1e3;
            vec![name.to_owned(), format!("{time:.0}"), done.to_owned()]
        })
        .collect();
    table("1 MB of hostile text", &["", "ms", ""], &rows);
}

fn formatted(text: &str) -> String {
    format(FileId(0), text).expect("a text without mistakes")
}

fn hostile() -> Vec<(&'static str, String)> {
    let full = |piece: &str| piece.repeat(MEGABYTE / piece.len());
    let within = |open: &str, piece: &str, close: &str| {
        let inside = full(piece);
        format!("a = {}{inside}0{}", open.repeat(120), close.repeat(120))
    };
    let deep = |open: &str, close: &str| {
        let one = format!("a = {}1{}\n", open.repeat(120), close.repeat(120));
        full(&one)
    };
    vec![
        ("[ repeated", full("[")),
        ("{ repeated", full("{")),
        ("\" repeated", full("\"")),
        ("f( repeated", full("f(")),
        ("lists 120 deep", deep("[", "]")),
        ("calls 120 deep", deep("f(x, ", ")")),
        ("records 120 deep", deep("{ a = ", " }")),
        ("brackets 120 deep", deep("(", ")")),
        ("a list within 120 lists", within("[", "1, ", "]")),
        ("calls within 120 calls", within("f(", "g(x, y), ", ")")),
        ("comments within 120 lists", within("[", "1, # c\n", "]")),
        ("one line of attributes", full("a = 1, ")),
        ("attributes", full("a = 1\n")),
        ("comments", full("# c\n")),
        (
            "commas and comments",
            format!("a = 1{}", full("\n, # c\nb = 1")),
        ),
        ("blocks", full("a {}\n")),
        ("one string", format!("a = \"{}\"", full("x"))),
        ("operators", full(&format!("a = {}x\n", "x + ".repeat(100)))),
        (
            "choices",
            full(&format!("a = {}x\n", "if x then y else ".repeat(100))),
        ),
    ]
}
