//! The shapes of requests, answers and errors.

use super::text::{Position, Range};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Numbers of errors, as the protocol has them.
pub mod code {
    pub const PARSE: i32 = -32700;
    pub const INVALID_REQUEST: i32 = -32600;
    pub const UNKNOWN_METHOD: i32 = -32601;
    pub const INVALID_PARAMS: i32 = -32602;
    pub const INTERNAL: i32 = -32603;
    pub const NOT_INITIALIZED: i32 = -32002;
    pub const CANCELLED: i32 = -32800;
    pub const FAILED: i32 = -32803;
}

/// Why a request has no answer.
#[derive(Debug)]
pub struct Failure {
    pub code: i32,
    pub message: String,
}

impl Failure {
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// What a request comes to.
pub type Answer = Result<Value, Failure>;

/// An answer as it is sent: much of the same has no tree of values built for it, which would take
/// twenty times the text.
pub type Written = Result<String, Failure>;

/// Parameters as their type has them.
pub fn params<T: for<'de> Deserialize<'de>>(params: Value) -> Result<T, Failure> {
    serde_json::from_value(params)
        .map_err(|error| Failure::new(code::INVALID_PARAMS, error.to_string()))
}

/// A value as the text that is sent. Errors: where it cannot be one, a fault of this server.
pub fn written(value: &impl Serialize) -> Written {
    serde_json::to_string(value).map_err(|error| Failure::new(code::INTERNAL, error.to_string()))
}

/// The message that answers a request.
pub fn response(id: &Value, answer: Written) -> String {
    match answer {
        Ok(result) => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}"),
        Err(Failure { code, message }) => {
            let error = json!({ "code": code, "message": message });
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}")
        }
    }
}

pub fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

#[derive(Deserialize)]
pub struct Named {
    pub uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    pub text_document: OpenedDocument,
}

#[derive(Deserialize)]
pub struct OpenedDocument {
    pub uri: String,
    pub version: i64,
    pub text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    pub text_document: Versioned,
    pub content_changes: Vec<Change>,
}

#[derive(Deserialize)]
pub struct Versioned {
    pub uri: String,
    pub version: i64,
}

#[derive(Deserialize)]
pub struct Change {
    pub range: Option<Range>,
    pub text: String,
}

/// A document, and nothing else that matters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Of {
    pub text_document: Named,
}

/// A place in a document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct At {
    pub text_document: Named,
    pub position: Position,
}

#[derive(Deserialize)]
pub struct References {
    #[serde(flatten)]
    pub at: At,
    pub context: ReferenceContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceContext {
    pub include_declaration: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Renamed {
    #[serde(flatten)]
    pub at: At,
    pub new_name: String,
}

/// A stretch of a document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Over {
    pub text_document: Named,
    pub range: Range,
}

/// A stretch of a document, and which kinds of actions are asked for.
#[derive(Deserialize)]
pub struct Acted {
    #[serde(flatten)]
    pub over: Over,
    pub context: ActionContext,
}

#[derive(Deserialize)]
pub struct ActionContext {
    /// Kinds with a dot between their parts; each stands for all that begin with it.
    pub only: Option<Vec<String>>,
}

impl ActionContext {
    /// Whether repairs are asked for.
    pub fn repairs(&self) -> bool {
        let only = self.only.as_deref();
        only.is_none_or(|only| {
            only.iter()
                .any(|kind| kind.is_empty() || kind == "quickfix")
        })
    }
}
