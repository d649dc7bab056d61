//! Who descends from whom, read from `/proc`, and killing all of a tree.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procfs::process::{Process, Stat, all_processes};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A process as messages name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessName {
    pub pid: i32,
    /// The kernel's name of it, at most 15 characters.
    pub name: String,
}

impl std::fmt::Display for ProcessName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.pid)
    }
}

/// Every process that can be seen now. Those that end while it is read are left out.
fn snapshot() -> Vec<Stat> {
    let Ok(processes) = all_processes() else {
        return Vec::new();
    };
    processes
        .filter_map(|process| process.ok()?.stat().ok())
        .collect()
}

/// Zombies have ended: they only wait to be reaped.
fn alive(stat: &Stat) -> bool {
    !matches!(stat.state, 'Z' | 'X' | 'x')
}

fn name(stat: &Stat) -> ProcessName {
    ProcessName {
        pid: stat.pid,
        name: stat.comm.clone(),
    }
}

/// Those of `all` that descend from one of `roots`, which are themselves left out.
fn below_in(all: &[Stat], roots: impl IntoIterator<Item = i32>) -> Vec<&Stat> {
    let mut children: HashMap<i32, Vec<&Stat>> = HashMap::new();
    for stat in all {
        children.entry(stat.ppid).or_default().push(stat);
    }
    let mut open: Vec<i32> = roots.into_iter().collect();
    let mut seen: HashSet<i32> = open.iter().copied().collect();
    let mut found = Vec::new();
    while let Some(parent) = open.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if seen.insert(child.pid) {
                found.push(*child);
                open.push(child.pid);
            }
        }
    }
    found
}

/// The live descendants of a process, without itself.
pub fn below(pid: i32) -> Vec<ProcessName> {
    below_in(&snapshot(), [pid])
        .into_iter()
        .filter(|stat| alive(stat))
        .map(name)
        .collect()
}

/// What is known of processes whose guard was killed.
pub(super) struct Lost<'a> {
    /// `variable=value`, in the environment that they were started with.
    pub mark: &'a str,
    /// The session of the guard, which is theirs too unless they left it.
    pub session: i32,
    /// The guards that live: children of this process with sessions of their own.
    pub guards: &'a BTreeSet<i32>,
}

impl Lost<'_> {
    /// All of them, and what descends from them: those that run, and those that ended and are
    /// left to this process to reap.
    pub fn find(&self) -> (Vec<ProcessName>, Vec<i32>) {
        let all = snapshot();
        let me = std::process::id().cast_signed();
        let own_session = all
            .iter()
            .find(|stat| stat.pid == me)
            .map(|stat| stat.session);
        // This process starts nothing in other sessions but guards: what is its child, of
        // another session and no guard has come to it as its subreaper.
        let came_to_us = |stat: &Stat| {
            stat.ppid == me
                && own_session.is_some_and(|own| own != stat.session)
                && !self.guards.contains(&stat.pid)
        };
        let roots: Vec<&Stat> = all
            .iter()
            .filter(|stat| stat.pid != me)
            .filter(|stat| stat.session == self.session || came_to_us(stat) || self.marks(stat))
            .collect();
        let mut found = below_in(&all, roots.iter().map(|stat| stat.pid));
        found.extend(roots);
        let (live, ended): (Vec<&Stat>, Vec<&Stat>) = found
            .into_iter()
            .filter(|stat| stat.pid != me)
            .partition(|stat| alive(stat));
        (
            live.into_iter().map(name).collect(),
            ended
                .into_iter()
                .filter(|stat| stat.ppid == me)
                .map(|stat| stat.pid)
                .collect(),
        )
    }

    fn marks(&self, stat: &Stat) -> bool {
        std::fs::read(format!("/proc/{}/environ", stat.pid)).is_ok_and(|text| {
            text.split(|byte| *byte == 0)
                .any(|entry| entry == self.mark.as_bytes())
        })
    }
}

/// Sends SIGKILL to each; returns those that got it.
pub(super) fn kill_each(processes: Vec<ProcessName>) -> Vec<ProcessName> {
    processes
        .into_iter()
        .filter(|one| kill(Pid::from_raw(one.pid), Signal::SIGKILL).is_ok())
        .collect()
}

/// Whether a process runs (is neither gone nor a zombie).
pub fn is_alive(pid: i32) -> bool {
    Process::new(pid)
        .and_then(|process| process.stat())
        .is_ok_and(|stat| alive(&stat))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_child_is_below_its_parent_until_it_ends() {
        let me = std::process::id().cast_signed();
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = child.id().cast_signed();
        assert!(below(me).iter().any(|one| one.pid == pid));
        assert!(!below(pid).iter().any(|one| one.pid == me));
        child.kill().unwrap();
        // Not yet reaped: a zombie must not count as alive.
        while is_alive(pid) {
            std::thread::yield_now();
        }
        assert!(!below(me).iter().any(|one| one.pid == pid));
        child.wait().unwrap();
    }

    #[test]
    fn a_lost_process_is_found_by_its_environment() {
        let value = format!("tree-test-{}", std::process::id());
        let mut child = Command::new("sleep")
            .arg("1000")
            .env("SCN_TREE_TEST", &value)
            .spawn()
            .unwrap();
        let pid = child.id().cast_signed();
        let find = |mark: &str| {
            let guards = BTreeSet::new();
            let (live, _) = Lost {
                mark,
                session: -1,
                guards: &guards,
            }
            .find();
            live.iter().any(|one| one.pid == pid)
        };
        let found = find(&format!("SCN_TREE_TEST={value}"));
        let other = find("SCN_TREE_TEST=other");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found);
        assert!(!other);
    }
}
