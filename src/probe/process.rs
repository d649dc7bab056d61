//! The process tree of a server: who belongs to it, in which role, with how much memory.

use super::procfile::{self, ProcError, Proportional, Resident, Stat};
use regex::Regex;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// The role of processes that no pattern matches.
pub const OTHER: &str = "other";

/// A title is read again after so long, and at every scan while a process is young: engines set
/// their titles some time after they fork.
const TITLE_AGE: Duration = Duration::from_secs(1);
const YOUNG: Duration = Duration::from_secs(3);
/// Processes known to be strangers are looked at again after so long (their pid may have a new
/// owner by then).
const STRANGER_AGE: Duration = Duration::from_secs(1);

/// Names for processes by what they call themselves.
#[derive(Debug, Clone, Default)]
pub struct Roles(Vec<(String, Regex)>);

impl Roles {
    /// In order: the first pattern that matches names the role.
    pub fn new(roles: Vec<(String, Regex)>) -> Self {
        Self(roles)
    }

    /// The first role whose pattern matches the title, else the first that matches the short
    /// name (comm), else [`OTHER`].
    pub fn of(&self, title: &str, comm: &str) -> &str {
        let first = |text: &str| self.0.iter().find(|(_, pattern)| pattern.is_match(text));
        first(title)
            .or_else(|| first(comm))
            .map_or(OTHER, |(name, _)| name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &(String, Regex)> {
        self.0.iter()
    }
}

/// One process of the tree at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    pub pid: i32,
    pub ppid: i32,
    /// Clock ticks from the machine's start; with the pid, the process's identity.
    pub start: u64,
    pub comm: String,
    pub title: String,
    pub role: String,
}

/// What one look at the tree saw.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// Living processes of the tree, by pid.
    pub processes: Vec<Process>,
    /// Why the scan is not whole: a process that may not be read, or no `/proc`.
    pub incomplete: Option<String>,
}

/// Follows a process tree: the roots, all their descendants, and those that were descendants
/// when their parents ended. A process that leaves its parent and its ancestors between two
/// scans escapes, unless it is reparented to a guard.
#[derive(Debug)]
pub struct Tree {
    roots: Vec<i32>,
    guards: Vec<i32>,
    roles: Roles,
    members: HashMap<i32, Member>,
    /// Start times of roots and guards when they were first seen.
    anchors: HashMap<i32, u64>,
    strangers: HashSet<i32>,
    strangers_since: Instant,
    seen_any: bool,
}

#[derive(Debug)]
struct Member {
    start: u64,
    comm: String,
    title: String,
    role: String,
    first_seen: Instant,
    titled: Instant,
}

impl Tree {
    /// `guards` are processes whose descendants belong to the tree but which do not count
    /// themselves, such as one that adopts the server's orphans.
    pub fn new(roots: Vec<i32>, guards: Vec<i32>, roles: Roles) -> Self {
        Self {
            roots,
            guards,
            roles,
            members: HashMap::new(),
            anchors: HashMap::new(),
            strangers: HashSet::new(),
            strangers_since: Instant::now(),
            seen_any: false,
        }
    }

    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Whether any process of the tree was ever seen alive.
    pub fn seen_any(&self) -> bool {
        self.seen_any
    }

    /// Looks at the machine's processes and says which belong to the tree now.
    pub fn scan(&mut self) -> Scan {
        let mut scan = Scan::default();
        let pids = match procfile::pids() {
            Ok(pids) => pids,
            Err(error) => {
                scan.incomplete = Some(format!("the folder /proc cannot be read: {error}"));
                return scan;
            }
        };
        if self.strangers_since.elapsed() >= STRANGER_AGE {
            self.strangers.clear();
            self.strangers_since = Instant::now();
        }
        let mut stats: HashMap<i32, Stat> = HashMap::new();
        let mut denied = HashMap::new();
        for pid in &pids {
            if self.strangers.contains(pid) {
                continue;
            }
            match procfile::stat(*pid) {
                Ok(stat) => {
                    stats.insert(*pid, stat);
                }
                Err(ProcError::Gone { .. }) => {}
                Err(error) => {
                    denied.insert(*pid, error);
                }
            }
        }
        let inside = self.inside(&stats);
        // A stranger's parent is known: a process whose parent was missed may yet belong.
        let listed: HashSet<i32> = pids.into_iter().collect();
        self.strangers.extend(
            stats
                .iter()
                .filter(|(pid, stat)| {
                    !inside.contains(pid)
                        && !self.roots.contains(pid)
                        && !self.guards.contains(pid)
                        && (stat.ppid == 0 || listed.contains(&stat.ppid))
                })
                .map(|(pid, _)| *pid),
        );
        self.members.retain(|pid, _| inside.contains(pid));
        for pid in inside {
            let stat = &stats[&pid];
            if !stat.is_dead() {
                scan.processes.push(self.describe(pid, stat));
            }
        }
        scan.processes.sort_by_key(|process| process.pid);
        self.seen_any |= !scan.processes.is_empty();
        scan.incomplete = self
            .roots
            .iter()
            .chain(&self.guards)
            .find_map(|pid| denied.get(pid))
            .map(ToString::to_string);
        scan
    }

