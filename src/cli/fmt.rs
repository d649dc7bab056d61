//! `scn fmt`: writes files in the one style.

use super::given::{Given, OUTSIDE, real};
use super::replace::{diff, replace};
use super::{exit, style};
use crate::resolve::find_files;
use crate::source::{FileId, Sources};
use crate::syntax::format::{Refused, format};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Write files in the one style: comments stay, and so does the meaning. A file with mistakes of
/// syntax is left as it is.
///
/// Exit codes: 0 formatted; 1 files would change (with --check or --diff); 2 wrong usage, or a
/// file that is no scenario; 3 a file could not be written.
#[derive(clap::Args)]
pub struct FmtArgs {
    /// `.scn` files, or folders that hold some
    #[arg(value_name = "PATH", default_value = ".", conflicts_with = "stdin")]
    paths: Vec<PathBuf>,
    /// Write nothing; name the files that would change
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    diff: bool,
    /// Format standard input to standard output
    #[arg(long)]
    stdin: bool,
    /// What messages call standard input
    #[arg(
        long,
        value_name = "NAME",
        default_value = "<stdin>",
        requires = "stdin"
    )]
    stdin_filename: String,
    /// Print nothing but errors and differences
    #[arg(short, long)]
    quiet: bool,
}

/// What became of a file.
enum Outcome {
    Kept,
    Changed,
    /// It is not one of those that may be changed.
    Outside,
    /// Why not, on standard error already; the exit code.
    Failed(u8),
}

pub fn fmt(args: &FmtArgs) -> u8 {
    if args.stdin {
        return stdin(args);
    }
    let files = match find_files(&args.paths) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("error: {error}");
            return exit::USAGE;
        }
    };
    let given = Given::of(&args.paths);
    let (mut kept, mut changed, mut outside, mut failed) = (0, 0, 0, Vec::new());
    for file in &files {
        match one(file, args, &given) {
            Outcome::Kept => kept += 1,
            Outcome::Changed => changed += 1,
            Outcome::Outside => outside += 1,
            Outcome::Failed(code) => failed.push(code),
        }
    }
    let dry = args.check || args.diff;
    if !args.quiet {
        let summary = summary(changed, kept, outside + failed.len(), dry);
        // the differences themselves are for standard output
        if args.diff {
            eprintln!("{summary}");
        } else if let Err(error) = style::print(&format!("{summary}\n")) {
            eprintln!("error: {error}");
            return exit::WORLD;
        }
    }
    let code = if dry && changed > 0 {
        exit::FAILED
    } else {
        exit::PASSED
    };
    first(failed, code)
}

/// With several codes: the first of 2, 1, 3.
fn first(failed: Vec<u8>, code: u8) -> u8 {
    let order = [exit::USAGE, exit::FAILED, exit::WORLD];
    let codes: Vec<u8> = failed.into_iter().chain([code]).collect();
    let worst = order.into_iter().find(|code| codes.contains(code));
    worst.unwrap_or(exit::PASSED)
}

fn summary(changed: usize, kept: usize, left: usize, dry: bool) -> String {
    let files = |n: usize| format!("{n} file{}", if n == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    if changed > 0 {
        let done = if dry {
            "would be formatted"
        } else {
            "formatted"
        };
        parts.push(format!("{} {done}", files(changed)));
    }
    if kept > 0 || changed + left == 0 {
        parts.push(format!("{} already formatted", files(kept)));
    }
    if left > 0 {
        parts.push(format!("{} left as is", files(left)));
    }
    parts.join(", ")
}

fn one(file: &Path, args: &FmtArgs, given: &Given) -> Outcome {
    let name = file.display().to_string();
    let text = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return fail(exit::USAGE, &format!("cannot read {name}: {error}")),
    };
    let (text, formatted) = match formatted(&name, text) {
        Ok(both) => both,
        Err(code) => return Outcome::Failed(code),
    };
    if formatted == text {
        return Outcome::Kept;
    }
    // a link may lead elsewhere
    if !given.holds(&real(file)) {
        if !args.quiet {
            eprintln!("not touched: {name}, which would be formatted: {OUTSIDE}");
        }
        return Outcome::Outside;
    }
    if !args.check && !args.diff {
        return match replace(file, formatted.as_bytes()) {
            Ok(()) => Outcome::Changed,
            Err(error) => fail(exit::WORLD, &format!("cannot write {name}: {error}")),
        };
    }
    let shown = match args.diff {
        true => diff(&name, &text, &formatted),
        false => format!("would format {name}\n"),
    };
    if (args.diff || !args.quiet)
        && let Err(error) = style::print(&shown)
    {
        return fail(exit::WORLD, &error);
    }
    Outcome::Changed
}

fn stdin(args: &FmtArgs) -> u8 {
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut bytes) {
        eprintln!("error: cannot read standard input: {error}");
        return exit::WORLD;
    }
    let (text, formatted) = match formatted(&args.stdin_filename, bytes) {
        Ok(both) => both,
        Err(code) => return code,
    };
    let changed = formatted != text;
    let code = if changed { exit::FAILED } else { exit::PASSED };
    match (args.diff, args.check) {
        (true, _) if changed => {
            style::print_or(&diff(&args.stdin_filename, &text, &formatted), code)
        }
        (true, _) | (_, true) => code,
        _ => style::print_or(&formatted, exit::PASSED),
    }
}

/// A file's text before and after; or the exit code, once it is said what is wrong.
fn formatted(name: &str, bytes: Vec<u8>) -> Result<(String, String), u8> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        eprintln!("error: {name} is not a text file: byte {at} is not UTF-8");
        exit::USAGE
    })?;
    match format(FileId::default(), &text) {
        Ok(formatted) => Ok((text, formatted)),
        Err(Refused::Syntax(found)) => {
            let mut sources = Sources::default();
            let hidden = crate::syntax::secrets::literals(&text);
            let file = sources.add(name, None, text);
            sources.hide(file, hidden);
            style::show(&sources, &found);
            Err(exit::USAGE)
        }
        Err(Refused::Changed) => {
            eprintln!(
                "error: {name} is left as it is: formatted, it would mean something else. This is \
                 a fault of scn; please report it with the file"
            );
            Err(exit::WORLD)
        }
    }
}

fn fail(code: u8, message: &str) -> Outcome {
    eprintln!("error: {message}");
    Outcome::Failed(code)
}
