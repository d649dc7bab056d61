//! Least squares of few parameters within bounds, where each evaluation is a simulation: derivatives
//! are differences, and everything that can be is asked for at once, so that it runs side by side.
//!
//! Gauss–Newton steps with Levenberg's and Marquardt's damping (Marquardt, 1963), of which several
//! strengths are tried together. Large errors count linearly (Huber, 1964), and what hardly changes
//! anything is held near where it began.

/// The errors at several points at once, each as long as the others.
pub type Errors<'a> = dyn FnMut(&[Vec<f64>]) -> Vec<Vec<f64>> + 'a;

/// Steps that are made at most.
const MOST_STEPS: usize = 8;

/// Of a parameter, for its first difference: wide, since what is hidden behind something longer
/// only shows when it grows. Halved from step to step.
pub const WIDEST: f64 = 0.34;
const NARROWEST: f64 = 0.04;

/// An improvement below this share ends the search.
const ENOUGH: f64 = 0.003;

/// Errors beyond this count linearly.
const LARGE: f64 = 0.15;

/// The error that moving a parameter by 1 from where it began counts for.
const PULL: f64 = 0.05;

const DAMPINGS: [f64; 4] = [1e-3, 0.05, 0.5, 5.0];

/// The point within `bounds` with the least errors that is found from `start` on.
pub fn minimise(errors: &mut Errors<'_>, start: &[f64], bounds: &[(f64, f64)]) -> Vec<f64> {
    let mut at = start.to_vec();
    if at.is_empty() {
        return at;
    }
    let mut here = one(errors, &at);
    let mut width = WIDEST;
    for _ in 0..MOST_STEPS {
        let slopes = slopes(errors, &at, &here, bounds, width);
        let tried = trials(&at, start, &here, &slopes, bounds);
        let found = errors(&tried);
        let before = pulled(&here, &at, start);
        let best = (tried.into_iter().zip(found))
            .map(|(point, errors)| (pulled(&errors, &point, start), point, errors))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let narrow = width <= NARROWEST;
        width = (width / 2.0).max(NARROWEST);
        let Some((after, point, errors)) = best.filter(|(after, ..)| *after < before) else {
            // a wide difference may have led astray
            if narrow {
                break;
            }
            continue;
        };
        (at, here) = (point, errors);
        if narrow && after > before * (1.0 - ENOUGH) {
            break;
        }
    }
    at
}

fn one(errors: &mut Errors<'_>, at: &[f64]) -> Vec<f64> {
    errors(&[at.to_vec()]).pop().unwrap_or_default()
}

/// How the errors change with each parameter, by a difference of that width to where there is room.
pub fn slopes(
    errors: &mut Errors<'_>,
    at: &[f64],
    here: &[f64],
    bounds: &[(f64, f64)],
    width: f64,
) -> Vec<Vec<f64>> {
    let steps = at.iter().zip(bounds).map(|(value, (least, most))| {
        let (up, down) = (most - value, value - least);
        if up >= width || up >= down {
            width.min(up)
        } else {
            -width.min(down)
        }
    });
    let steps: Vec<f64> = steps.collect();
    let points = steps.iter().enumerate().map(|(index, step)| {
        let mut point = at.to_vec();
        point[index] += step;
        point
    });
    let found = errors(&points.collect::<Vec<_>>());
    let slope = |(there, step): (Vec<f64>, &f64)| {
        let pairs = there.iter().zip(here);
        let step = if *step == 0.0 { f64::INFINITY } else { *step };
        pairs.map(|(there, here)| (there - here) / step).collect()
    };
    found.into_iter().zip(&steps).map(slope).collect()
}

/// Where steps of several dampings lead.
fn trials(
    at: &[f64],
    start: &[f64],
    here: &[f64],
    slopes: &[Vec<f64>],
    bounds: &[(f64, f64)],
) -> Vec<Vec<f64>> {
    let weights: Vec<f64> = here.iter().map(|e| (LARGE / e.abs()).min(1.0)).collect();
    let product = |a: &[f64], b: &[f64]| -> f64 {
        let terms = a.iter().zip(b).zip(&weights);
        terms.map(|((a, b), weight)| a * b * weight).sum()
    };
    let pull = PULL * PULL;
    let gradient = |i: usize| product(&slopes[i], here) + pull * (at[i] - start[i]);
    // what is at a bound and would leave it stays
    let free: Vec<usize> = (0..at.len())
        .filter(|i| {
            let (least, most) = bounds[*i];
            let down = gradient(*i) > 0.0;
            !(down && at[*i] <= least || !down && at[*i] >= most)
        })
        .collect();
    let matrix: Vec<Vec<f64>> = (free.iter())
        .map(|i| {
            free.iter()
                .map(|j| product(&slopes[*i], &slopes[*j]))
                .collect()
        })
        .collect();
    let step = |damping: &f64| {
        let mut damped = matrix.clone();
        for (i, row) in damped.iter_mut().enumerate() {
            row[i] += pull + damping * (row[i] + pull);
        }
        let down: Vec<f64> = free.iter().map(|i| -gradient(*i)).collect();
        let step = solve(damped, down)?;
        let mut point = at.to_vec();
        for (i, step) in free.iter().zip(step) {
            let (least, most) = bounds[*i];
            point[*i] = (point[*i] + step).clamp(least, most);
        }
        Some(point)
    };
    DAMPINGS.iter().filter_map(step).collect()
}

