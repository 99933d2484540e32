//! Drawings: numbers for the templates that write them as SVG. Nothing here is text of others but what a box shows.

use crate::views::{Chain, Hour, Node, Part};
use std::collections::HashMap;

/// A box of a chain.
pub(crate) struct Shape<'v> {
    pub(crate) node: &'v Node,
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) label: String,
    pub(crate) under: String,
    pub(crate) class: String,
}

/// A line between two boxes.
pub(crate) struct Line {
    pub(crate) d: String,
    pub(crate) class: String,
    pub(crate) what: String,
}

/// A chain, from left to right.
pub(crate) struct Drawing<'v> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) shapes: Vec<Shape<'v>>,
    pub(crate) lines: Vec<Line>,
}

const BOX: (usize, usize) = (212, 52);
const GAP: (usize, usize) = (84, 18);
const MARGIN: usize = 14;
/// Characters of a line in a box.
const WIDE: usize = 28;

impl<'v> Drawing<'v> {
    /// What leads to the call and from it: each node one column after what leads to it, in the order of the trail.
    pub(crate) fn of(chain: &'v Chain) -> Self {
        let nodes: Vec<&Node> = chain.nodes.iter().filter(|n| n.on_path).collect();
        let order: HashMap<&str, usize> = nodes.iter().enumerate().map(|(at, n)| (n.id.as_str(), at)).collect();
        let mut edges: Vec<(usize, usize, &crate::views::Edge)> = Vec::new();
        for edge in &chain.edges {
            if let (Some(from), Some(to)) = (order.get(edge.from.as_str()), order.get(edge.to.as_str())) {
                edges.push((*from, *to, edge));
            }
        }
        // Nothing leads back in time.
        edges.retain(|(from, to, _)| from < to);
        edges.sort_by_key(|(_, to, _)| *to);
        let mut columns: Vec<usize> = vec![0; nodes.len()];
        for (from, to, _) in &edges {
            let after = columns.get(*from).copied().unwrap_or(0) + 1;
            if let Some(column) = columns.get_mut(*to) {
                *column = after.max(*column);
            }
        }
        let mut heights: HashMap<usize, usize> = HashMap::new();
        let mut places = Vec::new();
        for column in &columns {
            let row = heights.entry(*column).or_default();
            places.push((MARGIN + column * (BOX.0 + GAP.0), MARGIN + *row * (BOX.1 + GAP.1)));
            *row += 1;
        }
        let shape = |(node, (x, y)): (&&'v Node, &(usize, usize))| Shape {
            node,
            x: *x,
            y: *y,
            label: cut(&node.what),
            under: under(node),
            class: class(node, chain),
        };
        let shapes: Vec<Shape<'v>> = nodes.iter().zip(&places).map(shape).collect();
        let mut lines: Vec<Line> = edges
            .iter()
            .filter_map(|(from, to, edge)| {
                let ((x, y), (to_x, to_y)) = (places.get(*from)?, places.get(*to)?);
                let (x, y, to_y) = (x + BOX.0, y + BOX.1 / 2, to_y + BOX.1 / 2);
                let half = to_x.saturating_sub(x) / 2;
                let class = format!("edge {}{}", edge.kind, if edge.untrusted { " untrusted" } else { "" });
                let what = edge.at.as_ref().map_or_else(|| edge.kind.clone(), |at| format!("{} {at}", edge.kind));
                Some(Line {
                    d: format!("M{x} {y}C{} {y} {} {to_y} {to_x} {to_y}", x + half, to_x - half.min(*to_x)),
                    class,
                    what,
                })
            })
            .collect();
        // What matters most is drawn last.
        lines.sort_by_key(|line| line.class.len());
        let far =
            |of: fn(&(usize, usize)) -> usize, size: usize| places.iter().map(of).max().unwrap_or(0) + size + MARGIN;
        Self { width: far(|p| p.0, BOX.0), height: far(|p| p.1, BOX.1), shapes, lines }
    }
}

fn under(node: &Node) -> String {
    let who = node.agent.as_ref().map_or("", |a| &a.name);
    let clock = node.time.get(11..19).unwrap_or_default();
    match node.part {
        Part::Turn => cut(&format!("{clock} said something")),
        _ if node.enforced => cut(&format!("{clock} {} · {who}", node.decision)),
        _ => cut(&format!("{clock} ({}) · {who}", node.decision)),
    }
}

fn class(node: &Node, chain: &Chain) -> String {
    let part = match node.part {
        Part::Turn => "turn",
        Part::Read => "read",
        Part::Sink => "sink",
    };
    let mut class = format!("node {part} {}", node.tone());
    for (word, is) in [
        ("zero", chain.patient_zero.as_ref() == Some(&node.id)),
        ("asked", chain.call == node.id),
        ("untrusted", node.untrusted),
    ] {
        if is {
            class.push(' ');
            class.push_str(word);
        }
    }
    class
}

fn cut(text: &str) -> String {
    if text.chars().count() <= WIDE {
        return text.to_owned();
    }
    text.chars().take(WIDE - 1).chain(['…']).collect()
}

/// The bars of a day.
pub(crate) struct Bars {
    pub(crate) bars: Vec<Bar>,
    pub(crate) most: u64,
}

/// One hour: what was ruled, and of it what was stopped.
pub(crate) struct Bar {
    pub(crate) x: usize,
    pub(crate) y: u64,
    pub(crate) height: u64,
    pub(crate) stopped_y: u64,
    pub(crate) stopped: u64,
    pub(crate) what: String,
}

/// The height of the drawing.
const HIGH: u64 = 72;

impl Bars {
    pub(crate) fn of(hours: &[Hour]) -> Self {
        let most = hours.iter().map(|h| h.calls).max().unwrap_or(0);
        let scale = |n: u64| match n {
            0 => 0,
            n => (n * HIGH).checked_div(most).unwrap_or(0).clamp(2, HIGH),
        };
        let bar = |(at, hour): (usize, &Hour)| {
            let (height, stopped) = (scale(hour.calls), scale(hour.stopped.min(hour.calls)));
            let clock = hour.hour.get(11..16).unwrap_or_default();
            let what = format!("{clock}: {} ruled, {} stopped", hour.calls, hour.stopped);
            Bar { x: at * 20, y: HIGH - height, height, stopped_y: HIGH - stopped, stopped, what }
        };
        Self { bars: hours.iter().enumerate().map(bar).collect(), most }
    }
}
