//! Who listens on a port: `/proc/net/tcp` gives the socket's inode, and the process that has
//! it open owns it. Sees this network namespace only, and the open files of this user's
//! processes: a listener of another user is foreign, without a process id.

use procfs::net::{TcpNetEntry, TcpState};
use std::collections::HashSet;
use std::net::IpAddr;
use std::path::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// No process listens on the port.
    Nobody,
    /// Only processes of the given tree listen on it.
    Tree,
    /// A process outside of the tree does; its id, where it can be seen.
    Foreign(Option<i32>),
}

/// Who listens on the port, on any local address. A listener outside of the tree counts also
/// beside one of the tree: which of them a request reaches is then anybody's guess. The tree
/// is asked for only when there is a listener, and after it was seen.
pub fn listening_owner(port: u16, tree: impl FnOnce() -> Vec<i32>) -> Owner {
    let listeners = listeners(port, |_| true);
    if listeners.is_empty() {
        return Owner::Nobody;
    }
    let tree = tree();
    let owned: HashSet<u64> = tree.iter().flat_map(|pid| sockets(*pid)).collect();
    let foreign: HashSet<u64> = listeners.difference(&owned).copied().collect();
    if foreign.is_empty() {
        return Owner::Tree;
    }
    Owner::Foreign(owner_of(&foreign, &tree))
}

/// Who a request reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// One of the given processes has such a socket open, or that cannot be told.
    Among,
    /// No process listens there, as far as can be seen.
    Nobody,
    /// None of the given processes does, but another; its id, where it can be seen.
    Other(Option<i32>),
}

/// Whether one of the processes listens on the port, on one of the addresses or on all. They are
/// asked for only when there is a listener.
pub fn listener_of(
    port: u16,
    addresses: &[IpAddr],
    processes: impl FnOnce() -> Vec<i32>,
) -> Listener {
    let listeners = listeners(port, |ip| {
        let ip = ip.to_canonical();
        ip.is_unspecified()
            || addresses
                .iter()
                .any(|a| a.to_canonical() == ip || a.is_unspecified())
    });
    if listeners.is_empty() {
        return Listener::Nobody;
    }
    let processes = processes();
    let hidden = |pid: &i32| {
        let read = std::fs::read_dir(format!("/proc/{pid}/fd"));
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    };
    // the first is the one in question; what its ancestors have open is seldom to be seen
    let found = |pid: &i32| sockets(*pid).any(|inode| listeners.contains(&inode));
    if processes.first().is_some_and(hidden) || processes.iter().any(found) {
        return Listener::Among;
    }
    Listener::Other(owner_of(&listeners, &processes))
}

/// The inodes of the sockets that listen on a port, on local addresses that fit.
fn listeners(port: u16, fits: impl Fn(IpAddr) -> bool) -> HashSet<u64> {
    [procfs::net::tcp(), procfs::net::tcp6()]
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry: &TcpNetEntry| {
            entry.state == TcpState::Listen
                && entry.local_address.port() == port
                && fits(entry.local_address.ip())
        })
        .map(|entry| entry.inode)
        .collect()
}

/// A process, not one of these, that has one of the sockets open.
fn owner_of(inodes: &HashSet<u64>, but: &[i32]) -> Option<i32> {
    processes().find(|pid| !but.contains(pid) && sockets(*pid).any(|inode| inodes.contains(&inode)))
}

fn processes() -> impl Iterator<Item = i32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// The inodes of the sockets that a process has open, as far as they may be seen.
fn sockets(pid: i32) -> impl Iterator<Item = u64> {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .filter_map(|entry| inode(&std::fs::read_link(entry.ok()?.path()).ok()?))
}

/// `socket:[1234]`
fn inode(link: &Path) -> Option<u64> {
    link.to_str()?
        .strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_belongs_to_its_process() {
        let me = std::process::id().cast_signed();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                continue; // No IPv6 here.
            };
            let port = listener.local_addr().unwrap().port();
            assert_eq!(listening_owner(port, || vec![me]), Owner::Tree);
            assert_eq!(listening_owner(port, || vec![1]), Owner::Foreign(Some(me)));
            // A connection on the port, without a listener, owns nothing.
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            drop(listener);
            assert_eq!(listening_owner(port, || vec![me]), Owner::Nobody);
            drop(client);
        }
    }

    #[test]
    fn a_listener_is_looked_for_among_processes_and_on_an_address() {
        let me = std::process::id().cast_signed();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let here = [IpAddr::from([127, 0, 0, 1])];
        let of = |addresses: &[IpAddr], pid| listener_of(port, addresses, || vec![pid]);
        assert_eq!(of(&here, me), Listener::Among);
        assert_eq!(of(&here, i32::MAX), Listener::Other(Some(me)));
        // another address of this machine
        assert_eq!(of(&[[127, 0, 0, 2].into()], me), Listener::Nobody);
    }

    #[test]
    fn reads_inodes() {
        assert_eq!(inode(Path::new("socket:[77]")), Some(77));
        assert_eq!(inode(Path::new("pipe:[77]")), None);
        assert_eq!(inode(Path::new("/socket:[77]")), None);
    }
}