    /// The pids of the tree: roots, those known from before, and descendants of either.
    fn inside(&mut self, stats: &HashMap<i32, Stat>) -> HashSet<i32> {
        let mut parents = HashSet::new();
        let mut inside = HashSet::new();
        for (pid, guard) in
            (self.roots.iter().map(|p| (p, false))).chain(self.guards.iter().map(|p| (p, true)))
        {
            let Some(stat) = stats.get(pid) else { continue };
            // A pid that came back with another start time is somebody else.
            if *self.anchors.entry(*pid).or_insert(stat.start) == stat.start {
                parents.insert(*pid);
                if !guard {
                    inside.insert(*pid);
                }
            }
        }
        for (pid, member) in &self.members {
            if stats
                .get(pid)
                .is_some_and(|stat| stat.start == member.start)
            {
                inside.insert(*pid);
            }
        }
        parents.extend(&inside);
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for (pid, stat) in stats {
            children.entry(stat.ppid).or_default().push(*pid);
        }
        let mut queue: Vec<i32> = parents.iter().copied().collect();
        while let Some(parent) = queue.pop() {
            for child in children.get(&parent).into_iter().flatten() {
                if !self.guards.contains(child) && inside.insert(*child) {
                    queue.push(*child);
                }
            }
        }
        inside
    }

    fn describe(&mut self, pid: i32, stat: &Stat) -> Process {
        let now = Instant::now();
        let known = self.members.get(&pid).filter(|m| m.start == stat.start);
        let fresh = known.is_some_and(|member| {
            member.comm == stat.comm
                && now.duration_since(member.titled) < TITLE_AGE
                && now.duration_since(member.first_seen) > YOUNG
        });
        if !fresh {
            // A title that cannot be read leaves the short name to tell the role.
            let title = procfile::title(pid).unwrap_or_default();
            let role = self.roles.of(&title, &stat.comm).to_string();
            let first_seen = known.map_or(now, |member| member.first_seen);
            let member = Member {
                start: stat.start,
                comm: stat.comm.clone(),
                title,
                role,
                first_seen,
                titled: now,
            };
            self.members.insert(pid, member);
        }
        let member = &self.members[&pid];
        Process {
            pid,
            ppid: stat.ppid,
            start: stat.start,
            comm: stat.comm.clone(),
            title: member.title.clone(),
            role: member.role.clone(),
        }
    }
}

impl Process {
    /// # Errors
    /// See [`procfile::resident`].
    pub fn resident(&self) -> Result<Resident, ProcError> {
        procfile::resident(self.pid)
    }

    /// Slow: see [`procfile::proportional`], also for its errors. A pid that has got another
    /// owner since the scan is [`ProcError::Gone`].
    pub fn proportional(&self) -> Result<Proportional, ProcError> {
        let gone = ProcError::Gone { pid: self.pid };
        let figure = procfile::proportional(self.pid);
        match procfile::stat(self.pid) {
            Ok(stat) if stat.start == self.start && !stat.is_dead() => figure,
            _ => Err(gone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(rows: &[(i32, i32, u64)]) -> HashMap<i32, Stat> {
        let stat = |&(pid, ppid, start)| {
            let comm = format!("p{pid}");
            let state = 'S';
            (
                pid,
                Stat {
                    comm,
                    state,
                    ppid,
                    start,
                },
            )
        };
        rows.iter().map(stat).collect()
    }

    fn inside(tree: &mut Tree, rows: &[(i32, i32, u64)]) -> Vec<i32> {
        let mut pids: Vec<i32> = tree.inside(&stats(rows)).into_iter().collect();
        pids.sort_unstable();
        pids
    }

    #[test]
    fn a_pid_with_a_new_owner_is_a_stranger() {
        let mut tree = Tree::new(vec![10], Vec::new(), Roles::default());
        assert_eq!(
            inside(&mut tree, &[(10, 1, 100), (11, 10, 101), (12, 1, 50)]),
            [10, 11]
        );
        // The same pid, started later: neither it nor its children belong.
        assert!(inside(&mut tree, &[(10, 1, 900), (13, 10, 901)]).is_empty());
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let mut tree = Tree::new(vec![10], Vec::new(), Roles::default());
        assert_eq!(inside(&mut tree, &[(10, 11, 1), (11, 10, 1)]), [10, 11]);
    }

    #[test]
    fn a_guard_gives_its_children_but_not_itself() {
        let mut tree = Tree::new(vec![20], vec![10], Roles::default());
        let rows = [
            (10, 1, 1),
            (11, 10, 2),
            (12, 11, 3),
            (20, 1, 4),
            (21, 20, 5),
            (30, 1, 6),
        ];
        assert_eq!(inside(&mut tree, &rows), [11, 12, 20, 21]);
    }

    #[test]
    fn the_first_role_that_matches_wins_and_titles_come_before_names() {
        let role = |name: &str, pattern: &str| (name.to_string(), Regex::new(pattern).unwrap());
        let roles = Roles::new(vec![
            role("engine", "EngineCore|py"),
            role("worker", "^VLLM::"),
        ]);
        assert_eq!(roles.of("VLLM::EngineCore", "x"), "engine");
        assert_eq!(roles.of("VLLM::Worker_TP0", "python3"), "worker");
        assert_eq!(roles.of("", "python3"), "engine");
        assert_eq!(roles.of("bash", "bash"), OTHER);
    }
}
