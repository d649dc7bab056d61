//! Quantities with dimensions: parsing, arithmetic and printing.
//!
//! A quantity's value is always kept in base units: seconds, bytes, requests, tokens, images,
//! clips, videos, FLOP, joules, US dollars. A ratio has no dimension; `99%` is 0.99.

mod dimension;
mod print;
mod table;

pub use dimension::{Base, Dimension};
pub use print::{column_unit, display, display_precise, number, source_form};
pub use table::{PREFIXES, UNITS, Unit, known_units, parse_unit, suggest_units};

use serde::{Deserialize, Serialize};

/// A number with a dimension, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    pub value: f64,
    pub dimension: Dimension,
}

impl Quantity {
    pub const fn new(value: f64, dimension: Dimension) -> Self {
        Self { value, dimension }
    }

    /// A bare number: a ratio or a count.
    pub const fn plain(value: f64) -> Self {
        Self {
            value,
            dimension: Dimension::NONE,
        }
    }

    /// Whether both are the same number. What was computed may be off by a few of the last digits
    /// that a number has: `0.1s + 0.2s` equals `0.3s`. Whole numbers are compared exactly.
    pub fn equals(self, other: Self) -> bool {
        let whole = self.value.fract() == 0.0 && other.value.fract() == 0.0;
        let apart = (self.value - other.value).abs();
        let most = 4.0 * f64::EPSILON * self.value.abs().max(other.value.abs());
        self.dimension == other.dimension && (self.value == other.value || !whole && apart <= most)
    }

    pub const fn seconds(value: f64) -> Self {
        Self {
            value,
            dimension: Dimension::TIME,
        }
    }

    pub const fn bytes(value: f64) -> Self {
        Self {
            value,
            dimension: Dimension::DATA,
        }
    }

    pub const fn tokens(value: f64) -> Self {
        Self {
            value,
            dimension: Dimension::TOKENS,
        }
    }

    pub const fn requests(value: f64) -> Self {
        Self {
            value,
            dimension: Dimension::REQUESTS,
        }
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&display(*self))
    }
}

impl std::ops::Mul for Quantity {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::new(
            self.value * other.value,
            self.dimension.times(other.dimension),
        )
    }
}

impl std::ops::Div for Quantity {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self::new(
            self.value / other.value,
            self.dimension.per(other.dimension),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(value: f64, unit: &str) -> Quantity {
        let (factor, dimension) = parse_unit(unit).expect(unit);
        Quantity::new(value * factor, dimension)
    }

    #[test]
    fn the_largest_numbers_stay_numbers() {
        let text = source_form(Quantity::new(1e306, Dimension::TIME));
        assert!(!text.contains("inf") && text.ends_with(" s"), "{text}");
    }

    #[test]
    fn equal_is_what_differs_by_rounding_alone() {
        let sum = Quantity::seconds(0.1 + 0.2);
        assert_ne!(sum, Quantity::seconds(0.3));
        assert!(sum.equals(Quantity::seconds(0.3)));
        assert!(!sum.equals(Quantity::plain(0.3)));
        assert!(!Quantity::seconds(0.3).equals(Quantity::seconds(0.300_000_001)));
        assert!(
            !Quantity::plain(9_007_199_254_740_991.0)
                .equals(Quantity::plain(9_007_199_254_740_992.0))
        );
        assert!(!Quantity::plain(f64::NAN).equals(Quantity::plain(f64::NAN)));
        assert!(Quantity::plain(f64::INFINITY).equals(Quantity::plain(f64::INFINITY)));
    }

    #[test]
    fn units_mean_what_the_field_means() {
        assert_eq!(quantity(500.0, "MB").value, 5e8);
        assert_eq!(quantity(1.5, "GiB").value, 1.5 * 1024f64.powi(3));
        assert_eq!(quantity(600.0, "Gbps"), quantity(75.0, "GB/s"));
        assert_eq!(quantity(250.0, "ms").value, 0.25);
        assert_eq!(quantity(10.0, "min").value, 600.0);
        assert_eq!(quantity(99.0, "%").value, 0.99);
        assert_eq!(quantity(700.0, "W"), quantity(700.0, "J/s"));
        assert_eq!(quantity(0.54, "USD/Mtok").value, 0.54e-6);
        assert_eq!(quantity(2.0, "ktok"), quantity(2000.0, "tok"));
        assert_eq!(parse_unit("MBs"), None);
        assert_eq!(parse_unit("mib"), None);
    }

    #[test]
    fn prints_in_the_unit_a_reader_expects() {
        let shown = |v, u| quantity(v, u).to_string();
        assert_eq!(shown(0.0123, "s"), "12.3 ms");
        assert_eq!(shown(2.0, "min"), "120 s");
        assert_eq!(shown(90.0, "min"), "90 min");
        assert_eq!(shown(0.0, "s"), "0 s");
        assert_eq!(shown(512.0, "MiB"), "537 MB");
        assert_eq!(shown(250000.0, "B/req"), "250 kB/req");
        assert_eq!(shown(12345.6, "tok/s"), "12346 tok/s");
        assert_eq!(shown(2.0, "USD/h"), "2 USD/h");
        assert_eq!(shown(0.54, "USD/Mtok"), "0.54 USD/Mtok");
        assert_eq!(Quantity::plain(0.985).to_string(), "0.985");
    }

    proptest::proptest! {
        #[test]
        fn source_form_reads_back(value in -1e15f64..1e15, index in 0usize..known_units().len()) {
            let unit = known_units()[index];
            let before = quantity(value, unit);
            let text = source_form(before);
            let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
            let after = if unit.is_empty() {
                Quantity::plain(number.parse().unwrap())
            } else {
                quantity(number.parse().unwrap(), unit)
            };
            proptest::prop_assert_eq!(before.dimension, after.dimension);
            let scale = before.value.abs().max(1e-300);
            proptest::prop_assert!((before.value - after.value).abs() / scale < 1e-12, "{} {:?}", text, before);
        }

        #[test]
        fn dividing_undoes_multiplying(a in 0usize..known_units().len(), b in 0usize..known_units().len()) {
            let (a, b) = (quantity(1.0, known_units()[a]), quantity(1.0, known_units()[b]));
            proptest::prop_assert_eq!((a * b / b).dimension, a.dimension);
            proptest::prop_assert_eq!((a / b * b).dimension, a.dimension);
        }
    }
}
