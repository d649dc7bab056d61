//! The process of a server that already runs, as its `pid` names it: whether it is there, what
//! program it is, whether it is the one that the `url` reaches, and its end.

use super::{error, masked};
use crate::engine::socket::{Listener, listener_of};
use crate::probe::procfile::{self, ProcError};
use crate::report::model::{ServerProcess, Warning, WorldError};
use crate::store::Redactor;
use reqwest::Url;
use std::collections::HashMap;
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

/// How often it is looked whether the process is still there.
const EVERY: Duration = Duration::from_millis(100);

/// The kind of error where there is no such process.
const NO_PROCESS: &str = "no_process";

/// The kind of the warning that another process listens where requests go.
const OTHER_LISTENS: &str = "pid_does_not_listen";

/// The process that a server's `pid` names.
#[derive(Debug, Clone)]
pub struct Attached {
    /// With the id its identity: ids are given again.
    start: u64,
    pub shown: ServerProcess,
}

impl Attached {
    /// Looks for the process, and who listens where the server's `url` leads.
    ///
    /// # Errors
    /// There is no such process.
    pub async fn find(
        server: &str,
        pid: i32,
        url: &str,
        known: &Redactor,
    ) -> Result<Self, WorldError> {
        let here = Here::of(url).await;
        let stat = match procfile::stat(pid) {
            Ok(stat) if !stat.is_dead() => stat,
            Ok(_) | Err(ProcError::Gone { .. }) => {
                return Err(missing(server, pid, here.as_ref(), known));
            }
            Err(why) => {
                let message = format!("the process of the server `{server}`: {why}");
                return Err(error::other(NO_PROCESS, message, None));
            }
        };
        let mut this = Self {
            start: stat.start,
            shown: ServerProcess {
                pid,
                command: command(pid, known),
                name: stat.comm,
                warning: None,
            },
        };
        this.shown.warning = here.and_then(|here| this.doubt(&here, known));
        Ok(this)
    }

    /// How it ended, where it has.
    pub fn ended(&self) -> Option<String> {
        let gone = match procfile::stat(self.shown.pid) {
            Ok(stat) => stat.is_dead() || stat.start != self.start,
            Err(ProcError::Gone { .. }) => true,
            Err(_) => false,
        };
        let (pid, name) = (self.shown.pid, &self.shown.name);
        gone.then(|| format!("ended: there is no process {pid} ({name}) any more"))
    }

    /// Resolves when it has ended.
    pub async fn end(&self) {
        while self.ended().is_none() {
            tokio::time::sleep(EVERY).await;
        }
    }

    /// A warning where it is another process that listens; none where that cannot be told.
    fn doubt(&self, here: &Here, known: &Redactor) -> Option<Warning> {
        let pid = self.shown.pid;
        // what listens in another network (a container's) is not seen from here
        if network(pid)? != network(std::process::id().cast_signed())? {
            return None;
        }
        let listener = listener_of(here.port, &here.addresses, || family(pid));
        let Listener::Other(other) = listener else {
            return None;
        };
        let other = match other {
            Some(other) => process_words(other, known),
            None => "a process that this user cannot see".into(),
        };
        Some(Warning {
            kind: OTHER_LISTENS.into(),
            text: format!(
                "memory is measured of {}, as `pid` says, but what listens on port {}, where \
                 requests go, is {other}",
                process_words(pid, known),
                here.port
            ),
            help: "is `pid` right? Where a proxy stands before the server, it is".into(),
        })
    }
}

/// Where a `url` leads, on this machine.
struct Here {
    port: u16,
    addresses: Vec<IpAddr>,
}

impl Here {
    /// None where it leads to another machine, or nowhere.
    async fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let port = url.port_or_known_default()?;
        let host = url.host_str()?.trim_matches(['[', ']']);
        let found = tokio::net::lookup_host((host, port)).await.ok()?;
        let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        // only an address of this machine can be bound to
        let own = |ip: &IpAddr| ip.is_loopback() || UdpSocket::bind((*ip, 0)).is_ok();
        addresses
            .iter()
            .any(own)
            .then_some(Self { port, addresses })
    }
}

