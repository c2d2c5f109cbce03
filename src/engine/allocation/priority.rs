//! Who comes before whom: the displaced, then the higher score, then the draw.

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::digest::Prefixed;
use crate::guard::Decimal;
use crate::ids::CaseId;

/// Bits that hold a student's position in the draw.
pub(super) const DRAW_BITS: u32 = 31;

/// What stands for no score: behind every score.
pub(super) const UNSCORED: i32 = i32::MIN;

/// Priority as one number, the smaller the better; no two students share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Priority(u64);

impl Priority {
    /// `drawn` is the position in the draw, below 2³¹.
    pub(super) fn new(displaced: bool, score: i32, drawn: usize) -> Self {
        let below = u64::from(i32::MAX.abs_diff(score));
        Self(u64::from(!displaced) << 63 | below << DRAW_BITS | drawn as u64)
    }

    pub(super) fn displaced(self) -> bool {
        self.0 >> 63 == 0
    }

    /// The score that it was made with.
    pub(super) fn score(self) -> i32 {
        let below = i64::try_from(self.0 << 1 >> (DRAW_BITS + 1)).unwrap_or(i64::MAX);
        i32::try_from(i64::from(i32::MAX) - below).unwrap_or(UNSCORED)
    }

    /// The student, by position in the draw.
    pub(super) fn drawn(self) -> usize {
        usize::try_from(self.0 & ((1 << DRAW_BITS) - 1)).unwrap_or(usize::MAX)
    }
}

/// A score as it is compared; `Err` where it is too large.
pub(super) fn compared(score: Decimal) -> Result<i32, ()> {
    i32::try_from(score.thousandths()).ok().filter(|score| *score != UNSCORED).ok_or(())
}

/// A score as it was stated.
pub(super) fn stated(score: i32) -> Option<Decimal> {
    (score != UNSCORED).then(|| Decimal::from_thousandths(i64::from(score)))
}

/// The students, counted as they are given, in the order of the draw; of two with one number the first comes first.
pub(super) fn draw(students: impl Iterator<Item = CaseId>, seed: &str) -> Vec<u32> {
    let seeded = Prefixed::new(format!("{seed}\n").as_bytes());
    let number = |id: CaseId| {
        let mut text = [0; Hyphenated::LENGTH];
        Uuid::from(id).hyphenated().encode_lower(&mut text);
        seeded.number(&text)
    };
    let numbered: Vec<(u64, u32)> = students.map(number).zip(0..).collect();
    in_order(&numbered).into_iter().map(|(_, student)| student).collect()
}

/// Students by their numbers, which lie as evenly as digests do: each goes where it may be expected, and neighbours change places.
fn in_order(numbered: &[(u64, u32)]) -> Vec<(u64, u32)> {
    let bits = numbered.len().next_power_of_two().trailing_zeros().max(1);
    let expected = |number: u64| usize::try_from(number >> (u64::BITS - bits)).unwrap_or(0);
    let mut next = vec![0_u32; (1 << bits) + 1];
    for (number, _) in numbered {
        next[expected(*number) + 1] += 1;
    }
    let mut sum = 0;
    for start in &mut next {
        sum += *start;
        *start = sum;
    }
    let mut sorted = vec![(0, 0); numbered.len()];
    for one in numbered {
        let next = &mut next[expected(one.0)];
        sorted[*next as usize] = *one;
        *next += 1;
    }
    for at in 1..sorted.len() {
        let mut here = at;
        while here > 0 && sorted[here - 1].0 > sorted[here].0 {
            sorted.swap(here - 1, here);
            here -= 1;
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::Digest;

    #[test]
    fn the_displaced_come_first_then_the_higher_score_then_the_draw() {
        let rising = [
            Priority::new(true, 5, 9),
            Priority::new(true, UNSCORED, 0),
            Priority::new(false, i32::MAX, 7),
            Priority::new(false, 0, 1),
            Priority::new(false, 0, 2),
            Priority::new(false, -1, 0),
            Priority::new(false, UNSCORED + 1, 0),
            Priority::new(false, UNSCORED, 0),
        ];
        assert!(rising.is_sorted_by(|before, after| before < after));
        assert_eq!((rising[2].drawn(), rising[2].score()), (7, i32::MAX));
        assert_eq!((rising[0].displaced(), rising[0].score()), (true, 5));
        assert_eq!((rising[5].displaced(), rising[5].score()), (false, -1));
        assert_eq!(stated(rising[7].score()), None);
    }

    #[test]
    fn rows_come_in_the_order_of_their_numbers_however_these_lie() {
        let spread = (0..1_000_u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let alike = (0..50_u64).rev().map(|at| at % 7);
        for numbers in [spread.collect(), alike.collect(), vec![u64::MAX, 0, u64::MAX], vec![3], vec![]] {
            let numbered: Vec<(u64, u32)> = numbers.iter().copied().zip(0..).collect();
            let mut sorted: Vec<u64> = numbers.clone();
            sorted.sort_unstable();
            assert_eq!(in_order(&numbered).iter().map(|one| one.0).collect::<Vec<_>>(), sorted);
        }
    }

    #[test]
    fn the_number_of_the_draw_is_what_sha256sum_prints() {
        let students: Vec<CaseId> = (1..=3).map(|number| Uuid::from_u128(number).into()).collect();
        let number = |student: CaseId| Digest::of(format!("a seed\n{student}").as_bytes()).to_string();
        let mut by_hand: Vec<u32> = vec![0, 1, 2];
        by_hand.sort_by_key(|at| number(students[*at as usize]));
        assert_eq!(draw(students.into_iter(), "a seed"), by_hand);
    }
}
