//! What may stand where a name does, by the schema.

use crate::schema::{self, Type};

/// What may stand where a name does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Due {
    /// A text among others: a name may have been one without its quotes.
    Anything,
    /// A value that is no text as it stands.
    Value,
    /// What has fields, of which one is read.
    Fields,
    /// A block of this kind.
    Block(&'static str),
}

impl Due {
    pub(super) fn of(ty: Type) -> Self {
        match ty {
            Type::Block(kind) => Self::Block(kind),
            Type::List(of) | Type::Many(of) => Self::of(*of),
            Type::Drawn(of) | Type::Ramped(of) => Self::of(*of),
            Type::Bool | Type::Int(_) | Type::Quantity(_) | Type::Count(_) | Type::Ratio => {
                Self::Value
            }
            _ => Self::Anything,
        }
    }

    /// Of an argument of a builtin, which is given by its place or its name; those that say of which
    /// time a series is read are phases.
    pub(super) fn of_argument(function: &str, at: usize, name: Option<&str>) -> Self {
        let builtin = schema::builtin(function);
        let parameters = builtin.map_or(&[][..], |builtin| builtin.parameters);
        let name = name.or_else(|| parameters.get(at).copied());
        let of_series = builtin.is_none() || parameters.first() == Some(&"series");
        match (function, name) {
            (_, Some("from" | "to" | "during")) if of_series => Self::Block("phase"),
            ("fit", _) => Self::Block("server"),
            _ => Self::Anything,
        }
    }
}

/// How an axis of the matrix around is told from its blocks.
pub(super) const AXIS: &str = "axis";
