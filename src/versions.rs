//! Versions of programs, and sets of them as people write them: `0.8.5`, `>=0.9.2`, `>=0.9, <0.11`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version by its numbers. What is before a release (`0.9.2rc1`, `0.9.2.dev3`) is less than it,
/// and what is after it (`0.9.2.post1`) more.
#[derive(Debug, Clone)]
pub struct Version {
    numbers: Vec<u64>,
    stage: Stage,
    text: String,
}

/// What a version is of its release; `Least` stands for whatever is before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Least,
    Before,
    Release,
    After,
}

/// What stands where a version is due.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version")]
pub struct NoVersion(pub String);

/// Versions without a gap between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Versions {
    low: Option<End>,
    high: Option<End>,
    text: String,
}

/// An end of such a stretch, and whether it belongs to it.
#[derive(Debug, Clone, PartialEq)]
struct End {
    at: Version,
    within: bool,
}

impl FromStr for Version {
    type Err = NoVersion;

    /// Reads the numbers at the head, after a `v`; a word behind them tells the stage, and what
    /// follows a `+` is a build's own.
    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let text = text.trim();
        let bad = || NoVersion(text.to_string());
        let mut rest = text.strip_prefix('v').unwrap_or(text);
        rest = rest.split_once('+').map_or(rest, |(version, _)| version);
        let mut numbers = Vec::new();
        loop {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            numbers.push(rest[..digits].parse().map_err(|_| bad())?);
            rest = &rest[digits..];
            match rest.strip_prefix('.') {
                Some(more) if more.starts_with(|c: char| c.is_ascii_digit()) => rest = more,
                _ => break,
            }
        }
        let word = rest.trim_start_matches(['.', '-', '_']);
        let before = ["a", "b", "rc", "dev", "pre", "nightly"];
        let stage = match word {
            "" => Stage::Release,
            word if word.starts_with("post") => Stage::After,
            word if before.iter().any(|stage| word.starts_with(stage)) => Stage::Before,
            _ => return Err(bad()),
        };
        Ok(Self {
            numbers,
            stage,
            text: text.to_string(),
        })
    }
}

impl Version {
    /// Whatever comes before it, release and all.
    fn least(mut self) -> Self {
        self.stage = Stage::Least;
        self
    }

    /// The least version after all that begin with its numbers: 0.9 after 0.8.
    fn next(mut self) -> Self {
        if let Some(last) = self.numbers.last_mut() {
            *last = last.saturating_add(1);
        }
        self.least()
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        let number = |of: &Self, at: usize| of.numbers.get(at).copied().unwrap_or(0);
        let mut orders = (0..longest).map(|at| number(self, at).cmp(&number(other, at)));
        let first = orders.find(|order| order.is_ne());
        first.unwrap_or_else(|| self.stage.cmp(&other.stage))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Versions {
    type Err = NoVersion;

    /// Reads bounds with commas between them. A bare version is all that begin with it: `0.8` is
    /// 0.8.0, 0.8.5, and so on.
    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let mut all = Self {
            low: None,
            high: None,
            text: text.trim().to_string(),
        };
        for part in text.split(',') {
            let part = part.trim();
            let (sign, rest) = ["==", ">=", "<=", ">", "<", "="]
                .iter()
                .find_map(|sign| Some((*sign, part.strip_prefix(sign)?)))
                .unwrap_or(("", part));
            let at: Version = rest.parse()?;
            let end = |at, within| Some(End { at, within });
            let (low, high) = match sign {
                ">=" => (end(at, true), None),
                ">" => (end(at, false), None),
                // what is before a release is less than it
                "<" => (None, end(at, false)),
                "<=" => (None, end(at, true)),
                _ => (end(at.clone().least(), true), end(at.next(), false)),
            };
            all.low = tighter(all.low, low, Ordering::Greater);
            all.high = tighter(all.high, high, Ordering::Less);
        }
        Ok(all)
    }
}

/// The one of two ends that leaves less: the greater of low ends, the lesser of high ones.
fn tighter(a: Option<End>, b: Option<End>, which: Ordering) -> Option<End> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let order = a.at.cmp(&b.at);
            let first = order == which || (order.is_eq() && !a.within);
            Some(if first { a } else { b })
        }
        (a, b) => a.or(b),
    }
}

