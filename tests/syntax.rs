//! The parser: a corpus of files beside what is said about them, and the rules one by one.

mod syntax_support;

use std::path::Path;

use scn::diagnostics::{Severity, human, json};
use scn::source::Sources;
use scn::syntax::ast::ItemKind;
use scn::syntax::parse;
use syntax_support::{check, outline, read, short};

/// Every file of the corpus against the snapshot beside it: the tree of a good one, the
/// diagnostics of any other.
#[test]
fn corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/syntax");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "scn"));
    files.sort();
    assert!(files.len() >= 35);
    let mut failed = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        check(&text);
        let mut sources = Sources::default();
        let id = sources.add(format!("{name}.scn"), None, text.as_str());
        let (ast, found) = parse(id, &text);
        let shown = human::render(&sources, &found, &human::Options::default());
        let snapshot = if name.starts_with("good_") {
            assert!(found.is_empty(), "{shown}");
            outline(&ast)
        } else {
            assert!(!found.is_empty(), "{name} has no mistake");
            shown
        };
        let compared = std::panic::catch_unwind(|| {
            insta::with_settings!({
                snapshot_path => "corpus/syntax",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, {
                insta::assert_snapshot!(name.clone(), snapshot);
            });
        });
        if compared.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "changed: {failed:?}");
}

#[test]
fn precedence() {
    assert_eq!(short("1 + 2 * 3"), "(+ 1 (* 2 3))");
    assert_eq!(short("(1 + 2) * 3"), "(* (+ 1 2) 3)");
    assert_eq!(short("1 - 2 - 3"), "(- (- 1 2) 3)");
    assert_eq!(short("8 / 4 / 2"), "(/ (/ 8 4) 2)");
    assert_eq!(short("a or b and c"), "(or a (and b c))");
    assert_eq!(short("a and b or c and d"), "(or (and a b) (and c d))");
    assert_eq!(short("not a and b"), "(and (not a) b)");
    assert_eq!(short("not a == b"), "(not (== a b))");
    assert_eq!(short("not a in b or c"), "(or (not (in a b)) c)");
    assert_eq!(short("a not in b + c"), "(not in a (+ b c))");
    assert_eq!(short("-5 MB"), "(neg 5_MB)");
    assert_eq!(short("-a * b"), "(* (neg a) b)");
    assert_eq!(short("a - -b"), "(- a (neg b))");
    assert_eq!(short("-a.b[0]"), "(neg (at (. a b) 0))");
    assert_eq!(short("a + b < c * d"), "(< (+ a b) (* c d))");
    assert_eq!(short("if a then b else c + d"), "(if a b (+ c d))");
    assert_eq!(
        short("if a then b else if c then d else e"),
        "(if a b (if c d e))"
    );
    assert_eq!(
        short("if a then if b then c else d else e"),
        "(if a (if b c d) e)"
    );
}

#[test]
fn brackets_may_close_on_a_line_of_their_own() {
    assert_eq!(short("(\n  1\n) + x[\n  0\n]"), "(+ 1 (at x 0))");
    assert_eq!(short("f(\n  1\n)"), "f(1)");
    assert_eq!(short("\"\"\"${\n  a # b\n}\"\"\""), "«a»");
}

#[test]
fn a_comment_may_follow_an_operator() {
    for op in ["and", "or", "+", "-", "*", "==", "<=", "in", "not in"] {
        let right = format!("({op} x y)");
        assert_eq!(short(&format!("x {op} # why\n y")), right);
        assert_eq!(short(&format!("x {op}\n # why\n\n y")), right);
    }
}

#[test]
fn units() {
    assert_eq!(short("10 tok/s"), "10_tok/s");
    assert_eq!(short("10 tok / s"), "(/ 10_tok s)");
    assert_eq!(short("99%"), "99_%");
    assert_eq!(short("5 in xs"), "(in 5 xs)");
    assert_eq!(short("5ms"), "5_ms");
    assert_eq!(short("1e3"), "1000");
    assert_eq!(short("1_000 req"), "1000_req");
    assert_eq!(short("2e"), "2_e");
    assert_eq!(
        short("if 5ms < 6ms then { a = 1 } else x"),
        "(if (< 5_ms 6_ms) {\"a\"=1} x)"
    );
}

