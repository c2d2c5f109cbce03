//! An allocation laid over its input again: who holds what, and how full each line is.

use super::lookup::{NONE, position};
use super::priority::Priority;
use super::seating::Drawn;
use super::{Allocation, Breach, Instance, Placed, Rule};

/// Who holds what.
pub(super) struct Holding<'h, 'i> {
    pub(super) instance: &'h Instance<'i>,
    /// The choice that each student holds, [`NONE`] for none.
    pub(super) held: Vec<u32>,
    /// Units drawn from each line.
    pub(super) used: Vec<u64>,
    /// The worst priority that draws on each line.
    pub(super) last: Vec<Option<Priority>>,
}

impl<'h, 'i> Holding<'h, 'i> {
    /// Reads an allocation, with what in it does not fit the input.
    pub(super) fn read(instance: &'h Instance<'i>, allocation: &Allocation) -> (Self, Vec<Breach>) {
        let lines = instance.seating.lines.len();
        let (used, last) = (vec![0; lines], vec![None; lines]);
        let mut holding = Self { instance, held: vec![NONE; instance.len()], used, last };
        let mut breaches = Vec::new();
        let mut placed: Vec<&Placed> = allocation.placed.iter().collect();
        placed.sort_by_key(|placed| placed.student);
        let twice = placed.windows(2).filter(|pair| pair[0].student == pair[1].student);
        breaches.extend(twice.map(|pair| Breach::StudentTwice { student: pair[0].student }));
        let mut met = 0;
        placed.dedup_by_key(|placed| placed.student);
        for at in 0..instance.len() {
            let student = instance.id(at);
            let here = placed.get(at).is_some_and(|placed| placed.student == student);
            let found =
                if here { Ok(at) } else { placed.binary_search_by_key(&student, |placed| placed.student) };
            match found {
                Ok(found) => {
                    met += 1;
                    holding.hold(at, placed[found], &mut breaches);
                }
                Err(_) => breaches.push(Breach::StudentMissing { student }),
            }
        }
        if met < placed.len() {
            let known: Vec<_> = (0..instance.len()).map(|at| instance.id(at)).collect();
            let strangers = placed.iter().filter(|placed| known.binary_search(&placed.student).is_err());
            breaches.extend(strangers.map(|placed| Breach::UnknownStudent { student: placed.student }));
        }
        (holding, breaches)
    }

    /// The chosen entry of a student, by its position on their list.
    pub(super) fn at(&self, student: usize) -> Option<usize> {
        let held = self.held[student];
        (held != NONE).then(|| held as usize - self.instance.lists.of(student).start)
    }

    /// The narrowest line that is too full for a place and drawn on by better priorities alone: it keeps the place from that priority.
    pub(super) fn bar(&self, place: u32, priority: Priority) -> Option<&Drawn> {
        let full = |drawn: &&Drawn| {
            let line = drawn.line as usize;
            let left = self.instance.seating.capacity[line].saturating_sub(self.used[line]);
            left < u64::from(drawn.units) && self.last[line].is_none_or(|last| last < priority)
        };
        self.instance.seating.draws(place).iter().find(full)
    }

    fn hold(&mut self, holder: usize, placed: &Placed, breaches: &mut Vec<Breach>) {
        let Some(got) = placed.got else { return };
        let (student, instance) = (placed.student, self.instance);
        let range = instance.lists.of(holder);
        let list = &instance.lists.entries[range.clone()];
        let found = list.binary_search_by_key(&got.rank, |entry| entry.rank).ok();
        let is_it = |at: &usize| instance.got(position(range.start + *at)) == Some(got);
        let Some(at) = found.filter(is_it) else {
            return breaches.push(Breach::NotChosen { student, got });
        };
        let entry = &list[at];
        if !entry.eligible {
            breaches.push(Breach::NotEligible { student, got });
        }
        self.held[holder] = position(range.start + at);
        let priority = match instance.seating.rule {
            Rule::DeferredAcceptance => instance.priority(holder, entry),
            Rule::SerialOrder => instance.own_priority(holder),
        };
        for draws in instance.seating.draws(entry.place) {
            let line = draws.line as usize;
            self.used[line] += u64::from(draws.units);
            self.last[line] = self.last[line].max(Some(priority));
        }
    }
}
