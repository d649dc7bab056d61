//! The GitHub step summary: what a run came to, on the page of its job.

use super::model::{CaseResult, RunResult, Verdict};
use super::tally::{Sign, Tally};
use super::{failed, markdown, text};
use crate::store::StoreError;
use crate::syntax::ast::CheckLevel;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// GitHub takes 1 MiB per step and shows nothing of more; some room is left for others' lines.
const MOST: usize = 1_000_000;
/// The most checks listed before the page itself.
const LISTED: usize = 200;

/// The verdicts alone: what stands before reports that may say anything.
pub(super) fn verdicts(run: &RunResult, cases: &[CaseResult]) -> String {
    let tally = Tally::of(cases);
    let mut page = format!("## {}: {tally}\n\n", markdown::escape(&run.id));
    let mut rows = Vec::new();
    for case in cases {
        let place = |what: &str| {
            let names = [&case.scenario, &case.case].map(|name| text::short(name, 100));
            markdown::escape(&format!("{} / {} / {what}", names[0], names[1]))
        };
        if let Some(error) = &case.error {
            rows.push(vec![
                Sign::Bad.emoji().into(),
                place(&error.kind),
                markdown::escape(&text::short(&error.message, 500)),
            ]);
        }
        for check in &case.checks {
            let sign = Sign::of(check.verdict, check.level);
            if sign == Sign::Good || check.verdict == Verdict::Skipped {
                continue;
            }
            let warn = check.level == CheckLevel::Warn;
            rows.push(vec![
                sign.emoji().into(),
                place(&text::short(&check.name, 100)),
                markdown::escape(&format!(
                    "{}{}",
                    if warn { "warning: " } else { "" },
                    text::short(&check.why, 500)
                )),
            ]);
        }
    }
    let more = rows.len().saturating_sub(LISTED);
    rows.truncate(LISTED);
    if !rows.is_empty() {
        page.push_str(&markdown::table(
            &["", "check", "why"].map(String::from),
            &rows,
        ));
    }
    if more > 0 {
        page.push_str(&format!(
            "\n{more} more: see `junit.xml` and the reports.\n"
        ));
    }
    page.push_str(&failures(cases));
    page
}

/// The ways in which requests failed, as a table; nothing where none did.
fn failures(cases: &[CaseResult]) -> String {
    let rows = cases.iter().flat_map(|case| {
        let names = [&case.scenario, &case.case].map(|name| text::short(name, 100));
        failed::failed(case).into_iter().map(move |failed| {
            let phase = text::short(&failed.phase, 100);
            vec![
                markdown::escape(&format!("{} / {} / {phase}", names[0], names[1])),
                markdown::escape(&failed.class),
                failed.count.to_string(),
                markdown::escape(&failed.example),
            ]
        })
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let more = rows.len().saturating_sub(LISTED);
    rows.truncate(LISTED);
    let headers = ["phase", "failure", "requests", "for example"].map(String::from);
    let table = markdown::table(&headers, &rows);
    let more = match more {
        0 => String::new(),
        more => format!("\n{more} more: see each case's `result.json`.\n"),
    };
    format!("\n{table}{more}")
}

/// Appends to the summary file, cut so that the whole file stays below GitHub's limit.
pub(super) fn append(path: &Path, page: &str) -> Result<(), StoreError> {
    let failed = |e| StoreError::io("append to", path, e);
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(failed)?;
    let there = file.metadata().map(|m| m.len()).unwrap_or(0);
    let there = usize::try_from(there).unwrap_or(MOST);
    let page = bounded(page, MOST.saturating_sub(there));
    file.write_all(page.as_bytes()).map_err(failed)?;
    file.flush().map_err(failed)
}

/// The page's first lines within so many bytes, and a line that says what is missing.
pub(super) fn bounded(page: &str, most: usize) -> String {
    const NOTE: &str = "\n\n*Cut: the whole report is in the run folder.*\n";
    if page.len() < most {
        return format!("{}\n", page.trim_end());
    }
    let Some(mut end) = most.checked_sub(NOTE.len() + 40) else {
        return String::new();
    };
    while !page.is_char_boundary(end) {
        end -= 1;
    }
    let kept = &page[..end];
    let kept = &kept[..kept.rfind('\n').unwrap_or(0)];
    format!("{kept}{}{NOTE}", closers(kept))
}

/// Ends what the cut left open: a fence of code, folded details.
fn closers(kept: &str) -> String {
    let mut fence: Option<&str> = None;
    let mut details = 0usize;
    for line in kept.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if ticks.len() >= open.len() && line.len() == ticks.len() => fence = None,
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                details += line.matches("<details>").count();
                details = details.saturating_sub(line.matches("</details>").count());
            }
            Some(_) => {}
        }
    }
    let mut end = String::new();
    if let Some(open) = fence {
        end.push_str(&format!("\n{open}"));
    }
    end + &"\n\n</details>".repeat(details.min(2))
}
