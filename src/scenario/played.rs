//! Servers in worlds that are simulated: which of them can be played there, and how the built-in
//! server plays one in real time.

use super::balance;
use super::context::Context;
use super::server::own_program;
use super::{Action, Case, HttpRequest, MemorySpec, PORT, Ready, ServerSpec, Start, Sum, Word};
use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::load::spec::Protocol;
use crate::report::model::World;
use crate::resolve::Flat;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// What stands for the file with its setup in a command, until the case has a folder to write it to.
pub const SETUP: &str = "server.setup.json";

/// Whether it is said already that its model does not fit.
pub(super) fn is_too_large(memory: Option<&MemorySpec>) -> bool {
    let too_large = |memory: &MemorySpec| matches!(memory.sum, Sum::Known { fits: false, .. });
    memory.is_some_and(too_large)
}

/// Reports a server that cannot be played where its scenario is to run, or says that it may.
pub(super) fn check(cx: &Context<'_>, flat: &Flat, start: &Start, why: Option<&String>) {
    let (here, may) = (cx.shared.world(), balance::worlds(cx));
    let asked = |world: World| {
        may.contains(&world) && (here == world || here == World::Real && balance::says_worlds(cx))
    };
    let message = |why: &str| format!("{} cannot be simulated: {why}", flat.called());
    let (message, help) = match (start, why) {
        (Start::Running { .. }, _) if asked(World::Mock) => (
            message("it runs already, at its `url`"),
            "say what is to be played, an `engine` with a `model` and a `gpu`, in place of the \
             `url`; or run it for real: `worlds = [\"real\"]`",
        ),
        (start, Some(why)) if is_built_in(start) && asked(World::Sim) => (
            message(why),
            "its times are declared, and no GPU is simulated: `--on mock` runs it as it is; or say \
             `worlds = [\"real\", \"mock\"]`",
        ),
        (start, Some(why)) if asked(World::Sim) || asked(World::Mock) && !is_built_in(start) => (
            message(why),
            "say what is missing, or run it elsewhere: `worlds = [\"real\"]`",
        ),
        _ => return,
    };
    let mut found = Diagnostic::error(codes::CONSTRAINT, flat.head(), message).help(help);
    // for real it runs all the same
    if here == World::Real && may.contains(&World::Real) {
        found.severity = Severity::Warning;
    }
    cx.eval.report(found);
}

/// Whether it is this program, which has times of its own.
fn is_built_in(start: &Start) -> bool {
    let program = match start {
        Start::Launch { command, .. } => command.first(),
        Start::Running { .. } => None,
    };
    program.is_some_and(|word| word.text == own_program())
}

/// Has the built-in server play the servers of cases, behind HTTP in real time. Those that are
/// built in stay as they are.
pub fn play(cases: &mut [Case]) {
    // cases that share a server go on sharing it
    let mut known: HashMap<*const ServerSpec, Arc<ServerSpec>> = HashMap::new();
    for server in cases.iter_mut().flat_map(|case| &mut case.servers) {
        if is_built_in(&server.start) || !matches!(server.simulated, Some(Ok(_))) {
            continue;
        }
        let played = known
            .entry(Arc::as_ptr(server))
            .or_insert_with(|| Arc::new(played(server)));
        *server = played.clone();
    }
}

/// The server as it is when the built-in one plays it.
fn played(server: &ServerSpec) -> ServerSpec {
    let mut played = ServerSpec {
        played: true,
        start: Start::Launch {
            command: command(server),
            environment: Vec::new(),
            port: match server.start {
                Start::Launch { port, .. } => port,
                Start::Running { .. } => None,
            },
            setup: None,
        },
        // it has loaded nothing, so it is there at once, and leaves nothing behind
        ready: Ready {
            request: Some(request("GET", "/health")),
            every: Duration::from_millis(50),
            timeout: Duration::from_secs(30),
            answers: false,
        },
        pause: Duration::ZERO,
        // it is of no version of its engine
        version: None,
        stated: None,
        ca_file: None,
        ..server.clone()
    };
    played.stop.signal = "TERM".into();
    for api in played.apis.values_mut() {
        api.path = match api.protocol {
            Protocol::OpenaiChat => "/v1/chat/completions",
            Protocol::OpenaiCompletions => "/v1/completions",
        }
        .into();
    }
    let flush = |action: &Action| action.name.starts_with("flush");
    played.actions.retain(flush);
    played.actions.truncate(1);
    for action in &mut played.actions {
        action.request = request("POST", "/reset_prefix_cache");
        action.body = None;
    }
    if let Some(metrics) = &mut played.metrics_request {
        *metrics = request("GET", "/metrics");
    }
    played
}

fn command(server: &ServerSpec) -> Vec<Word> {
    let program = own_program();
    let mut words = vec![&*program, "serve", "--host", "127.0.0.1", "--port", PORT];
    if let Some(model) = &server.model {
        words.extend(["--model", model]);
    }
    words.extend(["--setup", SETUP]);
    words.into_iter().map(Word::plain).collect()
}

fn request(method: &str, path: &str) -> HttpRequest {
    HttpRequest {
        method: method.into(),
        path: path.into(),
    }
}
