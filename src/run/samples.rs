//! Writes samples down while a case runs, so that a kill keeps them.

use super::phase::Watched;
use super::{Shared, error};
use crate::probe::sampler::Sampler;
use crate::probe::series::SeriesSet;
use crate::report::model::WorldError;
use crate::store::{CaseFolder, SampleLog};
use indexmap::IndexMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// How often what is new is written.
const EVERY: Duration = Duration::from_secs(1);

/// Appends to `samples.csv` what is new, every few seconds.
pub struct Writer {
    /// Asks for a write out of turn; dropping it ends the task.
    ask: mpsc::UnboundedSender<oneshot::Sender<()>>,
    task: JoinHandle<Option<SampleLog>>,
}

impl Writer {
    pub fn start(shared: &Arc<Shared>, folder: &CaseFolder, watched: &[Watched<'_>]) -> Self {
        let samplers: Vec<_> = watched
            .iter()
            .map(|w| (w.live.spec.name.clone(), w.sampler.clone()))
            .collect();
        let (shared, folder) = (shared.clone(), folder.clone());
        let (ask, asked) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            match write(&folder, &samplers, asked).await {
                Ok(log) => Some(log),
                Err(error) => {
                    shared.keep(error);
                    None
                }
            }
        });
        Self { ask, task }
    }

    /// Writes what there is, now.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.ask.send(done).is_ok() {
            // it has ended by itself where nothing can be written, and said so
            let _ = written.await;
        }
    }

    /// Ends it. The log, to add the rest to; none where it could not be written.
    pub async fn stop(self) -> Option<SampleLog> {
        drop(self.ask);
        self.task.await.ok().flatten()
    }
}

async fn write(
    folder: &CaseFolder,
    samplers: &[(String, Arc<Sampler>)],
    mut asked: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
) -> Result<SampleLog, WorldError> {
    let mut log = folder.samples().map_err(|e| error::of_store(&e, None))?;
    loop {
        let asker = match tokio::time::timeout(EVERY, asked.recv()).await {
            Ok(None) => return Ok(log),
            Ok(asker) => asker,
            Err(_) => None,
        };
        for (name, sampler) in samplers {
            log.write_new(name, &sampler.snapshot())
                .map_err(|e| error::of_store(&e, None))?;
        }
        if let Some(asker) = asker {
            let _ = asker.send(());
        }
    }
}

/// Ends a sampler, away from the runtime: its threads are waited for.
pub async fn ended(sampler: Arc<Sampler>) -> SeriesSet {
    let end = || match Arc::try_unwrap(sampler) {
        Ok(sampler) => sampler.stop(),
        Err(shared) => shared.snapshot(),
    };
    tokio::task::spawn_blocking(end).await.unwrap_or_default()
}

/// Adds what was not written yet, and forces it to the disk.
pub fn write_rest(
    mut log: SampleLog,
    sets: &IndexMap<String, SeriesSet>,
) -> Result<(), WorldError> {
    let mut write = || {
        for (name, set) in sets {
            log.write_new(name, set)?;
        }
        log.sync()
    };
    write().map_err(|e| error::of_store(&e, None))
}
