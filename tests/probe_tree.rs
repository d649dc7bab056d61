//! Process trees of real processes: who belongs, in which role, with how much memory.

use regex::Regex;
use scn::probe::process::{Process, Roles, Scan, Tree};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A child in a group of its own, killed with the whole group.
struct Group(Child);

impl Group {
    fn start(command: &mut Command) -> Self {
        Self(
            command
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the test's child starts"),
        )
    }

    fn sh(script: &str) -> Self {
        Self::start(Command::new("sh").args(["-c", script]))
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    fn say(&mut self, line: &str) {
        let stdin = self.0.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = nix::unistd::Pid::from_raw(self.pid());
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

fn roles(list: &[(&str, &str)]) -> Roles {
    let role = |(name, pattern): &(&str, &str)| (name.to_string(), Regex::new(pattern).unwrap());
    Roles::new(list.iter().map(role).collect())
}

/// Scans until it looks right: children start when they like.
fn scan_until(tree: &mut Tree, what: &str, right: impl Fn(&Scan) -> bool) -> Scan {
    let start = Instant::now();
    loop {
        let scan = tree.scan();
        if right(&scan) {
            return scan;
        }
        let shown = format!("{scan:#?}");
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "no scan with {what}; the last: {shown}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn with_title<'a>(scan: &'a Scan, title: &str) -> Option<&'a Process> {
    scan.processes.iter().find(|process| process.title == title)
}

#[test]
fn a_tree_is_all_descendants_by_role() {
    let group = Group::sh("sh -c 'sleep 6001 & wait' & sleep 6002 & wait");
    let other = Group::start(Command::new("sleep").arg("6003"));
    let roles = roles(&[("long", "^sleep 6001"), ("any_sleep", "^sleep")]);
    let mut tree = Tree::new(vec![group.pid()], Vec::new(), roles);
    let scan = scan_until(&mut tree, "both sleeps", |scan| {
        with_title(scan, "sleep 6001").is_some() && with_title(scan, "sleep 6002").is_some()
    });
    assert_eq!(scan.processes.len(), 4, "{scan:?}");
    assert!(
        scan.processes
            .iter()
            .all(|process| process.pid != other.pid())
    );
    let role = |title| with_title(&scan, title).unwrap().role.as_str();
    assert_eq!(
        (role("sleep 6001"), role("sleep 6002")),
        ("long", "any_sleep")
    );
    let root = scan
        .processes
        .iter()
        .find(|p| p.pid == group.pid())
        .unwrap();
    assert_eq!((root.role.as_str(), root.comm.as_str()), ("other", "sh"));
    assert!(scan.processes.iter().all(|p| p.resident().is_ok()));
}

#[test]
fn a_title_tells_the_role_whatever_the_program() {
    let mut command = Command::new("sleep");
    let group = Group::start(command.arg0("VLLM::EngineCore").arg("6004"));
    let roles = roles(&[
        ("api_server", "^VLLM::APIServer"),
        ("engine_core", "^VLLM::EngineCore"),
    ]);
    let mut tree = Tree::new(vec![group.pid()], Vec::new(), roles);
    let scan = scan_until(&mut tree, "the title", |scan| !scan.processes.is_empty());
    assert_eq!(scan.processes[0].role, "engine_core");
}

#[test]
fn a_title_that_changes_changes_the_role() {
    let mut group = Group::sh("read line; exec sleep 6005");
    let roles = roles(&[("waiting", "^sh -c"), ("asleep", "^sleep")]);
    let mut tree = Tree::new(vec![group.pid()], Vec::new(), roles);
    scan_until(&mut tree, "the shell", |s| {
        s.processes.iter().any(|p| p.role == "waiting")
    });
    group.say("go\n");
    scan_until(&mut tree, "the sleep", |s| {
        s.processes.iter().any(|p| p.role == "asleep")
    });
}

#[test]
fn an_orphan_that_was_seen_still_belongs() {
    let mut group = Group::sh("sh -c 'sleep 6006 & read line'; exec sleep 6007");
    let mut tree = Tree::new(vec![group.pid()], Vec::new(), Roles::default());
    let scan = scan_until(&mut tree, "the grandchild", |s| {
        with_title(s, "sleep 6006").is_some()
    });
    let before = with_title(&scan, "sleep 6006").unwrap().clone();
    group.say("go\n");
    let scan = scan_until(&mut tree, "the end of the parent", |s| {
        with_title(s, "sleep 6007").is_some()
    });
    let after = with_title(&scan, "sleep 6006").expect("the orphan is still there");
    assert_eq!((after.pid, after.start), (before.pid, before.start));
    assert_ne!(after.ppid, before.ppid);
}

#[test]
fn a_guard_does_not_count_itself() {
    let guard = Group::sh("sleep 6008 & wait");
    let mut tree = Tree::new(Vec::new(), vec![guard.pid()], Roles::default());
    let scan = scan_until(&mut tree, "the child", |s| {
        with_title(s, "sleep 6008").is_some()
    });
    assert_eq!(scan.processes.len(), 1, "{scan:?}");
}

#[test]
fn processes_may_come_and_go_while_they_are_read() {
    let group = Group::sh("while true; do sleep 0.001 & sleep 0.001; done");
    let mut tree = Tree::new(vec![group.pid()], Vec::new(), Roles::default());
    scan_until(&mut tree, "the shell", |scan| !scan.processes.is_empty());
    for _ in 0..300 {
        let scan = tree.scan();
        assert_eq!(scan.incomplete, None);
        assert!(
            scan.processes
                .iter()
                .any(|process| process.pid == group.pid())
        );
        for process in &scan.processes {
            use scn::probe::procfile::ProcError;
            let figures = [process.resident().err(), process.proportional().err()];
            for error in figures.into_iter().flatten() {
                assert_eq!(error, ProcError::Gone { pid: process.pid });
            }
        }
    }
}

#[test]
fn a_tree_that_ended_is_empty() {
    let group = Group::sh("sleep 6009 & wait");
    let mut tree = Tree::new(vec![group.pid()], Vec::new(), Roles::default());
    scan_until(&mut tree, "two processes", |scan| scan.processes.len() == 2);
    drop(group);
    scan_until(&mut tree, "no process", |scan| scan.processes.is_empty());
    assert!(tree.seen_any());
}

#[test]
fn memory_grows_by_what_a_process_takes() {
    const TAKEN: u64 = 64 << 20;
    // dd fills a buffer of that size, and waits with it for somebody to read.
    let mut group = Group::sh("read line; exec dd if=/dev/zero bs=67108864 count=1");
    let mut tree = Tree::new(vec![group.pid()], Vec::new(), Roles::default());
    let figures = |scan: &Scan| {
        let process = scan.processes.first()?;
        Some((process.resident().ok()?, process.proportional().ok()?))
    };
    let scan = scan_until(&mut tree, "the shell", |scan| figures(scan).is_some());
    let (resident, proportional) = figures(&scan).unwrap();
    group.say("go\n");
    let scan = scan_until(&mut tree, "64 MiB more", |scan| {
        figures(scan).is_some_and(|(now, _)| now.anon >= resident.anon + TAKEN * 95 / 100)
    });
    let (resident_now, proportional_now) = figures(&scan).unwrap();
    let about = |grown: u64| (TAKEN * 95 / 100..=TAKEN * 110 / 100).contains(&grown);
    assert!(
        about(resident_now.anon - resident.anon),
        "{resident_now:?} {resident:?}"
    );
    let pss = proportional_now.pss.saturating_sub(proportional.pss);
    let uss = proportional_now.uss.saturating_sub(proportional.uss);
    assert!(
        about(pss) && about(uss),
        "{proportional_now:?} {proportional:?}"
    );
}
