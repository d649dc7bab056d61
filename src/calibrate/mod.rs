//! Fits the simulator's constants to measured runs, and tells how good they are on runs that they
//! were not fitted to.

mod cases;
mod constants;
mod fit;
mod folder;
mod least_squares;
mod page;
mod simulate;
mod write;

pub use cases::{Case, Cases, Figure};
pub use constants::{CONSTANTS, Constant, Owner};
pub use folder::is_real;
pub use page::page;
pub use write::Written;

use crate::check::nearest;
use crate::validate::percentile;
use fit::{Fitted, fit};
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;
use simulate::{Parameter, Predicted, Simulator};

/// How to go about it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Names of constants; empty for all.
    pub constants: Vec<String>,
    /// Whether to begin with the schema's defaults, which know nothing of the measurements.
    pub from_defaults: bool,
    /// Most cases that are fitted to.
    pub rows: Option<usize>,
}

/// Why nothing was fitted, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub message: String,
    pub help: String,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Calibration {
    /// What was left out in turn, in words.
    pub held_out: String,
    pub cases: usize,
    pub errors: Vec<Errors>,
    pub constants: Vec<Refitted>,
    pub rows: Vec<Compared>,
    /// Why something could not be fitted to, and how often.
    pub unusable: IndexMap<String, usize>,
    pub notes: Vec<String>,
    /// The constants as `.scn` files have them.
    #[serde(skip)]
    pub written: Written,
}

/// Absolute errors of the figures of one sort.
#[derive(Debug, Clone, Serialize)]
pub struct Errors {
    pub source: String,
    pub figure: &'static str,
    pub rows: usize,
    pub before: Spread,
    /// On the cases that were fitted to.
    pub fitted: Spread,
    /// On cases that were not.
    pub held_out: Spread,
}

/// Infinite where so many figures were not predicted at all; `null` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub p90: f64,
}

impl Spread {
    /// Of errors, among which those of what was not predicted are no numbers: no error is worse.
    fn of(errors: Vec<f64>) -> Self {
        let worst = |error: f64| if error.is_nan() { f64::INFINITY } else { error };
        let errors: Vec<f64> = errors.into_iter().map(worst).collect();
        let share = |share| percentile(&errors, share).unwrap_or(f64::INFINITY);
        Self {
            median: share(0.5),
            p90: share(0.9),
        }
    }
}

/// A constant before and after.
#[derive(Debug, Clone, Serialize)]
pub struct Refitted {
    /// `gpu h200: gemm.bf16.start`
    pub name: String,
    /// In seconds, or a share.
    pub before: f64,
    pub after: f64,
    /// Why it stays as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<&'static str>,
    #[serde(skip)]
    pub constant: &'static Constant,
    #[serde(skip)]
    pub of: String,
}

/// A measured figure beside the predicted ones.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    pub source: String,
    pub model: String,
    pub gpu: String,
    pub run: String,
    pub metric: String,
    pub measured: f64,
    pub before: f64,
    pub fitted: f64,
    pub held_out: f64,
}

/// Cases are left out in so many parts where no model can be.
const PARTS: usize = 5;

