//! Blocks that lack their names: where one of them is read, its name is not known, and not wrong.

use super::due::Due;

/// The blocks around that have no names, each with the name that it is taken to be read by.
#[derive(Default)]
pub(super) struct Nameless<'a> {
    blocks: Vec<(&'a str, Option<String>)>,
}

impl<'a> Nameless<'a> {
    pub(super) fn add(&mut self, kind: &'a str) {
        self.blocks.push((kind, None));
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.blocks.truncate(len);
    }

    /// Whether a name that is not known may be that of one of them, where so much is due. Each of
    /// them has one name: the first that may be its own.
    pub(super) fn may_be(&mut self, name: &str, due: Due) -> bool {
        let fits = |kind: &str| match due {
            Due::Fields => has_figures(kind),
            Due::Block(due) => due == kind,
            Due::Anything | Due::Value => false,
        };
        let mut free = None;
        for (_, taken) in self.blocks.iter_mut().filter(|(kind, _)| fits(kind)) {
            match taken {
                Some(taken) if taken == name => return true,
                None if free.is_none() => free = Some(taken),
                _ => {}
            }
        }
        free.is_some_and(|free| {
            *free = Some(name.to_string());
            true
        })
    }
}

/// Of what else there is, fields are hardly ever read by its name.
fn has_figures(kind: &str) -> bool {
    matches!(kind, "phase" | "server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_name() {
        let mut blocks = Nameless::default();
        blocks.add("phase");
        assert!(!blocks.may_be("n", Due::Value));
        assert!(!blocks.may_be("chat", Due::Block("workload")));
        assert!(blocks.may_be("steady", Due::Fields));
        assert!(blocks.may_be("steady", Due::Block("phase")));
        assert!(!blocks.may_be("other", Due::Fields));
    }
}
