//! Changes of one text that are made together, and where its places are afterwards.

/// Replaces `start..end` of a text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    pub start: usize,
    pub end: usize,
    pub with: String,
}

/// Changes that neither overlap nor touch, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// Whether a change touches none that is there.
    fn fits(&self, new: &Edit) -> bool {
        let next = self.0.partition_point(|edit| edit < new);
        let before = next.checked_sub(1).map(|at| &self.0[at]);
        before.is_none_or(|edit| edit.end < new.start)
            && self.0.get(next).is_none_or(|edit| new.end < edit.start)
    }

    /// Adds changes that belong together, all or none; false where one of them touches another.
    pub fn add(&mut self, together: &[Edit]) -> bool {
        for (count, new) in together.iter().enumerate() {
            if !self.fits(new) {
                self.0.retain(|edit| !together[..count].contains(edit));
                return false;
            }
            let at = self.0.partition_point(|edit| edit < new);
            self.0.insert(at, new.clone());
        }
        true
    }

    /// The text with the changes made. What is put in gets the line ends that the text has.
    /// None where a change does not begin and end between characters of the text.
    pub fn apply(&self, text: &str) -> Option<String> {
        let windows = text.contains("\r\n");
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for edit in &self.0 {
            out.push_str(text.get(done..edit.start)?);
            text.get(edit.start..edit.end)?;
            match windows && edit.with.contains('\n') {
                true => out.push_str(&edit.with.replace("\r\n", "\n").replace('\n', "\r\n")),
                false => out.push_str(&edit.with),
            }
            done = edit.end;
        }
        out.push_str(text.get(done..)?);
        Some(out)
    }

    /// Where a place of the text can be afterwards, first and last: a place that was replaced is
    /// anywhere in what replaced it.
    pub fn moved(&self, first: usize, last: usize) -> (usize, usize) {
        (self.one(first, false), self.one(last, true))
    }

    fn one(&self, at: usize, last: bool) -> usize {
        // the length of the text before `at`, once changed, is never below 0
        let (mut put_in, mut taken_out) = (0, 0);
        for edit in &self.0 {
            if edit.end < at || edit.end == at && edit.start < edit.end {
                put_in += edit.with.len();
                taken_out += edit.end - edit.start;
                continue;
            }
            if edit.start <= at {
                let start = edit.start + put_in - taken_out;
                return if last { start + edit.with.len() } else { start };
            }
            break;
        }
        at + put_in - taken_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, with: &str) -> Edit {
        let with = with.to_owned();
        Edit { start, end, with }
    }

    fn edits(all: &[Edit]) -> Edits {
        let mut out = Edits::default();
        assert!(all.iter().all(|one| out.add(std::slice::from_ref(one))));
        out
    }

    #[test]
    fn what_touches_waits() {
        let mut all = edits(&[edit(4, 6, "x")]);
        assert!(!all.add(&[edit(6, 7, "")]));
        assert!(!all.add(&[edit(4, 4, "y")]));
        assert!(!all.add(&[edit(0, 1, "y"), edit(5, 5, "z")]));
        assert!(all.add(&[edit(0, 1, ""), edit(8, 8, "z")]));
        assert_eq!(all.apply("0123456789").unwrap(), "123x67z89");
        assert_eq!(edits(&[edit(1, 2, "")]).apply("é"), None);
    }

    #[test]
    fn lines_end_as_they_did() {
        let all = edits(&[edit(1, 1, " a\r\nb\nc")]);
        assert_eq!(all.apply("0\r\n1").unwrap(), "0 a\r\nb\r\nc\r\n1");
        assert_eq!(all.apply("0\n1").unwrap(), "0 a\r\nb\nc\n1");
    }

    #[test]
    fn places_move_with_the_text() {
        let all = edits(&[edit(2, 4, "xyz"), edit(6, 6, "!!")]);
        // "01xyz45!!6"
        let moved = |at| all.moved(at, at);
        assert_eq!(moved(1), (1, 1));
        assert_eq!(moved(2), (2, 5));
        assert_eq!(moved(3), (2, 5));
        assert_eq!(moved(4), (5, 5));
        assert_eq!(moved(5), (6, 6));
        assert_eq!(moved(6), (7, 9));
        assert_eq!(moved(7), (10, 10));
    }
}
