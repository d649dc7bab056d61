//! Whether two trees say the same, wherever it stands in their texts.

use crate::syntax::ast::*;

pub fn ast(a: &Ast, b: &Ast) -> bool {
    a.doc == b.doc && items(&a.items, &b.items)
}

fn all<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn both<T>(a: Option<&T>, b: Option<&T>, same: impl Fn(&T, &T) -> bool) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}

fn ident(a: &Ident, b: &Ident) -> bool {
    a.text == b.text
}

fn path(a: &Path, b: &Path) -> bool {
    all(&a.parts, &b.parts, ident)
}

fn items(a: &[Item], b: &[Item]) -> bool {
    all(a, b, item)
}

fn item(a: &Item, b: &Item) -> bool {
    use ItemKind::*;
    let kinds = match (&a.kind, &b.kind) {
        (Use(a), Use(b)) => {
            target(&a.target, &b.target) && both(a.alias.as_ref(), b.alias.as_ref(), ident)
        }
        (Param(a), Param(b)) | (Let(a), Let(b)) => {
            ident(&a.name, &b.name) && expr(&a.value, &b.value)
        }
        (Attr(a), Attr(b)) => ident(&a.name, &b.name) && expr(&a.value, &b.value),
        (Block(a), Block(b)) => {
            ident(&a.kind, &b.kind)
                && both(a.name.as_ref(), b.name.as_ref(), ident)
                && both(a.extends.as_ref(), b.extends.as_ref(), path)
                && items(&a.body, &b.body)
        }
        (Check(a), Check(b)) => {
            a.level == b.level
                && both(a.name.as_ref(), b.name.as_ref(), ident)
                && expr(&a.expr, &b.expr)
                && both(a.when.as_ref(), b.when.as_ref(), expr)
                && both(a.because.as_ref(), b.because.as_ref(), expr)
        }
        (Exclude(a), Exclude(b)) => expr(a, b),
        _ => false,
    };
    kinds && a.doc == b.doc
}

fn target(a: &UseTarget, b: &UseTarget) -> bool {
    match (a, b) {
        (UseTarget::Module(a), UseTarget::Module(b)) => path(a, b),
        (UseTarget::File { path: a, .. }, UseTarget::File { path: b, .. }) => a == b,
        _ => false,
    }
}

fn expr(a: &Expr, b: &Expr) -> bool {
    use ExprKind::*;
    match (&a.kind, &b.kind) {
        (None, None) => true,
        (Bool(a), Bool(b)) => a == b,
        (Number { value: a, unit: u }, Number { value: b, unit: v }) => {
            a == b && both(u.as_ref(), v.as_ref(), ident)
        }
        (Str(a), Str(b)) => all(a, b, |a, b| match (a, b) {
            (StrPart::Text(a), StrPart::Text(b)) => a == b,
            (StrPart::Interpolation(a), StrPart::Interpolation(b)) => expr(a, b),
            _ => false,
        }),
        (List(a), List(b)) => all(a, b, expr),
        (
            Comprehension { body, loops, cond },
            Comprehension {
                body: b,
                loops: l,
                cond: c,
            },
        ) => {
            let each = |a: &Loop, b: &Loop| ident(&a.name, &b.name) && expr(&a.values, &b.values);
            expr(body, b) && all(loops, l, each) && both(cond.as_deref(), c.as_deref(), expr)
        }
        (Record(a), Record(b)) => all(a, b, |a, b| {
            ident(&a.key, &b.key) && expr(&a.value, &b.value)
        }),
        (Name(a), Name(b)) => a == b,
        (Field { base, field }, Field { base: b, field: f }) => expr(base, b) && ident(field, f),
        (Index { base, index }, Index { base: b, index: i }) => expr(base, b) && expr(index, i),
        (
            Call { function, args },
            Call {
                function: f,
                args: others,
            },
        ) => {
            let arg = |a: &Arg, b: &Arg| {
                both(a.name.as_ref(), b.name.as_ref(), ident) && expr(&a.value, &b.value)
            };
            ident(function, f) && all(args, others, arg)
        }
        (Unary { op, value }, Unary { op: o, value: v }) => op == o && expr(value, v),
        (
            Binary {
                op, left, right, ..
            },
            Binary {
                op: o,
                left: l,
                right: r,
                ..
            },
        ) => op == o && expr(left, l) && expr(right, r),
        (
            If { cond, then, other },
            If {
                cond: c,
                then: t,
                other: o,
            },
        ) => expr(cond, c) && expr(then, t) && expr(other, o),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::source::FileId;
    use crate::syntax::parse;

    #[test]
    fn places_do_not_count_and_all_else_does() {
        let read = |text: &str| {
            let (ast, found) = parse(FileId(0), text);
            assert!(found.is_empty(), "{text}: {found:?}");
            ast
        };
        let texts = [
            "use a.b",
            "use a.c",
            "use \"a.b\"",
            "use a.b as c",
            "param x = 1",
            "let x = 1",
            "let x = 1ms",
            "let x = 2",
            "let x = -1",
            "let x = true",
            "let x = none",
            "let x = \"1\"",
            "let x = \"${y}\"",
            "let x = y",
            "let x = y.z",
            "let x = y[z]",
            "let x = y(z)",
            "let x = y(z = z)",
            "let x = [z]",
            "let x = [z for z in y]",
            "let x = [z for z in y if z]",
            "let x = { z = y }",
            "let x = y + z",
            "let x = y - z",
            "let x = if y then z else z",
            "a x {}",
            "a x extends y {}",
            "a x { b = 1 }",
            "## doc\na x { b = 1 }",
            "## doc\n\na x { b = 1 }",
            "expect x",
            "warn x",
            "expect x: x",
            "expect x when y",
            "expect x because \"y\"",
            "exclude when x",
        ];
        for (n, a) in texts.iter().enumerate() {
            for (m, b) in texts.iter().enumerate() {
                assert_eq!(super::ast(&read(a), &read(b)), n == m, "{a} | {b}");
            }
            let moved = a.replace(' ', "  ").replace("##  doc", "## doc");
            assert!(super::ast(&read(a), &read(&format!("# c\n\n{moved}"))) || a.contains("##"));
        }
    }
}
