//! `scn fmt` as it is run.

use assert_cmd::Command;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

const UGLY: &str = "scenario x{a=1\nb=2 # why\n}\n";
const NEAT: &str = "scenario x {\n  a = 1\n  b = 2 # why\n}\n";
const BROKEN: &str = "scenario x { a = = 1 }\n";

fn fmt(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_scn"))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .arg("fmt")
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        done.status.code().unwrap(),
        text(done.stdout),
        text(done.stderr),
    )
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn a_folder_is_formatted() {
    let folder = folder(&[("a.scn", UGLY), ("b.scn", NEAT), ("c.txt", UGLY)]);
    let here = folder.path();
    let (code, out, _) = fmt(here, &["--check"], "");
    assert_eq!(
        (code, out.as_str()),
        (
            1,
            "would format a.scn\n1 file would be formatted, 1 file already formatted\n"
        )
    );
    assert_eq!(text(here, "a.scn"), UGLY);
    let neat = std::fs::metadata(here.join("b.scn")).unwrap();
    let (code, out, _) = fmt(here, &[], "");
    assert_eq!(
        (code, out.as_str()),
        (0, "1 file formatted, 1 file already formatted\n")
    );
    assert_eq!(text(here, "a.scn"), NEAT);
    assert_eq!(text(here, "c.txt"), UGLY);
    // what is neat is not written again
    assert_eq!(
        neat.ino(),
        std::fs::metadata(here.join("b.scn")).unwrap().ino()
    );
    assert_eq!(
        fmt(here, &["--check", "-q", "."], ""),
        (0, String::new(), String::new())
    );
    assert_eq!(std::fs::read_dir(here).unwrap().count(), 3);
}

#[test]
fn differences_are_shown() {
    let folder = folder(&[("a.scn", UGLY)]);
    let (code, out, _) = fmt(folder.path(), &["--diff", "a.scn"], "");
    assert_eq!(code, 1);
    insta::assert_snapshot!(out, @r"
    --- a.scn
    +++ a.scn
    @@ -1,3 +1,4 @@
    -scenario x{a=1
    -b=2 # why
    +scenario x {
    +  a = 1
    +  b = 2 # why
     }
    ");
    assert_eq!(text(folder.path(), "a.scn"), UGLY);
}

#[test]
fn a_broken_file_is_left_alone_and_others_are_not() {
    let folder = folder(&[("a.scn", BROKEN), ("b.scn", UGLY)]);
    let (code, out, errors) = fmt(folder.path(), &[], "");
    assert_eq!(code, 2);
    assert_eq!(out, "1 file formatted, 1 file left as is\n");
    assert!(errors.contains("[a.scn:1:16]"), "{errors}");
    assert_eq!(text(folder.path(), "a.scn"), BROKEN);
    assert_eq!(text(folder.path(), "b.scn"), NEAT);
}

#[test]
fn standard_input() {
    let folder = folder(&[]);
    let here = folder.path();
    assert_eq!(
        fmt(here, &["--stdin"], UGLY),
        (0, NEAT.into(), String::new())
    );
    assert_eq!(fmt(here, &["--stdin", "--check"], UGLY).0, 1);
    assert_eq!(fmt(here, &["--stdin", "--check"], NEAT).0, 0);
    assert!(
        fmt(here, &["--stdin", "--diff"], UGLY)
            .1
            .starts_with("--- <stdin>\n")
    );
    let (code, out, errors) = fmt(here, &["--stdin", "--stdin-filename", "x/y.scn"], BROKEN);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(errors.contains("[x/y.scn:1:16]"), "{errors}");
}

#[test]
fn wrong_usage() {
    let folder = folder(&[("c.scn", "")]);
    let here = folder.path();
    std::fs::write(here.join("binary.scn"), b"a = \xff").unwrap();
    let (code, _, errors) = fmt(here, &["nowhere.scn"], "");
    assert_eq!(code, 2);
    assert!(
        errors.contains("cannot read nowhere.scn: there is no such file"),
        "{errors}"
    );
    let (code, _, errors) = fmt(here, &["binary.scn"], "");
    assert_eq!(code, 2);
    assert!(
        errors.contains("binary.scn is not a text file: byte 4"),
        "{errors}"
    );
    assert_eq!(fmt(here, &["--stdin", "c.scn"], "").0, 2);
    assert_eq!(fmt(here, &["--stdin-filename", "x"], "").0, 2);
}

#[test]
fn links_and_permissions_stay() {
    let folder = folder(&[("real.txt", UGLY)]);
    let here = folder.path();
    let real = here.join("real.txt");
    std::fs::set_permissions(&real, PermissionsExt::from_mode(0o640)).unwrap();
    symlink("real.txt", here.join("link.scn")).unwrap();
    assert_eq!(fmt(here, &[], "").0, 0);
    assert!(
        here.join("link.scn")
            .symlink_metadata()
            .unwrap()
            .is_symlink()
    );
    assert_eq!(text(here, "real.txt"), NEAT);
    assert_eq!(real.metadata().unwrap().mode() & 0o777, 0o640);
}

#[test]
fn what_a_link_leads_to_elsewhere_is_not_touched() {
    let folder = folder(&[("out.scn", UGLY)]);
    let here = folder.path().join("in");
    std::fs::create_dir(&here).unwrap();
    symlink("../out.scn", here.join("x.scn")).unwrap();
    for arguments in [&["."][..], &["--check", "."], &["--diff", "."]] {
        let (code, out, errors) = fmt(&here, arguments, "");
        assert_eq!(code, 0, "{out}{errors}");
        let said = "not touched: x.scn, which would be formatted: it is outside of what is named; name it too\n";
        assert!(errors.starts_with(said), "{errors}");
        let all = out + &errors;
        assert!(all.contains("1 file left as is\n"), "{all}");
        assert_eq!(text(folder.path(), "out.scn"), UGLY);
    }
    // the link itself is a name for it
    assert_eq!(fmt(&here, &["x.scn"], "").0, 0);
    assert_eq!(text(folder.path(), "out.scn"), NEAT);
}

#[test]
fn what_cannot_be_written_is_named() {
    let folder = folder(&[("a.scn", UGLY)]);
    let here = folder.path();
    // the name of the temporary file is one too long for a file system
    let name = format!("{}.scn", "n".repeat(250));
    std::fs::rename(here.join("a.scn"), here.join(&name)).unwrap();
    let (code, _, errors) = fmt(here, &[], "");
    assert_eq!(code, 3);
    assert!(
        errors.starts_with(&format!("error: cannot write {name}: ")),
        "{errors}"
    );
    assert_eq!(text(here, &name), UGLY);
}
