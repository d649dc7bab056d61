//! Requests in the words of OpenAI's API, checked as vLLM checks them. Pure.

use super::error::ApiError;
use crate::sim::{self, Dice};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Which of the two completion endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    Chat,
    Completions,
}

/// What the engine declares about itself, as far as a request can break it.
#[derive(Debug, Clone)]
pub struct Limits {
    pub model: String,
    /// Most tokens of prompt and answer together.
    pub context: u64,
    /// Tokens of an answer to a request without a limit.
    pub answer_tokens: u64,
    pub image_tokens: u64,
    pub audio_tokens: u64,
    pub video_tokens: u64,
    /// Tokens of a block of KV cache; 0 where there is none.
    pub block: u32,
}

/// A request that can be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub endpoint: Endpoint,
    pub prompt_tokens: u64,
    /// A fingerprint of the prompt.
    pub prompt: u64,
    pub images: u64,
    /// What its leading blocks of KV cache hold.
    pub prefix: Vec<u64>,
    /// Tokens that the answer will have; at least one.
    pub tokens: u64,
    /// `length` or `stop`.
    pub finish_reason: &'static str,
    pub stream: bool,
    pub include_usage: bool,
    pub continuous_usage: bool,
}

/// Reads a request's body.
pub fn read(endpoint: Endpoint, body: &[u8], limits: &Limits) -> Result<Job, ApiError> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|problem| ApiError::invalid("json", format!("JSON decode error: {problem}")))?;
    let Value::Object(fields) = body else {
        return Err(ApiError::invalid("json", "the body must be a JSON object"));
    };
    let fields = Fields(&fields);
    if let Some(name) = fields.text("model")?
        && name != limits.model
    {
        return Err(ApiError::no_model(name));
    }
    refuse_unsupported(fields)?;

    let mut prompt = Prompt::new(limits.block);
    match endpoint {
        Endpoint::Chat => chat(fields, &mut prompt)?,
        Endpoint::Completions => completion(fields, &mut prompt)?,
    }
    let prompt_tokens = u64::from(prompt.tokens.tokens())
        + prompt.images * limits.image_tokens
        + prompt.clips * limits.audio_tokens
        + prompt.videos * limits.video_tokens;
    let (tokens, finish_reason) = answer_tokens(fields, prompt_tokens, limits)?;

    let stream = fields.flag("stream")?;
    let options = fields.object("stream_options")?;
    if options.is_some() && !stream {
        return Err(ApiError::bad_request(
            "stream_options",
            "Stream options can only be defined when `stream=True`.",
        ));
    }
    let include_usage = match options {
        Some(options) => options.flag("include_usage")?,
        None => false,
    };
    let continuous_usage = match options {
        Some(options) => options.flag("continuous_usage_stats")? && include_usage,
        None => false,
    };
    Ok(Job {
        endpoint,
        prompt_tokens,
        prompt: prompt.dice.number(),
        images: prompt.images,
        prefix: prompt.tokens.into_prefix(),
        tokens,
        finish_reason,
        stream,
        include_usage,
        continuous_usage,
    })
}

/// What would change the answer's form, and is not offered.
fn refuse_unsupported(fields: Fields) -> Result<(), ApiError> {
    let no = |param, what: &str| {
        let message = format!("the built-in engine does not offer {what}");
        Err(ApiError::bad_request(param, message))
    };
    for param in ["n", "best_of"] {
        match fields.count(param)? {
            None | Some(1) => {}
            Some(_) => return no(param, "several answers to one request"),
        }
    }
    if fields.truthy("logprobs") || fields.truthy("prompt_logprobs") {
        return no("logprobs", "log probabilities");
    }
    if fields.truthy("echo") {
        return no("echo", "an echo of the prompt");
    }
    match fields.get("tool_choice") {
        None => Ok(()),
        Some(Value::String(choice)) if choice == "auto" || choice == "none" => Ok(()),
        Some(_) => no("tool_choice", "forced tool calls"),
    }
}

