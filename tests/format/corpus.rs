//! Files beside what they become.

use super::checked;
use super::corpus_support::{root, scenarios};

#[test]
fn files_beside_what_they_become() {
    let files = scenarios(&root().join("tests/corpus/format"));
    assert!(files.len() >= 10);
    let mut failed = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let formatted = checked(&text).unwrap_or_else(|| panic!("{name} has mistakes"));
        assert_ne!(text, formatted, "{name} shows nothing");
        let compared = std::panic::catch_unwind(|| {
            insta::with_settings!({
                snapshot_path => "../corpus/format",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, {
                insta::assert_snapshot!(name.clone(), formatted);
            });
        });
        if compared.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "changed: {failed:?}");
}

/// Every file of the project that can be read at all.
#[test]
fn the_files_that_there_are() {
    let mut sound = 0;
    for folder in ["scenarios", "stdlib", "tests/corpus", "docs"] {
        for file in scenarios(&root().join(folder)) {
            let Ok(text) = std::fs::read_to_string(&file) else {
                continue;
            };
            sound += usize::from(checked(&text).is_some());
        }
    }
    assert!(sound >= 100, "{sound}");
}

/// What we give others is in the one style.
#[test]
fn our_own_files_are_formatted() {
    for folder in ["scenarios", "stdlib", "docs/examples"] {
        for file in scenarios(&root().join(folder)) {
            let text = std::fs::read_to_string(&file).unwrap();
            assert_eq!(checked(&text).unwrap(), text, "{}", file.display());
        }
    }
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let examples: Vec<_> = readme.split("```scn\n").skip(1).collect();
    assert!(!examples.is_empty());
    for example in examples {
        let text = example.split("```").next().unwrap();
        assert_eq!(checked(text).unwrap(), text);
    }
}

#[test]
fn what_is_on_no_line_of_its_own_has_no_blanks_at_the_end() {
    let formatted = checked("a {   \n\n  b = 1  #   c   \n\n\n}\t\n").unwrap();
    assert_eq!(formatted, "a {\n  b = 1 #   c\n}\n");
}

/// Found by the random tests, when it was a field of a number: now it is a mistake in the text.
#[test]
fn a_point_without_digits_is_left_as_it_is() {
    assert_eq!(checked("a = 0.54. USD/Mtok"), None);
    checked("a = 0.54 USD/Mtok").unwrap();
}

#[test]
fn empty_files() {
    assert_eq!(checked("").unwrap(), "");
    assert_eq!(checked("\n  \n").unwrap(), "");
    assert_eq!(checked("\u{FEFF}\n# c").unwrap(), "# c\n");
}

#[test]
fn lines_of_windows_stay_so() {
    let text = "a {\r\nb = \"\"\"\r\n  x\r\n\"\"\"\r\nc=1 # d\r\n}\r\n";
    let formatted = checked(text).unwrap();
    assert_eq!(
        formatted,
        "a {\r\n  b = \"\"\"\r\n  x\r\n\"\"\"\r\n  c = 1 # d\r\n}\r\n"
    );
}

/// A comment that told about nothing must not become the doc comment of what follows.
#[test]
fn a_backslash_below_the_docs_of_a_file_leaves_them_to_the_file() {
    for text in [
        "\u{feff}##\n\\\n",
        "## d\n\\\nlet a = 1\n",
        "## d\n\\\n\nlet a = 1\n",
        "\\\n## d\n\nlet a = 1\n",
    ] {
        assert!(checked(text).is_some(), "{text:?}");
    }
}

#[test]
fn comments_do_not_become_docs() {
    checked("a = 1\n## of nothing\n, b = 2").unwrap();
    checked("a = 1 # one\n, ## two\nb = 2").unwrap();
    checked("a = 1\n, ## two\n## of b\nb = 2").unwrap();
    checked("x { ## of nothing\n a = 1 }").unwrap();
    checked("a = 1\n## of nothing\n,\nb = 2").unwrap();
    checked("a = 1\n## of nothing\n,\n## of b\nb = 2").unwrap();
}

#[test]
fn widths_are_characters() {
    let text = format!("let a = [\"{}\", \"x\"]\n", "é".repeat(83));
    assert_eq!(checked(&text).unwrap(), text);
    let text = format!("let a = [\"{}\", \"x\"]\n", "é".repeat(84));
    assert_eq!(checked(&text).unwrap().lines().count(), 3);
}
