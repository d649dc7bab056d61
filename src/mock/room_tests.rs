//! A server whose every step takes 10 ms, in real time. Times are the simulated ones: a busy machine
//! may delay what a client sees, and nothing here waits for a moment.

use super::*;
use crate::sim::test_support::{MS, request, setup};

fn in_room(setup: Setup, test: impl AsyncFnOnce(Arc<Room>)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let pacer = Pacer::start().expect("a timer");
        test(Room::open(setup, pacer)).await;
    });
}

async fn chunks(seat: &mut Seat, tokens: u64) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut there = 0;
    while there < tokens {
        let chunk = seat.next().await.expect("tokens");
        assert!(now_ns() >= chunk.due_ns, "early");
        there += chunk.tokens;
        chunks.push(chunk);
    }
    assert_eq!(there, tokens);
    chunks
}

fn cache(room: &Room) -> Cache {
    room.figures().cache.expect("a KV cache")
}

#[test]
fn tokens_come_when_the_simulator_says() {
    in_room(setup(256, 8, 64), async |room| {
        let received = now_ns();
        let mut seat = room.enter(request(1, 100, 5), received);
        let given = chunks(&mut seat, 5).await;
        let due: Vec<u64> = given.iter().map(|chunk| chunk.due_ns - received).collect();
        assert_eq!(due, [10, 20, 30, 40, 50].map(|ms| ms * MS));
        assert_eq!(cache(&room).usage, 0.0);
        assert_eq!(room.figures().running, 0);
    });
}

#[test]
fn who_leaves_gives_blocks_back() {
    in_room(setup(256, 8, 256), async |room| {
        let mut seats: Vec<Seat> = (0..4)
            .map(|id| room.enter(request(id, 100, 500), now_ns()))
            .collect();
        for seat in &mut seats {
            seat.next().await;
        }
        let (figures, usage) = (room.figures(), cache(&room).usage);
        assert_eq!((figures.running, figures.waiting), (4, 0));
        assert!(usage >= 28.0 / 256.0, "{usage}");
        seats.truncate(1);
        assert_eq!(room.figures().running, 1);
        let left = cache(&room).usage;
        assert!(left < usage, "{left} of {usage}");
        seats.clear();
        assert_eq!(cache(&room).usage, 0.0);
        assert!(room.lock().seats.is_empty());
    });
}

#[test]
fn who_loses_blocks_still_gets_all_tokens() {
    // two of 64 + 40 tokens have 7 blocks each, of 10
    in_room(setup(256, 8, 10), async |room| {
        let mut one = room.enter(request(1, 64, 40), now_ns());
        let mut two = room.enter(request(2, 64, 40), now_ns());
        let (one, two) = (chunks(&mut one, 40).await, chunks(&mut two, 40).await);
        assert!(one.is_sorted_by_key(|chunk| chunk.due_ns));
        assert!(two.is_sorted_by_key(|chunk| chunk.due_ns));
        let cache = cache(&room);
        assert!(cache.preempted > 0);
        assert_eq!(cache.usage, 0.0);
    });
}

#[test]
fn what_never_fits_is_not_taken() {
    in_room(setup(256, 8, 10), async |room| {
        let mut seat = room.enter(request(1, 200, 40), now_ns());
        assert_eq!(seat.taken().await, Err(Refusal::Needs(Resource::Blocks)));
        let mut seat = room.enter(request(2, 100, 1), now_ns());
        assert_eq!(seat.taken().await, Ok(()));
        // the chunk that told so is not lost
        assert_eq!(seat.next().await.expect("tokens").tokens, 1);
    });
}

#[test]
fn prefixes_are_kept_until_they_are_forgotten() {
    // a prompt takes two steps, and one where its beginning is known
    let setup = Setup {
        prefix_cache: true,
        ..setup(64, 8, 64)
    };
    in_room(setup, async |room| {
        let first = async |id| {
            let (received, prefix) = (now_ns(), (0..6).collect());
            let request = Request {
                prefix,
                ..request(id, 100, 1)
            };
            let chunk = room.enter(request, received).next().await;
            (chunk.expect("tokens").due_ns - received) / MS
        };
        assert_eq!(first(1).await, 20);
        assert_eq!(first(2).await, 10);
        assert!(room.forget_prefixes());
        assert_eq!(first(3).await, 20);
        let seat = room.enter(request(4, 100, 50), now_ns());
        assert!(!room.forget_prefixes());
        drop(seat);
    });
}
