//! The lines that stay: what has happened, once.

use super::view::View;
use super::{CheckLine, Event};
use crate::plan::{count, time_words};
use crate::report::model::Verdict;
use crate::report::text::{one_line, plain};
use crate::stop::StopLevel;

/// How much is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Detail {
    /// Errors only.
    pub quiet: bool,
    pub verbose: bool,
    pub color: bool,
    /// Whether moving lines show what is going on: then only what has ended stays.
    pub moves: bool,
}

/// What stays of an event; `view` already knows of it.
pub(super) fn lines(event: &Event, view: &View, detail: Detail) -> Vec<String> {
    let paint = |code, text: &str| painted(code, text, detail.color);
    let full = detail.verbose || !detail.moves;
    match event {
        Event::Error { text } => several(&paint(31, "error:"), text),
        _ if detail.quiet => Vec::new(),
        Event::RunStarted {
            left_out,
            cases,
            launches,
            folder,
        } => {
            let launches = format!(
                "{launches} launch{}",
                if *launches == 1 { "" } else { "es" }
            );
            let all = count(*cases as u64, "case");
            // of which none runs, each says why
            let cases = match cases.saturating_sub(*left_out) {
                run if run > 0 && run < *cases => format!("{run} of {all}"),
                _ => all,
            };
            vec![format!("{cases} on {launches}, into {}", folder.display())]
        }
        Event::LaunchStarting {
            number,
            again,
            server,
            engine,
            command,
            runs_already,
        } => {
            let launch = paint(1, &format!("launch {number}/{}", view.launches));
            let mut lines = Vec::new();
            if full {
                let again = if *again { ", again" } else { "" };
                lines.push(format!(
                    "{launch} {} {} ({}){again}",
                    if *runs_already { "asking" } else { "starting" },
                    one_line(server),
                    one_line(engine)
                ));
            }
            if detail.verbose {
                lines.push(format!("  {}", paint(2, &one_line(command))));
            }
            lines
        }
        Event::LaunchWaiting { log: Some(log), .. } if detail.verbose => {
            vec![format!("  {}", paint(2, &format!("| {}", one_line(log))))]
        }
        Event::ServerSaid { server, line } => {
            let said = format!("{} | {}", one_line(server), one_line(line));
            vec![format!("  {}", paint(2, &said))]
        }
        Event::LaunchReady {
            number,
            server,
            after_s,
        } => {
            let launch = paint(1, &format!("launch {number}/{}", view.launches));
            let server = one_line(server);
            vec![match after_s {
                Some(after) => format!("{launch} {server} is ready after {}", time_words(*after)),
                None => format!("{launch} {server} answers"),
            }]
        }
        Event::LaunchStopping { server, .. } if detail.verbose => {
            vec![format!("stopping {}", one_line(server))]
        }
        Event::CaseStarted { .. } => match &view.case {
            Some((number, case)) => {
                vec![format!(
                    "{} {}",
                    paint(1, &format!("[{number}/{}]", view.cases)),
                    one_line(case)
                )]
            }
            None => Vec::new(),
        },
        Event::PhaseStarted { name, words, .. } if full => {
            vec![format!("  {}: {}", one_line(name), one_line(words))]
        }
        Event::PhaseEnded {
            name,
            seconds,
            summary,
        } => {
            let summary = if summary.is_empty() {
                String::new()
            } else {
                format!(": {}", one_line(summary))
            };
            let time = paint(2, &format!("({})", time_words(*seconds)));
            vec![format!("  {}{summary} {time}", one_line(name))]
        }
        Event::CaseEnded {
            verdict,
            seconds,
            checks,
            ..
        } => {
            let name = paint(colour(*verdict, false), verdict.name());
            // one that never began took no time
            let time = match *seconds > 0.0 {
                true => paint(2, &format!(" ({})", time_words(*seconds))),
                false => String::new(),
            };
            let mut lines = vec![format!("  {name}{time}")];
            let shown = checks
                .iter()
                .filter(|check| detail.verbose || check.verdict != Verdict::Pass);
            lines.extend(shown.map(|check| format!("    {}", check_line(check, detail))));
            lines
        }
        Event::Interrupting {
            level: StopLevel::Finish,
        } => {
            let text =
                "interrupted: stopping servers and writing reports; once more to stop at once";
            vec![paint(33, text)]
        }
        Event::Interrupting {
            level: StopLevel::Now,
        } => vec![paint(33, "interrupted again: stopping at once")],
        Event::Note { text } => several(&paint(2, "note:"), text),
        _ => Vec::new(),
    }
}

fn check_line(check: &CheckLine, detail: Detail) -> String {
    let word = match check.verdict {
        Verdict::Fail if check.warn => "warning",
        verdict => verdict.name(),
    };
    let why = if check.why.is_empty() {
        String::new()
    } else {
        format!(": {}", one_line(&check.why))
    };
    format!(
        "{} {}{why}",
        painted(colour(check.verdict, check.warn), word, detail.color),
        one_line(&check.name)
    )
}

fn colour(verdict: Verdict, warn: bool) -> u8 {
    match verdict {
        Verdict::Pass => 32,
        Verdict::Fail if warn => 33,
        Verdict::Fail | Verdict::Error => 31,
        Verdict::Skipped | Verdict::NotDecided => 2,
        Verdict::Inconclusive | Verdict::NoData | Verdict::Interrupted => 33,
    }
}

/// A text of several lines below its label.
fn several(label: &str, text: &str) -> Vec<String> {
    let text = plain(text);
    let mut lines = text.trim_end().lines();
    let first = format!("{label} {}", lines.next().unwrap_or_default());
    std::iter::once(first)
        .chain(lines.map(|line| format!("  {line}")))
        .collect()
}

pub(super) fn painted(code: u8, text: &str, color: bool) -> String {
    if color && !text.is_empty() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_string()
    }
}
