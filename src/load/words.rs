//! Prompts of random words, as long as a number of tokens asks for. Pure.
//!
//! The words are common ones, of which each is one token, with the blank before it, in usual
//! vocabularies (looked up in one of 32 thousand tokens and in one of 131 thousand). What a server
//! counts differs by a few per cent all the same, and by what its chat template adds.

use super::random::{What, rng};
use rand::RngExt;
use std::sync::LazyLock;

const TEXT: &str = "\
    accept access action active actual agent album allow alone amount angle animal answer apply \
    appear area arms array author back bank band base basic beat begin better black blue board \
    body book born border both bottom bound brain bring build built call camp care case cast \
    cause center change charge check child choice church city claim class clean clear close club \
    code color common cost count course court cover create cross cycle dark date deal deep \
    degree depth design detail device direct doctor door double down draw drive drop early earth \
    edge effect empty energy engine enter equal event every extra face fact fair fall family \
    fast father field figure film filter final fine fire fish flat float floor flow focus follow \
    food foot force forest form frame free friend front fruit full game girl glass global gold \
    good grand great green ground group growth guard guide half hall hand hard head health heart \
    heat height high hill hold home horse hour house human image inner inside issue item job \
    joint keep king lake land large later law lead learn left legal length letter level light \
    limit line list little local long lower main major many mark market master match member \
    memory method middle mile mind minor model modern moment money month mother motion mouth \
    move music name nation native near never night normal note number object offer office often \
    only open option orange order other outer owner page pair paper parent park part party past \
    path people period person phase phone photo piece place plain";

/// The index of no request: what the numbering starts from is drawn by it.
const START: u64 = u64::MAX / 4;

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| TEXT.split_whitespace().collect());

/// As many words as `tokens` (at least one), for the request `index` of a round with this seed.
///
/// The first three number the requests, from a number that the seed draws: of 16 million in a row
/// no two begin with the same three words, and of 256 no two with the same word, so that no prefix
/// cache has a block for them.
pub fn prompt(tokens: u64, seed: u64, index: u64) -> String {
    let first: u64 = rng(seed, START, What::Words).random();
    let number = first.wrapping_add(index);
    let mut rng = rng(seed, index, What::Words);
    let mut text = String::with_capacity(usize::try_from(tokens).unwrap_or(0).saturating_mul(6));
    for at in 0..tokens.max(1) {
        let drawn: u8 = rng.random();
        let word = match at {
            0..3 => number.to_le_bytes()[at as usize],
            _ => drawn,
        };
        if at > 0 {
            text.push(' ');
        }
        text.push_str(WORDS[usize::from(word)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn there_is_a_word_for_each_byte() {
        let different: HashSet<&&str> = WORDS.iter().collect();
        assert_eq!((WORDS.len(), different.len()), (256, 256));
    }

    #[test]
    fn as_many_words_as_tokens_and_the_same_for_the_same_seed() {
        for tokens in [1, 2, 3, 4, 1000] {
            let text = prompt(tokens, 7, 3);
            assert_eq!(text.split(' ').count() as u64, tokens);
            assert_eq!(text, prompt(tokens, 7, 3));
        }
        assert_ne!(prompt(50, 7, 3), prompt(50, 8, 3));
        // a later edit of the list, or of how words are drawn, would change what is asked
        assert_eq!(prompt(5, 7, 3), "local court move path hard");
    }

    #[test]
    fn no_two_requests_share_a_prefix() {
        let start = |index, words| {
            let text = prompt(3, 1, index);
            text.split(' ').take(words).collect::<Vec<_>>().join(" ")
        };
        let ones: HashSet<String> = (0..256).map(|i| start(i, 1)).collect();
        assert_eq!(ones.len(), 256);
        let twos: HashSet<String> = (0..20_000).map(|i| start(i, 2)).collect();
        assert_eq!(twos.len(), 20_000);
    }
}
