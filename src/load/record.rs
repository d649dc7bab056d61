//! What happened to one request.

use serde::{Deserialize, Serialize};

/// One request, from the moment it was due. Times are seconds on the run's clock.
///
/// Definitions: TTFT = `first_token − due`, the first generated token being content, reasoning
/// or a tool call (a role-only chunk is none). ITL = the gaps between chunks that carry tokens.
/// E2E = `end − due`. TPOT: see [`Record::time_per_token`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// From 0 in the order in which requests of this load were due.
    pub index: u64,
    /// The `load` block's name; none for the phase's own load.
    pub load: Option<String>,
    /// From 0: which repetition of the phase.
    pub round: u32,
    pub row: usize,
    /// When the request should have been sent.
    pub due: f64,
    /// When it was really sent (the first byte handed to the connection); the first time, where
    /// it was sent again.
    pub sent: Option<f64>,
    /// When the response's status line and headers were there.
    pub headers: Option<f64>,
    pub first_token: Option<f64>,
    /// The first token of the answer itself (content, not reasoning).
    pub first_answer: Option<f64>,
    pub last_token: Option<f64>,
    /// When the response ended or the request failed.
    pub end: f64,
    /// Arrival of every chunk that carried tokens.
    pub chunks: Vec<f64>,
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    /// Where the token counts came from.
    pub token_source: TokenSource,
    pub status: Option<u16>,
    pub finish_reason: Option<String>,
    /// The answer's content, for `accept`, transcripts and failures.
    pub answer: String,
    pub reasoning: String,
    pub images: u32,
    /// Pieces of sound; none where it was not kept.
    #[serde(default)]
    pub clips: Option<u32>,
    #[serde(default)]
    pub videos: Option<u32>,
    /// Sent again, because the server had closed the connection that was kept for it. (Counted in
    /// the phase's notes; not in the rows of a run's folder.)
    #[serde(default)]
    pub resent: bool,
    /// Whether it was sent on a connection that was opened for it, and not on one that was kept;
    /// none where nothing came back. (As above.)
    #[serde(default)]
    pub opened: Option<bool>,
    /// Whole, though the `[DONE]` that the API has did not come. (As above.)
    #[serde(default)]
    pub unmarked: bool,
    pub outcome: Outcome,
    /// Set where the workload has an `accept`; none where it has not.
    pub accepted: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// The server's own `usage`.
    Usage,
    /// The server sent none.
    #[default]
    Missing,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    #[default]
    Ok,
    Failed(Failure),
}

/// Why a request failed: its class, and one line for people (secrets removed, length bounded).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub class: FailureClass,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// No connection, or it broke before an answer began.
    Connect,
    /// A status other than 2xx; the detail has the start of the body.
    Status,
    /// Took longer than the load's `timeout`.
    Timeout,
    /// The stream broke off after it had begun.
    CutStream,
    /// The answer was not what the API says: not SSE, not JSON, no tokens, an error event.
    BadAnswer,
    /// Ended by us: the drain was over, or the run was stopped.
    Cancelled,
    /// Answered, but `accept` said no.
    WrongAnswer,
    /// Answered, but `accept` could not be evaluated: the detail says why.
    NotJudged,
}

impl FailureClass {
    pub const ALL: [Self; 8] = [
        Self::Connect,
        Self::Status,
        Self::Timeout,
        Self::CutStream,
        Self::BadAnswer,
        Self::Cancelled,
        Self::WrongAnswer,
        Self::NotJudged,
    ];

    /// As metrics and files name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Status => "status",
            Self::Timeout => "timeout",
            Self::CutStream => "cut_stream",
            Self::BadAnswer => "bad_answer",
            Self::Cancelled => "cancelled",
            Self::WrongAnswer => "wrong_answer",
            Self::NotJudged => "not_judged",
        }
    }

    /// What it means, for the manual.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Connect => "No connection, or it broke before an answer began.",
            Self::Status => "A status other than 2xx.",
            Self::Timeout => "The request took longer than the load's `timeout`.",
            Self::CutStream => "The stream broke off after it had begun.",
            Self::BadAnswer => {
                "The answer was not what the API says: not SSE, not JSON, no tokens, or an error event."
            }
            Self::Cancelled => "Ended by scn: the load's `drain` was over, or the run was stopped.",
            Self::WrongAnswer => "Answered whole, but the workload's `accept` said no.",
            Self::NotJudged => {
                "Answered whole, but the workload's `accept` could not be evaluated: the test is wrong, not the answer."
            }
        }
    }
}

impl Record {
    /// Answered whole, whatever `accept` said.
    pub fn answered(&self) -> bool {
        match &self.outcome {
            Outcome::Ok => true,
            Outcome::Failed(failure) => matches!(
                failure.class,
                FailureClass::WrongAnswer | FailureClass::NotJudged
            ),
        }
    }

    /// Output tokens by the server's own `usage`: counts that are not from there are none.
    pub fn output_tokens(&self) -> Option<u64> {
        self.completion_tokens
            .filter(|_| self.token_source == TokenSource::Usage)
    }

    /// TPOT in seconds: `(last_token − first_token) / (output tokens − 1)`. None without a stream,
    /// without two tokens, and where all came [at one moment](Self::at_one_moment).
    pub fn time_per_token(&self) -> Option<f64> {
        let tokens = self.output_tokens().filter(|tokens| *tokens > 1)?;
        let time = self.last_token? - self.first_token?;
        (time > 0.0).then(|| time / (tokens - 1) as f64)
    }

    /// Whether all that was streamed came in one chunk or in one piece: no time between its
    /// tokens could be seen, and that is not a time of 0.
    pub fn at_one_moment(&self) -> bool {
        self.first_token.is_some() && self.first_token == self.last_token
    }
}
