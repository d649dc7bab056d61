//! The bytes of answers: SSE events and whole bodies, field by field as vLLM 0.32 sends them, each
//! with our stamp at its end. Pure.

use super::openai::{Endpoint, Job};
use serde_json::{Value, json};

/// What was declared and what was done, on `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// Only in a response's first chunk.
    pub received_ns: Option<u64>,
    pub due_ns: u64,
    pub sent_ns: u64,
}

/// Names the engine in every response.
pub const FINGERPRINT: &str = concat!("scn-builtin-", env!("CARGO_PKG_VERSION"));
pub const DONE: &str = "data: [DONE]\n\n";
pub const PING: &str = ": ping\n\n";

/// Writes one response.
#[derive(Debug, Clone)]
pub struct Writer {
    job: Job,
    id: String,
    created: u64,
    model: String,
    /// The start of every event, up to its choices.
    head: String,
}

impl Writer {
    /// `created` is seconds since 1970; `id` comes without its prefix.
    pub fn new(job: Job, id: &str, created: u64, model: &str) -> Self {
        let (prefix, object) = match job.endpoint {
            Endpoint::Chat => ("chatcmpl", "chat.completion.chunk"),
            Endpoint::Completions => ("cmpl", "text_completion"),
        };
        let id = format!("{prefix}-{id}");
        let head = format!(
            r#"data: {{"id":{},"object":"{object}","created":{created},"model":{},"choices":["#,
            Value::from(id.as_str()),
            Value::from(model)
        );
        Self {
            job,
            id,
            created,
            model: model.to_string(),
            head,
        }
    }

    /// The chat's first event, which carries no token.
    pub fn role(&self, stamp: Stamp) -> String {
        let choice = r#"{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}"#;
        let more = r#","prompt_token_ids":null,"prompt_text":null"#;
        let usage = self.running_usage(0);
        self.event(&format!("{choice}]{usage}{more}"), stamp)
    }

