//! Whether the answers of an open loop kept up with the rate at which requests were due.
//!
//! Requests of an open loop are due whatever the server does. One that cannot answer so many lets
//! them wait, and each waits longer than the one before: its latencies then tell how long the load
//! was, and not how fast the server is. Two things show it together, and neither does alone:
//! answers came at less than nine tenths of the rate at which requests were due (as they also do
//! where the phase is short beside one answer), and those that were due in the last third of a
//! round took half as long again as those of the first third (as they also do by chance, or while
//! a cache fills).

use super::distribution::Distribution;
use super::requests::Requests;
use crate::load::record::Record;
use crate::report::model::Warning;
use crate::units::{Dimension, Quantity};
use std::collections::BTreeMap;

/// The kind of the warning, as results name it.
pub const NOT_FOLLOWED: &str = "not_followed";

/// Answers at less than this share of the rate at which requests were due are too slow.
const SHARE: f64 = 0.9;

/// So many times what the first requests took, the last ones take where they wait for those before.
const GROWN: f64 = 1.5;

/// So many requests at least are in each third of a round.
const THIRD: usize = 10;

/// A round in which the answers did not keep up. Rates are per second, times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Behind {
    due: f64,
    answered: f64,
    first: f64,
    last: f64,
}

/// A warning where a round's answers did not keep up; the worst round is told. `requests` are those
/// of one load, which is an open loop.
pub(super) fn warning(requests: &Requests<'_>) -> Option<Warning> {
    let mut rounds: BTreeMap<u32, Vec<&Record>> = BTreeMap::new();
    for record in requests.records() {
        rounds.entry(record.round).or_default().push(record);
    }
    let behind = rounds.into_values().filter_map(behind);
    let worst = behind.min_by(|a, b| (a.answered / a.due).total_cmp(&(b.answered / b.due)))?;
    let rate = |value| Quantity::new(value, Dimension::REQUESTS.per(Dimension::TIME));
    Some(Warning {
        kind: NOT_FOLLOWED.into(),
        text: format!(
            "the answers did not keep up: {} were due, and {} answered; the first third took {} \
             (e2e.p50), the last {}, so latencies grew for as long as the load went on",
            rate(worst.due),
            rate(worst.answered),
            Quantity::seconds(worst.first),
            Quantity::seconds(worst.last),
        ),
        help:
            "give the load a lower `rate`: what latencies are at this one depends on how long it \
               lasts"
                .into(),
    })
}

/// How a round fell behind, if it did.
fn behind(mut records: Vec<&Record>) -> Option<Behind> {
    records.sort_by(|a, b| a.due.total_cmp(&b.due));
    let third = records.len() / 3;
    let (begin, last_due) = (records.first()?.due, records.last()?.due);
    let answered: Vec<&&Record> = records.iter().filter(|r| r.answered()).collect();
    let end = answered.iter().map(|r| r.end).fold(begin, f64::max);
    // of n requests the last one is due n - 1 gaps after the first
    let due = (records.len() - 1) as f64 / (last_due - begin);
    let rate = answered.len() as f64 / (end - begin);
    if third < THIRD || !due.is_finite() || !rate.is_finite() || rate >= SHARE * due {
        return None;
    }
    let took = |part: &[&Record]| {
        let times = part.iter().filter(|r| r.answered());
        let times: Vec<f64> = times.map(|r| r.end - r.due).collect();
        let enough = times.len() >= THIRD;
        enough.then(|| Distribution::new(times).percentile(0.5))?
    };
    let first = took(&records[..third])?;
    let last = took(&records[records.len() - third..])?;
    (last > GROWN * first).then_some(Behind {
        due,
        answered: rate,
        first,
        last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::case::PhaseData;
    use crate::measure::figures::phase_result;

    /// Requests due ten a second, of which each took what `took` says, in seconds.
    fn phase(requests: u32, took: impl Fn(f64) -> f64) -> PhaseData {
        let record = |index: u32| {
            let due = f64::from(index) / 10.0;
            Record {
                due,
                sent: Some(due),
                end: due + took(due),
                ..Record::default()
            }
        };
        PhaseData {
            name: "open".into(),
            open_loop: true,
            records: (0..requests).map(record).collect(),
            ..PhaseData::default()
        }
    }

    fn said(phase: &PhaseData) -> Option<String> {
        let mut warnings = phase_result(phase).warnings.into_iter();
        let warning = warnings.find(|warning| warning.kind == NOT_FOLLOWED)?;
        Some(warning.text)
    }

    #[test]
    fn what_waits_ever_longer_did_not_keep_up() {
        // five of ten a second are answered
        let text = said(&phase(101, |due| 0.1 + due)).unwrap();
        assert!(
            text.contains("10 req/s were due, and 5.02 req/s answered"),
            "{text}"
        );
        assert!(text.contains("the first third took 1.7"), "{text}");
        let mut closed = phase(101, |due| 0.1 + due);
        closed.open_loop = false;
        assert_eq!(said(&closed), None);
    }

    #[test]
    fn a_short_phase_of_long_answers_and_a_cold_start_kept_up() {
        assert_eq!(
            said(&phase(100, |_| 8.0)),
            None,
            "as long at the end as at the start"
        );
        assert_eq!(
            said(&phase(100, |due| 0.1 + due / 50.0)),
            None,
            "all but the last came in time"
        );
        assert_eq!(
            said(&phase(20, |due| 0.1 + due)),
            None,
            "of too few nothing is said"
        );
    }

    #[test]
    fn each_round_is_looked_at_by_itself() {
        let mut rounds = phase(101, |_| 0.1);
        let later = phase(101, |due| 0.1 + due);
        rounds
            .records
            .extend(later.records.into_iter().map(|record| Record {
                round: 1,
                due: record.due + 20.0,
                end: record.end + 20.0,
                ..record
            }));
        assert!(said(&rounds).unwrap().contains("10 req/s were due"));
    }
}