/// What errors count for.
pub fn cost(errors: &[f64]) -> f64 {
    let of = |error: &f64| match error.abs() {
        small if small <= LARGE => small * small / 2.0,
        large => LARGE * (large - LARGE / 2.0),
    };
    errors.iter().map(of).sum()
}

/// The same, with the pull to where it began.
fn pulled(errors: &[f64], at: &[f64], start: &[f64]) -> f64 {
    let moved = at.iter().zip(start).map(|(at, start)| PULL * (at - start));
    cost(errors) + moved.map(|m| m * m / 2.0).sum::<f64>()
}

/// Solves a symmetric positive system by Cholesky's factors; none where it is none.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| matrix[i][k] * matrix[j][k]).sum();
            let left = matrix[i][j] - known;
            matrix[i][j] = match i == j {
                true if left > 0.0 => left.sqrt(),
                true => return None,
                false => left / matrix[j][j],
            };
        }
        let known: f64 = (0..i).map(|k| matrix[i][k] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| matrix[k][i] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: (f64, f64) = (-10.0, 10.0);

    fn found(f: fn(&[f64]) -> Vec<f64>, start: &[f64], bounds: &[(f64, f64)]) -> Vec<f64> {
        let mut errors = |points: &[Vec<f64>]| points.iter().map(|point| f(point)).collect();
        minimise(&mut errors, start, bounds)
    }

    /// Sums of exponentials, as times are of logarithms; the least is at (1, -0.5).
    fn sums(at: &[f64]) -> Vec<f64> {
        let time = |a: f64, b: f64| (a * at[0].exp() + b * at[1].exp()).ln();
        let truth = |a: f64, b: f64| (a * 1f64.exp() + b * (-0.5f64).exp()).ln();
        let shapes = [(1.0, 0.2), (0.1, 3.0), (1.0, 1.0), (5.0, 0.0), (0.0, 2.0)];
        shapes
            .iter()
            .map(|(a, b)| time(*a, *b) - truth(*a, *b))
            .collect()
    }

    #[test]
    fn a_known_least_is_found() {
        let at = found(sums, &[0.0, 0.0], &[FREE, FREE]);
        // held back a little towards where it began
        assert!((at[0] - 1.0).abs() < 0.02, "{at:?}");
        assert!((at[1] + 0.5).abs() < 0.02, "{at:?}");
    }

    #[test]
    fn bounds_hold() {
        let at = found(sums, &[0.0, 0.0], &[(-1.0, 0.4), FREE]);
        assert!((at[0] - 0.4).abs() < 1e-9, "{at:?}");
    }

    #[test]
    fn what_changes_nothing_stays() {
        let at = found(|at| vec![at[0] - 0.2, 0.0], &[0.0, 0.3], &[FREE, FREE]);
        assert_eq!(at[1], 0.3);
        assert!((at[0] - 0.2).abs() < 0.01, "{at:?}");
    }

    #[test]
    fn one_wild_error_does_not_decide() {
        let four_alike = |at: &[f64]| vec![at[0]; 4].into_iter().chain([at[0] - 3.0]).collect();
        let at = found(four_alike, &[1.0], &[FREE]);
        assert!(at[0].abs() < 0.05, "{at:?}");
    }

    #[test]
    fn what_is_hidden_behind_something_longer_shows_when_it_grows() {
        // the longer of 1 and e^x is to be 1.5
        let hidden = |at: &[f64]| vec![at[0].exp().max(1.0).ln() - 1.5f64.ln()];
        let at = found(hidden, &[-0.1], &[FREE]);
        assert!((at[0].exp() - 1.5).abs() < 0.03, "{at:?}");
    }
}