    /// So many tokens, of which the first is token `k`, from 0.
    pub fn tokens(&self, k: u64, count: u64, text: &str, stamp: Stamp) -> String {
        let space = if k == 0 { "" } else { " " };
        let text = Value::from(format!("{space}{text}"));
        let there = k + count;
        let last = there == self.job.tokens;
        let reason = match last {
            true => format!(r#""{}""#, self.job.finish_reason),
            false => "null".to_string(),
        };
        let choice = match (self.job.endpoint, last) {
            (Endpoint::Chat, false) => format!(
                r#"{{"index":0,"delta":{{"content":{text}}},"logprobs":null,"finish_reason":null,"token_ids":null}}"#
            ),
            (Endpoint::Chat, true) => format!(
                r#"{{"index":0,"delta":{{"content":{text}}},"logprobs":null,"finish_reason":{reason},"stop_reason":null,"token_ids":null}}"#
            ),
            (Endpoint::Completions, _) => format!(
                r#"{{"index":0,"text":{text},"logprobs":null,"finish_reason":{reason},"stop_reason":null,"prompt_token_ids":null,"token_ids":null}}"#
            ),
        };
        let usage = self.running_usage(there);
        let fingerprint = match last && !self.job.include_usage {
            true => format!(r#","system_fingerprint":"{FINGERPRINT}""#),
            false => String::new(),
        };
        self.event(&format!("{choice}]{usage}{fingerprint}"), stamp)
    }

    /// The event after the last token: token counts and no choice.
    pub fn usage(&self, stamp: Stamp) -> String {
        let usage = self.counts(self.job.tokens);
        self.event(
            &format!(r#"],"usage":{usage},"system_fingerprint":"{FINGERPRINT}""#),
            stamp,
        )
    }

    /// An event whose data is not JSON.
    pub fn garbage(k: u64) -> String {
        format!("data: {{this is not JSON, event {k}\n\n")
    }

    /// The body of a response that is not streamed.
    pub fn whole(&self, text: &str, with_usage: bool, stamp: Stamp) -> String {
        let reason = self.job.finish_reason;
        let (object, choice) = match self.job.endpoint {
            Endpoint::Chat => (
                "chat.completion",
                json!({ "index": 0, "message": { "role": "assistant", "content": text,
                    "refusal": null, "annotations": null, "audio": null, "function_call": null,
                    "reasoning": null }, "logprobs": null, "finish_reason": reason,
                    "stop_reason": null, "token_ids": null }),
            ),
            Endpoint::Completions => (
                "text_completion",
                json!({ "index": 0, "text": text, "logprobs": null, "finish_reason": reason,
                    "stop_reason": null, "token_ids": null, "prompt_logprobs": null,
                    "prompt_token_ids": null }),
            ),
        };
        let mut body = json!({ "id": self.id, "object": object, "created": self.created,
            "model": self.model, "choices": [choice], "service_tier": null,
            "system_fingerprint": FINGERPRINT });
        if with_usage {
            body["usage"] = self.counts(self.job.tokens);
        }
        body["scn"] = json!({ "received_ns": stamp.received_ns, "due_ns": stamp.due_ns,
            "sent_ns": stamp.sent_ns });
        body.to_string()
    }

    fn event(&self, rest: &str, stamp: Stamp) -> String {
        let received = match stamp.received_ns {
            Some(ns) => format!(r#""received_ns":{ns},"#),
            None => String::new(),
        };
        format!(
            "{}{rest},\"scn\":{{{received}\"due_ns\":{},\"sent_ns\":{}}}}}\n\n",
            self.head, stamp.due_ns, stamp.sent_ns
        )
    }

    fn running_usage(&self, tokens: u64) -> String {
        match self.job.continuous_usage {
            true => format!(r#","usage":{}"#, self.counts(tokens)),
            false => String::new(),
        }
    }

    fn counts(&self, tokens: u64) -> Value {
        json!({ "prompt_tokens": self.job.prompt_tokens,
            "total_tokens": self.job.prompt_tokens + tokens, "completion_tokens": tokens })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(endpoint: Endpoint, continuous_usage: bool) -> Writer {
        let job = Job {
            images: 0,
            endpoint,
            prompt_tokens: 3,
            prompt: 0,
            prefix: Vec::new(),
            tokens: 2,
            finish_reason: "length",
            stream: true,
            include_usage: true,
            continuous_usage,
        };
        Writer::new(job, "1", 5, "a \"quoted\" name")
    }

    const STAMP: Stamp = Stamp {
        received_ns: Some(1),
        due_ns: 2,
        sent_ns: 3,
    };

    /// Hand-made JSON must stay JSON, whatever the names and words hold.
    #[test]
    fn every_event_is_json() {
        for endpoint in [Endpoint::Chat, Endpoint::Completions] {
            for continuous in [false, true] {
                let writer = writer(endpoint, continuous);
                for event in [
                    writer.role(STAMP),
                    writer.tokens(0, 1, "say \"hi\"\\\u{1}é", STAMP),
                    writer.tokens(1, 1, "end", STAMP),
                    writer.usage(STAMP),
                ] {
                    let data = event.strip_prefix("data: ").expect("an SSE event");
                    let data = data.strip_suffix("\n\n").expect("a blank line");
                    let data: Value = serde_json::from_str(data).expect(data);
                    assert_eq!(data["model"], "a \"quoted\" name");
                    assert_eq!(data["scn"]["received_ns"], 1);
                    assert_eq!(data["scn"]["due_ns"], 2);
                    assert_eq!(data["scn"]["sent_ns"], 3);
                    let usage = continuous || data["choices"] == json!([]);
                    assert_eq!(data.get("usage").is_some(), usage, "{data}");
                }
            }
        }
    }

    #[test]
    fn a_whole_body_has_its_parts() {
        let body: Value =
            serde_json::from_str(&writer(Endpoint::Chat, false).whole("a b", true, STAMP))
                .expect("JSON");
        assert_eq!(body["choices"][0]["message"]["content"], "a b");
        assert_eq!(body["usage"]["total_tokens"], 5);
        let body = writer(Endpoint::Completions, false).whole("a b", false, STAMP);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["choices"][0]["text"], "a b");
        assert_eq!(body.get("usage"), None);
    }
}
