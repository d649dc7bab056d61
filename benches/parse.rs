//! How fast the parser is, on ordinary and on hostile text, and what the parts of `scn lint` of the
//! quickstart cost. Run with `cargo bench --bench parse`.

mod support;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use scn::eval::Params;
use scn::scenario::compile;
use scn::source::FileId;
use scn::syntax::parse;
use scn::{check, resolve};
use support::{Samples, own_cpu, table};

const SAMPLE: &str = include_str!("../tests/corpus/syntax/good_items.scn");
const MEGABYTE: usize = 1 << 20;

fn main() {
    lint();
    println!();
    let text = SAMPLE.repeat(MEGABYTE / SAMPLE.len());
    let speeds = (0..9).map(|_| {
        let before = own_cpu();
        let (ast, found) = parse(FileId(0), &text);
        assert!(found.is_empty() && !ast.items.is_empty());
        text.len() as f64 / 1e6 / (own_cpu() - before)
    });
    let speeds = Samples::new(speeds.collect());
    let row = vec!["ordinary text".to_owned(), speeds.range(1.0, 1)];
    table(
        "the parser, 1 MB 9 times: median (min to max)",
        &["", "MB per second of process time"],
        &[row],
    );

    let mut rows: Vec<(f64, Vec<String>)> = Vec::new();
    for (name, text) in hostile() {
        let took = |_| {
            let before = own_cpu();
            let (_, found) = parse(FileId(0), &text);
            (own_cpu() - before, found.len())
        };
        // the smaller of two: neighbours make a text slow now and then
        let (seconds, found) = (0..2).map(took).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        let times = seconds * speeds.at(0.5) * 1e6 / text.len() as f64;
        let cells = [
            name,
            format!("{:.1}", seconds * 1e3),
            format!("{times:.1}"),
            found.to_string(),
        ];
        rows.push((times, cells.into()));
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    table(
        "1 MB of hostile text, the slowest first",
        &["", "ms", "times ordinary text", "found"],
        &rows,
    );
}

/// Reading, checking and compiling, without the start and end of a process.
fn lint() {
    let files = [PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scenarios/quickstart.scn"
    ))];
    let params = Params::new();
    let (mut reading, mut checking, mut compiling) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..200 {
        let started = Instant::now();
        let (program, found) = resolve::load(&files);
        reading.push(started.elapsed().as_secs_f64());
        assert!(found.is_empty(), "{found:?}");
        let started = Instant::now();
        let found = check::check(&program);
        checking.push(started.elapsed().as_secs_f64());
        assert!(found.is_empty(), "{found:?}");
        let started = Instant::now();
        let compiled = compile(&program, &params, &|_| true);
        compiling.push(started.elapsed().as_secs_f64());
        assert_eq!(compiled.cases.len(), 2);
    }
    let parts = [
        ("read and parse it and what it uses", reading),
        ("check", checking),
        ("compile", compiling),
    ];
    let rows = parts.map(|(name, times)| vec![name.to_owned(), Samples::new(times).range(1e3, 3)]);
    table(
        "scn lint of the quickstart, its parts, 200 times: median (min to max)",
        &["part", "ms"],
        &rows,
    );
}

fn hostile() -> Vec<(String, String)> {
    let pieces = [
        "[",
        "{",
        "(",
        "]",
        "}",
        ")",
        "\"",
        "'",
        "\"\"\"",
        "${",
        "-",
        "not ",
        "!",
        "f(",
        "a = [",
        "a {",
        "a {\n",
        "\"${",
        "if a then ",
        "if ",
        "else ",
        "a if ",
        "a ? b : ",
        ",",
        ";",
        "\n",
        ".",
        "a.b",
        "a + ",
        "a b ",
        "a = ",
        "a = @\n",
        "a = \"\n",
        "1,000",
        "x < ",
        "for x in y ",
        "[x for x in ",
        "“",
        "\\",
        "# ",
        "/*",
        "//\n",
        "(]",
        "{)",
        "expect a when ",
        "a = {b = ",
        "\u{1}",
        "é",
        "é = 1\n",
        "##\n",
        "a[0]",
        "f(a = ",
        "[1 2 ",
        "if x {\n",
        "}\n",
        "  }\n",
        "a = (\n",
    ];
    let mut texts: Vec<(String, String)> = pieces
        .iter()
        .map(|p| (format!("{p:?} repeated"), p.repeat(MEGABYTE / p.len())))
        .collect();
    for head in ["let a = ", "a { b = "] {
        for piece in [
            "[",
            "{a = ",
            "(",
            "-",
            "not ",
            "f(",
            "if a then ",
            "a + ",
            "\"${",
            "x[",
            "a ? ",
            "a if ",
        ] {
            texts.push((
                format!("{head}{piece:?} repeated"),
                format!("{head}{}", piece.repeat(MEGABYTE / piece.len())),
            ));
        }
    }
    let mut wide = String::new();
    for n in 0..100_000 {
        let _ = writeln!(wide, "a{n} = {n}");
    }
    texts.push(("100 000 attributes".to_owned(), wide));
    let deep = format!(
        "a = {}{}{}",
        "[".repeat(120),
        "1, ".repeat(MEGABYTE / 3),
        "]".repeat(120)
    );
    texts.push(("1 MB within 120 brackets".to_owned(), deep));
    let broken = format!(
        "a = {}{}{}",
        "[@ ".repeat(120),
        "@ ".repeat(MEGABYTE / 2),
        "]".repeat(120)
    );
    texts.push(("1 MB of junk within 120 brackets".to_owned(), broken));
    texts
}
