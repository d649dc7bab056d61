//! Which lines of a text are others than they were, in time in proportion to the text: of a long
//! one what is left between the lines that stand once in both is compared only where it is short.

use similar::{Algorithm, DiffOp, capture_diff};
use std::collections::HashMap;
use std::ops::Range;

/// So many lines, of both texts together, are compared each with each.
const SHORT: usize = 2000;

/// From one text to another, in lines.
pub fn differences(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let mut found = Found {
        old,
        new,
        at: (0, 0),
        ops: Vec::new(),
    };
    if old.len() + new.len() > SHORT {
        for (a, b) in anchors(old, new) {
            if found.at.0 <= a && found.at.1 <= b {
                found.between(a, b);
                found.same(1);
            }
        }
    }
    found.between(old.len(), new.len());
    found.ops
}

struct Found<'a> {
    old: &'a [&'a str],
    new: &'a [&'a str],
    /// All before these lines is compared.
    at: (usize, usize),
    ops: Vec<DiffOp>,
}

impl Found<'_> {
    /// The next lines are the same.
    fn same(&mut self, count: usize) {
        let (old_index, new_index) = self.at;
        if let Some(DiffOp::Equal { len, .. }) = self.ops.last_mut() {
            *len += count;
        } else if count > 0 {
            self.ops.push(DiffOp::Equal {
                old_index,
                new_index,
                len: count,
            });
        }
        self.at = (old_index + count, new_index + count);
    }

    /// Compares what is left up to these lines.
    fn between(&mut self, old_end: usize, new_end: usize) {
        let rest = (&self.old[self.at.0..old_end], &self.new[self.at.1..new_end]);
        let alike =
            |a: &mut dyn Iterator<Item = (&&str, &&str)>| a.take_while(|(a, b)| a == b).count();
        let head = alike(&mut rest.0.iter().zip(rest.1));
        let (old, new) = (&rest.0[head..], &rest.1[head..]);
        let tail = alike(&mut old.iter().rev().zip(new.iter().rev()));
        self.same(head);
        self.differ(self.at.0..old_end - tail, self.at.1..new_end - tail);
        self.at = (old_end - tail, new_end - tail);
        self.same(tail);
    }

    fn differ(&mut self, old: Range<usize>, new: Range<usize>) {
        let (old_index, new_index) = (old.start, new.start);
        let (old_len, new_len) = (old.len(), new.len());
        let op = match (old_len, new_len) {
            (0, 0) => return,
            (0, _) => DiffOp::Insert {
                old_index,
                new_index,
                new_len,
            },
            (_, 0) => DiffOp::Delete {
                old_index,
                old_len,
                new_index,
            },
            (a, b) if a + b > SHORT => DiffOp::Replace {
                old_index,
                old_len,
                new_index,
                new_len,
            },
            _ => {
                let ops = capture_diff(Algorithm::Myers, self.old, old, self.new, new);
                self.ops.extend(ops);
                return;
            }
        };
        self.ops.push(op);
    }
}

/// Lines that stand once in each text, as many of them as come in the same order in both.
fn anchors(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    // of each line its place in both, where it stands once
    let mut seen: HashMap<&str, [(usize, usize); 2]> = HashMap::new();
    for (text, lines) in [old, new].into_iter().enumerate() {
        for (at, line) in lines.iter().enumerate() {
            let (times, place) = &mut seen.entry(line).or_default()[text];
            (*times, *place) = (*times + 1, at);
        }
    }
    let places = new.iter().filter_map(|line| match seen.get(line) {
        Some([(1, a), (1, b)]) => Some((*a, *b)),
        _ => None,
    });
    let places: Vec<(usize, usize)> = places.collect();
    // the longest row of them that rises: of each length the one that ends first, and what each
    // comes after
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(places.len());
    for (index, (a, _)) in places.iter().enumerate() {
        let length = ends.partition_point(|end| places[*end].0 < *a);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut row = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(index) = next {
        row.push(places[index]);
        next = before[index];
    }
    row.reverse();
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use similar::ChangeTag;

    /// The new text, made of the old one and of what is put in.
    fn patched(old: &[&str], new: &[&str], ops: &[DiffOp]) -> (String, usize) {
        let mut kept = 0;
        let mut out = String::new();
        let mut read = 0;
        for change in ops.iter().flat_map(|op| op.iter_changes(old, new)) {
            match change.tag() {
                ChangeTag::Insert => out += change.value(),
                tag => {
                    assert_eq!(change.old_index(), Some(read));
                    read += 1;
                    if tag == ChangeTag::Equal {
                        kept += 1;
                        out += old[read - 1];
                    }
                }
            }
        }
        assert_eq!(read, old.len());
        (out, kept)
    }

    #[test]
    fn of_many_lines_those_that_stay_are_found() {
        let old: Vec<String> = (0..30_000).map(|n| format!("let x{n} = helo\n")).collect();
        let mut new = old.clone();
        for n in (0..30_000).step_by(3) {
            new[n] = new[n].replace("helo", "hello");
        }
        new.remove(7);
        new.insert(20_000, "}\n".into());
        let of = |lines: &[String]| -> Vec<String> { lines.to_vec() };
        let (old, new) = (of(&old), of(&new));
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let ops = differences(&old, &new);
        let (text, kept) = patched(&old, &new, &ops);
        assert_eq!(text, new.concat());
        assert_eq!(kept, 20_000 - 1);
        // where none stays, none is looked for in vain
        let other: Vec<String> = (0..30_000).map(|n| format!("{n}\n")).collect();
        let other: Vec<&str> = other.iter().map(String::as_str).collect();
        let ops = differences(&old, &other);
        assert_eq!(ops.len(), 1);
        assert_eq!(patched(&old, &other, &ops).0, other.concat());
    }

    proptest! {
        #[test]
        fn a_text_is_what_is_kept_and_put_in(
            old in prop::collection::vec(0..9_u8, 0..60),
            new in prop::collection::vec(0..9_u8, 0..60),
            long in any::<bool>(),
        ) {
            let lines: Vec<String> = (0..9).map(|n| format!("{n}\n")).collect();
            let unlike: Vec<String> = (0..SHORT).map(|n| format!("x{n}\n")).collect();
            // the same lines twice, with others in between: few are alone
            let of = |which: &[u8]| -> Vec<&str> {
                let some = which.iter().map(|n| lines[usize::from(*n)].as_str());
                let between = unlike.iter().map(String::as_str).take(if long { SHORT } else { 0 });
                some.clone().chain(between).chain(some).collect()
            };
            let (old, new) = (of(&old), of(&new));
            let ops = differences(&old, &new);
            let (text, kept) = patched(&old, &new, &ops);
            prop_assert_eq!(text, new.concat());
            prop_assert!(!long || kept >= SHORT);
        }
    }
}
