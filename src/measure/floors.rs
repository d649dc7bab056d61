//! Series over the phases of a case: peaks, increases, and how floors grew.
//!
//! The floor of a phase is its least sample in the quiet end of its last repetition. A phase
//! that sent no requests is quiet throughout. One that sent some and had no quiet end has no
//! floor: what was in flight would pass for what is held.
//!
//! Series of checkpoints (PSS and USS) have one value at the end of each repetition that
//! quiesced: the last one taken before the next repetition or phase began.

use super::case::{Lack, LackKind, PhaseData, Round};
use super::window::{self, Window};
use crate::eval;
use crate::probe::Reading;
use crate::probe::series::Series;

/// All of a case.
pub(super) const EVER: Window = Window::new(f64::NEG_INFINITY, f64::INFINITY);

/// Whether a series has values at checkpoints only.
pub(super) fn at_checkpoints(series: &str) -> bool {
    matches!(series.rsplit('.').next(), Some("pss" | "uss" | "swap_pss"))
}

/// A phase of which something was measured.
pub(super) fn phase<'p>(phases: &'p [PhaseData], name: &str) -> Result<&'p PhaseData, Lack> {
    let Some(phase) = phases.iter().find(|phase| phase.name == name) else {
        return Err(Lack {
            kind: LackKind::NotRun,
            reason: format!("`{name}` did not run"),
        });
    };
    phase.absent().map_or(Ok(phase), Err)
}

/// A statistic of a series in a window.
pub(super) fn statistic(series: &Series, stat: &str, window: Window) -> Reading<f64> {
    match stat {
        "mean" => window::mean(series, window),
        "min" => window::min(series, window),
        "max" => window::max(series, window),
        "first" => window::first(series, window),
        _ => window::last(series, window),
    }
}

/// The time of a phase; for checkpoints, up to what follows.
pub(super) fn during(phases: &[PhaseData], phase: &PhaseData, series: &str) -> Window {
    let to = match at_checkpoints(series) {
        true => before(next_phase(phases, phase)),
        false => phase.end,
    };
    Window::new(phase.start, to)
}

/// How much the floor rose, by what `window` says; negative where it fell.
pub(super) fn growth(
    phases: &[PhaseData],
    series: &Series,
    name: &str,
    window: &eval::Window,
) -> Result<f64, Lack> {
    let floor = |phase: &PhaseData, round: usize| floor(phases, phase, round, series, name);
    match window {
        eval::Window::Between { from, to } => {
            let (from, to) = (phase(phases, from)?, phase(phases, to)?);
            Ok(floor(to, last_round(to))? - floor(from, last_round(from))?)
        }
        eval::Window::During { phase: of } => {
            let of = phase(phases, of)?;
            if of.rounds.len() < 2 {
                return Err(Lack::missing(format!(
                    "`{}` ran once: growth during a phase needs `repeat` of 2 or more",
                    of.name
                )));
            }
            Ok(floor(of, last_round(of))? - floor(of, 0)?)
        }
    }
}

/// The last value that checkpoints gave in a phase.
pub(super) fn checkpoint(
    phases: &[PhaseData],
    phase: &PhaseData,
    series: &Series,
) -> Result<f64, Lack> {
    let from = phase.rounds.last().map_or(phase.start, |round| round.start);
    let window = Window::new(from, before(next_phase(phases, phase)));
    match window::last(series, window) {
        Ok(value) => Ok(value),
        Err(why) if series.unavailable.is_some() => Err(why.into()),
        Err(_) => Err(Lack::missing(format!(
            "no checkpoint was taken at the end of `{}`: give it `quiesce = true`",
            phase.name
        ))),
    }
}

fn last_round(phase: &PhaseData) -> usize {
    phase.rounds.len().saturating_sub(1)
}

fn floor(
    phases: &[PhaseData],
    phase: &PhaseData,
    index: usize,
    series: &Series,
    name: &str,
) -> Result<f64, Lack> {
    let whole = Round {
        start: phase.start,
        end: phase.end,
        quiet: None,
    };
    let round = phase.rounds.get(index).unwrap_or(&whole);
    if !at_checkpoints(name) {
        return Ok(window::floor(series, quiet(phase, round)?)?);
    }
    match phase.rounds.get(index + 1) {
        None => checkpoint(phases, phase, series),
        Some(next) => Ok(window::last(
            series,
            Window::new(round.start, before(next.start)),
        )?),
    }
}

fn quiet(phase: &PhaseData, round: &Round) -> Result<Window, Lack> {
    match round.quiet {
        Some((from, to)) => Ok(Window::new(from, to)),
        None if phase.records.is_empty() => Ok(Window::new(round.start, round.end)),
        None => Err(Lack::missing(format!(
            "`{}` has no quiet end in which a floor could be read: give it `quiesce = true`",
            phase.name
        ))),
    }
}

/// When the next phase that ran began.
fn next_phase(phases: &[PhaseData], phase: &PhaseData) -> f64 {
    let ran = phases.iter().filter(|other| other.absent().is_none());
    ran.map(|other| other.start)
        .filter(|start| *start > phase.start)
        .fold(f64::INFINITY, f64::min)
}

/// The last moment before another: windows include their ends.
fn before(time: f64) -> f64 {
    time.next_down()
}
