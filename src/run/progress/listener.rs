//! A thread that shows events, so that a terminal that does not take what is written (paused,
//! slow, a full pipe) never holds up a load.

use super::{Event, Progress};
use crate::stop::StopLevel;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often moving lines move.
const TICK: Duration = Duration::from_millis(200);

/// How long a stop at once waits for its last words to be written.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Something that shows events.
pub(super) trait Show: Send + 'static {
    fn event(&mut self, event: &Event, now: Instant);
    /// Called every [`TICK`].
    fn tick(&mut self, now: Instant);
    /// Whether ticks do anything.
    fn moves(&self) -> bool;
    /// Takes back what moves; nothing else comes.
    fn end(&mut self);
}

enum Message {
    Event(Box<Event>),
    /// Answered when everything before it has been shown.
    Shown(Sender<()>),
}

pub(super) struct Listener {
    messages: Mutex<Option<Sender<Message>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Listener {
    pub fn new(show: impl Show) -> Self {
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("progress".into())
            .spawn(move || listen(show, &receiver));
        // without a thread nothing is shown, and the run goes on
        Self {
            messages: Mutex::new(thread.is_ok().then_some(sender)),
            thread: Mutex::new(thread.ok()),
        }
    }

    fn send(&self, message: Message) {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(messages) = messages.as_ref() {
            // fails only where the thread is gone, and then there is nobody to tell
            messages.send(message).ok();
        }
    }

    /// Ends the thread when it has shown everything.
    fn end(&self) {
        self.messages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            thread.join().ok();
        }
    }
}

impl Progress for Listener {
    fn event(&self, event: Event) {
        let ended = event == Event::RunEnded;
        let leaving = matches!(
            event,
            Event::Interrupting {
                level: StopLevel::Now
            }
        );
        self.send(Message::Event(Box::new(event)));
        if ended {
            self.end();
        } else if leaving {
            let (sender, shown) = channel();
            self.send(Message::Shown(sender));
            shown.recv_timeout(LAST_WORDS).ok();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.end();
    }
}

fn listen(mut show: impl Show, messages: &Receiver<Message>) {
    let mut due = Instant::now() + TICK;
    loop {
        let now = Instant::now();
        if now >= due {
            // however many events come in between
            show.tick(now);
            due = now + TICK;
        }
        let next = if show.moves() {
            messages.recv_timeout(due - now.min(due))
        } else {
            messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match next {
            Ok(Message::Event(event)) => show.event(&event, Instant::now()),
            Ok(Message::Shown(sender)) => {
                sender.send(()).ok();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    show.end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Shows nothing until it may.
    struct Stuck {
        go_on: Receiver<()>,
        seen: Arc<AtomicUsize>,
    }

    impl Show for Stuck {
        fn event(&mut self, _: &Event, _: Instant) {
            self.go_on.recv().ok();
            self.seen.fetch_add(1, Ordering::SeqCst);
        }
        fn tick(&mut self, _: Instant) {}
        fn moves(&self) -> bool {
            true
        }
        fn end(&mut self) {}
    }

    /// Counts ticks.
    struct Ticking(Arc<AtomicUsize>);

    impl Show for Ticking {
        fn event(&mut self, _: &Event, _: Instant) {}
        fn tick(&mut self, _: Instant) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        fn moves(&self) -> bool {
            true
        }
        fn end(&mut self) {}
    }

    #[test]
    fn ticks_come_also_when_events_come_faster() {
        let ticks = Arc::new(AtomicUsize::new(0));
        let listener = Listener::new(Ticking(ticks.clone()));
        let start = Instant::now();
        while ticks.load(Ordering::SeqCst) < 2 {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "no tick between events"
            );
            listener.event(Event::Note { text: "x".into() });
            std::thread::sleep(TICK / 10);
        }
    }

    #[test]
    fn a_stuck_terminal_holds_up_nobody_and_loses_nothing() {
        let (go, go_on) = channel();
        let seen = Arc::new(AtomicUsize::new(0));
        let listener = Listener::new(Stuck {
            go_on,
            seen: seen.clone(),
        });
        for _ in 0..1000 {
            listener.event(Event::Note { text: "x".into() });
        }
        listener.event(Event::Interrupting {
            level: StopLevel::Now,
        });
        assert_eq!(seen.load(Ordering::SeqCst), 0);
        drop(go);
        listener.event(Event::RunEnded);
        assert_eq!(seen.load(Ordering::SeqCst), 1002);
        listener.event(Event::RunEnded);
    }
}
