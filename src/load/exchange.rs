//! One request on the wire, from its send to its record.

use crate::clock::Clock;
use crate::load::answer::{BodyEnd, StreamReader, progress, read_plain};
use crate::load::client::{Client, Prepared, compressed};
use crate::load::detail::{cause, chain, start_of};
use crate::load::kept::local_address;
use crate::load::record::{Failure, FailureClass, Outcome, Record};
use crate::load::spec::Request;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, LOCATION, TRANSFER_ENCODING};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

/// After `[DONE]` the connection is only waited for this long, to be used again.
const TAIL: Duration = Duration::from_millis(20);

/// How much of the body of a failure is read: enough to end a short one, and keep its connection.
const FAILURE_BODY: usize = 64 << 10;

impl Client {
    /// Sends a request and reads its answer. `record` comes with `index`, `due` and
    /// whatever else the caller knows, and goes back filled. `timeout` counts from now.
    /// Whatever goes wrong is in the record's outcome.
    pub async fn send(
        &self,
        request: &Request,
        record: Record,
        clock: Clock,
        timeout: Duration,
    ) -> Record {
        match self.prepare(request) {
            Ok(prepared) => {
                let never = std::future::pending::<&'static str>();
                self.exchange(prepared, record, clock, timeout, never).await
            }
            Err(error) => not_sent(record, clock, &error.to_string()),
        }
    }

    /// As [`Client::send`], of a request prepared before. When `cancelled` resolves, with the
    /// reason, the connection is dropped; the record keeps what had come until then.
    pub async fn exchange(
        &self,
        prepared: Prepared,
        mut record: Record,
        clock: Clock,
        timeout: Duration,
        cancelled: impl Future<Output = &'static str>,
    ) -> Record {
        record.row = prepared.row;
        record.images = prepared.images;
        record.clips = Some(prepared.clips);
        record.videos = Some(prepared.videos);
        let sent = Arc::new(OnceLock::new());
        let ended = tokio::select! {
            biased;
            outcome = self.answer(prepared, &mut record, clock, &sent) => Ok(outcome),
            reason = cancelled => Err((FailureClass::Cancelled, reason.to_owned())),
            () = tokio::time::sleep(timeout) => {
                let seconds = timeout.as_secs_f64();
                Err((FailureClass::Timeout, format!("no whole answer within {seconds} s")))
            }
        };
        record.sent = sent.get().copied();
        record.outcome = match ended {
            Ok(outcome) => outcome,
            Err((class, why)) => {
                record.end = clock.now();
                let how_far = match record.sent {
                    None => "before it was sent".to_owned(),
                    Some(_) => progress(&record),
                };
                failed(class, format!("{why}, {how_far}"))
            }
        };
        if let Outcome::Failed(failure) = &mut record.outcome {
            failure.detail = self.cleaner.line(&failure.detail);
        }
        record
    }

    /// Sends and reads; sets the record's `end`. Where the server had closed the connection kept
    /// from an earlier answer, it has not begun on the request, which is sent once more, on a
    /// connection of its own (RFC 9112, 9.3.1).
    async fn answer(
        &self,
        prepared: Prepared,
        record: &mut Record,
        clock: Clock,
        sent: &Arc<OnceLock<f64>>,
    ) -> Outcome {
        let post = |http: &reqwest::Client| {
            let body = StampedBody {
                bytes: Some(prepared.body.clone()),
                clock,
                sent: sent.clone(),
            };
            http.post(self.url.clone())
                .header(CONTENT_TYPE, "application/json")
                .body(reqwest::Body::wrap(body))
                .send()
        };
        let mut response = post(&self.http).await;
        if let Err(error) = &response
            && self.kept.was_closed(error)
        {
            record.resent = true;
            response = post(&self.fresh).await;
        }
        let response = match response {
            Ok(response) => response,
            Err(error) => {
                record.end = clock.now();
                return self.no_answer(error);
            }
        };
        record.headers = Some(clock.now());
        record.status = Some(response.status().as_u16());
        let connection = local_address(&response).filter(|_| !record.resent);
        record.opened = connection
            .map(|local| !(self.target.api.keep_alive && self.kept.was_used(local)))
            .or(record.resent.then_some(false));
        let outcome = if !response.status().is_success() {
            let outcome = self.bad_status(response).await;
            record.end = clock.now();
            outcome
        } else if prepared.stream {
            self.stream(response, record, clock).await
        } else {
            self.plain(response, record, clock).await
        };
        if let Some(connection) = connection {
            self.kept.carried(connection);
        }
        outcome
    }

