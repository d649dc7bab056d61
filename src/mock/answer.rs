//! The words of an answer. Pure: they follow from what was declared, the seed and the prompt.

use crate::sim::Dice;
use std::ops::Range;

/// Words that say nothing, so that no check mistakes them for an answer.
const FILLER: [&str; 32] = [
    "alpha", "amber", "arrow", "basin", "birch", "cedar", "cloud", "cobalt", "coral", "delta",
    "ember", "fable", "field", "flint", "grove", "harbor", "hazel", "indigo", "ivory", "jasper",
    "lemon", "linen", "maple", "meadow", "nickel", "olive", "pebble", "quartz", "river", "silver",
    "timber", "violet",
];

/// How answers are worded.
#[derive(Debug, Clone)]
pub struct Wording {
    declared: Vec<String>,
    seed: u64,
}

/// One answer's words: token `k` is one word.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    wording: &'a Wording,
    dice: Dice,
}

impl Wording {
    pub fn new(declared: Option<&str>, seed: u64) -> Self {
        let declared = declared.unwrap_or_default();
        Self {
            declared: declared.split_whitespace().map(str::to_string).collect(),
            seed,
        }
    }

    /// The words for a prompt, which is known by a fingerprint.
    pub fn words(&self, prompt: u64) -> Words<'_> {
        Words {
            wording: self,
            dice: Dice::new(self.seed, "words").roll(prompt),
        }
    }
}

impl Words<'_> {
    fn word(&self, k: u64) -> &str {
        match self.wording.declared.as_slice() {
            [] => FILLER[(self.dice.roll(k).number() % FILLER.len() as u64) as usize],
            words => &words[(k % words.len() as u64) as usize],
        }
    }

    /// Some of the words, one after the other, as one text.
    pub fn text(&self, tokens: Range<u64>) -> String {
        let mut text = String::new();
        let first = tokens.start;
        for k in tokens {
            if k > first {
                text.push(' ');
            }
            text.push_str(self.word(k));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_answer_is_repeated_or_cut() {
        let wording = Wording::new(Some("the  sky is\nblue"), 1);
        assert_eq!(wording.words(5).text(0..6), "the sky is blue the sky");
        assert_eq!(wording.words(9).text(0..2), "the sky");
        assert_eq!(wording.words(9).text(3..5), "blue the");
    }

    #[test]
    fn filler_follows_from_seed_and_prompt() {
        let text = |seed, prompt| Wording::new(None, seed).words(prompt).text(0..12);
        assert_eq!(text(1, 2), text(1, 2));
        assert_ne!(text(1, 2), text(1, 3));
        assert_ne!(text(1, 2), text(2, 2));
        assert_eq!(text(1, 2).split(' ').count(), 12);
    }
}
