//! Who got which choice, counted by home, level and field.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Allocation, Field, Student};
use crate::ids::InstitutionId;
use crate::vocabulary::Level;

/// Students that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "by", content = "is", rename_all = "snake_case")]
pub enum Group {
    /// Everybody.
    All,
    /// Those of one home.
    Home(InstitutionId),
    /// Those of one level.
    Level(Level),
    /// Those of one broad field of study; `None` gathers those whose field is not stated.
    Field(Option<Field>),
}

/// How a group came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Who is counted.
    pub group: Group,
    /// How many they are.
    pub students: u32,
    /// How many got their choice of rank 1, 2, ….
    pub by_rank: Vec<u32>,
    /// How many got none.
    pub unplaced: u32,
}

impl Tally {
    /// The share of the group that got that choice or a better one, in thousandths, rounded to the nearest.
    pub fn within(&self, rank: u16) -> u32 {
        let got: u64 = self.by_rank.iter().take(usize::from(rank)).map(|count| u64::from(*count)).sum();
        let students = u64::from(self.students);
        u32::try_from((got * 2_000 + students).checked_div(students * 2).unwrap_or(0)).unwrap_or(1_000)
    }
}

/// The fairness table of an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fairness {
    /// The worst rank that anybody got.
    pub ranks: u16,
    /// Everybody, then each home, level and field, each with [`Fairness::ranks`] counts.
    pub groups: Vec<Tally>,
}

impl Fairness {
    /// Counts an outcome; students who do not stand in it count as unplaced.
    pub fn of(students: &[Student], allocation: &Allocation) -> Self {
        let ranks = allocation.placed.iter().filter_map(|placed| placed.got.map(|got| got.rank)).max();
        let ranks = ranks.unwrap_or(0);
        let blank = |group| Tally { group, students: 0, by_rank: vec![0; usize::from(ranks)], unplaced: 0 };
        let mut tallies: BTreeMap<Group, Tally> = BTreeMap::from([(Group::All, blank(Group::All))]);
        for student in students {
            let rank =
                allocation.of(student.id).and_then(|placed| placed.got).map(|got| usize::from(got.rank));
            let field = student.field.map(Field::broad);
            for group in
                [Group::All, Group::Home(student.home), Group::Level(student.level), Group::Field(field)]
            {
                let tally = tallies.entry(group).or_insert_with(|| blank(group));
                tally.students += 1;
                let counted = rank.and_then(|rank| tally.by_rank.get_mut(rank.checked_sub(1)?));
                *counted.unwrap_or(&mut tally.unplaced) += 1;
            }
        }
        Self { ranks, groups: tallies.into_values().collect() }
    }
}