fn missing(server: &str, pid: i32, here: Option<&Here>, known: &Redactor) -> WorldError {
    let mut help =
        "give the process id of the server that runs, or leave `pid` out: its memory is \
                    then not measured"
            .to_string();
    if let Some(here) = here
        && let Listener::Other(Some(other)) = listener_of(here.port, &here.addresses, Vec::new)
    {
        help.push_str(&format!(
            "; {} listens on port {}",
            process_words(other, known),
            here.port
        ));
    }
    let message = format!(
        "the server `{server}` has `pid = {pid}`, and there is no process {pid} that this user \
         can see"
    );
    error::other(NO_PROCESS, message, Some(&help))
}

/// Its command line without keys, or its name where it has none.
fn command(pid: i32, known: &Redactor) -> String {
    match procfile::title(pid) {
        Ok(title) if !title.is_empty() => masked::command(&title, known),
        _ => String::new(),
    }
}

/// ``process 4711 (`sleep 300`)``
fn process_words(pid: i32, known: &Redactor) -> String {
    let shown = match command(pid, known) {
        command if !command.is_empty() => format!("`{command}`"),
        _ => match procfile::stat(pid) {
            Ok(stat) => stat.comm,
            Err(_) => return format!("process {pid}"),
        },
    };
    format!("process {pid} ({shown})")
}

/// The network namespace of a process, where it may be asked.
fn network(pid: i32) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/ns/net")).ok()
}

/// The process, what descends from it, its ancestors, and what descends from those of them that
/// are the same program in the same group: the master of forked workers, not the shell that
/// started both the server and something else.
fn family(pid: i32) -> Vec<i32> {
    let all: HashMap<i32, i32> = procfile::pids()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|pid| Some((pid, procfile::stat(pid).ok()?.ppid)))
        .collect();
    let program = |pid: i32| std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    let group = |pid: i32| {
        let pid = nix::unistd::Pid::from_raw(pid);
        nix::unistd::getpgid(Some(pid)).ok()
    };
    let (own, own_group) = (program(pid), group(pid));
    // the process itself first
    let mut found = vec![pid];
    let mut roots = vec![pid];
    let mut at = pid;
    while let Some(parent) = all.get(&at).copied().filter(|parent| *parent > 1) {
        found.push(parent);
        if own.is_some() && program(parent) == own && group(parent) == own_group {
            roots.push(parent);
        }
        at = parent;
    }
    while let Some(root) = roots.pop() {
        let children = all.iter().filter(|(_, parent)| **parent == root);
        for (child, _) in children {
            if !found.contains(child) {
                roots.push(*child);
                found.push(*child);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    struct Group(Child);

    impl Drop for Group {
        fn drop(&mut self) {
            let group = nix::unistd::Pid::from_raw(self.0.id().cast_signed());
            let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
            let _ = self.0.wait();
        }
    }

    /// What a shell started, once it has; in a group of its own.
    fn children(script: &str) -> (Group, Vec<i32>) {
        let mut shell = Command::new("sh");
        let shell = Group(shell.args(["-c", script]).process_group(0).spawn().unwrap());
        let parent = shell.0.id().cast_signed();
        loop {
            let its = |pid: &i32| procfile::stat(*pid).is_ok_and(|stat| stat.ppid == parent);
            let found: Vec<i32> = procfile::pids().unwrap().into_iter().filter(its).collect();
            // between fork and exec a child is still the shell
            let started = |pid: &i32| procfile::stat(*pid).is_ok_and(|s| s.comm == "sleep");
            if found.len() == 2 && (script.contains('(') || found.iter().all(started)) {
                return (shell, found);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn forked_workers_are_one_family_and_what_a_shell_started_is_none() {
        let (shell, workers) = children("(sleep 300; :) & (sleep 300; :) & wait");
        let master = shell.0.id().cast_signed();
        let found = family(workers[0]);
        assert_eq!(found[0], workers[0]);
        assert!(
            found.contains(&master) && found.contains(&workers[1]),
            "{found:?}"
        );
        assert!(family(master).contains(&workers[1]));

        let (shell, started) = children("sleep 300 & sleep 300 & wait");
        let found = family(started[0]);
        assert!(found.contains(&shell.0.id().cast_signed()), "{found:?}");
        assert!(!found.contains(&started[1]), "{found:?}");
    }

    #[tokio::test]
    async fn where_a_url_leads_on_this_machine() {
        let here = Here::of("http://127.0.0.1:8000").await.unwrap();
        assert_eq!(here.port, 8000);
        assert!(
            Here::of("http://[::1]")
                .await
                .is_none_or(|here| here.port == 80)
        );
        // of a net that is for documentation alone
        assert!(Here::of("http://192.0.2.1:8000").await.is_none());
    }
}
