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
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How often what is new is written.
const EVERY: Duration = Duration::from_secs(1);

/// Appends to `samples.csv` what is new, every few seconds.
pub struct Writer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Option<SampleLog>>,
}

impl Writer {
    pub fn start(shared: &Arc<Shared>, folder: &CaseFolder, watched: &[Watched<'_>]) -> Self {
        let samplers: Vec<_> = watched
            .iter()
            .map(|w| (w.live.spec.name.clone(), w.sampler.clone()))
            .collect();
        let (shared, folder) = (shared.clone(), folder.clone());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            match write(&folder, &samplers, stopped).await {
                Ok(log) => Some(log),
                Err(error) => {
                    shared.keep(error);
                    None
                }
            }
        });
        Self { stop, task }
    }

    /// Ends it. The log, to add the rest to; none where it could not be written.
    pub async fn stop(self) -> Option<SampleLog> {
        // it has ended by itself where nothing can be written
        let _ = self.stop.send(());
        self.task.await.ok().flatten()
    }
}

async fn write(
    folder: &CaseFolder,
    samplers: &[(String, Arc<Sampler>)],
    mut stopped: oneshot::Receiver<()>,
) -> Result<SampleLog, WorldError> {
    let mut log = folder.samples().map_err(|e| error::of_store(&e, None))?;
    while tokio::time::timeout(EVERY, &mut stopped).await.is_err() {
        for (name, sampler) in samplers {
            log.write_new(name, &sampler.snapshot())
                .map_err(|e| error::of_store(&e, None))?;
        }
    }
    Ok(log)
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
