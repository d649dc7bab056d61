//! Fits constants to cases, those that the cases tell something of.

use super::least_squares::{WIDEST, cost, minimise, slopes};
use super::simulate::{Predicted, Simulator};
use std::collections::HashMap;

/// Constants that were fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Of all parameters.
    pub values: Vec<f64>,
    /// Why a parameter stayed as it was; none where it was fitted.
    pub kept: Vec<Option<&'static str>>,
    /// How many constants the cases tell apart, more than are fitted where there are too few cases.
    pub told_apart: usize,
}

const NO_FIGURE: &str = "no figure depends on it";
const NOT_APART: &str = "the figures cannot tell it from the others";
const TOO_FEW: &str = "there are too few cases for more constants";

/// By how much the logarithms of all figures together must move with that of a constant, beyond
/// what others explain. Measurements and the model's own errors of a few per cent leave a constant
/// that moves them less unknown within its half.
const LEAST: f64 = 0.1;

/// What is hidden has to take away so much of the errors that are left.
const CLEARLY: f64 = 0.98;

/// No error counts for more: that of a figure that is sixteen times as large as measured.
const MOST: f64 = 2.8;

/// Fits to these cases. Constants are fitted by their logarithms: all are positive, and as a share
/// each is as well known as the others.
pub fn fit(simulator: &mut Simulator<'_>, subset: &[usize]) -> Fitted {
    let parameters = simulator.parameters;
    let mut values: Vec<f64> = parameters.iter().map(|one| one.start).collect();
    let mut kept: Vec<Option<&'static str>> = parameters.iter().map(|one| one.kept).collect();
    let free: Vec<usize> = (0..kept.len()).filter(|at| kept[*at].is_none()).collect();
    let first: Vec<f64> = free.iter().map(|at| values[*at].ln()).collect();
    let bounds = bounds(simulator, &free);
    let mut all = |points: &[Vec<f64>]| errors(simulator, subset, (&free, &values), points);
    let here = all(std::slice::from_ref(&first)).pop().unwrap_or_default();
    let slopes = slopes(&mut all, &first, &here, &bounds, WIDEST);
    let found = told_apart(slopes);
    let told_apart = found.chosen.len();
    let chosen = &found.chosen[..told_apart.min(subset.len())];
    let mut fitted: Vec<usize> = chosen.iter().map(|at| free[*at]).collect();
    fitted.sort_unstable();
    for (at, parameter) in free.iter().enumerate() {
        kept[*parameter] = match () {
            () if fitted.contains(parameter) => None,
            () if found.lengths[at] < LEAST => Some(NO_FIGURE),
            () if found.chosen.contains(&at) => Some(TOO_FEW),
            () => Some(NOT_APART),
        };
    }
    to_least(simulator, subset, &fitted, &mut values);
    // what is hidden behind something longer shows where it is much longer itself
    let hidden: Vec<usize> = (0..kept.len())
        .filter(|at| kept[*at] == Some(NO_FIGURE))
        .collect();
    let mut shown = false;
    for at in hidden {
        if fitted.len() < subset.len() && shows(simulator, subset, at, &mut values) {
            fitted.push(at);
            kept[at] = None;
            shown = true;
        }
    }
    if shown {
        to_least(simulator, subset, &fitted, &mut values);
    }
    Fitted {
        values,
        kept,
        told_apart: told_apart.max(fitted.len()),
    }
}

/// Moves some values to where the errors are least.
fn to_least(simulator: &mut Simulator<'_>, subset: &[usize], of: &[usize], values: &mut [f64]) {
    let parameters = simulator.parameters;
    let start: Vec<f64> = of.iter().map(|at| values[*at].ln()).collect();
    let bounds = bounds(simulator, of);
    let fixed = values.to_vec();
    let mut some = |points: &[Vec<f64>]| errors(simulator, subset, (of, &fixed), points);
    let best = minimise(&mut some, &start, &bounds);
    for (at, value) in of.iter().zip(best) {
        values[*at] = parameters[*at].constant.rounded(value.exp());
    }
}

/// Whether a constant that shows in no figure makes the errors less where it is several times as
/// large; then it is so large from now on.
fn shows(simulator: &mut Simulator<'_>, subset: &[usize], at: usize, values: &mut [f64]) -> bool {
    let (_, most) = bounds(simulator, &[at])[0];
    let factors = [1.0, 2.0, 4.0, 8.0, 16.0].map(f64::ln);
    let points: Vec<Vec<f64>> = (factors.iter())
        .map(|factor| vec![(values[at].ln() + factor).min(most)])
        .collect();
    let costs = errors(simulator, subset, (&[at], values), &points);
    let costs: Vec<f64> = costs.iter().map(|errors| cost(errors)).collect();
    let best = (0..points.len()).min_by(|a, b| costs[*a].total_cmp(&costs[*b]));
    match best.filter(|best| costs[*best] < costs[0] * CLEARLY) {
        Some(best) => {
            values[at] = points[best][0].exp();
            true
        }
        None => false,
    }
}

