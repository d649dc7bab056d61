//! A checkpoint: proportional and private memory, too slow to read at every sample.

use super::lock;
use super::tree::{ENDED, prefix};
use crate::clock::Clock;
use crate::probe::process::Tree;
use crate::probe::procfile::{ProcError, Proportional};
use crate::probe::recorder::Recorder;
use crate::probe::{Reading, Unavailable};
use crate::units::Dimension;
use indexmap::IndexMap;
use std::sync::Mutex;

/// What a checkpoint saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// When reading began, in seconds on the run's clock.
    pub time: f64,
    /// How long reading took, in seconds.
    pub took: f64,
    /// Summed over the server's processes.
    pub total: Reading<Proportional>,
    /// By role; roles without a process are absent.
    pub roles: IndexMap<String, Reading<Proportional>>,
}

/// Reads now. The tree is locked only while its processes are found.
pub(super) fn take(tree: &Mutex<Tree>, clock: Clock) -> Checkpoint {
    let time = clock.now();
    let (scan, seen) = {
        let mut tree = lock(tree);
        (tree.scan(), tree.seen_any())
    };
    let mut total: Option<Reading<Proportional>> = scan.incomplete.map(|why| Err(Unavailable(why)));
    let mut roles: IndexMap<String, Reading<Proportional>> = IndexMap::new();
    for process in &scan.processes {
        let figure = match process.proportional() {
            Ok(figure) => Ok(figure),
            Err(ProcError::Gone { .. }) => continue,
            Err(error) => Err(Unavailable(error.to_string())),
        };
        let role = roles.get(&process.role).cloned();
        roles.insert(process.role.clone(), add(role, &figure));
        total = Some(add(total, &figure));
    }
    let nothing = || match seen {
        true => Err(Unavailable::new(ENDED)),
        false => Err(Unavailable::new("no process of this server is known")),
    };
    Checkpoint {
        time,
        took: clock.now() - time,
        total: total.unwrap_or_else(nothing),
        roles,
    }
}

fn add(sum: Option<Reading<Proportional>>, one: &Reading<Proportional>) -> Reading<Proportional> {
    match (sum, one) {
        (None, one) => one.clone(),
        (Some(Err(why)), _) => Err(why),
        (Some(Ok(_)), Err(why)) => Err(why.clone()),
        (Some(Ok(sum)), Ok(one)) => Ok(Proportional {
            pss: sum.pss + one.pss,
            uss: sum.uss + one.uss,
            swap_pss: sum.swap_pss + one.swap_pss,
        }),
    }
}

impl Checkpoint {
    pub(super) fn record(&self, recorder: &mut Recorder) {
        let mut put = |prefix: &str, figure: &Reading<Proportional>| {
            let mut one = |name: &str, value: fn(&Proportional) -> u64| {
                let value = figure.as_ref().map(|figure| value(figure) as f64);
                let name = format!("{prefix}{name}");
                recorder.record(
                    &name,
                    Dimension::DATA,
                    self.time,
                    value.map_err(Clone::clone),
                );
            };
            one("pss", |p| p.pss);
            one("uss", |p| p.uss);
            one("swap_pss", |p| p.swap_pss);
        };
        put("", &self.total);
        for (role, figure) in &self.roles {
            put(&prefix(role), figure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unreadable_process_leaves_no_sum() {
        let one = Ok(Proportional {
            pss: 5,
            uss: 3,
            swap_pss: 1,
        });
        let denied: Reading<Proportional> = Err(Unavailable::new("permission denied"));
        let two = add(Some(add(None, &one)), &one).unwrap();
        assert_eq!((two.pss, two.uss, two.swap_pss), (10, 6, 2));
        assert_eq!(add(Some(Ok(two)), &denied), denied);
        assert_eq!(add(Some(denied.clone()), &one), denied);
    }
}
