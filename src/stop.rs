//! How a run is asked to end: finish (measure no more, stop servers in order, report) or now.

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum StopLevel {
    #[default]
    Run,
    /// Start nothing new, drop what is in flight, stop servers in order, write reports.
    Finish,
    /// Kill servers and leave.
    Now,
}

/// The asking side.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<StopLevel>);

/// The asked side; cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<StopLevel>);

pub fn stop_pair() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(StopLevel::Run);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Raises the level; it never goes down.
    pub fn raise(&self, level: StopLevel) {
        self.0.send_if_modified(|now| {
            let higher = level > *now;
            *now = (*now).max(level);
            higher
        });
    }
}

impl Stop {
    pub fn level(&self) -> StopLevel {
        *self.0.borrow()
    }

    /// Resolves when the level is at least `level`; never, where the asking side is gone.
    pub async fn reached(&mut self, level: StopLevel) {
        if self.0.wait_for(|now| *now >= level).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
