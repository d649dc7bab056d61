//! Mistakes that have nothing to do with a slip: each a line of its own, put somewhere into a file.

use scn::source::FileId;
use scn::syntax::ast::{Block, Item, ItemKind};
use scn::syntax::parse;

/// So many sorts of them there are.
pub const SORTS: usize = 5;

/// A line that is wrong, and the line of the file above which it stands.
pub struct Planted {
    pub sort: usize,
    pub above: usize,
    pub text: String,
}

/// Every place for one, for all that is known without trying.
pub fn places(text: &str) -> Vec<Planted> {
    let (ast, _) = parse(FileId(0), text);
    let lines: Vec<&str> = text.lines().collect();
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(n, _)| n + 1));
    let starts: Vec<usize> = starts.collect();
    let mut out = Vec::new();
    let line = |at: u32| starts.partition_point(|start| *start <= at as usize) - 1;
    below(None, &ast.items, &lines, &line, &mut out);
    out
}

fn below(
    block: Option<&Block>,
    items: &[Item],
    lines: &[&str],
    line: &dyn Fn(u32) -> usize,
    out: &mut Vec<Planted>,
) {
    for (n, item) in items.iter().enumerate() {
        if let ItemKind::Block(inner) = &item.kind {
            below(Some(inner), &inner.body, lines, line, out);
        }
        let (first, last) = (line(item.span.start), line(item.span.end));
        // no other stands on its lines
        let alone = items
            .get(n + 1)
            .is_none_or(|next| line(next.span.start) > last)
            && (n == 0 || line(items[n - 1].span.end) < first);
        let closes = |block: &Block| {
            let inside = line(block.kind.span.start) < first;
            inside && last + 1 < lines.len()
        };
        if !alone || !block.is_none_or(closes) {
            continue;
        }
        let blanks = &lines[first][..lines[first].len() - lines[first].trim_start().len()];
        let spare = format!("spare_{last}");
        let mut plant = |sort, wrong: &str| {
            let (above, text) = (last + 1, format!("{blanks}{wrong}"));
            out.push(Planted { sort, above, text });
        };
        if block.is_some() {
            plant(0, "no_such_attribute = 1");
        }
        plant(1, &format!("let {spare} = no_such_name"));
        plant(2, &format!("let {spare} = 1s + 1MB"));
        plant(3, &format!("no_such_kind {spare} {{ value = 1 }}"));
        match item.kind {
            ItemKind::Attr(_) | ItemKind::Let(_) if first == last => plant(4, lines[first].trim()),
            _ => {}
        }
    }
}
