//! Whether a series came to rest in a quiet end; and where it did not, within what its floor lies.

use crate::probe::series::Series;
use crate::units::Dimension;

/// A series has settled when it moved less than this share, or less than [`GRAIN`] where it counts
/// bytes, for [`STILL`].
const SHARE: f64 = 0.002;
const GRAIN: f64 = 1_048_576.0;
/// Seconds.
pub const STILL: f64 = 1.0;

/// What is known of the floor of a series that did not settle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Restless {
    /// The least and the most that was seen while it was watched.
    pub seen: (f64, f64),
    /// The most by which it fell, and the most by which it rose, from one moment to a later one.
    pub fell: f64,
    pub rose: f64,
}

impl Restless {
    /// Within what the floor lies. Of what only rose nothing was given back: it is as high as it
    /// came. What swings may fall again by as much as it fell, and what only fell may go on as
    /// far as it came.
    pub fn floor(&self) -> (f64, f64) {
        let (least, most) = self.seen;
        let further = (self.fell - self.rose).max(0.0);
        let low = most - self.fell - further;
        (low.max(0.0_f64.min(least)), least + self.rose)
    }

    /// The floor as far as it was seen.
    pub fn estimate(&self) -> f64 {
        self.seen.1 - self.fell
    }

    /// The same of a value of something that follows this series, read at one moment.
    pub fn around(&self, value: f64) -> (f64, f64) {
        let low = value - self.fell;
        (
            low.max(0.0_f64.min(value)),
            value + self.fell.min(self.rose),
        )
    }
}

/// Since when a series has not moved, at `begun` the earliest, where that is long enough to say
/// that it has settled. A level that it came back to after it had been lower is one that it may
/// leave again: there it must stay longer than it did before.
pub fn still_since(points: &[(f64, f64)], dimension: Option<Dimension>, begun: f64) -> Option<f64> {
    let (now, last) = *points.last()?;
    let close = tolerance(last, dimension);
    // the first sample after the last one that differs
    let moved = points.iter().rposition(|(_, v)| (v - last).abs() > close);
    let since = moved.map_or(begun, |at| points[at + 1].0).max(begun);
    let watched = points.partition_point(|(t, _)| *t < begun);
    let earlier = moved.map_or(&[][..], |at| points.get(watched..=at).unwrap_or_default());
    (now - since >= STILL + stayed_above(earlier, last, close)).then_some(since)
}

/// How long a level was held that was left for a lower one; 0 where it was not.
fn stayed_above(points: &[(f64, f64)], level: f64, close: f64) -> f64 {
    let mut longest: f64 = 0.0;
    let mut since = None;
    for (t, value) in points {
        match (value - level).abs() <= close {
            true => {
                since.get_or_insert(*t);
            }
            false => {
                let left = since.take().filter(|_| *value < level);
                longest = left.map_or(longest, |since| longest.max(t - since));
            }
        }
    }
    longest
}

/// How a series moved since `begun`, where it did.
pub fn moved(points: &[(f64, f64)], dimension: Option<Dimension>, begun: f64) -> Option<Restless> {
    let points = &points[points.partition_point(|(t, _)| *t < begun)..];
    let (_, first) = *points.first()?;
    let (mut least, mut most) = (first, first);
    let (mut fell, mut rose) = (0.0_f64, 0.0_f64);
    for (_, value) in points {
        least = least.min(*value);
        most = most.max(*value);
        fell = fell.max(most - value);
        rose = rose.max(value - least);
    }
    let (_, last) = *points.last()?;
    let restless = Restless {
        seen: (least, most),
        fell,
        rose,
    };
    (most - least > tolerance(last, dimension)).then_some(restless)
}

/// From where on the floor of a quiet end is read.
///
/// # Errors
/// How the series moved, where it did not settle.
pub fn rests(series: &Series, begun: f64, to: f64) -> Result<f64, Restless> {
    let seen = &series.points[..series.points.partition_point(|(t, _)| *t <= to)];
    match moved(seen, series.dimension, begun) {
        None => Ok(begun),
        Some(how) => still_since(seen, series.dimension, begun).ok_or(how),
    }
}