/// How many tokens the answer has, and why it ends there.
fn answer_tokens(
    fields: Fields,
    prompt_tokens: u64,
    limits: &Limits,
) -> Result<(u64, &'static str), ApiError> {
    let room = limits.context.saturating_sub(prompt_tokens);
    if room == 0 {
        return Err(ApiError::bad_request(
            "input_tokens",
            format!(
                "This model's maximum context length is {} tokens. However, your prompt contains \
                 {prompt_tokens} input tokens, which leaves no room for an answer. Please reduce \
                 the length of the input prompt.",
                limits.context
            ),
        ));
    }
    let (name, limit) = match fields.count("max_completion_tokens")? {
        Some(limit) => ("max_completion_tokens", Some(limit)),
        None => ("max_tokens", fields.count("max_tokens")?),
    };
    match limit {
        Some(0) => Err(ApiError::bad_request(
            name,
            format!("{name} must be at least 1, got 0."),
        )),
        Some(limit) if limit > room => Err(ApiError::bad_request(
            name,
            format!(
                "'{name}' is too large: {limit}. This model's maximum context length is {} tokens \
                 and your request has {prompt_tokens} input tokens ({limit} > {} - {prompt_tokens}).",
                limits.context, limits.context
            ),
        )),
        Some(limit) => Ok((limit, "length")),
        None if fields.flag("ignore_eos")? => Ok((room, "length")),
        None if limits.answer_tokens >= room => Ok((room, "length")),
        None => Ok((limits.answer_tokens, "stop")),
    }
}

/// A prompt's tokens, counted, and its fingerprint.
struct Prompt {
    tokens: sim::Prompt,
    images: u64,
    clips: u64,
    videos: u64,
    dice: Dice,
}

impl Prompt {
    fn new(block: u32) -> Self {
        Self {
            tokens: sim::Prompt::new(block),
            images: 0,
            clips: 0,
            videos: 0,
            dice: Dice::new(0, "prompt"),
        }
    }

    fn text(&mut self, text: &str) {
        self.tokens.text(text);
        self.dice = self.dice.text(text);
    }

    /// Something that is no text, by its URL; `param` is its part's type.
    fn media(&mut self, param: &str, url: &str) -> Result<(), ApiError> {
        let kind = param.strip_suffix("_url").unwrap_or(param);
        let problem = |what: String| Err(ApiError::bad_request(param, what));
        if let Some(data) = url.strip_prefix("data:") {
            match data.split_once(";base64,") {
                Some((own, data)) if own.split('/').next() == Some(kind) => {
                    if data.is_empty() || STANDARD.decode(data).is_err() {
                        return problem(format!("Failed to load {kind}: its data is not base64"));
                    }
                }
                _ => {
                    return problem(format!("the data URL of {kind} is data:{kind}/…;base64,…"));
                }
            }
        } else if !url.starts_with("http://") && !url.starts_with("https://") {
            return problem("The URL must be either a HTTP, data or file URL.".into());
        }
        match kind {
            "audio" => self.clips += 1,
            "video" => self.videos += 1,
            _ => self.images += 1,
        }
        self.dice = self.dice.text(url);
        Ok(())
    }

    fn input_audio(&mut self, part: &Value) -> Result<(), ApiError> {
        let text = |name: &str| part.pointer(&format!("/input_audio/{name}"))?.as_str();
        let (Some(data), Some(_)) = (text("data"), text("format")) else {
            let missing = "Field required: input_audio.data and input_audio.format";
            return Err(ApiError::invalid("messages.content", missing));
        };
        if data.is_empty() || STANDARD.decode(data).is_err() {
            let problem = "Failed to load audio: its data is not base64";
            return Err(ApiError::bad_request("input_audio", problem));
        }
        self.clips += 1;
        self.dice = self.dice.text(data);
        Ok(())
    }
}

