//! Errors as vLLM's API words them. Pure.

use super::room::Refusal;
use crate::sim::Resource;
use serde_json::{Value, json};

/// One error answer; `body` gives its JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    pub status: u16,
    pub kind: &'static str,
    pub message: String,
    pub param: Option<String>,
}

impl ApiError {
    /// 400: the request's shape or values are wrong.
    pub fn bad_request(param: &str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "BadRequestError",
            message: message.into(),
            param: Some(param.to_string()),
        }
    }

    /// 400: a field is missing or of the wrong type, as vLLM's validation says it.
    pub fn invalid(param: &str, message: impl std::fmt::Display) -> Self {
        Self {
            status: 400,
            kind: "Bad Request",
            message: format!("1 validation error:\n  {message}"),
            param: Some(format!("body.{param}")),
        }
    }

    /// 400: a request that the simulated server could never work on.
    pub fn too_large(resource: Resource) -> Self {
        Self {
            status: 400,
            kind: "BadRequestError",
            message: format!("the request needs more {resource} than there are"),
            param: None,
        }
    }

    /// Why the simulated server does not answer a request.
    pub fn simulated(why: Refusal) -> Self {
        match why {
            Refusal::Needs(resource) => Self::too_large(resource),
            Refusal::Status(status) => Self {
                message: "no worker is there: it has crashed on purpose".into(),
                ..Self::declared(status)
            },
            Refusal::Lost => Self {
                message: "the worker that had the request has crashed on purpose".into(),
                ..Self::declared(500)
            },
        }
    }

    /// 404: a model that is not served.
    pub fn no_model(name: &str) -> Self {
        Self {
            status: 404,
            kind: "NotFoundError",
            message: format!("The model `{name}` does not exist."),
            param: Some("model".into()),
        }
    }

    /// What the web framework itself answers: an unknown path, a wrong method, a huge body.
    pub fn http(status: u16, phrase: &'static str) -> Self {
        Self {
            status,
            kind: phrase,
            message: phrase.into(),
            param: None,
        }
    }

    /// 503 until the engine is ready.
    pub fn not_ready() -> Self {
        Self {
            status: 503,
            kind: "ServiceUnavailable",
            message: "the engine is not ready (--ready-after or --never-ready)".into(),
            param: None,
        }
    }

    /// The refusal that was declared with `--fail-rate`.
    pub fn declared(status: u16) -> Self {
        Self {
            status,
            kind: if status < 500 {
                "BadRequestError"
            } else {
                "InternalServerError"
            },
            message: "refused on purpose (--fail-rate)".into(),
            param: None,
        }
    }

    pub fn body(&self) -> Value {
        json!({ "error": {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.status,
        }})
    }
}
