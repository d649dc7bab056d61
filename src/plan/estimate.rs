//! How long things take, as far as that is known before they run.

use super::words::{count, time_words};
use crate::load::spec::{Load, Pace};
use crate::scenario::{Case, PhaseSpec};
use serde::{Serialize, Serializer, ser::SerializeStruct};

/// How well a time is known. Ordered: a sum is known as badly as its worst part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sure {
    /// Quiet, pauses.
    Exactly,
    /// A load that ends by the clock, up to the answers still in flight; or the scenario's own
    /// `estimate`.
    About,
    /// Something in it takes as long as the server takes.
    AtLeast,
}

/// How long a phase, a case, a launch or a run takes, server starts apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub seconds: f64,
    pub sure: Sure,
    /// About the most it takes, in seconds, where something bounds it.
    pub most: Option<f64>,
    /// Answers that are awaited one after another with nothing but the server to end them: the
    /// requests of a closed loop over its clients. They take their own time besides `seconds`.
    pub answers: u64,
}

impl Estimate {
    pub const NOTHING: Self = Self {
        seconds: 0.0,
        sure: Sure::Exactly,
        most: Some(0.0),
        answers: 0,
    };

    fn exactly(seconds: f64) -> Self {
        Self {
            seconds,
            sure: Sure::Exactly,
            most: Some(seconds),
            answers: 0,
        }
    }

    fn about(seconds: f64) -> Self {
        Self {
            seconds,
            sure: Sure::About,
            most: Some(seconds),
            answers: 0,
        }
    }

    fn at_least(seconds: f64, most: Option<f64>) -> Self {
        Self {
            seconds,
            sure: Sure::AtLeast,
            most,
            answers: 0,
        }
    }

    /// The scenario's own `estimate` where it has one, otherwise its phases' times together.
    pub fn of_case(case: &Case) -> Self {
        match case.estimate {
            Some(written) => Self::about(written.as_secs_f64()),
            None => Self::of_phases(case),
        }
    }

    /// What the phases come to, whatever the scenario says.
    pub(super) fn of_phases(case: &Case) -> Self {
        case.phases.iter().map(|phase| Self::of_phase(phase)).sum()
    }

    /// A phase with all its rounds, pauses and quiet.
    pub fn of_phase(phase: &PhaseSpec) -> Self {
        if phase.skipped.is_some() {
            return Self::NOTHING;
        }
        // a server says itself when it has settled
        let settling = if phase.quiesce {
            Self::at_least(0.0, None)
        } else {
            Self::NOTHING
        };
        Self::of_rounds(phase) + settling
    }

    /// All rounds with the pauses between them, without what comes after.
    fn of_rounds(phase: &PhaseSpec) -> Self {
        let rounds = phase.repeat.max(1);
        let loads = phase.loads.iter().map(|load| Self::of_load(&load.load));
        let once = match phase.idle {
            Some(idle) => Self::exactly(idle.as_secs_f64()),
            None => loads.fold(Self::NOTHING, Self::beside),
        };
        let pauses = Self::exactly(phase.pause.as_secs_f64() * (rounds - 1) as f64);
        once.times(rounds) + pauses
    }

    /// One load, once.
    pub fn of_load(load: &Load) -> Self {
        let limit = load.duration.map(|duration| duration.as_secs_f64());
        match (&load.pace, load.requests, limit) {
            // an open loop is as long as its arrivals, whatever the server does
            (Pace::Open { rate_per_s, .. }, Some(requests), limit) => {
                let arrivals = requests as f64 / rate_per_s;
                Self::about(limit.map_or(arrivals, |limit| limit.min(arrivals)))
            }
            (Pace::Batch, ..) => Self {
                answers: 1,
                ..Self::at_least(0.0, None)
            },
            (_, None, Some(limit)) => Self::about(limit),
            // clients that think take that long; how long answers take, nobody knows
            (Pace::Closed { concurrency, think }, Some(requests), limit) => {
                let answers = requests.div_ceil((*concurrency).max(1));
                let thinking = answers.saturating_sub(1) as f64 * think.mean();
                let least = limit.map_or(thinking, |limit| limit.min(thinking));
                Self {
                    answers: if limit.is_some() { 0 } else { answers },
                    ..Self::at_least(least, limit)
                }
            }
            (_, None, None) => Self::at_least(0.0, None),
        }
    }