#[test]
fn strings() {
    assert_eq!(short(r#""a\n\t\"\\\u{e9}$${x}""#), r#"«"a\n\t\"\\é${x}"»"#);
    assert_eq!(short(r#""${a}b${"c${d}"}""#), r#"«a "b" «"c" d»»"#);
    assert_eq!(short(r"'\d ${x}'"), r#"«"\\d ${x}"»"#);
    assert_eq!(
        short("\"\"\"\n    a\n      b\n    \"\"\""),
        r#"«"a\n  b\n"»"#
    );
    assert_eq!(
        short("\"\"\"\n  ${a}\n    ${b}\n\"\"\""),
        r#"«a "\n  " b "\n"»"#
    );
    assert_eq!(short("\"# no comment\""), r##"«"# no comment"»"##);
    assert_eq!(short(r#""""#), "«»");
}

#[test]
fn attributes_come_before_statements() {
    let (ast, found) = read("rank = 0\nexpect = 3\nuse = 1\nlet = 2\nexclude = 4");
    assert!(found.is_empty());
    assert_eq!(
        outline(&ast),
        "rank = 0\nexpect = 3\nuse = 1\nlet = 2\nexclude = 4\n"
    );
}

#[test]
fn spans_end_with_their_last_token() {
    let text = "a { # one\n  b = x   # two\n  c = x.y [ 0 ]  # three\n  expect f ( 1 )   # four\n}   # five\n";
    let (ast, found) = read(text);
    assert!(found.is_empty());
    let ItemKind::Block(block) = &ast.items[0].kind else {
        panic!("{ast:#?}")
    };
    let shown: Vec<&str> = block
        .body
        .iter()
        .chain(&ast.items)
        .map(|i| &text[i.span.start as usize..i.span.end as usize])
        .collect();
    assert_eq!(shown[..3], ["b = x", "c = x.y [ 0 ]", "expect f ( 1 )"]);
    assert!(shown[3].ends_with("\n}"));
}

#[test]
fn what_follows_a_mistake_is_read() {
    let text = "a { b = @\n c = [1, 2\n d = 3 }\ne = 4";
    let (ast, found) = read(text);
    assert_eq!(found.len(), 2);
    assert_eq!(
        outline(&ast),
        "a :\n  b = ERROR\n  c = [1 2]\n  d = 3\ne = 4\n"
    );
}

#[test]
fn hostile_text_is_survived() {
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
        "a {\n",
        "if a then ",
        "if ",
        "a if ",
        "a ? b : ",
        ",",
        ".",
        "a + ",
        "x < ",
        "for x in y ",
        "[x for x in ",
        "“",
        "/*",
        "\u{1}",
        "{a=",
        "a[",
    ];
    for piece in pieces {
        for head in ["", "a = ", "a { b = "] {
            check(&format!("{head}{}", piece.repeat(20_000 / piece.len())));
        }
    }
}

/// Found by the random tests.
#[test]
fn spans_hold_where_text_was_repaired() {
    for text in [
        "a{{}a=//",
        "expect a*/*let ",
        "\"\"\"${“${\"\"\"",
        "a = 2.5e-/*3\nb = [1",
        "a = [/* x\n*/ 1\nb = 2",
    ] {
        check(text);
    }
}

#[test]
fn the_deepest_text_fits_a_small_stack() {
    let work = || {
        for piece in [
            "[",
            "(",
            "{a=",
            "f(",
            "a[",
            "not (-",
            "if a then ",
            "\"${",
            "a {\n",
            "[x for x in ",
        ] {
            check(&format!("a = {}", piece.repeat(127)));
        }
        check(&format!("a = {}1{}", "[".repeat(127), "]".repeat(127)));
        check(&format!("a = {}", "x + ".repeat(250)));
    };
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn fixes_mend_the_text() {
    let cases = [
        ("a: 1", "a = 1"),
        ("a:1", "a = 1"),
        ("b = x && !y||z", "b = x and not y or z"),
        ("b = x == 1 ? 2 : 3", "b = if x == 1 then 2 else 3"),
        ("b = 2 if x else 3", "b = if x then 2 else 3"),
        ("b = a % c", "b = mod(a, c)"),
        ("b = 1,000,000", "b = 1000000"),
        ("b = .5", "b = 0.5"),
        ("b = [True, None]", "b = [true, none]"),
        ("b = 1; c = 2;", "b = 1, c = 2"),
        ("a { b = 1 c = 2 }", "a { b = 1, c = 2 }"),
        ("b = “x”", "b = \"x\""),
        (
            "b = if x then 1 elif y then 2 else 3",
            "b = if x then 1 else if y then 2 else 3",
        ),
        ("server \"sut\" { }", "server sut { }"),
        ("server sut\n{\n}", "server sut {\n}"),
        ("max-len = 5", "max_len = 5"),
        ("b = 5 – 3", "b = 5 - 3"),
        ("import \"x.scn\"", "use \"x.scn\""),
        ("exclude tp == 2", "exclude when tp == 2"),
        ("b = 1 // of c", "b = 1 # of c"),
        ("b = 99 %", "b = 99%"),
        ("b = sum(x for x in xs)", "b = sum([x for x in xs])"),
    ];
    for (text, right) in cases {
        let (_, found) = read(text);
        let mut edits: Vec<_> = found
            .iter()
            .filter_map(|d| d.fixes.iter().find(|f| f.safe))
            .flat_map(|f| f.edits.clone())
            .collect();
        edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        let mut mended = text.to_owned();
        for (span, with) in edits {
            mended.replace_range(span.start as usize..span.end as usize, &with);
        }
        assert_eq!(mended, right, "{text}: {found:#?}");
        let (_, found) = read(&mended);
        assert!(found.is_empty(), "{mended}: {found:#?}");
    }
}

#[test]
fn rendering_is_safe_and_bounded() {
    let mut sources = Sources::default();
    let text = format!(
        "let a = \"\u{1b}[31m\" \u{202e}@\nlet b = {}@ {}\n",
        "1 + ".repeat(3000),
        "x ".repeat(5000)
    );
    let id = sources.add("evil\u{1b}]0;x\u{7}.scn", None, text.as_str());
    let (_, found) = parse(id, &text);
    assert!(found.iter().all(|d| d.severity == Severity::Error));
    let shown = human::render(&sources, &found, &human::Options::default());
    assert!(
        !shown.chars().any(|c| c.is_control() && c != '\n'),
        "{shown}"
    );
    assert!(shown.len() < 5000, "{}", shown.len());
    assert!(shown.contains('\u{241b}'));
    let ascii = human::Options {
        unicode: false,
        ..human::Options::default()
    };
    assert!(human::render(&sources, &found, &ascii).contains(",-["));
    let color = human::Options {
        color: true,
        ..human::Options::default()
    };
    assert!(human::render(&sources, &found, &color).contains("\u{1b}["));
    assert_eq!(human::render(&sources, &[], &color), "");
}

#[test]
fn labels_in_two_files() {
    use scn::diagnostics::{Diagnostic, codes};
    use scn::source::Span;
    let mut sources = Sources::default();
    let a = sources.add("a.scn", None, "let x = 1\n");
    let b = sources.add("b.scn", None, "# one\nlet x = 2\n");
    let found = Diagnostic::warning(
        codes::DUPLICATE,
        Span::new(b, 10, 11),
        "`x` has two meanings",
    )
    .says("the second")
    .label(Span::new(a, 4, 5), "the first")
    .help("rename one");
    insta::assert_snapshot!(human::render(&sources, &[found], &human::Options::default()), @r"
    warning[E0206] duplicate: `x` has two meanings
       ╭─[b.scn:2:5]
     1 │ # one
     2 │ let x = 2
       ·     ┬
       ·     ╰── the second
       ╰────
       ╭─[a.scn:1:5]
     1 │ let x = 1
       ·     ┬
       ·     ╰── the first
       ╰────
      help: rename one

    1 warning
    ");
}

#[test]
fn json_has_places() {
    let mut sources = Sources::default();
    let text = "let é = 1\nlet b: 2\n";
    let id = sources.add("a.scn", None, text);
    let (_, found) = parse(id, text);
    let place = serde_json::json!({
        "file": "a.scn", "line": 2, "column": 6, "end_line": 2, "end_column": 7,
    });
    let with = |mut object: serde_json::Value| {
        object
            .as_object_mut()
            .unwrap()
            .extend(place.as_object().unwrap().clone());
        object
    };
    let edit = with(serde_json::json!({ "text": " =", "start": 16, "end": 17 }));
    let expected = with(serde_json::json!({
        "severity": "error",
        "code": "E0104",
        "rule": "foreign-form",
        "message": "a value is set with `=`, not `:`",
        "labels": [with(serde_json::json!({ "text": "expected `=`", "primary": true }))],
        "help": [],
        "fixes": [{ "title": "write `=`", "safe": true, "edits": [edit] }],
    }));
    assert_eq!(
        serde_json::to_value(json::to_json(&sources, &found[found.len() - 1..])).unwrap(),
        serde_json::json!([expected])
    );
}
