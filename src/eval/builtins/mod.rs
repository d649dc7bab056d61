//! The builtin functions: how a call is put to its parameters.

mod apply;
mod extreme;
mod unmeasured;
mod vain_words;
mod words;

use super::{Evaluator, Handle, Value};
use crate::check::nearest;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema::{self, Builtin};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, Ident};
use std::sync::Arc;

/// Arguments by parameter, in the order of the builtin's parameters.
#[derive(Clone)]
pub(super) struct Bound<'e> {
    pub values: Vec<Option<(Value, &'e Expr)>>,
    pub rest: Vec<(Value, &'e Expr)>,
    pub span: Span,
}

impl<'e> Bound<'e> {
    pub(super) fn value(&self, index: usize) -> &Value {
        self.values
            .get(index)
            .and_then(Option::as_ref)
            .map_or(&Value::None, |(value, _)| value)
    }

    /// The first argument.
    pub(super) fn first(&self) -> Option<&(Value, &'e Expr)> {
        self.values.first().and_then(Option::as_ref)
    }

    pub(super) fn expr(&self, index: usize) -> Option<&'e Expr> {
        self.values
            .get(index)
            .and_then(Option::as_ref)
            .map(|(_, expr)| *expr)
    }

    /// The other case that an argument is of, if any.
    fn case(&self) -> Option<Arc<str>> {
        self.values
            .iter()
            .flatten()
            .find_map(|(value, _)| match value {
                Value::Handle(Handle::Of { case, .. }) => Some(case.clone()),
                _ => None,
            })
    }

    /// Takes all arguments for those of one case; whether they are.
    fn take_case(&mut self, one: &str) -> bool {
        self.values.iter_mut().flatten().all(|(value, _)| {
            if let Value::Handle(Handle::Of { case, of }) = value {
                if case.as_ref() != one {
                    return false;
                }
                *value = Value::Handle((**of).clone());
            }
            true
        })
    }

    pub(super) fn span(&self, index: usize) -> Span {
        self.expr(index).map_or(self.span, |expr| expr.span)
    }
}