fn tolerance(last: f64, dimension: Option<Dimension>) -> f64 {
    let grain = match dimension {
        Some(Dimension::DATA) => GRAIN,
        _ => 0.0,
    };
    (last.abs() * SHARE).max(grain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: f64 = 1e6;

    /// Every 0.2 s for so long, in MB.
    fn sampled(seconds: f64, at: impl Fn(f64) -> f64) -> Series {
        let times = (0..).map(|n| f64::from(n) * 0.2);
        let times = times.take_while(|t| *t <= seconds);
        Series {
            dimension: Some(Dimension::DATA),
            points: times.map(|t| (t, at(t) * MB)).collect(),
            unavailable: None,
        }
    }

    fn restless(seconds: f64, at: impl Fn(f64) -> f64) -> Restless {
        rests(&sampled(seconds, at), 0.0, seconds).expect_err("it never settles")
    }

    /// In MB.
    fn floor(restless: Restless) -> (f64, f64) {
        let (low, high) = restless.floor();
        ((low / MB).round(), (high / MB).round())
    }

    #[test]
    fn what_only_rises_has_given_nothing_back() {
        let leak = restless(30.0, |t| 100.0 + 2.0 * t);
        assert_eq!(floor(leak), (160.0, 160.0));
        assert_eq!((leak.around(50.0 * MB)), (50.0 * MB, 50.0 * MB));
    }

    #[test]
    fn what_swings_may_fall_again() {
        let swing = |t: f64| {
            if ((t / 1.5) as u64).is_multiple_of(2) {
                110.0
            } else {
                70.0
            }
        };
        let swings = restless(29.0, swing);
        assert_eq!(floor(swings), (70.0, 110.0));
        assert_eq!(swings.estimate(), 70.0 * MB);
        assert_eq!(swings.around(90.0 * MB), (50.0 * MB, 130.0 * MB));
        // on top of a leak the floor is near the end of it
        let (low, high) = floor(restless(30.0, |t| swing(t) + 10.0 * t));
        assert!(low > 300.0 && high < 411.0, "{low} to {high}");
    }

    #[test]
    fn what_still_falls_may_go_on() {
        assert_eq!(floor(restless(20.0, |t| 100.0 - 2.0 * t)), (20.0, 60.0));
        // nothing is less than nothing
        assert_eq!(floor(restless(20.0, |t| 70.0 - 3.0 * t)), (0.0, 10.0));
    }

    #[test]
    fn what_settled_is_read_from_its_last_move_on() {
        let late = |t: f64| if t < 5.0 { 100.0 } else { 180.0 };
        assert_eq!(rests(&sampled(8.0, late), 0.0, 8.0), Ok(5.0));
        assert!(rests(&sampled(5.6, late), 0.0, 5.6).is_err());
        // what came after the quiet end does not count
        assert_eq!(rests(&sampled(8.0, late), 0.0, 4.9), Ok(0.0));
        let counts = Series {
            dimension: None,
            ..sampled(8.0, |t| if t < 7.5 { 1e-6 } else { 2e-6 })
        };
        assert!(rests(&counts, 0.0, 8.0).is_err(), "a count has no grain");
    }

    #[test]
    fn a_level_that_was_left_must_be_held_longer() {
        // 1.4 s above, 1.4 s below
        let swing = |t: f64| {
            if ((t / 1.4) as u64).is_multiple_of(2) {
                110.0
            } else {
                70.0
            }
        };
        let since = |to: f64| rests(&sampled(to, swing), 0.0, to).ok();
        assert_eq!(since(4.0), None, "above for 1.2 s, as it was before");
        assert!(since(2.6).is_some(), "below it rests");
        let at_last = |t: f64| if t < 2.8 { swing(t) } else { 110.0 };
        assert!(rests(&sampled(6.0, at_last), 0.0, 6.0).is_ok());
    }
}
