//! What may stand behind a dot.

use super::names::{Meaning, Names, Scope, Thing, What, value};
use crate::eval::FEASIBLE;
use crate::load::record::FailureClass;
use crate::report::Ending;
use crate::schema::{self, Shape};
use crate::syntax::ast::{Block, Expr, ExprKind, Item, ItemKind};

impl<'a> Names<'a> {
    /// The member of that name.
    pub fn member(
        &self,
        of: &Meaning<'a>,
        field: &str,
        scope: &Scope<'a>,
        left: usize,
    ) -> Option<Meaning<'a>> {
        // of what may have very many, all are not gone over for each that is named
        match &of.thing {
            Thing::Module(id) => {
                let known = self.top_level(*id, field)?;
                let standard = self.program.module(*id).name.starts_with("std.");
                let is_its = known.span.is_some() || standard;
                return (is_its && !matches!(known.thing, Thing::Module(_))).then_some(known);
            }
            Thing::Case if field != FEASIBLE => {
                let local = scope.locals.get(field)?;
                return (is(local, "phase") || is(local, "server")).then(|| local.clone());
            }
            _ => {}
        }
        let mut members = self.members_within(of, scope, left).into_iter();
        members.find(|member| member.name == field)
    }

    /// Everything that a dot leads to.
    pub fn members(&self, of: &Meaning<'a>, scope: &Scope<'a>) -> Vec<Meaning<'a>> {
        self.members_within(of, scope, 16)
    }

    fn members_within(&self, of: &Meaning<'a>, scope: &Scope<'a>, left: usize) -> Vec<Meaning<'a>> {
        let stats = |names: &'static [&'static str]| {
            let stats = names
                .iter()
                .map(|name| Meaning::new(name, Thing::Stat(name)));
            stats.collect()
        };
        match &of.thing {
            Thing::Module(id) => {
                let all = self.module(*id).into_iter();
                all.filter(|one| !matches!(one.thing, Thing::Module(_)))
                    .collect()
            }
            Thing::Value { what, expr, module } => {
                let scope = match what {
                    What::Axis | What::Loop | What::Let => scope.clone(),
                    What::Param | What::Attribute => Scope::of(*module),
                };
                self.of_value(*what, expr, &scope, left)
            }
            Thing::Block { block, module } => match block.kind.text.as_str() {
                "phase" => {
                    let loads = self.bodies(block, *module).filter_map(|(module, item)| {
                        self.defined(module, item)
                            .filter(|meaning| is(meaning, "load"))
                    });
                    loads.chain(metrics()).collect()
                }
                "load" => metrics().collect(),
                "server" => self.of_server(block, scope, *module),
                _ => self.of_block(block, *module),
            },
            Thing::Case => {
                let measured = |one: &&Meaning<'a>| is(one, "phase") || is(one, "server");
                let feasible = Meaning::new(FEASIBLE, Thing::Implicit(FEASIBLE));
                let all = scope.locals.values().filter(measured).cloned();
                all.chain([feasible]).collect()
            }
            Thing::Implicit("case") => ["name", "scenario", "gpus", "price", FEASIBLE]
                .into_iter()
                .chain(Ending::ALL.map(Ending::name))
                .map(|name| Meaning::new(name, Thing::Implicit(name)))
                .collect(),
            Thing::Metric(metric) if metric.shape == Shape::Distribution => {
                stats(schema::DISTRIBUTION_STATS)
            }
            Thing::Series(_) | Thing::EngineMetric(_) => stats(schema::SERIES_STATS),
            Thing::Failures => FailureClass::ALL
                .map(|class| Meaning::new(class.name(), Thing::FailureClass))
                .into(),
            Thing::Roles(roles) => {
                let roles = roles.iter().filter_map(|(item, block)| {
                    let name = block.name.as_ref()?;
                    Some(Meaning::new(&name.text, Thing::Role).at(name, Some(item)))
                });
                roles.collect()
            }
            Thing::Role => {
                let memory = |name: &str| {
                    let of_role = name.starts_with("memory") || matches!(name, "pss" | "uss");
                    of_role.then(|| schema::server_series(name)).flatten()
                };
                let series = schema::SERVER_SERIES.iter();
                let series = series.filter_map(|series| memory(series.name));
                series
                    .map(|series| Meaning::new(series.name, Thing::Series(series)))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn of_value(
        &self,
        what: What,
        expr: &'a Expr,
        scope: &Scope<'a>,
        left: usize,
    ) -> Vec<Meaning<'a>> {
        let Some(left) = left.checked_sub(1) else {
            return Vec::new();
        };
        match &expr.kind {
            // of an axis and of a loop, one of its values is meant
            ExprKind::List(items) if matches!(what, What::Axis | What::Loop) => {
                let first = items.first();
                first.map_or_else(Vec::new, |first| {
                    self.of_value(What::Let, first, scope, left)
                })
            }
            ExprKind::If { then, .. } => self.of_value(what, then, scope, left),
            ExprKind::Record(fields) => {
                let fields = fields.iter().map(|field| {
                    let thing = value(What::Attribute, &field.value, scope.module);
                    Meaning::new(&field.key.text, thing).at(&field.key, None)
                });
                fields.collect()
            }
            _ => match self.expr_within(expr, scope, left) {
                Some(meaning) => self.members_within(&meaning, scope, left),
                None => Vec::new(),
            },
        }
    }

    /// Attributes and nameless blocks: those that are set, then those that may be.
    fn of_block(&self, block: &'a Block, module: crate::resolve::ModuleId) -> Vec<Meaning<'a>> {
        let mut all: Vec<Meaning<'a>> = Vec::new();
        for (module, item) in self.bodies(block, module) {
            let meaning = match &item.kind {
                ItemKind::Attr(attr) => {
                    let thing = value(What::Attribute, &attr.value, module);
                    Meaning::new(&attr.name.text, thing).at(&attr.name, Some(item))
                }
                ItemKind::Block(block) if block.name.is_none() => {
                    let thing = Thing::Block { block, module };
                    Meaning::new(&block.kind.text, thing).at(&block.kind, Some(item))
                }
                _ => continue,
            };
            if !all.iter().any(|known| known.name == meaning.name) {
                all.push(meaning);
            }
        }
        if let Some(kind) = schema::kind(&block.kind.text) {
            for attribute in kind.attributes {
                if !all.iter().any(|known| known.name == attribute.name) {
                    all.push(Meaning::new(attribute.name, Thing::Unread));
                }
            }
        }
        all
    }

    fn of_server(
        &self,
        block: &'a Block,
        scope: &Scope<'a>,
        module: crate::resolve::ModuleId,
    ) -> Vec<Meaning<'a>> {
        let series = schema::SERVER_SERIES.iter();
        let mut all: Vec<Meaning<'a>> = series
            .map(|series| Meaning::new(series.name, Thing::Series(series)))
            .collect();
        let mut roles = Vec::new();
        for (item, inner) in self.of_engine(block, scope, module) {
            let Some(name) = &inner.name else { continue };
            match inner.kind.text.as_str() {
                "metric" => {
                    let thing = Thing::EngineMetric(inner);
                    all.push(Meaning::new(&name.text, thing).at(name, Some(item)));
                }
                "role" => roles.push((item, inner)),
                _ => {}
            }
        }
        all.push(Meaning::new("roles", Thing::Roles(roles)));
        all
    }

    /// The named blocks of a server's engine: options, metrics, roles.
    pub fn of_engine(
        &self,
        server: &'a Block,
        scope: &Scope<'a>,
        module: crate::resolve::ModuleId,
    ) -> Vec<(&'a Item, &'a Block)> {
        let engine = self
            .bodies(server, module)
            .find_map(|(module, item)| match &item.kind {
                ItemKind::Attr(attr) if attr.name.text == "engine" => Some((module, &attr.value)),
                _ => None,
            });
        let Some((module, expr)) = engine else {
            return Vec::new();
        };
        let inner = Scope {
            module,
            ..scope.clone()
        };
        let Some(mut meaning) = self.expr(expr, &inner) else {
            return Vec::new();
        };
        // an axis of engines: the first of them
        if let Thing::Value { expr, .. } = &meaning.thing {
            let expr = match &expr.kind {
                ExprKind::List(items) => items.first(),
                _ => Some(*expr),
            };
            let Some(first) = expr.and_then(|expr| self.expr(expr, &inner)) else {
                return Vec::new();
            };
            meaning = first;
        }
        let Thing::Block { block, module } = meaning.thing else {
            return Vec::new();
        };
        let bodies = self.bodies(block, module);
        let blocks = bodies.filter_map(|(_, item)| match &item.kind {
            ItemKind::Block(block) if block.name.is_some() => Some((item, block)),
            _ => None,
        });
        blocks.collect()
    }
}

fn is(meaning: &Meaning<'_>, kind: &str) -> bool {
    matches!(&meaning.thing, Thing::Block { block, .. } if block.kind.text == kind)
}

fn metrics<'a>() -> impl Iterator<Item = Meaning<'a>> {
    let metrics = schema::PHASE_METRICS.iter();
    metrics
        .map(|metric| Meaning::new(metric.name, Thing::Metric(metric)))
        .chain([Meaning::new("failures", Thing::Failures)])
}
