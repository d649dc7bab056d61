//! What is said of a series over a stretch of time.

use crate::probe::series::Series;
use crate::probe::{Reading, Unavailable};

/// A stretch of time on the run's clock, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Seconds.
    pub from: f64,
    /// Seconds.
    pub to: f64,
}

impl Window {
    pub const fn new(from: f64, to: f64) -> Self {
        Self { from, to }
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.from.is_finite(), self.to.is_finite()) {
            (true, true) => write!(f, "from {:.1} s to {:.1} s", self.from, self.to),
            (true, false) => write!(f, "from {:.1} s on", self.from),
            (false, true) => write!(f, "up to {:.1} s", self.to),
            (false, false) => f.write_str("in the whole case"),
        }
    }
}

/// The samples of a window; there is at least one.
///
/// # Errors
/// Why there are none: the series' own reason, or that nothing was sampled then.
pub fn samples(series: &Series, window: Window) -> Reading<&[(f64, f64)]> {
    let points = series.between(window.from, window.to);
    if points.is_empty() {
        return Err(no_samples(series, window));
    }
    Ok(points)
}

/// The plain mean of the samples: they are taken at a steady pace, so each counts the same.
///
/// # Errors
/// See [`samples`], as for all figures here.
pub fn mean(series: &Series, window: Window) -> Reading<f64> {
    let points = samples(series, window)?;
    let sum: f64 = points.iter().map(|(_, value)| value).sum();
    Ok(sum / points.len() as f64)
}

pub fn min(series: &Series, window: Window) -> Reading<f64> {
    extreme(series, window, f64::min)
}

pub fn max(series: &Series, window: Window) -> Reading<f64> {
    extreme(series, window, f64::max)
}

fn extreme(series: &Series, window: Window, pick: fn(f64, f64) -> f64) -> Reading<f64> {
    let ((_, first), rest) = split_first(series, window)?;
    Ok(rest
        .iter()
        .fold(first, |found, (_, value)| pick(found, *value)))
}

pub fn first(series: &Series, window: Window) -> Reading<f64> {
    split_first(series, window).map(|((_, first), _)| first)
}

pub fn last(series: &Series, window: Window) -> Reading<f64> {
    let ((_, first), rest) = split_first(series, window)?;
    Ok(rest.last().map_or(first, |(_, value)| *value))
}

/// The lowest sample of a quiet window (nothing in flight, caches flushed): what is held for good,
/// without what comes and goes. The caller chooses the quiet part of its phase.
pub fn floor(series: &Series, quiet: Window) -> Reading<f64> {
    min(series, quiet)
}

/// How much the floor rose from one quiet window to a later one; negative where it fell.
///
/// # Errors
/// Where either window has no samples.
pub fn growth(series: &Series, from: Window, to: Window) -> Reading<f64> {
    Ok(floor(series, to)? - floor(series, from)?)
}

/// By how much a counter rose in a window, counted from its last sample at or before the start
/// (else from its first within) to its last within. A value that falls is a counter that began
/// again at 0. It is not extrapolated to the window's ends.
///
/// # Errors
/// Where there is only one sample, or none within the window: one value shows no increase.
pub fn increase(series: &Series, window: Window) -> Reading<f64> {
    let within = samples(series, window)?;
    let before = series
        .points
        .partition_point(|(time, _)| *time <= window.from);
    let base = before.checked_sub(1).map(|at| series.points[at].1);
    if base.is_none() && within.len() < 2 {
        return Err(Unavailable(format!(
            "there is one sample only {window}: an increase needs two"
        )));
    }
    let mut increase = 0.0;
    let mut previous = base;
    for (_, value) in within {
        increase += match previous {
            None => 0.0,
            Some(previous) if *value >= previous => value - previous,
            Some(_) => *value,
        };
        previous = Some(*value);
    }
    Ok(increase)
}

/// Two counters' increases over one another: the mean of a histogram over a window
/// (`x.sum` / `x.count`), or a hit rate.
///
/// # Errors
/// See [`increase`]; also where the lower counter did not rise.
pub fn ratio_of_increases(above: &Series, below: &Series, window: Window) -> Reading<f64> {
    let (above, below) = (increase(above, window)?, increase(below, window)?);
    if below == 0.0 {
        return Err(Unavailable(format!("nothing was counted {window}")));
    }
    Ok(above / below)
}

type Points<'a> = ((f64, f64), &'a [(f64, f64)]);

fn split_first(series: &Series, window: Window) -> Reading<Points<'_>> {
    match series.between(window.from, window.to) {
        [] => Err(no_samples(series, window)),
        [first, rest @ ..] => Ok((*first, rest)),
    }
}

