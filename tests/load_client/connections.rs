//! Connections that are kept, closed and opened again.

use super::*;

#[tokio::test]
async fn connections_are_used_again_but_not_requests() {
    let server = always(vec![send(good())]).await;
    let client = Client::new(&target(&server.url)).unwrap();
    let clock = Clock::start();
    for number in 0..20 {
        let timeout = Duration::from_secs(20);
        let record = client
            .send(&request(), Record::default(), clock, timeout)
            .await;
        assert_eq!(record.outcome, Outcome::Ok);
        assert_eq!(record.opened, Some(number == 0));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(server.calls.load(SeqCst), 20);
    assert_eq!(server.connections.load(SeqCst), 1);
}

#[tokio::test]
async fn a_server_that_closes_after_each_answer_gets_a_connection_per_request() {
    let server = always(vec![send(good()), Step::Close]).await;
    let mut target = target(&server.url);
    target.api.keep_alive = false;
    let client = Client::new(&target).unwrap();
    let clock = Clock::start();
    for _ in 0..20 {
        let record = client
            .send(
                &request(),
                Record::default(),
                clock,
                Duration::from_secs(20),
            )
            .await;
        assert_eq!(record.outcome, Outcome::Ok);
        assert_eq!(record.opened, Some(true));
    }
    assert_eq!(server.connections.load(SeqCst), 20);
}

#[tokio::test]
async fn a_connection_closed_while_it_was_kept_costs_no_request() {
    for end in [Step::Close, Step::Reset] {
        // After its answer each connection is read from, so that the next request goes out on it,
        // and closed without an answer.
        let ends = end.clone();
        let server = serve(move |call| {
            let end = ends.clone();
            async move {
                let mut stream = play(call.stream, &[send(good())]).await?;
                let mut byte = [0];
                stream.read_exact(&mut byte).await.ok()?;
                play(stream, &[end]).await
            }
        })
        .await;
        let client = Client::new(&target(&server.url)).unwrap();
        let clock = Clock::start();
        let mut resent = 0;
        for _ in 0..6 {
            let record = Record {
                due: clock.now(),
                ..Record::default()
            };
            let timeout = Duration::from_secs(20);
            let record = client.send(&request(), record, clock, timeout).await;
            assert_eq!(record.outcome, Outcome::Ok, "{end:?}");
            assert!(record.sent.unwrap() < record.first_token.unwrap());
            resent += u64::from(record.resent);
        }
        // Every other request meets a connection that was kept.
        assert_eq!(resent, 3, "{end:?}");
        assert_eq!(server.calls.load(SeqCst), 6);
    }
}

#[tokio::test]
async fn a_server_that_closes_after_each_answer_without_saying_so() {
    for end in [Step::Close, Step::Reset] {
        // The wait lets the whole answer arrive before a reset.
        let server = always(vec![send(good()), Step::Wait(5), end.clone()]).await;
        let client = Client::new(&target(&server.url)).unwrap();
        let clock = Clock::start();
        for pause in 0..30 {
            let timeout = Duration::from_secs(20);
            let record = client
                .send(&request(), Record::default(), clock, timeout)
                .await;
            assert_eq!(record.outcome, Outcome::Ok, "{end:?}");
            tokio::time::sleep(Duration::from_micros(500 * (pause % 15))).await;
        }
        assert_eq!(server.calls.load(SeqCst), 30);
    }
}

#[tokio::test]
async fn a_request_is_sent_again_once_and_never_after_a_fresh_connection() {
    // The first answer keeps the connection, which the second request breaks, and the rest too.
    for end in [Step::Close, Step::Reset] {
        let server = serve(move |call| {
            let steps = match call.number {
                0 => vec![send(good())],
                _ => vec![end.clone()],
            };
            async move { play(call.stream, &steps).await }
        })
        .await;
        let client = Client::new(&target(&server.url)).unwrap();
        let clock = Clock::start();
        let timeout = Duration::from_secs(20);
        let mut records = Vec::new();
        for _ in 0..3 {
            let record = Record::default();
            records.push(client.send(&request(), record, clock, timeout).await);
        }
        assert_eq!(records[0].outcome, Outcome::Ok);
        for record in &records[1..] {
            fails_as(record, FailureClass::Connect, &["before an answer began"]);
        }
        let resent: Vec<bool> = records.iter().map(|record| record.resent).collect();
        assert_eq!(resent, [false, true, false]);
        assert_eq!(server.calls.load(SeqCst), 1 + 2 + 1);
    }
}

#[tokio::test]
async fn an_answer_that_began_is_not_asked_for_again() {
    let begun = [SSE.as_bytes(), &chunk(token("a"))].concat();
    let server = serve(move |call| {
        let steps = match call.number {
            0 => vec![send(good())],
            _ => vec![send(&begun), Step::Wait(5), Step::Reset],
        };
        async move { play(call.stream, &steps).await }
    })
    .await;
    let client = Client::new(&target(&server.url)).unwrap();
    let clock = Clock::start();
    let timeout = Duration::from_secs(20);
    let request = request();
    let first = client.send(&request, Record::default(), clock, timeout);
    assert_eq!(first.await.outcome, Outcome::Ok);
    let second = client.send(&request, Record::default(), clock, timeout);
    let second = second.await;
    fails_as(&second, FailureClass::CutStream, &["after 1 chunk"]);
    assert!(!second.resent);
    assert_eq!(server.calls.load(SeqCst), 2);
}
