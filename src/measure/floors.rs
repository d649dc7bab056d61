//! Series over the phases of a case: peaks, increases, and how floors grew.
//!
//! The floor of a phase is its least sample in the quiet end of its last repetition: the stretch
//! after memory last moved, so that neither what was not held yet nor what was given back later
//! counts. Where no such end is known, a phase that sent no requests is quiet throughout, and one
//! that sent some has no floor: what was in flight would pass for what is held.
//!
//! Series of checkpoints (the PSS and the USS) have one value at the end of each repetition that
//! quiesced: the last one taken before the next repetition or phase began.
//!
//! Where a series did not settle in a quiet end, its floor there is only known to lie between two
//! values (see [`super::rest`]), and so is a growth from there or to there. Of checkpoints that is
//! so where the sampled series that they follow did not settle.

use super::case::{Lack, LackKind, PhaseData, Round};
use super::rest::{self, Restless};
use super::window::{self, Window};
use crate::eval;
use crate::probe::Reading;
use crate::probe::series::{Series, SeriesSet};
use crate::report::model::Bounds;
use crate::units::{Dimension, Quantity};

/// All of a case.
pub(super) const EVER: Window = Window::new(f64::NEG_INFINITY, f64::INFINITY);

/// Whether a series has values at checkpoints only.
pub fn at_checkpoints(series: &str) -> bool {
    followed(series).is_some()
}

/// The series that is sampled all the time and tells how one of checkpoints moves; none for what
/// is sampled itself.
pub fn followed(series: &str) -> Option<String> {
    let (prefix, name) = series.rsplit_once('.').unwrap_or(("", series));
    let sampled = match name {
        "memory_pss" | "pss" | "uss" => "memory",
        "swap_pss" => "memory_swap",
        _ => return None,
    };
    Some(match prefix {
        "" => sampled.into(),
        prefix => format!("{prefix}.{sampled}"),
    })
}

/// How much a floor rose.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grown {
    pub value: f64,
    /// Between what it lies, where it is not known any better.
    pub between: Option<Bounds>,
}

/// The floor of one quiet end.
struct Floor {
    value: f64,
    low: f64,
    high: f64,
    /// How it moved, where it did not settle.
    unrest: Option<String>,
}

