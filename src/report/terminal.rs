//! The verdicts as a terminal shows them after a run.

use super::failed;
use super::figures::duration;
use super::model::{CaseResult, CheckResult, LEFT_OUT, ServerResult, UNANSWERED, Verdict};
use super::rank::rankings;
use super::reached::{not_reached, reached};
use super::same::{Same, errors};
use super::tally::{Sign, Tally};
use super::text::{one_line, plain};
use super::warned::{Warned, warned};
use crate::scenario::not_feasible;
use crate::syntax::ast::CheckLevel;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::Path;

/// How verdicts are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Signs of ASCII only.
    pub ascii: bool,
    /// Leave out what passed.
    pub brief: bool,
}

/// One line per check, grouped by case, and one for each way in which requests failed; then the
/// count and the run folder. Ends with a line end. Secrets must be out of the cases already: what
/// is cut here could not be recognised any more.
pub fn outcome(cases: &[CaseResult], folder: &Path, style: Style) -> String {
    let mut text = String::new();
    if let Some(said) = cases.iter().find_map(|case| case.world.simulated()) {
        text.push_str(&format!("{said}\n"));
    }
    let same = errors(cases.iter());
    let same: HashMap<(&str, &str), &Same<'_>> = (same.iter())
        .flat_map(|same| {
            same.cases
                .iter()
                .map(move |case| ((same.scenario, *case), same))
        })
        .collect();
    for case in cases {
        let calm = case.error.is_none()
            && !case.unanswered()
            && !case.left_out()
            && case.infeasible.is_none()
            && case.checks.iter().all(|c| c.verdict == Verdict::Pass);
        let same = same.get(&(case.scenario.as_str(), case.case.as_str()));
        let same = same.copied();
        let left_out = style.brief && calm || said_before(case, same);
        if !left_out {
            add_case(&mut text, case, same, style);
        }
    }
    add_ranks(&mut text, cases, style);
    add_warnings(&mut text, cases, style);
    add_doubts(&mut text, cases, style);
    let tally = Tally::of(cases);
    let worst = if tally.failed + tally.errors + tally.broken_cases > 0 {
        Sign::Bad
    } else if tally.no_data + tally.inconclusive > 0 || cases.iter().any(CaseResult::unanswered) {
        Sign::Unknown
    } else if tally.warned > 0 {
        Sign::Warning
    } else if tally.passed == tally.checks && tally.checks > 0 {
        Sign::Good
    } else {
        Sign::Left
    };
    text.push_str(&paint(worst, &tally.to_string(), style));
    text.push_str(&format!("\n{}\n", folder.display()));
    text
}

/// Whether a case has nothing to say but an error that is said with another case.
fn said_before(case: &CaseResult, same: Option<&Same<'_>>) -> bool {
    let other = same.is_some_and(|same| same.cases[0] != case.case);
    other && reached(case).0.is_empty() && failed::lines(case).is_empty()
}

fn add_case(text: &mut String, case: &CaseResult, same: Option<&Same<'_>>, style: Style) {
    let title = format!("{} / {}", one_line(&case.scenario), one_line(&case.case));
    let title = if style.color {
        format!("\x1b[1m{title}\x1b[0m")
    } else {
        title
    };
    // one that never began took no time
    let time = match case.duration_s > 0.0 {
        true => format!("  ({})", duration(case.duration_s)),
        false => String::new(),
    };
    text.push_str(&format!("{title}{time}\n"));
    if let Some(error) = &case.error {
        let mark = match case.verdict {
            Verdict::Interrupted => Sign::Left,
            _ => Sign::Bad,
        };
        let sign = paint(mark, sign(mark, style), style);
        text.push_str(&format!("  {sign} {}\n", indented(&error.message)));
        if let Some(help) = &error.help {
            text.push_str(&format!("    help: {}\n", indented(help)));
        }
        let same = same.filter(|same| same.cases[0] == case.case);
        if let Some([_, others @ ..]) = same.map(|same| same.cases.as_slice())
            && !others.is_empty()
        {
            let others: Vec<String> = others.iter().map(|id| one_line(id)).collect();
            text.push_str(&format!("    so it was in {}\n", others.join("; ")));
        }
        if let Some(log) = &error.log_tail {
            for line in plain(log).lines() {
                text.push_str(&format!("    | {line}\n"));
            }
        }
    }
    if let Some(why) = &case.infeasible {
        let sign = paint(Sign::Left, sign(Sign::Left, style), style);
        let why = one_line(&not_feasible(why));
        text.push_str(&format!("  {sign} {why}\n"));
    }
    let (checks, left) = reached(case);
    if let Some(left) = not_reached(left) {
        text.push_str(&format!("    {left}\n"));
    }
    if case.unanswered() {
        let sign = paint(Sign::Unknown, sign(Sign::Unknown, style), style);
        text.push_str(&format!("  {sign} {}: {UNANSWERED}\n", case.verdict.name()));
    }
    if case.left_out() {
        let sign = paint(Sign::Left, sign(Sign::Left, style), style);
        text.push_str(&format!("  {sign} {}: {LEFT_OUT}\n", case.verdict.name()));
    }
    let name = |check: &CheckResult| one_line(&check.name);
    let widest = checks.iter().map(|c| name(c).chars().count()).max();
    let width = widest.unwrap_or(0).min(32);
    for check in checks {
        if style.brief && check.verdict == Verdict::Pass {
            continue;
        }
        let mark = Sign::of(check.verdict, check.level);
        let sign = paint(mark, sign(mark, style), style);
        let verdict = said(check).map(|v| format!("{v}: ")).unwrap_or_default();
        let line = format!(
            "  {sign} {:width$}  {verdict}{}",
            name(check),
            one_line(&check.why)
        );
        text.push_str(line.trim_end());
        text.push('\n');
        if let Some(because) = check
            .because
            .as_ref()
            .filter(|_| check.verdict != Verdict::Pass)
        {
            let dash = if style.ascii { "-" } else { "–" };
            text.push_str(&format!(
                "    {:width$}  {dash} {}\n",
                "",
                one_line(because)
            ));
        }
    }
    for line in failed::lines(case) {
        let line = match style.ascii {
            true => line.replace('…', "..."),
            false => line,
        };
        text.push_str(&format!("    {line}\n"));
    }
}