    async fn stream(&self, mut response: Response, record: &mut Record, clock: Clock) -> Outcome {
        if let Some(why) = compressed(&response) {
            record.end = clock.now();
            return failed(FailureClass::BadAnswer, why);
        }
        if let Some(kind) = content_type(&response)
            && !kind.starts_with("text/event-stream")
        {
            let body = self.read_start(response, FAILURE_BODY).await;
            record.end = clock.now();
            let start = start_of(&body);
            return failed(
                FailureClass::BadAnswer,
                format!("asked for an event stream, got {kind}: {start}"),
            );
        }
        let length_known = response.content_length().is_some()
            || response.headers().contains_key(TRANSFER_ENCODING);
        let mut reader = StreamReader::new(self.target.api.done_marker, self.limits);
        let end = loop {
            match response.chunk().await {
                Ok(Some(bytes)) => {
                    record.end = clock.now();
                    let at = record.end;
                    if let Some(tap) = &self.tap {
                        tap(record.index, at, &bytes);
                    }
                    reader.bytes(&bytes, at, record);
                    if reader.is_over() {
                        break BodyEnd::Whole;
                    }
                }
                Ok(None) => {
                    record.end = clock.now();
                    break match length_known {
                        true => BodyEnd::Whole,
                        false => BodyEnd::Closed,
                    };
                }
                Err(error) => {
                    record.end = clock.now();
                    break BodyEnd::Broken(chain(&error.without_url()));
                }
            }
        };
        if reader.is_done() {
            // The rest is nothing but the end of the body, which frees the connection.
            let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
            let _ = tokio::time::timeout(TAIL, rest).await;
        }
        let at = record.end;
        reader.finish(&end, at, record)
    }

    async fn plain(&self, mut response: Response, record: &mut Record, clock: Clock) -> Outcome {
        if let Some(why) = compressed(&response) {
            record.end = clock.now();
            return failed(FailureClass::BadAnswer, why);
        }
        let kind = content_type(&response);
        let mut body = Vec::new();
        let broken = loop {
            match response.chunk().await {
                Ok(Some(bytes)) if body.len() + bytes.len() > self.limits.body => {
                    record.end = clock.now();
                    let limit = self.limits.body;
                    return failed(
                        FailureClass::BadAnswer,
                        format!("the answer does not end: more than {limit} bytes"),
                    );
                }
                Ok(Some(bytes)) => body.extend_from_slice(&bytes),
                Ok(None) => break None,
                Err(error) => break Some(chain(&error.without_url())),
            }
        };
        record.end = clock.now();
        if let Some(why) = broken {
            return failed(
                FailureClass::CutStream,
                format!("the connection broke after {} bytes: {why}", body.len()),
            );
        }
        if let Some(kind) = kind
            && !kind.contains("json")
        {
            let start = start_of(&body);
            return failed(
                FailureClass::BadAnswer,
                format!("asked for JSON, got {kind}: {start}"),
            );
        }
        read_plain(&body, record)
    }

    async fn bad_status(&self, response: Response) -> Outcome {
        let status = response.status();
        let to = response.headers().get(LOCATION).map(|to| {
            let to = String::from_utf8_lossy(to.as_bytes());
            format!(" to {to} (redirects are not followed: use that address)")
        });
        let compressed = compressed(&response);
        let body = self.read_start(response, FAILURE_BODY).await;
        let said = compressed.unwrap_or_else(|| start_of(&body));
        failed(
            FailureClass::Status,
            format!(
                "{status}{}{}: {said}",
                self.key_remedy(status),
                to.unwrap_or_default()
            ),
        )
    }

    /// Why the server did not let a request in, as far as that is for the scenario to mend.
    fn key_remedy(&self, status: reqwest::StatusCode) -> &'static str {
        if status != reqwest::StatusCode::UNAUTHORIZED {
            return "";
        }
        let mut headers = self.target.headers.iter();
        let key = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        match key.map(|(_, key)| key.trim()) {
            None => " (no key was sent: give the server block an `api_key`)",
            Some("" | "Bearer") => " (an empty key was sent: see the server block's `api_key`)",
            Some(_) => " (the key was refused: see the server block's `api_key`)",
        }
    }

    fn no_answer(&self, error: reqwest::Error) -> Outcome {
        let error = error.without_url();
        let text = chain(&error);
        let url = self.target.shown_url();
        if error.is_connect() {
            let remedy = match is_out_of_files(&error) {
                true => " (this process may open no more files: raise `ulimit -n`)",
                false => self.tls_remedy(&error),
            };
            return failed(
                FailureClass::Connect,
                format!("no connection to {url}: {text}{remedy}"),
            );
        }
        if cause::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
            return failed(
                FailureClass::BadAnswer,
                format!("what {url} answered is not HTTP: {text}"),
            );
        }
        failed(
            FailureClass::Connect,
            format!("the connection to {url} broke before an answer began: {text}"),
        )
    }
}

/// The record of a request that was never sent, because of ours.
pub(super) fn not_sent(mut record: Record, clock: Clock, why: &str) -> Record {
    record.end = clock.now();
    let line = crate::load::detail::Cleaner::default().line(&format!("not sent: {why}"));
    record.outcome = failed(FailureClass::Cancelled, line);
    record
}

fn failed(class: FailureClass, detail: String) -> Outcome {
    Outcome::Failed(Failure { class, detail })
}

fn content_type(response: &Response) -> Option<String> {
    let value = response.headers().get(CONTENT_TYPE)?;
    Some(String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
}

fn is_out_of_files(error: &reqwest::Error) -> bool {
    let code = cause::<std::io::Error>(error).and_then(std::io::Error::raw_os_error);
    [Some(nix::libc::EMFILE), Some(nix::libc::ENFILE)].contains(&code)
}

/// A request's body that notes when the connection first takes of it: the moment of the send.
struct StampedBody {
    bytes: Option<Bytes>,
    clock: Clock,
    sent: Arc<OnceLock<f64>>,
}

impl http_body::Body for StampedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(bytes) = self.bytes.take() {
            let now = self.clock.now();
            self.sent.get_or_init(|| now);
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
