//! Blots secrets out of a stream of bytes, also where one is cut by a chunk's end.

/// Stands in a secret's place.
const BLOT: &[u8] = b"***";

/// Shorter values are left alone: blotting them out would make every text unreadable.
const SHORTEST: usize = 4;

#[derive(Clone, Default)]
pub(super) struct Redactor {
    /// Longest first, so that a secret that begins with another is blotted out whole.
    secrets: Vec<Vec<u8>>,
    /// The end of what was pushed, where it may be a secret's beginning.
    held: Vec<u8>,
}

impl Redactor {
    pub fn new(secrets: &[String]) -> Self {
        let mut secrets: Vec<Vec<u8>> = secrets
            .iter()
            .filter(|secret| secret.len() >= SHORTEST)
            .map(|secret| secret.clone().into_bytes())
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self {
            secrets,
            held: Vec::new(),
        }
    }

    /// What may be shown of everything pushed so far and not yet returned.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.secrets.is_empty() {
            return bytes.to_vec();
        }
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(bytes);
        self.blot(&text, true)
    }

    /// What was held back, when no more comes.
    pub fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        self.blot(&held, false)
    }

    /// A whole text at once.
    pub fn text(&self, text: &str) -> String {
        let clean = self.clone().blot(text.as_bytes(), false);
        String::from_utf8_lossy(&clean).into_owned()
    }

    fn blot(&mut self, text: &[u8], more_comes: bool) -> Vec<u8> {
        let mut shown = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.first() {
            if more_comes
                && self
                    .secrets
                    .iter()
                    .any(|s| s.len() > rest.len() && s.starts_with(rest))
            {
                self.held = rest.to_vec();
                break;
            }
            if let Some(secret) = self.secrets.iter().find(|s| rest.starts_with(s)) {
                shown.extend_from_slice(BLOT);
                rest = &rest[secret.len()..];
            } else {
                shown.push(*first);
                rest = &rest[1..];
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blots_out_the_longest_and_leaves_short_ones() {
        let secrets = ["sk-12".into(), "sk-1234".into(), "tp".into()];
        let redactor = Redactor::new(&secrets);
        assert_eq!(redactor.text("tp key=sk-1234, sk-12!"), "tp key=***, ***!");
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(
            text in "(ab|abcab|c|bca){0,30}",
            cuts in proptest::collection::vec(1usize..6, 0..40),
        ) {
            let secrets = ["abcab".to_string(), "bcac".to_string()];
            let mut redactor = Redactor::new(&secrets);
            let whole = redactor.text(&text);
            let mut shown = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                shown.extend(redactor.push(now));
                rest = later;
            }
            shown.extend(redactor.push(rest));
            shown.extend(redactor.finish());
            prop_assert_eq!(String::from_utf8(shown).unwrap(), whole.clone());
            prop_assert!(!whole.contains("abcab"));
        }
    }
}