fn chat(fields: Fields, prompt: &mut Prompt) -> Result<(), ApiError> {
    let messages = match fields.get("messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        Some(Value::Array(_)) => {
            return Err(ApiError::bad_request("messages", "there is no message"));
        }
        Some(_) => return Err(ApiError::invalid("messages", "messages must be a list")),
        None => return Err(ApiError::invalid("messages", "Field required: messages")),
    };
    for message in messages {
        let Value::Object(message) = message else {
            return Err(ApiError::invalid("messages", "a message is an object"));
        };
        let message = Fields(message);
        if message.text("role")?.is_none() {
            return Err(ApiError::invalid("messages.role", "Field required: role"));
        }
        match message.get("content") {
            None => {}
            Some(Value::String(text)) => prompt.text(text),
            Some(Value::Array(parts)) => parts.iter().try_for_each(|p| part(p, prompt))?,
            Some(_) => {
                let problem = "content is a text or a list of parts";
                return Err(ApiError::invalid("messages.content", problem));
            }
        }
    }
    Ok(())
}

fn part(part: &Value, prompt: &mut Prompt) -> Result<(), ApiError> {
    let missing = |what: &str| Err(ApiError::invalid("messages.content", what));
    match part.get("type").and_then(Value::as_str) {
        Some("text") => match part.get("text").and_then(Value::as_str) {
            Some(text) => prompt.text(text),
            None => return missing("Field required: text"),
        },
        Some("input_audio") => prompt.input_audio(part)?,
        Some(kind @ ("image_url" | "audio_url" | "video_url")) => {
            match part
                .pointer(&format!("/{kind}/url"))
                .and_then(Value::as_str)
            {
                Some(url) => prompt.media(kind, url)?,
                None => return missing(&format!("Field required: {kind}.url")),
            }
        }
        Some(kind) => {
            return Err(ApiError::bad_request(
                "messages",
                format!(
                    "the built-in engine takes parts of type text, image_url, input_audio, audio_url and video_url, not {kind}"
                ),
            ));
        }
        None => return missing("Field required: type"),
    }
    Ok(())
}

fn completion(fields: Fields, prompt: &mut Prompt) -> Result<(), ApiError> {
    match fields.get("prompt") {
        Some(Value::String(text)) => prompt.text(text),
        Some(Value::Array(ids)) if !ids.is_empty() => {
            for id in ids {
                match id.as_u64() {
                    Some(id) => {
                        prompt.dice = prompt.dice.roll(id);
                        prompt.tokens.id(id);
                    }
                    None => {
                        return Err(ApiError::bad_request(
                            "prompt",
                            "the built-in engine takes one prompt at a time: a text, or a list of \
                             token ids that are whole numbers",
                        ));
                    }
                }
            }
        }
        Some(Value::Array(_)) => {
            return Err(ApiError::bad_request("prompt", "the prompt is empty"));
        }
        Some(_) => {
            let problem = "prompt is a text or a list of token ids";
            return Err(ApiError::invalid("prompt", problem));
        }
        None => return Err(ApiError::invalid("prompt", "Field required: prompt")),
    }
    Ok(())
}

/// The fields of a JSON object; null is the same as absent, as in vLLM.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::invalid(name, format!("{name} must be a text"))),
        }
    }

    fn flag(self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(ApiError::invalid(
                name,
                format!("{name} must be true or false"),
            )),
        }
    }

    fn count(self, name: &str) -> Result<Option<u64>, ApiError> {
        let wrong = || ApiError::invalid(name, format!("{name} must be a whole number"));
        match self.get(name) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(wrong),
        }
    }

    fn object(self, name: &str) -> Result<Option<Fields<'a>>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Fields(fields))),
            Some(_) => Err(ApiError::invalid(name, format!("{name} must be an object"))),
        }
    }

    /// Given, and neither false nor 0.
    fn truthy(self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| *value != Value::Bool(false) && value.as_f64() != Some(0.0))
    }
}

#[cfg(test)]
#[path = "openai_tests.rs"]
mod tests;