/// The best case of each group; the summary has all.
fn add_ranks(text: &mut String, cases: &[CaseResult], style: Style) {
    for ranking in rankings(cases).iter().filter(|_| !style.brief) {
        let order = if ranking.highest { "highest" } else { "lowest" };
        let (scenario, name) = (one_line(&ranking.scenario), one_line(&ranking.name));
        text.push_str(&format!(
            "{scenario} / {name}: {order} {}\n",
            ranking.metric
        ));
        for group in &ranking.groups {
            let within = match group.within.as_str() {
                "" => String::new(),
                within => format!("{}: ", one_line(within)),
            };
            let best = group.best();
            let best = if style.ascii {
                best.replace('†', "*")
            } else {
                best
            };
            text.push_str(&format!("  {within}{best}\n"));
        }
    }
}

/// The worst of each sort of what makes figures doubtful, and how many phases more have it.
fn add_warnings(text: &mut String, cases: &[CaseResult], style: Style) {
    let mut sorts: IndexMap<&str, Vec<Warned<'_>>> = IndexMap::new();
    for one in warned(cases) {
        sorts.entry(&one.warning.kind).or_default().push(one);
    }
    for all in sorts.values() {
        add_warning(text, all, style);
    }
}

fn add_warning(text: &mut String, all: &[Warned<'_>], style: Style) {
    let Some(first) = all.first() else { return };
    let sign = paint(Sign::Warning, sign(Sign::Warning, style), style);
    let (place, why) = (first.place(), one_line(&first.warning.text));
    text.push_str(&format!("{sign} {place}: {why}\n"));
    match all.len() - 1 {
        0 => {}
        1 => text.push_str("    so it was in 1 phase more, see its notes in the summary\n"),
        more => text.push_str(&format!(
            "    so it was in {more} phases more, see their notes in the summary\n"
        )),
    }
    text.push_str(&format!("    help: {}\n", indented(&first.warning.help)));
}

/// Of servers that ran already: that another process may have been measured. Once each.
fn add_doubts(text: &mut String, cases: &[CaseResult], style: Style) {
    let mut said = Vec::new();
    let servers = cases.iter().flat_map(|case| &case.servers);
    let of = |server: &'_ ServerResult| {
        let warning = server.process.as_ref()?.warning.as_ref()?;
        Some((one_line(&server.name), warning.clone()))
    };
    for (server, warning) in servers.filter_map(of) {
        if said.contains(&(server.clone(), warning.text.clone())) {
            continue;
        }
        let sign = paint(Sign::Warning, sign(Sign::Warning, style), style);
        text.push_str(&format!("{sign} {server}: {}\n", one_line(&warning.text)));
        text.push_str(&format!("    help: {}\n", indented(&warning.help)));
        said.push((server, warning.text));
    }
}

/// The verdict in a word, where the sign leaves it open.
fn said(check: &CheckResult) -> Option<&'static str> {
    match (check.verdict, check.level) {
        (Verdict::Pass, _) | (Verdict::Fail, CheckLevel::Expect) => None,
        (Verdict::Fail, CheckLevel::Warn) => Some("warning"),
        (verdict, _) => Some(verdict.name()),
    }
}

fn sign(sign: Sign, style: Style) -> &'static str {
    if style.ascii {
        sign.ascii()
    } else {
        sign.unicode()
    }
}

fn paint(sign: Sign, text: &str, style: Style) -> String {
    if !style.color {
        return text.into();
    }
    let colour = match sign {
        Sign::Good => 32,
        Sign::Bad => 31,
        Sign::Warning | Sign::Unknown => 33,
        Sign::Left => 2,
    };
    format!("\x1b[{colour}m{text}\x1b[0m")
}

/// Several lines, the further ones below the first.
fn indented(text: &str) -> String {
    plain(text).trim_end().replace('\n', "\n    ")
}
