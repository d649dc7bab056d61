//! How fast the formatter is, its reading again of what it wrote included, on ordinary and on
//! hostile text, and beside hurlfmt, where that is installed. Run with `cargo bench --bench format`.

mod support;

use std::process::Command;

use scn::source::FileId;
use scn::syntax::format::{Refused, format};
use scn::syntax::parse;
use support::process::{Run, range, run};
use support::{Samples, own_cpu, table};

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
    let mut usual = f64::NAN;
    let rows = texts.map(|(name, text, whole)| {
        let speeds = (0..7).map(|_| {
            let before = own_cpu();
            if whole {
                assert!(formatted(text) == neat);
            } else {
                assert!(parse(FileId(0), text).1.is_empty());
            }
            text.len() as f64 / 1e6 / (own_cpu() - before)
        });
        let speeds = Samples::new(speeds.collect());
        usual = speeds.at(0.5);
        vec![name.to_owned(), speeds.range(1.0, 1)]
    });
    table(
        "1 MB of ordinary text, 7 times: median (min to max)",
        &["", "MB per second of process time"],
        &rows,
    );

    beside_hurlfmt(&neat);

    let rows: Vec<_> = hostile()
        .into_iter()
        .map(|(name, text)| {
            let before = own_cpu();
            let done = match format(FileId(0), &text) {
                Ok(_) => "formatted",
                Err(Refused::Syntax(_)) => "mistakes",
                Err(Refused::Changed) => panic!("{name} would mean something else"),
            };
            let seconds = own_cpu() - before;
            let times = seconds * usual * 1e6 / text.len() as f64;
            vec![
                name.to_owned(),
                format!("{:.0}", seconds * 1e3),
                format!("{times:.1}"),
                done.to_owned(),
            ]
        })
        .collect();
    table(
        "1 MB of hostile text",
        &["", "ms", "times text of which every line changes", ""],
        &rows,
    );
}

/// Both programs check files of one size in their languages that are formatted already, in turns.
fn beside_hurlfmt(neat: &str) {
    let version = Command::new("hurlfmt").arg("--version").output();
    let Ok(version) = version else {
        return println!("\n  hurlfmt is not installed: nothing to compare with");
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let hurl = hurl(neat.len());
    let (ours, theirs) = (write("it.scn", neat), write("it.hurl", &hurl));
    let scn = env!("CARGO_BIN_EXE_scn");
    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        of_ours.push(run(scn, &["fmt", "--check", &ours]));
        of_theirs.push(run("hurlfmt", &["--check", &theirs]));
    }
    let row = |name: &str, size: usize, runs: &[Run]| {
        let peak = range(runs, |run| run.peak, 1e-6, 0);
        let cpu = range(runs, |run| run.cpu, 1e3, 0);
        vec![name.to_owned(), format!("{}", size / 1000), cpu, peak]
    };
    let version = String::from_utf8_lossy(&version.stdout);
    let name = version.split_whitespace().take(2).collect::<Vec<_>>();
    let rows = [
        row("scn fmt --check", neat.len(), &of_ours),
        row(
            &format!("{} --check", name.join(" ")),
            hurl.len(),
            &of_theirs,
        ),
    ];
    table(
        "formatted files, 7 times in turns: median (min to max)",
        &["command", "kB", "process time, ms", "peak MB"],
        &rows,
    );
}

/// Requests with assertions, of about a size in bytes, as hurlfmt writes them.
fn hurl(size: usize) -> String {
    let mut text = String::new();
    for n in 0.. {
        text += &format!(
            "# The {n}th.\nPOST http://127.0.0.1:8000/v1/models/{n}\n\
             Content-Type: application/json\n{{\n  \"prompt\": \"Say hello in one sentence.\",\n  \
             \"max_tokens\": 32,\n  \"stop\": [\"a\", \"b\"]\n}}\n\nHTTP 200\n[Asserts]\n\
             header \"content-type\" contains \"json\"\njsonpath \"$.id\" == \"m{n}\"\n\
             duration < 1000\n\n\n"
        );
        if text.len() >= size {
            break;
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
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