fn no_samples(series: &Series, window: Window) -> Unavailable {
    let last = series.points.last().map(|(time, _)| *time);
    Unavailable(match (&series.unavailable, last) {
        (Some(why), None) => why.clone(),
        (Some(why), Some(last)) if last < window.from => format!("{why} (after {last:.1} s)"),
        _ => format!("nothing was sampled {window}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(points: &[(f64, f64)]) -> Series {
        Series {
            points: points.to_vec(),
            ..Series::default()
        }
    }

    const ALL: Window = Window::new(0.0, 100.0);

    #[test]
    fn reduces_what_lies_in_the_window() {
        let s = series(&[(0.0, 9.0), (1.0, 4.0), (2.0, 1.0), (3.0, 7.0), (4.0, 0.0)]);
        let w = Window::new(1.0, 3.0);
        assert_eq!(mean(&s, w), Ok(4.0));
        assert_eq!((min(&s, w), max(&s, w)), (Ok(1.0), Ok(7.0)));
        assert_eq!((first(&s, w), last(&s, w)), (Ok(4.0), Ok(7.0)));
        assert_eq!(samples(&s, w).unwrap().len(), 3);
    }

    #[test]
    fn growth_is_from_floor_to_floor() {
        let s = series(&[
            (0.0, 50.0),
            (1.0, 10.0),
            (2.0, 90.0),
            (3.0, 14.0),
            (4.0, 60.0),
        ]);
        let (before, after) = (Window::new(0.0, 1.0), Window::new(2.5, 4.0));
        assert_eq!(growth(&s, before, after), Ok(4.0));
        assert_eq!(growth(&s, after, before), Ok(-4.0));
        let why = growth(&s, before, Window::new(8.0, 9.0)).unwrap_err();
        assert_eq!(why.0, "nothing was sampled from 8.0 s to 9.0 s");
    }

    #[test]
    fn no_samples_gives_the_series_own_reason() {
        let mut s = series(&[(1.0, 5.0)]);
        s.unavailable = Some("the process ended".into());
        let why = mean(&s, Window::new(3.0, 4.0)).unwrap_err();
        assert_eq!(why.0, "the process ended (after 1.0 s)");
        let why = mean(&s, Window::new(0.0, 0.5)).unwrap_err();
        assert!(why.0.starts_with("nothing was sampled"), "{why}");
        s.points.clear();
        assert_eq!(max(&s, ALL).unwrap_err().0, "the process ended");
    }

    #[test]
    fn a_counter_that_begins_again_is_not_negative() {
        let s = series(&[(0.0, 10.0), (1.0, 15.0), (2.0, 3.0), (3.0, 5.0)]);
        assert_eq!(increase(&s, ALL), Ok(5.0 + 3.0 + 2.0));
        // From the last sample before the window, though it lies outside.
        assert_eq!(increase(&s, Window::new(0.5, 1.5)), Ok(5.0));
        assert_eq!(increase(&s, Window::new(2.5, 3.5)), Ok(2.0));
        let why = increase(&series(&[(1.0, 7.0)]), ALL).unwrap_err();
        assert!(why.0.contains("one sample only"), "{why}");
    }

    #[test]
    fn a_histogram_has_a_mean_where_it_counted() {
        let sum = series(&[(0.0, 1.0), (1.0, 4.0)]);
        let count = series(&[(0.0, 2.0), (1.0, 8.0)]);
        assert_eq!(ratio_of_increases(&sum, &count, ALL), Ok(0.5));
        let still = series(&[(0.0, 2.0), (1.0, 2.0)]);
        let why = ratio_of_increases(&sum, &still, ALL).unwrap_err();
        assert!(why.0.contains("nothing was counted"), "{why}");
    }

    proptest! {
        #[test]
        fn increases_of_neighbouring_windows_add_up(
            steps in prop::collection::vec(0.0f64..100.0, 3..30), cut in 1usize..29,
        ) {
            let mut total = 0.0;
            let points: Vec<(f64, f64)> = steps.iter().enumerate()
                .map(|(i, step)| { total += step; (i as f64, total) }).collect();
            let s = series(&points);
            let end = (points.len() - 1) as f64;
            let cut = (cut as f64).min(end - 0.5);
            let whole = increase(&s, Window::new(0.0, end)).unwrap();
            // The second window starts from the last sample of the first.
            if let (Ok(a), Ok(b)) = (increase(&s, Window::new(0.0, cut)), increase(&s, Window::new(cut, end))) {
                prop_assert!((a + b - whole).abs() < 1e-9);
            }
            prop_assert!((whole - (total - steps[0])).abs() < 1e-9);
        }
    }
}