impl Evaluator<'_> {
    pub(super) fn call(&self, function: &Ident, args: &[(&Arg, Value)], span: Span) -> Value {
        // an unknown function is the checker's to report
        let Some(builtin) = schema::builtin(&function.text) else {
            return Value::Error;
        };
        if builtin.name == "at" {
            return self.at(args, span);
        }
        let Some(mut bound) = self.bind(builtin, args, span) else {
            return Value::Error;
        };
        if let Some(case) = bound.case() {
            return match bound.take_case(&case) {
                true => self.in_case(&case, || self.apply_all(builtin, &bound, span)),
                false => {
                    let message = format!("`{}` reads one case, not several", builtin.name);
                    self.report(
                        Diagnostic::error(codes::BAD_ARGUMENT, span, message)
                            .help("name its phases without `at`: they are of the same case"),
                    );
                    Value::Error
                }
            };
        }
        self.apply_all(builtin, &bound, span)
    }

    fn apply_all(&self, builtin: &Builtin, bound: &Bound<'_>, span: Span) -> Value {
        let all = bound.values.iter().flatten().chain(&bound.rest);
        if all.clone().any(|(value, _)| matches!(value, Value::Error)) {
            return Value::Error;
        }
        if let Some((Value::Unavailable(reason), _)) = all
            .clone()
            .find(|(v, _)| matches!(v, Value::Unavailable(_)))
        {
            return Value::Unavailable(reason.clone());
        }
        if let Some(value) = self.measuring(builtin.name, bound) {
            return value;
        }
        for (value, expr) in all.clone() {
            if let Some(error) = self.not_a_figure(value, expr) {
                return error;
            }
        }
        if all
            .clone()
            .any(|(value, _)| matches!(value, Value::Unknown(_)))
        {
            return self.unmeasured(builtin, bound);
        }
        self.apply(builtin, bound, span)
    }

    /// Puts arguments to parameters; `None` after what is wrong has been reported.
    fn bind<'e>(
        &self,
        builtin: &Builtin,
        args: &[(&'e Arg, Value)],
        span: Span,
    ) -> Option<Bound<'e>> {
        let mut bound = Bound {
            values: vec![None; builtin.parameters.len()],
            rest: Vec::new(),
            span,
        };
        let found = |span, message: String| {
            Diagnostic::error(codes::BAD_ARGUMENT, span, message)
                .help(format!("it is called as {}", builtin.signature))
        };
        let wrong = |span, message: String| self.report(found(span, message));
        let mut next = 0;
        for (arg, value) in args {
            let index = match &arg.name {
                Some(name) => match builtin.parameters.iter().position(|p| *p == name.text) {
                    Some(index) => index,
                    None => {
                        let message =
                            format!("`{}` has no parameter `{}`", builtin.name, name.text);
                        let found = found(name.span, message);
                        let free = (builtin.parameters.iter().zip(&bound.values))
                            .filter(|(_, value)| value.is_none());
                        let free = free.map(|(parameter, _)| *parameter);
                        self.report(match nearest(&name.text, free) {
                            Some(near) => found.help(format!("did you mean `{near}`?")).fix(
                                "the nearest parameter",
                                name.span,
                                near,
                                false,
                            ),
                            None => found,
                        });
                        return None;
                    }
                },
                None if builtin.variadic => {
                    bound.rest.push((value.clone(), &arg.value));
                    continue;
                }
                None => {
                    next += 1;
                    next - 1
                }
            };
            match bound.values.get_mut(index) {
                Some(slot @ None) => *slot = Some((value.clone(), &arg.value)),
                _ => {
                    wrong(
                        arg.value.span,
                        format!("`{}` takes no argument here", builtin.name),
                    );
                    return None;
                }
            }
        }
        let given = if builtin.variadic {
            bound.rest.len()
        } else {
            bound.values.iter().take_while(|v| v.is_some()).count()
        };
        if given < builtin.required {
            wrong(
                span,
                format!(
                    "`{}` needs {} argument{}, {given} given",
                    builtin.name,
                    builtin.required,
                    if builtin.required == 1 { "" } else { "s" }
                ),
            );
            return None;
        }
        Some(bound)
    }

    /// Reports one text where a list of them is due.
    fn one_word(&self, builtin: &Builtin, bound: &Bound<'_>) -> Value {
        let span = bound.span(1);
        let list = format!("[{}]", self.program.sources.text(span));
        let message = format!(
            "`{}` takes a list of texts as `{}`, this is a text",
            builtin.name, builtin.parameters[1]
        );
        let found = Diagnostic::error(codes::BAD_ARGUMENT, span, message);
        self.report(found.help(format!("write a list of one: {list}")).fix(
            "put it in brackets",
            span,
            list,
            false,
        ));
        Value::Error
    }

    /// Reports an argument that is not what the builtin needs there.
    fn wrong_argument(
        &self,
        builtin: &Builtin,
        bound: &Bound<'_>,
        index: usize,
        needs: &str,
    ) -> Value {
        let parameter = builtin.parameters.get(index).copied().unwrap_or("it");
        let message = format!(
            "`{}` takes {needs} as `{parameter}`, this is {}",
            builtin.name,
            bound.value(index).describe()
        );
        let found = Diagnostic::error(codes::BAD_ARGUMENT, bound.span(index), message)
            .help(format!("it is called as {}", builtin.signature));
        let listed = needs.starts_with("a list of texts");
        let text = listed || needs.starts_with("a text") || needs.starts_with("a pattern");
        self.report(match bound.expr(index).filter(|_| text) {
            Some(expr) => self.with_text(found, (bound.value(index), expr), listed),
            None => found,
        });
        Value::Error
    }
}