/// Between which logarithms parameters are looked for.
fn bounds(simulator: &Simulator<'_>, of: &[usize]) -> Vec<(f64, f64)> {
    let bounds = of.iter().map(|at| {
        let parameter = &simulator.parameters[*at];
        let (least, most) = parameter.constant.bounds(parameter.start);
        (least.ln(), most.ln())
    });
    bounds.collect()
}

/// The errors of the figures of cases, at points that give these parameters their logarithms.
fn errors(
    simulator: &mut Simulator<'_>,
    subset: &[usize],
    (of, values): (&[usize], &[f64]),
    points: &[Vec<f64>],
) -> Vec<Vec<f64>> {
    let at = points.iter().map(|point| {
        let mut values = values.to_vec();
        for (parameter, value) in of.iter().zip(point) {
            values[*parameter] = value.exp();
        }
        values
    });
    let at: Vec<Vec<f64>> = at.collect();
    let wanted = at
        .iter()
        .flat_map(|values| subset.iter().map(|case| (*case, values.as_slice())));
    let predicted = simulator.predict(&wanted.collect::<Vec<_>>());
    let points = predicted.chunks(subset.len().max(1));
    let of_point = |predicted: &[Predicted]| {
        let cases = subset.iter().zip(predicted);
        cases
            .flat_map(|(case, predicted)| weighted(simulator, *case, predicted))
            .collect()
    };
    points.map(of_point).collect()
}

/// The logarithmic errors of a case's figures. Those of one sort (TTFT percentiles) count as much
/// together as the only one of another (TTFT mean).
fn weighted(simulator: &Simulator<'_>, case: usize, predicted: &Predicted) -> Vec<f64> {
    let figures = &simulator.cases[case].figures;
    let mut alike: HashMap<&str, f64> = HashMap::new();
    for figure in figures {
        *alike.entry(figure.metric.group()).or_default() += 1.0;
    }
    let one = |(figure, predicted): (&super::Figure, &f64)| {
        let error = (predicted / figure.measured).ln();
        let error = if error.is_nan() {
            MOST
        } else {
            error.clamp(-MOST, MOST)
        };
        error / alike[figure.metric.group()].sqrt()
    };
    figures.iter().zip(predicted.iter()).map(one).collect()
}

/// What of some columns is independent of the others.
struct Apart {
    /// Which are, the longest first.
    chosen: Vec<usize>,
    /// How long each column is.
    lengths: Vec<f64>,
}

/// Gram–Schmidt with pivots: again and again the column that has most beyond those before it.
fn told_apart(mut columns: Vec<Vec<f64>>) -> Apart {
    let length = |column: &Vec<f64>| column.iter().map(|x| x * x).sum::<f64>().sqrt();
    let lengths: Vec<f64> = columns.iter().map(length).collect();
    let mut chosen: Vec<usize> = Vec::new();
    loop {
        let left = (0..columns.len()).filter(|at| !chosen.contains(at));
        // of equal ones the first
        let next = left
            .map(|at| (length(&columns[at]), at))
            .fold(None, |best, one| match best {
                Some((most, _)) if most >= one.0 => best,
                _ => Some(one),
            });
        let Some((most, at)) = next.filter(|(most, _)| *most >= LEAST) else {
            return Apart { chosen, lengths };
        };
        chosen.push(at);
        let direction: Vec<f64> = columns[at].iter().map(|x| x / most).collect();
        for (other, column) in columns.iter_mut().enumerate() {
            if !chosen.contains(&other) {
                let along: f64 = column.iter().zip(&direction).map(|(a, b)| a * b).sum();
                column
                    .iter_mut()
                    .zip(&direction)
                    .for_each(|(x, d)| *x -= along * d);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_explain_is_not_told_apart() {
        let columns = vec![
            vec![0.0, 0.01, 0.0],
            vec![1.0, 1.0, 0.0],
            vec![2.0, 2.0, 0.01],
            vec![0.0, 0.0, 0.5],
        ];
        let found = told_apart(columns);
        assert_eq!(found.chosen, [2, 3]);
        assert!(found.lengths[0] < LEAST && found.lengths[1] > LEAST);
    }
}