/// Fits the constants. What comes out does not depend on the number of threads.
///
/// # Errors
/// There is nothing to fit to, or too little for so many constants.
pub fn calibrate(mut cases: Cases, options: &Options) -> Result<Calibration, Refused> {
    known(&options.constants)?;
    if cases.cases.is_empty() {
        return Err(nothing(&cases));
    }
    cases.limit(options.rows.unwrap_or(usize::MAX));
    drop_what_has_no_figures(&mut cases);
    let parameters = Parameter::of(&cases.cases, &options.constants, options.from_defaults);
    let Cases {
        cases,
        unusable,
        notes,
    } = cases;
    let mut simulator = Simulator::new(&cases, &parameters);
    let everything: Vec<usize> = (0..cases.len()).collect();
    let fitted = fit(&mut simulator, &everything);
    enough(&cases, &fitted)?;
    let (held_out, parts) = parts(&cases);
    let mut left_out: Vec<Option<Predicted>> = vec![None; cases.len()];
    for part in parts {
        let rest = everything.iter().copied().filter(|at| !part.contains(at));
        let values = fit(&mut simulator, &rest.collect::<Vec<_>>()).values;
        for (at, predicted) in part.iter().zip(predicted(&mut simulator, &part, &values)) {
            left_out[*at] = Some(predicted);
        }
    }
    let before: Vec<f64> = parameters.iter().map(|one| one.before).collect();
    let before = predicted(&mut simulator, &everything, &before);
    let after = predicted(&mut simulator, &everything, &fitted.values);
    let mut rows = Vec::new();
    let mut groups: IndexMap<(&str, &'static str), Vec<[f64; 3]>> = IndexMap::new();
    for (at, case) in cases.iter().enumerate() {
        let Some(left_out) = &left_out[at] else {
            continue;
        };
        for (index, figure) in case.figures.iter().enumerate() {
            let values = [before[at][index], after[at][index], left_out[index]];
            let errors = values.map(|value| (value / figure.measured - 1.0).abs());
            let group = groups
                .entry((&case.source, figure.metric.group()))
                .or_default();
            group.push(errors);
            let [before, fitted, held_out] = values;
            rows.push(Compared {
                source: case.source.clone(),
                model: case.model.clone(),
                gpu: case.gpu.clone(),
                run: case.run.clone(),
                metric: figure.name.clone(),
                measured: figure.measured,
                before,
                fitted,
                held_out,
            });
        }
    }
    let errors = groups.iter().map(|((source, figure), errors)| {
        let spread = |which: usize| Spread::of(errors.iter().map(|error| error[which]).collect());
        Errors {
            source: source.to_string(),
            figure,
            rows: errors.len(),
            before: spread(0),
            fitted: spread(1),
            held_out: spread(2),
        }
    });
    let errors = errors.collect();
    let constants: Vec<Refitted> = (parameters.iter().zip(&fitted.values).zip(&fitted.kept))
        .map(|((one, after), kept)| Refitted {
            name: one.name(),
            before: one.before,
            after: *after,
            kept: *kept,
            constant: one.constant,
            of: one.of.clone(),
        })
        .collect();
    Ok(Calibration {
        held_out,
        cases: cases.len(),
        errors,
        written: Written::of(&constants, &cases),
        constants,
        rows,
        unusable,
        notes,
    })
}

fn predicted(simulator: &mut Simulator<'_>, of: &[usize], values: &[f64]) -> Vec<Predicted> {
    let wanted: Vec<_> = of.iter().map(|at| (*at, values)).collect();
    simulator.predict(&wanted)
}

/// Figures that the simulator does not give, whatever its constants.
fn drop_what_has_no_figures(cases: &mut Cases) {
    let predicted = predicted(
        &mut Simulator::new(&cases.cases, &[]),
        &(0..cases.cases.len()).collect::<Vec<_>>(),
        &[],
    );
    for (case, predicted) in cases.cases.iter_mut().zip(predicted) {
        let mut at = predicted.iter();
        let given = |value: Option<&f64>| value.is_some_and(|value| *value > 0.0);
        case.figures.retain(|_| given(at.next()));
    }
    let all = cases.cases.len();
    cases.cases.retain(|case| !case.figures.is_empty());
    for _ in cases.cases.len()..all {
        cases.unusable("its simulation does not come to an end");
    }
}

/// What is left out in turn: a model, or where there is one alone, a part of the cases.
fn parts(cases: &[Case]) -> (String, Vec<Vec<usize>>) {
    let models: IndexSet<&str> = cases.iter().map(|case| case.model.as_str()).collect();
    let all = 0..cases.len();
    if models.len() > 1 {
        let of = |model: &&str| {
            all.clone()
                .filter(|at| cases[*at].model == **model)
                .collect()
        };
        let names = models.iter().copied().collect::<Vec<_>>().join(", ");
        return (
            format!("one model at a time ({names})"),
            models.iter().map(of).collect(),
        );
    }
    let count = PARTS.min(cases.len());
    let of = |part: usize| all.clone().filter(|at| at % count == part).collect();
    let words = format!("one of {count} parts of the cases at a time");
    (words, (0..count).map(of).collect())
}

fn known(names: &[String]) -> Result<(), Refused> {
    let unknown = |name: &&String| !CONSTANTS.iter().any(|one| one.is_named(name));
    let Some(name) = names.iter().find(unknown) else {
        return Ok(());
    };
    let paths: Vec<String> = CONSTANTS.iter().map(Constant::path).collect();
    let own = CONSTANTS.iter().map(|one| one.name);
    let near = nearest(name, paths.iter().map(String::as_str).chain(own));
    Err(Refused {
        message: format!("there is no constant `{name}`"),
        help: match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", paths.join(", ")),
        },
    })
}

fn nothing(cases: &Cases) -> Refused {
    let reasons: Vec<String> = cases.unusable.keys().cloned().collect();
    let message = match reasons.is_empty() {
        true => "there is nothing to fit to".to_string(),
        false => format!("there is nothing to fit to: {}", reasons.join("; ")),
    };
    Refused {
        message,
        help:
            "measured runs are needed whose engine says how it is simulated (`simulator`), whose \
               model has its figures and whose server names its `gpu`, with latencies of answered \
               requests"
                .into(),
    }
}

fn enough(cases: &[Case], fitted: &Fitted) -> Result<(), Refused> {
    let count = fitted.told_apart;
    if count == 0 {
        return Err(Refused {
            message: "no figure depends on a constant that is to be fitted".into(),
            help: "name other constants with `--constants`, or measure what depends on them".into(),
        });
    }
    let least = count.max(2);
    if cases.len() >= least {
        return Ok(());
    }
    let runs = if cases.len() == 1 {
        "case is"
    } else {
        "cases are"
    };
    Err(Refused {
        message: format!(
            "{} {runs} too few: their figures depend on {count} constants, and at least as many \
             cases are needed, and two",
            cases.len()
        ),
        help: "measure more (other lengths, more and fewer at once, other models), or name the \
               constants to fit: `--constants simulator.step,gemm`"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn what_was_not_predicted_is_the_worst_and_never_dropped() {
        let spread = Spread::of(vec![0.1, f64::NAN, 0.1, 0.1, 0.1]);
        assert_eq!((spread.median, spread.p90), (0.1, f64::INFINITY));
        assert_eq!(Spread::of(Vec::new()).median, f64::INFINITY);
    }
}
