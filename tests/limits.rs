//! Hostile files, given to the program under limits of memory and time: it must end by itself, and
//! take no more than 64 MB and 200 times the file. `SCN_LIMIT_BYTES=1048576` gives it larger ones.

#[path = "../benches/support/shapes.rs"]
mod shapes;

use nix::sys::resource::{Resource, UsageWho, getrusage, setrlimit};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the processor's time is not to be relied on, a hang still ends.
const SECONDS: u64 = 60;

#[test]
fn hostile_files() {
    let size = std::env::var("SCN_LIMIT_BYTES").map_or(16 << 10, |n| n.parse().unwrap());
    let allowed = (64 << 20) + 200 * size;
    // children have what this process has; what is mapped is more than what is used
    let mapped = (allowed + (512 << 20)) as u64;
    setrlimit(Resource::RLIMIT_AS, mapped, mapped).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    for (name, text) in hostile(size) {
        std::fs::write(&file, text).unwrap();
        for command in [&["lint"][..], &["fmt", "--check"]] {
            let ended = run(command, &file, SECONDS);
            // in kB, and the most of all so far
            let most = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() as usize * 1024;
            let what = format!("{command:?} of {name}");
            assert!(most <= allowed, "{what} takes {} MB", most >> 20);
            assert_eq!(ended, Ok(()), "{what}");
        }
    }
}

/// So many bytes of one sort take a second or so of a build with debugging; what took the square of
/// their number or more took ten seconds to hours.
const MANY: usize = 128 << 10;
const SECONDS_OF_MANY: u64 = 8;

#[test]
fn many_of_one_sort() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    for (name, text) in shapes::shapes(MANY) {
        std::fs::write(&file, text).unwrap();
        assert_eq!(run(&["lint"], &file, SECONDS_OF_MANY), Ok(()), "{name}");
    }
}

/// Runs the program on a file; why that did not end well.
fn run(command: &[&str], file: &Path, seconds: u64) -> Result<(), String> {
    let mut child = Command::new("prlimit");
    child.arg(format!("--cpu={seconds}"));
    child.arg(env!("CARGO_BIN_EXE_scn")).args(command).arg(file);
    child.stdout(Stdio::null()).stderr(Stdio::null());
    let ended = child.status().map_err(|error| error.to_string())?;
    match (ended.code(), ended.signal()) {
        (Some(0..=2), _) => Ok(()),
        (Some(code), _) => Err(format!("exit code {code}")),
        (None, signal) => Err(format!("signal {signal:?}")),
    }
}

fn hostile(size: usize) -> Vec<(String, String)> {
    let mut texts = Vec::new();
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
        "\"${",
        "-",
        "not ",
        "f(",
        "if ",
        "if a then ",
        "a.a.a.",
        "#",
        "##\n",
        "/*",
        "//\n",
        ",",
        ";",
        "\\",
        "a\n",
        "1,",
        "a = 1,",
        "a = \"\"\n",
        "a {}\n",
        "a = {b = ",
        "[x for x in ",
        "x ? y : ",
        "é",
        "\u{1}",
        "(]",
        "secret(",
        "use \"x\"\n",
        "let a = a\n",
        "expect a\n",
    ];
    for piece in pieces {
        let head = if piece.ends_with('\n') {
            ""
        } else {
            "let a = "
        };
        let text = format!("{head}{}", piece.repeat(size / piece.len()));
        texts.push((format!("{head}{piece:?}…"), text));
    }
    for (name, from, of, to) in [
        ("a name", "let ", "a", " = 1\n"),
        ("a number", "let a = ", "1", "\n"),
        ("a string", "let a = \"", "a", "\"\n"),
        ("a unit", "let a = 1 ", "s", "\n"),
        ("values", "let a = [", "\"\", ", "]\n"),
        ("texts in a text", "let a = \"", "${1}", "\"\n"),
    ] {
        texts.push((
            name.into(),
            format!("{from}{}{to}", of.repeat(size / of.len())),
        ));
    }
    for (open, close) in [("[", "]"), ("f(x, ", ")"), ("{ a = ", " }"), ("(", ")")] {
        let line = format!("a = {}1{}\n", open.repeat(120), close.repeat(120));
        texts.push((format!("{open:?} 120 deep"), line.repeat(size / line.len())));
    }
    let lines = |each: &dyn Fn(usize) -> String| -> String {
        let mut text = String::new();
        for n in 0.. {
            text += &each(n);
            if text.len() > size {
                break;
            }
        }
        text
    };
    texts.extend([
        (
            "extends, first to last".into(),
            lines(&|n| format!("engine e{n} extends e{} {{}}\n", n + 1)),
        ),
        (
            "extends, last to first".into(),
            format!(
                "engine e0 {{}}\n{}",
                lines(&|n| format!("engine e{} extends e{n} {{ a{n} = 1 }}\n", n + 1))
            ),
        ),
        (
            "names that are not known".into(),
            lines(&|n| format!("let a{n} = b{n}\n")),
        ),
        (
            "blocks that are not known".into(),
            lines(&|n| format!("b{n} {{}}\n")),
        ),
        (
            "definitions".into(),
            lines(&|n| format!("let a{} = a{n}\n", n + 1)),
        ),
        (
            "names in a block".into(),
            format!(
                "engine e {{\n{}}}\nengine f extends e {{\n{}}}\n",
                lines(&|n| match n % 3 {
                    0 => format!("expect a{n}: b{n}\n"),
                    1 => format!("a{n} = 1\n"),
                    _ => format!("role a{n} {{}}\n"),
                }),
                lines(&|n| match n % 3 {
                    0 => format!("expect a{n}: b\n"),
                    1 => format!("a{n} = 2\n"),
                    _ => format!("role a{n} {{ b = 1 }}\n"),
                })
            ),
        ),
        (
            "secrets".into(),
            lines(&|n| format!("let a{n} = secret(\"secret{n}\")\n")),
        ),
    ]);
    for (name, lets) in [
        (
            "doubled lists",
            doubled("[1]", &|n| format!("[a{n}, a{n}]")),
        ),
        (
            "doubled texts",
            doubled("\"xxxxxxxx\"", &|n| format!("\"${{a{n}}}${{a{n}}}\"")),
        ),
        (
            "doubled records",
            doubled("{ x = 1 }", &|n| format!("{{ x = a{n}, y = a{n} }}")),
        ),
        (
            "long loops",
            "let a60 = [0 for x in range(100000) for y in range(100000)]\n".into(),
        ),
    ] {
        texts.push((
            name.into(),
            format!(
                "use std.engines\n{lets}scenario s {{ server sut {{ engine = engines.builtin }}\n\
             phase p {{ idle = 1s }}\ntags = a60\nexpect a60 == 1 }}\n"
            ),
        ));
    }
    texts
}

/// Definitions, each twice as large as the one before.
fn doubled(first: &str, next: &dyn Fn(usize) -> String) -> String {
    let rest = (0..60).map(|n| format!("let a{} = {}\n", n + 1, next(n)));
    format!("let a0 = {first}\n{}", rest.collect::<String>())
}
