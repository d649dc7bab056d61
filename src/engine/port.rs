//! Ports that no other scn of this user takes: each is held by a lock on a file of its own for
//! as long as the lease lives. A program that is not scn can still take one: the launch sees
//! that and goes on with another port.

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpSocket;

/// Below the range that Linux gives to outgoing connections unless told otherwise.
const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

/// Where ports come from.
#[derive(Debug, Clone)]
pub struct Ports {
    folder: PathBuf,
    first: u16,
    last: u16,
}

/// A port that is this process's own until the lease is dropped.
#[derive(Debug)]
pub struct PortLease {
    pub port: u16,
    _lock: Flock<File>,
}

/// Why there is no port.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error(
        "cannot keep port locks in {}: {why}; set XDG_RUNTIME_DIR to a folder that only you can write", folder.display()
    )]
    Folder { folder: PathBuf, why: String },
    #[error("no free port from {first} to {last}: all are in use or held by other runs of scn")]
    None { first: u16, last: u16 },
    #[error("port {port} is taken: another program listens on it, or another run of scn holds it")]
    Taken { port: u16 },
}

impl Ports {
    /// Ports 20000 to 31999, with locks in this user's runtime folder.
    ///
    /// # Errors
    /// The folder cannot be made, or is not this user's alone.
    pub fn new() -> Result<Self, PortError> {
        Self::within(&runtime_folder(), FIRST, LAST)
    }

    /// One port only, as a scenario fixes it.
    ///
    /// # Errors
    /// As [`Ports::new`].
    pub fn only(port: u16) -> Result<Self, PortError> {
        Self::within(&runtime_folder(), port, port)
    }

    /// Ports `first` to `last`, with locks in a folder of the caller's choice, which is made.
    ///
    /// # Errors
    /// As [`Ports::new`].
    pub fn within(folder: &Path, first: u16, last: u16) -> Result<Self, PortError> {
        let failed = |why: String| PortError::Folder {
            folder: folder.into(),
            why,
        };
        private_folder(folder).map_err(|e| failed(e.to_string()))?;
        Ok(Self {
            folder: folder.into(),
            first,
            last,
        })
    }

    /// Takes a port that nobody listens on and no other lease holds.
    ///
    /// # Errors
    /// None is left, or a lock cannot be opened.
    pub fn take(&self) -> Result<PortLease, PortError> {
        // Goes on where the last one was taken, so that a port just given back rests a while.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let count = u32::from(self.last.saturating_sub(self.first)) + 1;
        let start = std::process::id().wrapping_mul(2_654_435_761) >> 8;
        for _ in 0..count {
            let turn = NEXT.fetch_add(1, Ordering::Relaxed);
            let offset = start.wrapping_add(turn) % count;
            let Ok(port) = u16::try_from(u32::from(self.first) + offset) else {
                continue;
            };
            if let Some(lease) = self.try_take(port)? {
                return Ok(lease);
            }
        }
        if self.first == self.last {
            return Err(PortError::Taken { port: self.first });
        }
        Err(PortError::None {
            first: self.first,
            last: self.last,
        })
    }

    fn try_take(&self, port: u16) -> Result<Option<PortLease>, PortError> {
        let path = self.folder.join(format!("{port}.lock"));
        let failed = |why: String| PortError::Folder {
            folder: self.folder.clone(),
            why,
        };
        // The file stays when the lease ends: removing it would let two hold "the" lock.
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(path)
            .map_err(|e| failed(e.to_string()))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(is_free(port).then_some(PortLease { port, _lock: lock })),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, error)) => Err(failed(error.to_string())),
        }
    }
}

/// Whether a server could listen on the port now, on any address. Never listens itself.
pub fn is_free(port: u16) -> bool {
    let can_bind = |socket: io::Result<TcpSocket>, address: SocketAddr| match socket {
        Ok(socket) => socket
            .set_reuseaddr(true)
            .and_then(|()| socket.bind(address)),
        // No IPv6 on this machine.
        Err(_) => Ok(()),
    };
    let v4 = can_bind(TcpSocket::new_v4(), (Ipv4Addr::UNSPECIFIED, port).into());
    let v6 = || can_bind(TcpSocket::new_v6(), (Ipv6Addr::UNSPECIFIED, port).into());
    let taken = |result: io::Result<()>| {
        result.is_err_and(|e| e.raw_os_error() != Some(nix::libc::EADDRNOTAVAIL))
    };
    !taken(v4) && !taken(v6())
}

fn runtime_folder() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        Some(folder) if folder.is_absolute() && folder.is_dir() => folder.join("scn-ports"),
        _ => std::env::temp_dir().join(format!("scn-ports-{}", nix::unistd::getuid())),
    }
}

/// Makes the folder for this user alone; one that somebody else could write to is refused.
fn private_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    let found = std::fs::symlink_metadata(folder)?;
    let own = found.is_dir() && found.uid() == nix::unistd::geteuid().as_raw();
    if own && found.mode() & 0o022 == 0 {
        Ok(())
    } else {
        Err(io::Error::other(
            "it is not a folder that only you can write",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::net::TcpListener;
    use std::os::unix::fs::PermissionsExt;

    fn ports(count: u16) -> (tempfile::TempDir, Ports) {
        let folder = tempfile::tempdir().unwrap();
        let first = 19_000 - count;
        let ports = Ports::within(&folder.path().join("locks"), first, 18_999).unwrap();
        (folder, ports)
    }

    #[test]
    fn leases_never_share_a_port_and_give_it_back() {
        let (_folder, ports) = ports(8);
        let mut held = Vec::new();
        let error = loop {
            match ports.take() {
                Ok(lease) => held.push(lease),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, PortError::None { .. }), "{error}");
        let distinct: HashSet<u16> = held.iter().map(|lease| lease.port).collect();
        assert_eq!(distinct.len(), held.len());
        // Some of the eight may be in use by others; not all.
        let given_back = held.pop().unwrap().port;
        assert_eq!(ports.take().unwrap().port, given_back);
    }

    #[test]
    fn a_port_somebody_listens_on_is_not_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!is_free(port));
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports::within(&folder.path().join("locks"), port, port).unwrap();
        assert!(matches!(ports.take(), Err(PortError::Taken { port: p }) if p == port));
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        let error = Ports::within(&open, 18_000, 18_001).unwrap_err();
        assert!(error.to_string().contains("XDG_RUNTIME_DIR"), "{error}");
    }
}
