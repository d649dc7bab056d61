//! The process: its socket, signals, memory and child, from start to stop.

use super::args::ServeArgs;
use super::fault::ChildPlace;
use super::http::{Engine, router};
use super::metrics::MetricNames;
use super::pacer::Pacer;
use crate::sim::Setup;
use axum::serve::ListenerExt;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Answers that have begun may go on for so long after a signal to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// A child that nobody ended ends by itself.
const CHILD_SLEEPS: Duration = Duration::from_secs(600);
/// The same as Linux' own cap, so that thousands may connect at once.
const BACKLOG: u32 = 4096;

/// Why the engine could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "port {port} of {host} is taken: another server listens there; choose another --port, or 0 for a free one"
    )]
    PortTaken { host: String, port: u16 },
    #[error("cannot listen on {host}:{port}: {source}; check --host and --port")]
    Listen {
        host: String,
        port: u16,
        source: io::Error,
    },
    #[error("cannot start the child process of --spawn-child: {0}")]
    Child(io::Error),
    #[error("cannot {what}: {source}")]
    System {
        what: &'static str,
        source: io::Error,
    },
}

impl ServeError {
    /// What the process exits with: 98 (`EADDRINUSE`) for a port that is taken, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::PortTaken { .. } => 98,
            _ => 1,
        }
    }
}

/// A server that is played in place of declared times.
#[derive(Debug, Clone)]
pub struct Simulated {
    pub setup: Setup,
    /// What it is, in words.
    pub said: String,
    /// What the engine that it plays calls its metrics.
    pub metrics: MetricNames,
}

/// Serves until SIGTERM or SIGINT, on a runtime of its own; blocks.
///
/// Prints one line on standard output when it listens, with the address. After a signal it accepts
/// nothing more, lets begun answers go on for a second and returns.
///
/// # Errors
/// Where the port is taken, the address cannot be listened on, or the system refuses a runtime, a
/// timer, a signal handler or the child.
pub fn serve(args: ServeArgs, simulated: Option<Simulated>) -> Result<(), ServeError> {
    if let Some(place) = args.be_child {
        return be_child(place);
    }
    raise_file_limit();
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .map_err(system("start a runtime"))?;
    let outcome = runtime.block_on(run(args, simulated));
    // Answers that did not make it are dropped, not waited for.
    runtime.shutdown_background();
    outcome
}

async fn run(args: ServeArgs, simulated: Option<Simulated>) -> Result<(), ServeError> {
    let mut term = signal(SignalKind::terminate()).map_err(system("handle SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system("handle SIGINT"))?;
    let listener = listen(&args.host, args.port).await?;
    let address = listener.local_addr().map_err(system("read our address"))?;
    let _child = args.faults.spawn_child.map(Descendant::start).transpose()?;
    let pacer = Pacer::start().map_err(system("make a timer"))?;
    let mut names = MetricNames::default();
    let (setup, said) = simulated
        .map(|one| {
            names = one.metrics;
            (one.setup, one.said)
        })
        .unzip();
    let app = router(Arc::new(Engine::new(&args, setup, names, pacer)));

    announce(address, &args, said);
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    // Without it, small events would wait for the client's acknowledgements. A connection that is
    // gone already needs none.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    });
    let server = tokio::spawn(async move { serving.await });
    asked_to_stop(&mut term, &mut interrupt, args.faults.ignore_term).await;
    stop.send_replace(true);
    if tokio::time::timeout(LAST_ANSWERS, server).await.is_err() {
        eprintln!("scn serve: stopped with answers unfinished");
    }
    Ok(())
}

/// The line that says where we listen and what was declared, or is simulated; a closed standard output is no error.
fn announce(address: SocketAddr, args: &ServeArgs, simulated: Option<String>) {
    let (model, seed, timing) = (&args.model, args.seed, &args.timing);
    let what = simulated.unwrap_or_else(|| {
        format!(
            "ttft {:?}, itl {:?}, jitter {:.0}%",
            timing.ttft,
            timing.itl,
            timing.jitter * 100.0
        )
    });
    let _ = writeln!(
        io::stdout().lock(),
        "scn serve: listening on http://{address} (model {model}, {what}, seed {seed})",
    );
    let _ = io::stdout().flush();
}

async fn asked_to_stop(term: &mut Signal, interrupt: &mut Signal, ignore_term: bool) {
    loop {
        tokio::select! {
            _ = interrupt.recv() => return,
            _ = term.recv() => match ignore_term {
                true => eprintln!("scn serve: ignores SIGTERM (--ignore-term)"),
                false => return,
            },
        }
    }
}

async fn listen(host: &str, port: u16) -> Result<TcpListener, ServeError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortTaken {
            host: host.to_string(),
            port,
        },
        _ => ServeError::Listen {
            host: host.to_string(),
            port,
            source,
        },
    };
    let address = tokio::net::lookup_host((host, port))
        .await
        .and_then(|mut found| {
            found
                .next()
                .ok_or_else(|| io::Error::other("the name has no address"))
        })
        .map_err(failed)?;
    let open = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // A port is free again as soon as its server is gone.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().map_err(failed)
}

/// Every stream needs a file descriptor; the usual soft limit of 1024 is soon reached.
fn raise_file_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Where it is refused, the old limit holds.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

fn system(what: &'static str) -> impl Fn(io::Error) -> ServeError {
    move |source| ServeError::System { what, source }
}

/// The process of `--spawn-child`, ended when we stop in order. When we are killed it stays, as
/// helpers of real engines do: whoever starts us must find it.
struct Descendant(Child);

impl Descendant {
    fn start(place: ChildPlace) -> Result<Self, ServeError> {
        let place = match place {
            ChildPlace::Group => "group",
            ChildPlace::Session => "session",
        };
        let us = std::env::current_exe().map_err(ServeError::Child)?;
        let child = Command::new(us)
            .args(["serve", "--be-child", place])
            .stdin(Stdio::null())
            .spawn()
            .map_err(ServeError::Child)?;
        Ok(Self(child))
    }
}

impl Drop for Descendant {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn be_child(place: ChildPlace) -> Result<(), ServeError> {
    if place == ChildPlace::Session {
        nix::unistd::setsid()
            .map_err(io::Error::from)
            .map_err(ServeError::Child)?;
    }
    std::thread::sleep(CHILD_SLEEPS);
    Ok(())
}
