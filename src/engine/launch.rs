//! From a launch to a server that is ready: takes a port, starts, waits, and starts again on
//! another port where somebody else turns out to have taken it.

use reqwest::Client;
use std::time::Duration;

use super::port::{PortError, PortLease, Ports};
use super::process::{GuardProgram, Launch, Server, StartError, StopReport, start};
use super::ready::{Answers, NotReady, Ready, wait_ready};
use crate::stop::{Stop, StopLevel};

/// How many ports are tried before the machine is called too busy.
const TRIES: usize = 5;

/// What launching needs besides the launch itself.
pub struct Launcher<'a> {
    pub guard: &'a GuardProgram,
    pub ports: &'a Ports,
    /// Must not use a proxy.
    pub client: &'a Client,
    pub stop: &'a Stop,
    /// How a server that is given up is stopped.
    pub stop_signal: i32,
    pub grace: Duration,
    /// Told what happens while it happens.
    pub events: &'a (dyn Fn(LaunchEvent) + Send + Sync),
}

/// What happens during a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaunchEvent {
    Started {
        pid: i32,
        port: u16,
    },
    /// The server is stopped, and started again on another port.
    PortTaken {
        port: u16,
        by: Option<i32>,
    },
}

/// A server that is ready. Dropping it kills the server.
pub struct Running {
    pub server: Server,
    pub port: u16,
    /// From its (last) start.
    pub ready_after: Duration,
    pub port_lease: PortLease,
}

/// Why there is no running server. Nothing is left running, except what `stopped` names.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{why}")]
    NotReady { why: NotReady, stopped: StopReport },
    #[error(
        "each of the ports {ports:?} was taken by another program while the server started; \
         see `ss -ltnp` for who it is"
    )]
    PortsTaken { ports: Vec<u16> },
    #[error("interrupted while the server started")]
    Interrupted(StopLevel),
}

impl Launcher<'_> {
    /// Starts what the template makes of a port, and waits until it is ready.
    ///
    /// # Errors
    /// See [`LaunchError`].
    pub async fn launch(
        &self,
        template: impl Fn(u16) -> Launch,
        ready: &Ready,
        answers: Option<&Answers>,
    ) -> Result<Running, LaunchError> {
        // Kept to the end, so that no port is tried twice.
        let mut tried: Vec<PortLease> = Vec::new();
        while tried.len() < TRIES {
            let level = self.stop.level();
            if level > StopLevel::Run {
                return Err(LaunchError::Interrupted(level));
            }
            let lease = self.ports.take()?;
            let port = lease.port;
            let mut server = start(&template(port), self.guard).await?;
            let pid = server.pid();
            (self.events)(LaunchEvent::Started { pid, port });
            let why =
                match wait_ready(&mut server, port, ready, answers, self.client, self.stop).await {
                    Ok(ready_after) => {
                        return Ok(Running {
                            server,
                            port,
                            ready_after,
                            port_lease: lease,
                        });
                    }
                    Err(why) => why,
                };
            let stopped = server
                .stop_or_hurry(self.stop_signal, self.grace, self.stop)
                .await;
            match why {
                NotReady::PortTaken { port, by } => {
                    (self.events)(LaunchEvent::PortTaken { port, by });
                    tried.push(lease);
                }
                NotReady::Interrupted(level) if stopped.left.is_empty() => {
                    return Err(LaunchError::Interrupted(level));
                }
                why => return Err(LaunchError::NotReady { why, stopped }),
            }
        }
        Err(LaunchError::PortsTaken {
            ports: tried.iter().map(|lease| lease.port).collect(),
        })
    }
}
