//! Which version a server is of: asked of it or of its program, and held against what its block
//! says.

use super::error;
use super::server::Live;
use crate::engine::log::LogLimit;
use crate::engine::process::{GuardProgram, Launch, start};
use crate::report::model::WorldError;
use crate::scenario::{HttpRequest, PORT, Start, VersionSpec};
use crate::versions::Version;
use regex::Regex;
use std::time::Duration;

/// How long a program may take to say its version: some load all that they are made of first.
const PATIENCE: Duration = Duration::from_secs(120);

/// So many lines of what it says are looked at.
const LINES: usize = 200;

/// The kind of error where the server is of another version than its block says.
const OTHER_VERSION: &str = "other_version";

/// What the server says, or its program where it says nothing.
pub(super) async fn ask(live: &Live) -> Option<String> {
    let spec = live.spec.version.as_ref()?;
    let pattern = Regex::new(&spec.pattern).ok()?;
    let found = |text: &str| Some(pattern.captures(text)?.get(1)?.as_str().to_string());
    if let Some(request) = &spec.request
        && let Some(version) = of_server(live, request).await.and_then(|text| found(&text))
    {
        return Some(version);
    }
    found(&printed(live, spec).await?)
}

async fn of_server(live: &Live, request: &HttpRequest) -> Option<String> {
    let (status, body) = live.ask(request, None).await.ok()?;
    (200..300).contains(&status).then_some(body)
}

/// What the version command prints; none where it is not ours to run, or does not end.
async fn printed(live: &Live, spec: &VersionSpec) -> Option<String> {
    let (Start::Launch { environment, .. }, Some(log)) = (&live.spec.start, &live.log) else {
        return None;
    };
    if spec.command.is_empty() {
        return None;
    }
    let port = live.running.as_ref().map_or(0, |running| running.port);
    let fill = |text: &str| text.replace(PORT, &port.to_string());
    let launch = Launch {
        program_and_args: spec.command.iter().map(|word| fill(&word.text)).collect(),
        env: environment
            .iter()
            .map(|(name, word)| (name.clone(), fill(&word.text)))
            .collect(),
        cwd: None,
        log: log.with_extension("version.log"),
        log_limit: LogLimit::default(),
        secrets: live.secrets().to_vec(),
    };
    // below a guard, as the server is: it does not outlive us
    let mut program = start(&launch, &GuardProgram::this()).await.ok()?;
    let ended = tokio::time::timeout(PATIENCE, program.wait_exit()).await;
    program.settle_log().await;
    let text = program.log_tail(LINES).join("\n");
    program.kill().await;
    ended.is_ok().then_some(text)
}

/// Holds a version against what the server's block says: `Ok` with what is to be noted.
///
/// A server of another version is an error, and no warning: what the scenario was checked against
/// before it ran (constraints, metrics) was that version, and so is what its results would be
/// taken for.
pub(super) fn held(live: &Live) -> Result<Option<String>, WorldError> {
    let Some(stated) = &live.spec.stated else {
        return Ok(None);
    };
    let (name, engine) = (&live.spec.name, &live.spec.engine);
    let said = live.version.as_deref();
    match said.map(|said| (said, said.parse::<Version>())) {
        Some((_, Ok(version))) if stated.has(&version) => Ok(None),
        Some((said, Ok(_))) => Err(error::other(
            OTHER_VERSION,
            format!(
                "the server `{name}` is {engine} {said}, and its block says `version = \"{stated}\"`"
            ),
            Some("start that version, or say the one that is to be tested"),
        )),
        Some((said, Err(_))) => Ok(Some(format!(
            "the server `{name}` says that it is {engine} `{said}`, which cannot be compared with its `version = \"{stated}\"`"
        ))),
        None => Ok(Some(format!(
            "the server `{name}` does not tell its version: whether it is {engine} {stated}, as its block says, is not known"
        ))),
    }
}

impl Live {
    /// Its version, where it is one.
    pub(super) fn known_version(&self) -> Option<Version> {
        self.version.as_deref()?.parse().ok()
    }
}
