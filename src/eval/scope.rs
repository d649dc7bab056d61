//! Names in scope: layers of local names over the names of a module.

use super::value::{Handle, Value};
use crate::report::Ending;
use crate::resolve::{Flat, FlatAttr, ModuleId};
use crate::syntax::ast::Expr;
use std::collections::HashMap;
use std::sync::Arc;

/// Where an expression looks its names up: the innermost layer first, its module last.
#[derive(Debug, Clone)]
pub struct Scope {
    pub module: ModuleId,
    layers: Arc<Vec<Arc<Layer>>>,
}

/// Names that a block, a case or a comprehension adds.
#[derive(Debug, Default)]
pub struct Layer {
    /// Layers of the same names share them; what is read in one is not what is read in another.
    pub names: Arc<HashMap<String, Binding>>,
    /// There may be more of them, of which nothing is known: those are silent.
    pub open: bool,
}

#[derive(Debug, Clone)]
pub enum Binding {
    Value(Value),
    /// The case at hand, with these fields. It is made into a value when it is read: there is one in
    /// each of many cases.
    Case(Arc<[(&'static str, Value)]>),
    /// Evaluated when it is read, in the scope of the layer that holds it.
    Lazy {
        expr: Arc<Expr>,
        module: ModuleId,
    },
    Block(Arc<Flat>),
    /// Has no value at this place; what to do about it.
    Unset(&'static str),
}

impl Binding {
    /// The value that it has without being evaluated.
    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Case(fields) => {
                let known = fields.iter();
                let known = known.map(|(name, value)| (name.to_string(), value.clone()));
                let ending = |word: Ending| {
                    let value = Value::Handle(Handle::Ending(word));
                    (word.name().to_string(), value)
                };
                Some(Value::record(known.chain(Ending::ALL.map(ending))))
            }
            Self::Lazy { .. } | Self::Block(_) | Self::Unset(_) => None,
        }
    }
}

impl Scope {
    /// A module's own names only.
    pub fn of(module: ModuleId) -> Self {
        Self {
            module,
            layers: Arc::new(Vec::new()),
        }
    }

    /// The same layers, seen from an expression of another module.
    pub fn in_module(&self, module: ModuleId) -> Self {
        Self {
            module,
            layers: self.layers.clone(),
        }
    }

    /// With one more layer inside.
    pub fn with(&self, layer: Arc<Layer>) -> Self {
        let mut layers = self.layers.as_ref().clone();
        layers.push(layer);
        Self {
            module: self.module,
            layers: Arc::new(layers),
        }
    }

    /// With one more name inside.
    pub fn with_value(&self, name: &str, value: Value) -> Self {
        self.with(Arc::new(Layer::of([(name, value)])))
    }

    /// With a block's own `let`s inside.
    pub fn inside(&self, flat: &Flat) -> Self {
        if flat.lets.is_empty() {
            return self.clone();
        }
        let lazy = |(name, attr): (&String, &Arc<FlatAttr>)| {
            let binding = Binding::Lazy {
                expr: attr.expr.clone(),
                module: attr.module,
            };
            (name.clone(), binding)
        };
        self.with(Arc::new(Layer {
            names: Arc::new(flat.lets.iter().map(lazy).collect()),
            open: false,
        }))
    }

    /// With names inside that have no value here.
    pub fn without(&self, names: &[&str], why: &'static str) -> Self {
        if names.is_empty() {
            return self.clone();
        }
        let unset = |name: &&str| (name.to_string(), Binding::Unset(why));
        self.with(Arc::new(Layer {
            names: Arc::new(names.iter().map(unset).collect()),
            open: false,
        }))
    }

    /// The same names, and another `case` where there is one.
    pub fn with_case(&self, case: &Binding) -> Self {
        let has = |layer: &Arc<Layer>| matches!(layer.names.get("case"), Some(Binding::Case(_)));
        let Some(at) = self.layers.iter().position(has) else {
            return self.clone();
        };
        // layers of their own: what was evaluated in the others may have read the other case
        let own = |(index, layer): (usize, &Arc<Layer>)| {
            let mut names = layer.names.clone();
            if index == at {
                let names: &mut HashMap<_, _> = Arc::make_mut(&mut names);
                names.insert("case".to_string(), case.clone());
            }
            let open = layer.open;
            Arc::new(Layer { names, open })
        };
        let inner = self.layers.iter().enumerate().skip(at).map(own);
        let layers = self.layers[..at].iter().cloned().chain(inner);
        Self {
            module: self.module,
            layers: Arc::new(layers.collect()),
        }
    }

    /// With more values inside.
    pub fn with_values<'a>(&self, values: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let layer = Layer::of(values);
        match layer.names.is_empty() {
            true => self.clone(),
            false => self.with(Arc::new(layer)),
        }
    }

    /// The local binding of a name, and the scope that its expression is read in.
    pub(super) fn find(&self, name: &str) -> Option<(&Binding, Scope)> {
        let (index, binding) = self
            .layers
            .iter()
            .enumerate()
            .rev()
            .find_map(|(i, layer)| Some((i, layer.names.get(name)?)))?;
        let module = match binding {
            Binding::Lazy { module, .. } => *module,
            Binding::Block(flat) => flat.module,
            Binding::Value(_) | Binding::Case(_) | Binding::Unset(_) => self.module,
        };
        let scope = match binding {
            Binding::Value(_) | Binding::Case(_) | Binding::Unset(_) => self.clone(),
            _ => Scope {
                module,
                layers: Arc::new(self.layers[..=index].to_vec()),
            },
        };
        Some((binding, scope))
    }

    /// Whether both have the same layers but for so many of the inner ones.
    pub(super) fn same_but(&self, other: &Self, inner: usize) -> bool {
        let outer = self.layers.len().saturating_sub(inner);
        let mut pairs = self.layers.iter().zip(other.layers.iter()).take(outer);
        self.module == other.module
            && self.layers.len() == other.layers.len()
            && pairs.all(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// Whether a local name is called so.
    pub fn has(&self, name: &str) -> bool {
        let mut layers = self.layers.iter();
        layers.any(|layer| layer.names.contains_key(name))
    }

    /// Whether there may be names of which nothing is known.
    pub(super) fn is_open(&self) -> bool {
        self.layers.iter().any(|layer| layer.open)
    }

    /// The layer that holds a name, for memoising.
    pub(super) fn holder(&self, name: &str) -> Option<Arc<Layer>> {
        self.layers
            .iter()
            .rev()
            .find(|layer| layer.names.contains_key(name))
            .cloned()
    }
}

impl Layer {
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let bound = |(name, value): (&str, Value)| (name.to_string(), Binding::Value(value));
        Self {
            names: Arc::new(values.into_iter().map(bound).collect()),
            open: false,
        }
    }
}
