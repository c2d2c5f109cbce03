//! How phases fill columns: a long one is parted, short neighbours share one, so that the picture suits a page.

use std::cmp::Reverse;
use std::ops::Range;

use super::layout::BETWEEN;

/// Width of a gutter before it is known.
const GUTTER: i32 = 32;
/// Height of what stands above and below the columns before it is known.
const FRAME: i32 = 90;
/// How many columns are tried at most.
const COLUMNS: usize = 16;
/// How many ways to fill the columns are worth a closer look.
const PROMISING: usize = 6;
/// Micrometres of a unit on A4 beyond which larger is no better.
pub const AMPLE: i64 = 290;
/// A4 with margins of 10 mm, long side and short side in micrometres.
const PAGE: (i64, i64) = (277_000, 190_000);

/// Some cards of one phase, one under the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    /// Position of the phase.
    pub phase: usize,
    /// Position of its first card within the phase.
    pub first: usize,
    /// Position behind its last card.
    pub end: usize,
}

impl Block {
    /// Positions of its cards within the phase.
    pub fn cards(self) -> Range<usize> {
        self.first..self.end
    }
}

/// Blocks of each column.
pub type Folded = Vec<Vec<Block>>;

/// What is folded: heights of the cards by phase, the height of a heading, and the width of a card.
#[derive(Debug)]
pub struct Strip<'a> {
    pub heights: &'a [Vec<i32>],
    pub heading: i32,
    pub card: i32,
}

/// Micrometres of a unit of a picture that is fitted on A4, whichever way the sheet lies.
pub fn scale(width: i32, height: i32) -> i64 {
    let (width, height) = (i64::from(width.max(1)), i64::from(height.max(1)));
    let (long, short) = PAGE;
    (long / width).min(short / height).max((short / width).min(long / height))
}

/// How often a phase is parted or shares a column.
pub fn uneven(folded: &Folded) -> i32 {
    let parted = folded.iter().flatten().filter(|block| block.first > 0).count();
    let shared: usize = folded.iter().map(|column| column.len().saturating_sub(1)).sum();
    i32::try_from(parted + shared).unwrap_or(i32::MAX / 1000)
}

impl Strip<'_> {
    /// Ways to fill columns, the most promising first.
    pub fn folds(&self) -> Vec<Folded> {
        let ways = [Self::apart, Self::whole_phases, Self::flow];
        let counts = 1..=COLUMNS;
        let mut folds: Vec<Folded> =
            counts.flat_map(|count| ways.map(|fill| self.lowest(count, fill))).collect();
        folds.sort_by_cached_key(|folded| (Reverse(self.estimate(folded).min(AMPLE) / 5), uneven(folded)));
        folds.dedup();
        folds.truncate(PROMISING);
        folds
    }

    /// The lowest columns, so many of them at most; more where there is no other way.
    fn lowest(&self, count: usize, fill: fn(&Self, i32) -> Folded) -> Folded {
        let whole: i32 = self.heights.iter().map(|phase| self.height(phase)).sum();
        let mut low = self.heights.iter().flatten().max().map_or(0, |tallest| self.height(&[*tallest]));
        let mut high = whole.max(low);
        while low < high {
            let middle = low + (high - low) / 2;
            if fill(self, middle).len() <= count { high = middle } else { low = middle + 1 }
        }
        fill(self, high.max(1))
    }

    fn estimate(&self, folded: &Folded) -> i64 {
        let count = i32::try_from(folded.len()).unwrap_or(i32::MAX / 10_000);
        let tallest = folded.iter().map(|column| self.column(column)).max().unwrap_or(0);
        scale(count.saturating_mul(self.card + GUTTER), tallest + FRAME)
    }

    fn height(&self, cards: &[i32]) -> i32 {
        self.heading + cards.iter().map(|card| card + BETWEEN).sum::<i32>()
    }

    fn column(&self, column: &[Block]) -> i32 {
        column.iter().map(|block| self.height(&self.heights[block.phase][block.cards()])).sum()
    }

    /// Gives every phase columns of its own.
    fn apart(&self, limit: i32) -> Folded {
        let phases = 0..self.heights.len();
        phases.flat_map(|phase| self.parts(phase, limit)).map(|block| vec![block]).collect()
    }

    /// Parts a phase only where it is higher than a column.
    fn whole_phases(&self, limit: i32) -> Folded {
        let mut columns: Folded = Vec::new();
        for (phase, cards) in self.heights.iter().enumerate() {
            let own = self.height(cards);
            let last = columns.last_mut().filter(|last| self.column(last) + own <= limit);
            match last {
                Some(last) => last.push(Block { phase, first: 0, end: cards.len() }),
                None => columns.extend(self.parts(phase, limit).into_iter().map(|block| vec![block])),
            }
        }
        columns
    }

    /// Parts a phase into blocks of about the same height, in order.
    fn parts(&self, phase: usize, limit: i32) -> Vec<Block> {
        let cards = &self.heights[phase];
        let wanted = (self.height(cards) + limit - 1) / limit;
        let share = (self.height(cards) - self.heading) / wanted + self.heading;
        let mut blocks: Vec<Block> = Vec::new();
        let mut filled = 0;
        for (at, card) in cards.iter().enumerate() {
            match blocks.last_mut() {
                Some(last) if filled + card / 2 <= share => last.end = at + 1,
                _ => {
                    blocks.push(Block { phase, first: at, end: at + 1 });
                    filled = self.heading;
                }
            }
            filled += card + BETWEEN;
        }
        blocks
    }

    /// Fills one column after the other to its limit.
    fn flow(&self, limit: i32) -> Folded {
        let mut columns: Folded = vec![Vec::new()];
        let mut filled = 0;
        for (phase, cards) in self.heights.iter().enumerate() {
            for (at, card) in cards.iter().enumerate() {
                let heads = if at == 0 { self.heading } else { 0 };
                if filled > 0 && filled + heads + card + BETWEEN > limit {
                    columns.push(Vec::new());
                    filled = 0;
                }
                let Some(column) = columns.last_mut() else { continue };
                match column.last_mut().filter(|last| last.phase == phase) {
                    Some(last) => last.end = at + 1,
                    None => {
                        column.push(Block { phase, first: at, end: at + 1 });
                        filled += self.heading;
                    }
                }
                filled += card + BETWEEN;
            }
        }
        columns.retain(|column| !column.is_empty());
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_phase_is_parted_and_short_neighbours_share_a_column() {
        let heights = [vec![300; 6], vec![50], vec![60, 40], vec![200; 2]];
        let strip = Strip { heights: &heights, heading: 27, card: 148 };
        let folds = strip.folds();
        for folded in &folds {
            let drawn: usize = folded.iter().flatten().map(|block| block.cards().len()).sum();
            assert_eq!(drawn, 11, "{folded:?}");
        }
        let folded = &folds[0];
        assert!(folded.iter().flatten().filter(|block| block.phase == 0).count() > 1, "{folded:?}");
        assert!(folded.iter().any(|column| column.len() > 1), "{folded:?}");
        assert_eq!(Strip { heights: &[], ..strip }.folds(), [Folded::new()]);
    }

    #[test]
    fn a_picture_is_measured_on_the_sheet_that_suits_it() {
        assert_eq!((scale(1108, 760), scale(760, 1108), scale(2000, 10)), (250, 250, 138));
    }
}
