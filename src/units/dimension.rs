//! Dimensions: integer powers of what is counted or measured.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a power in a [`Dimension`] belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    Time,
    Data,
    Requests,
    Tokens,
    Images,
    Clips,
    Videos,
    Compute,
    Energy,
    Money,
}

impl Base {
    pub const ALL: [Self; 10] = [
        Self::Time,
        Self::Data,
        Self::Requests,
        Self::Tokens,
        Self::Images,
        Self::Clips,
        Self::Videos,
        Self::Compute,
        Self::Energy,
        Self::Money,
    ];

    /// The unit in which values of this base are kept.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Time => "s",
            Self::Data => "B",
            Self::Requests => "req",
            Self::Tokens => "tok",
            Self::Images => "img",
            Self::Clips => "clip",
            Self::Videos => "video",
            Self::Compute => "FLOP",
            Self::Energy => "J",
            Self::Money => "USD",
        }
    }

    /// As a sentence names it.
    fn noun(self) -> &'static str {
        match self {
            Self::Time => "a duration",
            Self::Data => "an amount of data",
            Self::Requests => "a number of requests",
            Self::Tokens => "a number of tokens",
            Self::Images => "a number of images",
            Self::Clips => "a number of audio clips",
            Self::Videos => "a number of videos",
            Self::Compute => "an amount of computation",
            Self::Energy => "an amount of energy",
            Self::Money => "an amount of money",
        }
    }
}

/// The powers of the ten bases, in the order of [`Base::ALL`]. Files have it as its unit:
/// `tok/s`, and an empty text for [`Dimension::NONE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dimension(pub [i8; 10]);

impl Dimension {
    /// A ratio or a plain count.
    pub const NONE: Self = Self([0; 10]);
    pub const TIME: Self = Self::of(Base::Time);
    pub const DATA: Self = Self::of(Base::Data);
    pub const REQUESTS: Self = Self::of(Base::Requests);
    pub const TOKENS: Self = Self::of(Base::Tokens);
    pub const IMAGES: Self = Self::of(Base::Images);
    pub const CLIPS: Self = Self::of(Base::Clips);
    pub const VIDEOS: Self = Self::of(Base::Videos);
    pub const COMPUTE: Self = Self::of(Base::Compute);
    pub const ENERGY: Self = Self::of(Base::Energy);
    pub const MONEY: Self = Self::of(Base::Money);

    pub const fn of(base: Base) -> Self {
        let mut powers = [0; 10];
        powers[base as usize] = 1;
        Self(powers)
    }

    /// Whether this counts things: a bare number says as much as one with the unit.
    pub fn is_count(self) -> bool {
        [
            Base::Requests,
            Base::Tokens,
            Base::Images,
            Base::Clips,
            Base::Videos,
        ]
        .into_iter()
        .any(|base| self == Self::of(base))
    }

    pub const fn is_none(self) -> bool {
        let mut i = 0;
        while i < 10 {
            if self.0[i] != 0 {
                return false;
            }
            i += 1;
        }
        true
    }

    /// Powers saturate: no real figure comes near 127 of them.
    pub const fn times(self, other: Self) -> Self {
        let mut powers = self.0;
        let mut i = 0;
        while i < 10 {
            powers[i] = powers[i].saturating_add(other.0[i]);
            i += 1;
        }
        Self(powers)
    }

    pub const fn per(self, other: Self) -> Self {
        let mut powers = self.0;
        let mut i = 0;
        while i < 10 {
            powers[i] = powers[i].saturating_sub(other.0[i]);
            i += 1;
        }
        Self(powers)
    }

    /// The powers that are not zero.
    pub fn powers(self) -> impl Iterator<Item = (Base, i8)> {
        Base::ALL
            .into_iter()
            .zip(self.0)
            .filter(|(_, power)| *power != 0)
    }

    /// For messages: `a duration`, `a rate of tokens`, `a number`, …
    pub fn describe(self) -> String {
        if self.is_none() {
            return "a bare number".into();
        }
        if let Some((base, 1)) = self.single() {
            return base.noun().into();
        }
        if self == Self::ENERGY.per(Self::TIME) {
            return "a power (W)".into();
        }
        if self == Self::DATA.per(Self::TIME) {
            return "a bandwidth (B/s)".into();
        }
        if self.0[Base::Time as usize] == -1 {
            let rest = self.times(Self::TIME);
            if let Some((base, 1)) = rest.single() {
                return format!("a rate ({}/s)", base.unit());
            }
        }
        format!("a quantity in {}", self.unit_text())
    }

    fn single(self) -> Option<(Base, i8)> {
        let mut powers = self.powers();
        match (powers.next(), powers.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }

    /// In base units: `tok/s`, `B/req`, `1/s`; several of a kind are joined by `·`.
    pub fn unit_text(self) -> String {
        let part = |sign: i8| {
            self.powers()
                .filter(|(_, power)| power.signum() == sign)
                .map(|(base, power)| match power.abs() {
                    1 => base.unit().to_string(),
                    n => format!("{}^{n}", base.unit()),
                })
                .collect::<Vec<_>>()
                .join("·")
        };
        match (part(1), part(-1)) {
            (above, below) if below.is_empty() => above,
            (above, below) if above.is_empty() => format!("1/{below}"),
            (above, below) => format!("{above}/{below}"),
        }
    }

    /// The dimension of a text that [`Dimension::unit_text`] made; none for any other.
    pub fn of_unit_text(text: &str) -> Option<Self> {
        let (above, below) = text.split_once('/').unwrap_or((text, ""));
        let above = if above == "1" { "" } else { above };
        let found = Self::product(above)?.per(Self::product(below)?);
        (found.unit_text() == text).then_some(found)
    }

    /// `tok·s^2`
    fn product(text: &str) -> Option<Self> {
        let mut found = Self::NONE;
        for part in text.split('·').filter(|part| !part.is_empty()) {
            let (unit, power) = part.split_once('^').unwrap_or((part, "1"));
            let base = Base::ALL.into_iter().find(|base| base.unit() == unit)?;
            found.0[base as usize] = power.parse().ok()?;
        }
        Some(found)
    }
}

impl Serialize for Dimension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.unit_text())
    }
}

impl<'de> Deserialize<'de> for Dimension {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("`{text}` is no base unit"));
        Self::of_unit_text(&text).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_unit_in_words_is_read_back(powers in prop::array::uniform10(-127i8..=127)) {
            let dimension = Dimension(powers);
            prop_assert_eq!(Dimension::of_unit_text(&dimension.unit_text()), Some(dimension));
        }
    }

    #[test]
    fn other_texts_are_no_units() {
        for text in ["ms", "tok/", "1/", "s/s", "tok^x", "s·s", "/s", "x"] {
            assert_eq!(Dimension::of_unit_text(text), None, "{text}");
        }
        assert_eq!(Dimension::of_unit_text(""), Some(Dimension::NONE));
    }
}