    fn times(self, n: u64) -> Self {
        Self {
            seconds: self.seconds * n as f64,
            most: self.most.map(|most| most * n as f64),
            answers: self.answers.saturating_mul(n),
            ..self
        }
    }

    /// Both at once.
    fn beside(self, other: Self) -> Self {
        Self {
            seconds: self.seconds.max(other.seconds),
            sure: self.sure.max(other.sure),
            most: self.most.zip(other.most).map(|(a, b)| a.max(b)),
            answers: self.answers.max(other.answers),
        }
    }

    /// Whether nothing in it depends on the server or on chance.
    pub fn exact(&self) -> bool {
        self.sure == Sure::Exactly
    }

    /// `20 s`, `about 1 min`, `at least 20 s`, `20 s to 3 min`, `40 answers`,
    /// `at least 20 s + 40 answers`.
    pub fn words(&self) -> String {
        let least = time_words(self.seconds);
        match (self.sure, self.most) {
            (Sure::Exactly, _) => least,
            (Sure::About, _) => format!("about {least}"),
            (Sure::AtLeast, Some(most)) if self.seconds > 0.0 => {
                format!("{least} to {}", time_words(most))
            }
            (Sure::AtLeast, Some(most)) => format!("at most {}", time_words(most)),
            (Sure::AtLeast, None) => match (self.seconds > 0.0, self.answers) {
                (true, 0) => format!("at least {least}"),
                (true, answers) => format!("at least {least} + {}", count(answers, "answer")),
                // what is left without either is a server that comes to rest
                (false, 0) => "until the server is at rest".into(),
                (false, answers) => count(answers, "answer"),
            },
        }
    }
}

/// Requests that a phase starts over all its rounds and loads, if time does not end it before;
/// none where only time ends one of its loads.
pub fn planned_requests(phase: &PhaseSpec) -> Option<u64> {
    if phase.skipped.is_some() || phase.loads.is_empty() {
        return None;
    }
    let each: Option<Vec<u64>> = phase.loads.iter().map(|load| load.load.requests).collect();
    Some(
        each?
            .iter()
            .sum::<u64>()
            .saturating_mul(phase.repeat.max(1)),
    )
}

/// Seconds after which the clock ends a phase's rounds, if nothing ends them before; none where
/// only the server's answers do. Settling afterwards is not in it.
pub fn planned_seconds(phase: &PhaseSpec) -> Option<f64> {
    if phase.skipped.is_some() {
        return None;
    }
    Estimate::of_rounds(phase).most.filter(|most| *most > 0.0)
}

impl std::ops::Add for Estimate {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            seconds: self.seconds + other.seconds,
            sure: self.sure.max(other.sure),
            most: self.most.zip(other.most).map(|(a, b)| a + b),
            answers: self.answers.saturating_add(other.answers),
        }
    }
}

impl std::iter::Sum for Estimate {
    fn sum<I: Iterator<Item = Self>>(times: I) -> Self {
        times.fold(Self::NOTHING, |sum, time| sum + time)
    }
}

impl Serialize for Estimate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Estimate", 5)?;
        fields.serialize_field("seconds", &self.seconds)?;
        fields.serialize_field("sure", &self.sure)?;
        fields.serialize_field("most_seconds", &self.most)?;
        fields.serialize_field("answers", &self.answers)?;
        fields.serialize_field("text", &self.words())?;
        fields.end()
    }
}
