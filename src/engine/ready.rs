//! When a started server is ready: an endpoint answers 2xx, from a socket that belongs to the
//! started process tree, and, where asked for, a first real request is answered too.

use reqwest::{Client, Method};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::process::{ExitInfo, Server};
use super::socket::{Owner, listening_owner};
use crate::stop::{Stop, StopLevel};

/// The longest one request for readiness may take.
const REQUEST: Duration = Duration::from_secs(10);

/// How many lines of the log an error shows.
const TAIL: usize = 20;

/// A request that must succeed before a server counts as ready, besides its endpoint; given
/// the port. The error says in one line what came back.
pub type Answers =
    dyn Fn(u16) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync;

/// How to find out that a server is ready.
#[derive(Clone)]
pub struct Ready {
    pub method: Method,
    /// `/health`; the server is asked on 127.0.0.1.
    pub path: String,
    /// Values may be secret; they are never shown.
    pub headers: Vec<(String, String)>,
    /// From the end of one request to the next.
    pub every: Duration,
    /// From the server's start.
    pub timeout: Duration,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ready")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("every", &self.every)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why a server is not ready. The server itself is left to the caller.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    #[error("the server {exit}, before it was ready{}", shown(log, tail))]
    Exited {
        exit: ExitInfo,
        log: PathBuf,
        tail: Vec<String>,
    },
    #[error("port {port} was taken by {}", process(*by))]
    PortTaken { port: u16, by: Option<i32> },
    #[error("the server was not ready within {:.0} s: {last}; if it only needs longer, raise the engine's `timeout`{}", after.as_secs_f64(), shown(log, tail))]
    Timeout {
        after: Duration,
        /// What the last attempt came to.
        last: String,
        log: PathBuf,
        tail: Vec<String>,
    },
    #[error("the request for readiness cannot be made: {0}")]
    BadRequest(String),
    #[error("interrupted while waiting for the server")]
    Interrupted(StopLevel),
}

fn process(pid: Option<i32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}, which is not of the started server"),
        None => "a process that is not of the started server and cannot be seen".into(),
    }
}

fn shown(log: &std::path::Path, tail: &[String]) -> String {
    if tail.is_empty() {
        return "; it wrote no output".into();
    }
    let lines: String = tail.iter().map(|line| format!("\n  | {line}")).collect();
    format!("; the end of {}:{lines}", log.display())
}

/// Waits until the server is ready on the port; returns how long that took from its start.
/// Returns early when the server ends, the port turns out to be another's, or the run is
/// asked to stop.
///
/// # Errors
/// See [`NotReady`].
pub async fn wait_ready(
    server: &mut Server,
    port: u16,
    ready: &Ready,
    answers: Option<&Answers>,
    client: &Client,
    stop: &Stop,
) -> Result<Duration, NotReady> {
    let started = server.started();
    let poll = Poll {
        port,
        url: format!("http://127.0.0.1:{port}{}", ready.path),
        ready,
        answers,
        client,
    };
    let mut stop = stop.clone();
    let mut last = format!("{} {} was not answered", ready.method, ready.path);
    let left = ready.timeout.saturating_sub(started.elapsed());
    let deadline = tokio::time::sleep(left);
    tokio::pin!(deadline);
    loop {
        // Taken anew for each attempt: the one that owns the socket may be a late child.
        let owner = owner(server, port);
        let attempt = async {
            let result = poll.attempt(owner).await;
            if result.is_err() {
                tokio::time::sleep(ready.every).await;
            }
            result
        };
        let outcome = tokio::select! {
            biased;
            () = stop.reached(StopLevel::Finish) => return Err(NotReady::Interrupted(stop.level())),
            exit = server.wait_exit() => return Err(exited(server, port, exit)),
            outcome = attempt => outcome,
            () = &mut deadline => {
                return Err(NotReady::Timeout {
                    after: started.elapsed(),
                    last: server.redact(&last),
                    log: server.log().into(),
                    tail: server.log_tail(TAIL),
                });
            }
        };
        match outcome {
            // Whoever answered must still be ours: the first look was before the request.
            Ok(()) if self::owner(server, port) == Owner::Tree => return Ok(started.elapsed()),
            Ok(()) => last = "it answered, and then no longer listened".into(),
            Err(Attempt::Failed(what)) => last = what,
            Err(Attempt::Foreign(by)) => return Err(NotReady::PortTaken { port, by }),
            Err(Attempt::Impossible(what)) => {
                return Err(NotReady::BadRequest(server.redact(&what)));
            }
        }
    }
}

/// Looks twice before it calls an owner foreign: sockets may be handed on between the look at
/// one process and the look at the next.
fn owner(server: &Server, port: u16) -> Owner {
    match listening_owner(port, || server.tree()) {
        Owner::Foreign(_) => listening_owner(port, || server.tree()),
        owner => owner,
    }
}

fn exited(server: &Server, port: u16, exit: ExitInfo) -> NotReady {
    let tail = server.log_tail(TAIL);
    if let Owner::Foreign(by) = listening_owner(port, || server.tree()) {
        return NotReady::PortTaken { port, by };
    }
    // Who took it may be gone again, or hold it without listening (a connection's own end).
    let number = port.to_string();
    let in_use = |line: &String| {
        line.contains(&number) && line.to_ascii_lowercase().contains("address already in use")
    };
    if tail.iter().any(in_use) {
        return NotReady::PortTaken { port, by: None };
    }
    NotReady::Exited {
        exit,
        log: server.log().into(),
        tail,
    }
}

enum Attempt {
    Failed(String),
    Foreign(Option<i32>),
    /// Trying again cannot help.
    Impossible(String),
}

struct Poll<'a> {
    port: u16,
    url: String,
    ready: &'a Ready,
    answers: Option<&'a Answers>,
    client: &'a Client,
}

impl Poll<'_> {
    async fn attempt(&self, owner: Owner) -> Result<(), Attempt> {
        match owner {
            Owner::Foreign(by) => return Err(Attempt::Foreign(by)),
            Owner::Nobody => {
                let what = format!("nothing listened on port {}", self.port);
                return Err(Attempt::Failed(what));
            }
            Owner::Tree => {}
        }
        self.ask().await?;
        match self.answers {
            Some(answers) => answers(self.port).await.map_err(|what| {
                Attempt::Failed(format!(
                    "{} answered, but a first request did not succeed: {what}",
                    self.ready.path
                ))
            }),
            None => Ok(()),
        }
    }

    async fn ask(&self) -> Result<(), Attempt> {
        let mut request = self
            .client
            .request(self.ready.method.clone(), &self.url)
            .timeout(REQUEST);
        for (name, value) in &self.ready.headers {
            request = request.header(name, value);
        }
        let request = request
            .build()
            .map_err(|e| Attempt::Impossible(causes(&e)))?;
        let asked = Instant::now();
        let what = format!("{} {}", self.ready.method, self.ready.path);
        let mut response = self.client.execute(request).await.map_err(|e| {
            let took = asked.elapsed().as_secs_f64();
            Attempt::Failed(format!("{what} failed after {took:.1} s: {}", causes(&e)))
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let body = match response.chunk().await {
            Ok(Some(bytes)) => super::tail::last_lines(&bytes[..bytes.len().min(300)], 3).join(" "),
            _ => String::new(),
        };
        Err(Attempt::Failed(
            format!("{what} answered {status} {body}").trim_end().into(),
        ))
    }
}

/// An error and what caused it, in one line; addresses may hold secrets and are left out.
fn causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time"
    } else {
        ""
    }
    .to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    if text.is_empty() {
        "it is not a valid request".into()
    } else {
        text
    }
}
