//! Student-proposing deferred acceptance under nested quotas.
//!
//! Each student asks for the best choice that has not refused them yet. A place that fits into all its lines is given for the time
//! being; else the narrowest full line keeps those with the better priority and refuses one. Which student asks next makes no
//! difference to the outcome.

use std::collections::BinaryHeap;

use super::Instance;
use super::lookup::{NONE, position};
use super::priority::Priority;

struct Deferral<'d, 'i> {
    instance: &'d Instance<'i>,
    lines: Vec<Giving>,
    /// The choice that each student has for the time being.
    held: Vec<u32>,
    /// The choice that each student asks for next.
    next: Vec<u32>,
}

/// A line while it is given away.
struct Giving {
    /// Units that it still has to give.
    left: u64,
    /// Who draws on it, the worst on top; with some who no longer do.
    drawing: BinaryHeap<Priority>,
    /// Whether some may be listed who no longer draw on it: its places draw on others as well.
    stale: bool,
}

/// What became of a proposal.
enum Answer {
    Refused,
    Taken,
    /// Taken, and this student has to ask anew.
    Instead(usize),
}

impl Instance<'_> {
    /// The choice that each student ends with, [`NONE`] for none.
    pub(super) fn defer(&self) -> Vec<u32> {
        let line = |left: &u64| Giving { left: *left, drawing: BinaryHeap::new(), stale: false };
        let mut lines: Vec<Giving> = self.seating.capacity.iter().map(line).collect();
        for chain in (0..).take(self.seating.places.len()).map(|place| self.seating.draws(place)) {
            for drawn in chain {
                lines[drawn.line as usize].stale |= chain.len() > 1;
            }
        }
        let mut deferral = Deferral {
            instance: self,
            lines,
            held: vec![NONE; self.len()],
            next: (0..self.len()).map(|student| position(self.lists.of(student).start)).collect(),
        };
        for first in 0..self.len() {
            let mut asking = Some(first);
            while let Some(student) = asking {
                asking = deferral.ask(student);
            }
        }
        deferral.held
    }
}

impl Deferral<'_, '_> {
    /// Lets a student ask until somebody takes them, and gives whoever lost a place by it.
    fn ask(&mut self, student: usize) -> Option<usize> {
        let end = self.instance.lists.of(student).end;
        while (self.next[student] as usize) < end {
            let choice = self.next[student];
            self.next[student] += 1;
            match self.propose(student, choice) {
                Answer::Refused => {}
                Answer::Taken => return None,
                Answer::Instead(loser) => return Some(loser),
            }
        }
        None
    }

    fn propose(&mut self, student: usize, choice: u32) -> Answer {
        let instance = self.instance;
        let entry = &instance.lists.entries[choice as usize];
        if !entry.can_be_had() {
            return Answer::Refused;
        }
        let priority = instance.priority(student, entry);
        let chain = instance.seating.draws(entry.place);
        let full = chain.iter().find(|drawn| self.lines[drawn.line as usize].left < u64::from(drawn.units));
        let mut answer = Answer::Taken;
        if let Some(full) = full {
            let line = full.line as usize;
            self.tidy(line);
            match self.lines[line].drawing.peek_mut() {
                Some(mut worst) if priority < *worst => {
                    answer = Answer::Instead(instance.whose(*worst));
                    *worst = priority;
                }
                _ => return Answer::Refused,
            }
        }
        if let Answer::Instead(loser) = answer {
            self.release(loser);
        }
        let replaced = full.map(|full| full.line);
        for drawn in chain {
            let line = &mut self.lines[drawn.line as usize];
            line.left -= u64::from(drawn.units);
            if replaced != Some(drawn.line) {
                line.drawing.push(priority);
            }
        }
        self.held[student] = choice;
        answer
    }

    fn release(&mut self, student: usize) {
        let choice = std::mem::replace(&mut self.held[student], NONE);
        let place = self.instance.lists.entries[choice as usize].place;
        for drawn in self.instance.seating.draws(place) {
            self.lines[drawn.line as usize].left += u64::from(drawn.units);
        }
    }

    /// Drops those from the top of a line who no longer draw on it.
    fn tidy(&mut self, line: usize) {
        while self.lines[line].stale
            && let Some(worst) = self.lines[line].drawing.peek().copied()
            && !self.draws(worst, line)
        {
            self.lines[line].drawing.pop();
        }
    }

    /// Whether somebody holds, with that priority, a place that draws on a line.
    fn draws(&self, priority: Priority, line: usize) -> bool {
        let student = self.instance.whose(priority);
        let Some(entry) = self.instance.lists.entries.get(self.held[student] as usize) else { return false };
        let mut chain = self.instance.seating.draws(entry.place).iter();
        self.instance.priority(student, entry) == priority && chain.any(|drawn| drawn.line as usize == line)
    }
}