impl Versions {
    pub fn has(&self, version: &Version) -> bool {
        let above = self.low.as_ref().is_none_or(|low| {
            let order = version.cmp(&low.at);
            order.is_gt() || (order.is_eq() && low.within)
        });
        let below = self.high.as_ref().is_none_or(|high| {
            let order = version.cmp(&high.at);
            order.is_lt() || (order.is_eq() && high.within)
        });
        above && below
    }

    /// What both have; none where nothing is.
    fn both(&self, other: &Self) -> Option<Self> {
        let low = tighter(self.low.clone(), other.low.clone(), Ordering::Greater);
        let high = tighter(self.high.clone(), other.high.clone(), Ordering::Less);
        let some = match (&low, &high) {
            (Some(low), Some(high)) => match low.at.cmp(&high.at) {
                Ordering::Less => true,
                Ordering::Equal => low.within && high.within,
                Ordering::Greater => false,
            },
            _ => true,
        };
        let text = self.text.clone();
        some.then_some(Self { low, high, text })
    }

    /// Whether a version may be of both.
    pub fn meets(&self, other: &Self) -> bool {
        self.both(other).is_some()
    }

    /// Whether all of it is of the other.
    pub fn lies_in(&self, other: &Self) -> bool {
        let both = self.both(other);
        both.is_some_and(|both| both.low == self.low && both.high == self.high)
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl serde::Serialize for Versions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn versions(text: &str) -> Versions {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_in_order() {
        let order = [
            "0.8.5",
            "0.8.5.post1",
            "0.9.2.dev3+gabc",
            "0.9.2rc1",
            "v0.9.2",
            "0.10",
            "0.10.1",
            "4567",
        ];
        for pair in order.windows(2) {
            let (a, b) = (version(pair[0]), version(pair[1]));
            assert!(a < b || pair[1] == "0.9.2rc1" && a <= b, "{pair:?}");
        }
        assert_eq!(version("0.9"), version("0.9.0"));
        for bad in ["", "v", "x1", "1..2", "1.2 or so", "0.9-of-mine"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sets_have_what_they_say() {
        let has = |set: &str, one: &str| versions(set).has(&version(one));
        assert!(has("0.8", "0.8.5") && has("0.8.5", "0.8.5.post1") && !has("0.8", "0.9"));
        assert!(
            has(">=0.9.2", "0.9.2") && !has(">=0.9.2", "0.9.2rc1") && has("<0.9.2", "0.9.2rc1")
        );
        assert!(has(">=0.9, <0.11", "0.10.2") && !has(">=0.9, <0.11", "0.11"));
        assert!(has("<=0.9.2", "0.9.2") && !has(">0.9.2", "0.9.2"));
        assert!(">=".parse::<Versions>().is_err() && "1,".parse::<Versions>().is_err());
    }

    #[test]
    fn sets_meet_or_lie_in_others() {
        let meets = |a: &str, b: &str| versions(a).meets(&versions(b));
        assert!(meets(">=0.8", "<0.9") && !meets(">=0.9", "<0.9") && meets(">=0.9", "<=0.9"));
        assert!(!meets("0.8.5", ">=0.9.2") && meets("0.9", ">=0.9.2"));
        let lies = |a: &str, b: &str| versions(a).lies_in(&versions(b));
        assert!(lies("0.8.5", "<0.9.2") && lies(">=0.11", ">=0.9.2") && lies("0.9", "0.9"));
        assert!(!lies("0.9", ">=0.9.2") && !lies(">=0.8", "<0.9") && !lies("0.8", ">=0.9"));
    }
}
