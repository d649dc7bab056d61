//! Texts that make a program which reads them slow, large or endless, where it can be made so; each
//! of about so many bytes.

#![allow(dead_code, reason = "not every test and bench reads all of it")]

/// A file of at least so many bytes in which nothing is wrong.
pub fn valid(size: usize) -> String {
    let head = "use std.engines\nworkload w { prompt = \"Say hello.\", output = 8 }\n";
    lines(size, head, |n| {
        format!(
            "scenario s{n} {{\n  server sut {{ engine = engines.builtin }}\n  \
             phase warmup {{ workload = w, requests = 8, measured = false }}\n  \
             phase steady {{ workload = w, requests = 100, concurrency = 4 }}\n  \
             expect answered: steady.success_rate == 100%\n}}\n"
        )
    })
}

/// Texts of pieces that open, close, nest or multiply, by name.
pub fn texts(size: usize) -> Vec<(String, String)> {
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
        "scenaro s {}\n",
        "scenario a extends b {}\n",
        "scenario s { phase a {} }\n",
        "phse a {}\n",
        "use \"x.scn\"\n",
        "let a = nosuch\n",
        "expect a: b\n",
        "suite a = [b]\n",
        "# scn: allow(x) because \"y\"\n",
        "phase a-b {}\nlet c = a-b\n",
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
    let lines = |each: &dyn Fn(usize) -> String| lines(size, "", each);
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

/// Texts of much that a machine can repair, or of much that looks like it, by name.
pub fn to_repair(size: usize) -> Vec<(&'static str, String)> {
    vec![
        ("commas", repeated(size, ",")),
        ("quotes", repeated(size, "'")),
        ("brackets that cross", repeated(size, "(]{)")),
        ("braces", repeated(size, "{")),
        ("colons", repeated(size, "a: 1\n")),
        ("assignments on one line", repeated(size, "a=b=")),
        ("assignments in a row", repeated(size, "let a = b = c\n")),
        (
            "a slip",
            lines(size, "let hello = 1\n", |n| format!("let x{n} = helo\n")),
        ),
        ("slips", lines(size, "", |n| format!("let x{n} = y{n}x\n"))),
        (
            "blocks that are not closed",
            lines(size, "", |n| format!("workload w{n} {{\n")),
        ),
        (
            "what nothing reads",
            lines(size, "", |n| format!("use \"./it.scn\" as x{n}\n")),
        ),
    ]
}

fn repeated(size: usize, piece: &str) -> String {
    piece.repeat(size / piece.len())
}

/// A line by its number, as often as makes the size.
fn lines(size: usize, head: &str, line: impl Fn(usize) -> String) -> String {
    let mut out = head.to_owned();
    for n in 0.. {
        if out.len() >= size {
            break;
        }
        out += &line(n);
    }
    out
}
