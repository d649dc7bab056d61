//! What of a secret's base64 is the same whatever stands around it (a user's name before a
//! password): as it looks at each of the three alignments, but for its first and last character.

/// Shorter parts would be found where no secret is, in characters.
const SHORTEST: usize = 8;

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// In both alphabets (`+/` and `-_`), without twins.
pub(super) fn parts(secret: &[u8]) -> Vec<String> {
    let mut parts = Vec::new();
    for before in 0..3 {
        for more in [b"+/", b"-_"] {
            let part = part(secret, before, *more);
            if part.len() >= SHORTEST && !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    parts
}

/// The characters that are made of the secret alone, behind so many bytes.
fn part(secret: &[u8], before: usize, more: [u8; 2]) -> String {
    let bit = |n: usize| {
        let byte = secret[n / 8 - before];
        usize::from(byte >> (7 - n % 8) & 1)
    };
    let end = (before + secret.len()) * 8;
    let characters = (before * 8).div_ceil(6)..end / 6;
    characters
        .map(|n| {
            let value = (6 * n..6 * n + 6).fold(0, |value, n| value << 1 | bit(n));
            let letter = LETTERS.get(value).copied();
            char::from(letter.unwrap_or_else(|| more[value - LETTERS.len()]))
        })
        .collect()
}
