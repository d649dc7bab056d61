//! Who listens on a port: `/proc/net/tcp` gives the socket's inode, and the process that has
//! it open owns it. Sees this network namespace only, and the open files of this user's
//! processes: a listener of another user is foreign, without a process id.

use procfs::net::{TcpNetEntry, TcpState};
use std::collections::HashSet;
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
    let listeners: HashSet<u64> = [procfs::net::tcp(), procfs::net::tcp6()]
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry: &TcpNetEntry| {
            entry.state == TcpState::Listen && entry.local_address.port() == port
        })
        .map(|entry| entry.inode)
        .collect();
    if listeners.is_empty() {
        return Owner::Nobody;
    }
    let tree = tree();
    let owned: HashSet<u64> = tree.iter().flat_map(|pid| sockets(*pid)).collect();
    let foreign: HashSet<u64> = listeners.difference(&owned).copied().collect();
    if foreign.is_empty() {
        return Owner::Tree;
    }
    Owner::Foreign(
        processes()
            .find(|pid| !tree.contains(pid) && sockets(*pid).any(|inode| foreign.contains(&inode))),
    )
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
    fn reads_inodes() {
        assert_eq!(inode(Path::new("socket:[77]")), Some(77));
        assert_eq!(inode(Path::new("pipe:[77]")), None);
        assert_eq!(inode(Path::new("/socket:[77]")), None);
    }
}