impl Floor {
    fn known(value: f64) -> Self {
        Self {
            value,
            low: value,
            high: value,
            unrest: None,
        }
    }
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

/// How much the floor of a series of a server rose, by what `window` says; negative where it fell.
pub(super) fn growth(
    phases: &[PhaseData],
    server: &SeriesSet,
    name: &str,
    window: &eval::Window,
) -> Result<Grown, Lack> {
    let floor = |phase: &PhaseData, round: usize| floor(phases, phase, round, server, name);
    match window {
        eval::Window::Between { from, to } => {
            let (from, to) = (phase(phases, from)?, phase(phases, to)?);
            Ok(grown(
                floor(from, last_round(from))?,
                floor(to, last_round(to))?,
            ))
        }
        eval::Window::During { phase: of } => {
            let of = phase(phases, of)?;
            if of.rounds.len() < 2 {
                return Err(Lack::missing(format!(
                    "`{}` ran once: growth during a phase needs `repeat` of 2 or more",
                    of.name
                )));
            }
            Ok(grown(floor(of, 0)?, floor(of, last_round(of))?))
        }
    }
}

fn grown(from: Floor, to: Floor) -> Grown {
    let unrest: Vec<String> = [from.unrest, to.unrest].into_iter().flatten().collect();
    Grown {
        value: to.value - from.value,
        between: (!unrest.is_empty()).then(|| Bounds {
            least: to.low - from.high,
            most: to.high - from.low,
            why: unrest.join("; "),
        }),
    }
}

/// The first and the last phase with a floor, where there are two: what was held for good grew
/// between them.
pub fn quiet_ends(phases: &[PhaseData]) -> Option<(&PhaseData, &PhaseData)> {
    let mut quiet = phases.iter().filter(|phase| {
        let last = phase.rounds.last();
        let has_floor = last.is_some_and(|round| self::quiet(phase, round).is_ok());
        phase.cut().is_none() && phase.skipped.is_none() && has_floor
    });
    Some((quiet.next()?, quiet.next_back()?))
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
    server: &SeriesSet,
    name: &str,
) -> Result<Floor, Lack> {
    let whole = Round {
        start: phase.start,
        end: phase.end,
        ..Round::default()
    };
    let round = phase.rounds.get(index).unwrap_or(&whole);
    let empty = Series::default();
    let series = server.series.get(name).unwrap_or(&empty);
    let Some(sampled) = followed(name) else {
        let quiet = quiet(phase, round)?;
        let how = match rest::rests(series, round.watched.unwrap_or(quiet.from), quiet.to) {
            Ok(since) => {
                let settled = Window::new(since.max(quiet.from), quiet.to);
                return Ok(Floor::known(window::floor(series, settled)?));
            }
            Err(how) => how,
        };
        let (low, high) = how.floor();
        return Ok(Floor {
            value: how.estimate(),
            low,
            high,
            unrest: Some(unrest(name, series, phase, how)),
        });
    };
    let next = match phase.rounds.get(index + 1) {
        None => before(next_phase(phases, phase)),
        Some(next) => before(next.start),
    };
    let value = match phase.rounds.get(index + 1) {
        None => checkpoint(phases, phase, series)?,
        Some(_) => window::last(series, Window::new(round.start, next))?,
    };
    let read_at = series.points.iter().map(|(t, _)| *t);
    let read_at = read_at.filter(|t| *t <= next).fold(round.start, f64::max);
    let moves = |series: &Series| {
        let (from, to) = round.quiet?;
        let ((low, high), how) = match rest::rests(series, round.watched.unwrap_or(from), to) {
            Err(how) => (how.around(value), how),
            // it rested, and moved once more before the checkpoint was read
            Ok(since) => {
                let how = moved_until(series, since.max(from), read_at)?;
                ((value - how.rose, value + how.fell), how)
            }
        };
        Some(Floor {
            value,
            low: low.max(0.0),
            high,
            unrest: Some(unrest(&sampled, series, phase, how)),
        })
    };
    let moved = server.series.get(&sampled).and_then(moves);
    Ok(moved.unwrap_or_else(|| Floor::known(value)))
}

/// How a series moved between two moments.
fn moved_until(series: &Series, from: f64, until: f64) -> Option<Restless> {
    let seen = series.points.partition_point(|(t, _)| *t <= until);
    rest::moved(&series.points[..seen], series.dimension, from)
}

/// ``memory` did not settle in the quiet end of `after`: it was 70 MB to 110 MB`
fn unrest(name: &str, series: &Series, phase: &PhaseData, how: Restless) -> String {
    let dimension = series.dimension.unwrap_or(Dimension::NONE);
    let (least, most) = how.seen;
    let [least, most] = [least, most].map(|value| Quantity::new(value, dimension));
    let phase = &phase.name;
    format!("`{name}` did not settle at the end of `{phase}`, it was {least} to {most}")
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
    match time.is_finite() {
        true => time.next_down(),
        false => time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::record::Record;
    use std::sync::Arc;

    fn round(start: f64, end: f64, quiet: Option<(f64, f64)>) -> Round {
        Round {
            start,
            end,
            quiet,
            watched: None,
        }
    }

    fn made(name: &str, rounds: Vec<Round>, loaded: bool) -> PhaseData {
        PhaseData {
            name: name.into(),
            start: rounds.first().map_or(0.0, |r| r.start),
            end: rounds.last().map_or(0.0, |r| r.end),
            rounds,
            records: vec![Record::default(); usize::from(loaded)],
            ..PhaseData::default()
        }
    }

    /// A server with one series.
    fn server(name: &str, series: &Series) -> SeriesSet {
        let series = [(name.to_string(), series.clone())].into_iter().collect();
        SeriesSet { series }
    }

    /// How much it grew, where that is known.
    fn grew(
        phases: &[PhaseData],
        server: &SeriesSet,
        name: &str,
        window: &eval::Window,
    ) -> Result<f64, Lack> {
        let grown = growth(phases, server, name, window)?;
        assert_eq!(grown.between, None);
        Ok(grown.value)
    }

    /// One sample a second, of these values.
    fn every_second(values: &[f64]) -> Series {
        Series {
            dimension: Some(Dimension::DATA),
            points: (values.iter().enumerate())
                .map(|(t, v)| (t as f64, *v))
                .collect(),
            ..Series::default()
        }
    }

    fn between(from: &str, to: &str) -> eval::Window {
        eval::Window::Between {
            from: Arc::from(from),
            to: Arc::from(to),
        }
    }

    fn during_of(phase: &str) -> eval::Window {
        eval::Window::During {
            phase: Arc::from(phase),
        }
    }

    /// idle 0–3, stress 4–9 in two rounds with quiet ends, cooldown 10–12
    fn phases() -> Vec<PhaseData> {
        let stress = vec![
            round(4.0, 6.0, Some((5.5, 6.0))),
            round(7.0, 9.0, Some((8.0, 9.0))),
        ];
        vec![
            made("baseline", vec![round(0.0, 3.0, None)], false),
            made("stress", stress, true),
            made(
                "cooldown",
                vec![round(10.0, 12.0, Some((11.0, 12.0)))],
                false,
            ),
        ]
    }

    #[test]
    fn growth_is_between_floors_of_quiet_ends() {
        let memory = every_second(&[
            10.0, 12.0, 11.0, 12.0, 50.0, 60.0, 14.0, 55.0, 17.0, 18.0, 5.0, 20.0, 21.0,
        ]);
        let grown = |window| grew(&phases(), &server("memory", &memory), "memory", &window);
        // an idle phase is quiet throughout; the 5 lies outside the cooldown's quiet stretch
        assert_eq!(grown(between("baseline", "cooldown")), Ok(10.0));
        assert_eq!(grown(between("baseline", "stress")), Ok(7.0));
        assert_eq!(grown(between("cooldown", "baseline")), Ok(-10.0));
        assert_eq!(grown(during_of("stress")), Ok(3.0));
        let once = grown(during_of("cooldown")).unwrap_err();
        assert!(once.reason.contains("`repeat` of 2 or more"), "{once:?}");
        let unknown = grown(between("baseline", "later")).unwrap_err();
        assert_eq!(unknown.kind, LackKind::NotRun);
    }

    #[test]
    fn a_load_without_a_quiet_end_has_no_floor() {
        let mut phases = phases();
        phases[1].rounds = vec![round(4.0, 9.0, None)];
        let memory = every_second(&[1.0; 13]);
        let lack = grew(
            &phases,
            &server("memory", &memory),
            "memory",
            &between("baseline", "stress"),
        );
        let reason = lack.unwrap_err().reason;
        assert!(reason.contains("`stress` has no quiet end"), "{reason}");
        assert!(reason.contains("quiesce = true"), "{reason}");
    }

    #[test]
    fn a_case_grows_between_its_first_and_its_last_floor() {
        let names = |phases: &[PhaseData]| {
            quiet_ends(phases).map(|(from, to)| [from.name.clone(), to.name.clone()])
        };
        let mut phases = phases();
        let both = ["baseline", "cooldown"].map(String::from);
        assert_eq!(names(&phases), Some(both.clone()));
        phases[1].rounds = vec![round(4.0, 9.0, None)];
        assert_eq!(names(&phases), Some(both));
        assert_eq!(
            names(&phases[..2]),
            None,
            "a load without a quiet end has no floor"
        );
        phases[2].not_run = Some("the server died".into());
        assert_eq!(names(&phases), None);
    }

    #[test]
    fn a_series_that_ended_says_why() {
        let mut memory = every_second(&[1.0, 1.0, 1.0]);
        memory.unavailable = Some("the process ended".into());
        let lack = grew(
            &phases(),
            &server("memory", &memory),
            "memory",
            &between("baseline", "cooldown"),
        );
        assert_eq!(lack.unwrap_err().reason, "the process ended (after 2.0 s)");
    }

    #[test]
    fn checkpoints_belong_to_the_repetition_they_follow() {
        // taken at the end of baseline, of both rounds, and just after the cooldown
        let pss = Series {
            points: vec![(3.0, 10.0), (6.5, 12.0), (9.5, 15.0), (12.5, 11.0)],
            ..Series::default()
        };
        let phases = phases();
        let grown = |window| {
            grew(
                &phases,
                &server("roles.worker.pss", &pss),
                "roles.worker.pss",
                &window,
            )
        };
        assert_eq!(grown(between("baseline", "stress")), Ok(5.0));
        assert_eq!(grown(between("baseline", "cooldown")), Ok(1.0));
        assert_eq!(grown(during_of("stress")), Ok(3.0));
        assert_eq!(checkpoint(&phases, &phases[1], &pss), Ok(15.0));
        // without its own checkpoint a phase does not take its neighbour's
        let fewer = Series {
            points: vec![(3.0, 10.0), (12.5, 11.0)],
            ..Series::default()
        };
        let lack = checkpoint(&phases, &phases[1], &fewer).unwrap_err();
        assert!(lack.reason.contains("no checkpoint"), "{lack:?}");
        let peak = |phase| window::max(&pss, during(&phases, phase, "pss"));
        assert_eq!(peak(&phases[1]), Ok(15.0));
        assert_eq!(during(&phases, &phases[1], "memory"), Window::new(4.0, 9.0));
    }

    #[test]
    fn a_checkpoint_is_doubted_where_memory_moved_before_it() {
        let quiet = |start, from| vec![round(start, from + 2.0, Some((from, from + 2.0)))];
        let phases = vec![
            made("before", quiet(0.0, 1.0), false),
            made("after", quiet(4.0, 5.0), false),
        ];
        // at rest until 7 s, and 40 MB more when the checkpoint is read at 8 s
        let mb = |values: &[f64]| every_second(&values.iter().map(|v| v * 1e6).collect::<Vec<_>>());
        let memory = mb(&[50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 90.0]);
        let pss = Series {
            points: vec![(3.5, 50e6), (8.0, 90e6)],
            ..memory.clone()
        };
        let mut set = server("memory", &memory);
        set.series.insert("memory_pss".into(), pss);
        let grown = growth(&phases, &set, "memory_pss", &between("before", "after")).unwrap();
        let bounds = grown.between.unwrap();
        assert_eq!((bounds.least, bounds.most), (0.0, 40e6));
        assert!(bounds.why.contains("end of `after`"), "{}", bounds.why);
        let memory = growth(&phases, &set, "memory", &between("before", "after")).unwrap();
        assert_eq!((memory.value, memory.between), (0.0, None));
    }

    #[test]
    fn phases_that_were_left_out_say_so() {
        let mut phases = phases();
        phases[1] = PhaseData {
            name: "stress".into(),
            skipped: Some("`tp == 2` does not hold".into()),
            ..PhaseData::default()
        };
        phases[2] = PhaseData {
            name: "cooldown".into(),
            not_run: Some("the server died".into()),
            ..PhaseData::default()
        };
        let lack = |name| phase(&phases, name).unwrap_err();
        assert_eq!(lack("stress").kind, LackKind::Skipped);
        assert_eq!(
            lack("cooldown").reason,
            "`cooldown` did not run: the server died"
        );
        // and are no next phase that ends the time of another
        assert_eq!(during(&phases, &phases[0], "pss").to, f64::INFINITY);
    }
}
