//! How phases fill columns: a long one is parted, short neighbours share one, so that the picture suits a page.

use std::ops::Range;

use super::layout::{BETWEEN, CARD, HEADING};

/// Width of a gutter before it is known.
const GUTTER: i32 = 38;
/// How many heights of columns are tried at most.
const TRIES: i32 = 100;
/// A landscape page, width to height.
const PAGE: (i32, i32) = (1414, 1000);

/// Some cards of one phase, one under the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Position of the phase.
    pub phase: usize,
    /// Positions of its cards within the phase.
    pub cards: Range<usize>,
}

/// Blocks of each column; `heights` are those of the cards, by phase.
pub fn fold(heights: &[Vec<i32>]) -> Vec<Vec<Block>> {
    let whole: i32 = heights.iter().map(|phase| height(phase)).sum();
    let least = heights.iter().flatten().max().map_or(1, |tallest| height(&[*tallest]));
    let size = |columns: &[Vec<Block>]| {
        let count = i64::try_from(columns.len()).unwrap_or(i64::MAX / 10_000);
        let tallest = columns.iter().map(|column| column_height(heights, column)).max().unwrap_or(0);
        let (width, tallest) = (count * i64::from(CARD + GUTTER), i64::from(tallest) + 80);
        (width * i64::from(PAGE.1)).max(tallest * i64::from(PAGE.0))
    };
    let step = usize::try_from((whole - least) / TRIES).unwrap_or(0).max(10);
    let tried = (least..=whole.max(least)).step_by(step).map(|limit| columns(heights, limit));
    tried.min_by_key(|columns| size(columns)).unwrap_or_default()
}

fn height(cards: &[i32]) -> i32 {
    HEADING + cards.iter().map(|card| card + BETWEEN).sum::<i32>()
}

fn column_height(heights: &[Vec<i32>], column: &[Block]) -> i32 {
    column.iter().map(|block| height(&heights[block.phase][block.cards.clone()])).sum()
}

fn columns(heights: &[Vec<i32>], limit: i32) -> Vec<Vec<Block>> {
    let mut columns: Vec<Vec<Block>> = Vec::new();
    for (phase, cards) in heights.iter().enumerate() {
        let own = height(cards);
        let last = columns.last_mut().filter(|last| column_height(heights, last) + own <= limit);
        match last {
            Some(last) => last.push(Block { phase, cards: 0..cards.len() }),
            None => columns.extend(parts(phase, cards, limit).into_iter().map(|block| vec![block])),
        }
    }
    columns
}

/// Parts a phase into blocks of about the same height, in order.
fn parts(phase: usize, cards: &[i32], limit: i32) -> Vec<Block> {
    let wanted = (height(cards) + limit - 1) / limit;
    let share = (height(cards) - HEADING) / wanted + HEADING;
    let mut blocks: Vec<Block> = Vec::new();
    let mut filled = 0;
    for (at, card) in cards.iter().enumerate() {
        match blocks.last_mut() {
            Some(last) if filled + card / 2 <= share => last.cards.end = at + 1,
            _ => {
                blocks.push(Block { phase, cards: at..at + 1 });
                filled = HEADING;
            }
        }
        filled += card + BETWEEN;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_phase_is_parted_and_short_neighbours_share_a_column() {
        let folded = fold(&[vec![300; 6], vec![50], vec![60, 40], vec![200; 2]]);
        let drawn: usize = folded.iter().flatten().map(|block| block.cards.len()).sum();
        assert_eq!(drawn, 11, "{folded:?}");
        assert!(folded.iter().flatten().filter(|block| block.phase == 0).count() > 1, "{folded:?}");
        assert!(folded.iter().any(|column| column.len() > 1), "{folded:?}");
        assert_eq!(fold(&[]), Vec::<Vec<Block>>::new());
    }
}
