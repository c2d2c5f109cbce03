//! The rules read plainly: slow, from their definitions, sharing nothing with the solver.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sojourn_engine::allocation::{Allocation, Choice, Digest, Input, Place, Student};
use sojourn_engine::guard::Decimal;
use sojourn_engine::ids::CaseId;

/// What a claim is sorted by, the best first.
pub type Claim = (Reverse<bool>, Reverse<Option<Decimal>>, String, CaseId, u16);

/// An input with what is asked of it often.
pub struct Reference<'i> {
    input: &'i Input,
    students: BTreeMap<CaseId, &'i Student>,
    numbers: BTreeMap<CaseId, String>,
}

/// Who holds which choice, by student.
pub type Held<'i> = BTreeMap<CaseId, &'i Choice>;

impl<'i> Reference<'i> {
    pub fn new(input: &'i Input) -> Self {
        let number = |student: &Student| {
            let digest = Digest::of(format!("{}\n{}", input.rules.seed, student.id).as_bytes()).to_string();
            (student.id, digest[..16].to_owned())
        };
        Self {
            input,
            students: input.students.iter().map(|student| (student.id, student)).collect(),
            numbers: input.students.iter().map(number).collect(),
        }
    }

    pub fn held(&self, allocation: &Allocation) -> Held<'i> {
        assert!(allocation.placed.iter().map(|placed| placed.student).eq(self.students.keys().copied()));
        let chosen = |student, rank| {
            let mut choices = self.input.choices.iter();
            choices.find(|choice| choice.student == student && choice.rank == rank).unwrap()
        };
        let got = allocation.placed.iter().filter_map(|placed| Some((placed.student, placed.got?)));
        got.map(|(student, got)| (student, chosen(student, got.rank))).collect()
    }

    fn place(&self, choice: &Choice) -> Option<&'i Place> {
        let line = choice.line?;
        self.input.seats.places.iter().find(|place| (place.offering, place.line) == (choice.offering, line))
    }

    /// What can be had of a student's list, best first.
    pub fn list(&self, student: CaseId) -> Vec<&'i Choice> {
        let own = self.input.choices.iter().filter(|choice| choice.student == student);
        let mut list: Vec<_> = own.filter(|choice| choice.eligible && choice.line.is_some()).collect();
        list.sort_by_key(|choice| choice.rank);
        list
    }

    /// What a choice is sorted by at its host.
    pub fn claim(&self, choice: &Choice) -> Claim {
        let student = self.students[&choice.student];
        let score = choice.score.or(student.score).filter(|_| self.input.rules.scored);
        let number = self.numbers[&student.id].clone();
        (Reverse(student.displaced), Reverse(score), number, student.id, choice.rank)
    }

    /// Whether no line gives more than it has.
    pub fn fits<'c>(&self, choices: impl IntoIterator<Item = &'c Choice>) -> bool {
        let mut left: BTreeMap<_, i64> =
            self.input.seats.lines.iter().map(|line| (line.id, line.capacity)).collect();
        for draw in choices.into_iter().flat_map(|choice| &self.place(choice).unwrap().draws) {
            *left.get_mut(&draw.line).unwrap() -= i64::from(draw.units);
        }
        left.values().all(|left| *left >= 0)
    }

    /// What hosts take of what they are asked for: the best claims, as far as all lines allow.
    fn taken(&self, mut asked: Vec<&'i Choice>) -> Vec<&'i Choice> {
        asked.sort_by_key(|choice| self.claim(choice));
        let mut taken: Vec<&Choice> = Vec::new();
        for choice in asked {
            taken.push(choice);
            if !self.fits(taken.iter().copied()) {
                taken.pop();
            }
        }
        taken
    }

    /// Whether nobody and no host would rather have something else.
    pub fn is_stable(&self, held: &Held<'i>) -> bool {
        let all: Vec<&Choice> = held.values().copied().collect();
        let wanted = |choice: &&&Choice| held.get(&choice.student).is_none_or(|has| choice.rank < has.rank);
        let blocks = |choice: &&Choice| {
            let asked = all.iter().copied().chain([*choice]).collect();
            self.taken(asked).iter().any(|taken| std::ptr::eq(*taken, *choice))
        };
        let mut lists = self.students.keys().map(|student| self.list(*student));
        self.taken(all.clone()).len() == all.len()
            && !lists.any(|list| list.iter().filter(|choice| wanted(choice)).any(&blocks))
    }

    /// Every outcome that is stable, found by trying all.
    pub fn stable_outcomes(&self) -> Vec<Held<'i>> {
        let mut outcomes: Vec<Held<'i>> = vec![Held::new()];
        for student in self.students.keys() {
            let list = self.list(*student);
            let with = |held: &Held<'i>| {
                let chosen =
                    |choice: &&'i Choice| held.clone().into_iter().chain([(*student, *choice)]).collect();
                list.iter().map(chosen).chain([held.clone()]).collect::<Vec<Held<'i>>>()
            };
            outcomes =
                outcomes.iter().flat_map(with).filter(|held| self.fits(held.values().copied())).collect();
        }
        outcomes.retain(|held| self.is_stable(held));
        outcomes
    }

    /// Each takes the best that is still possible, by the priority of the application itself.
    pub fn served(&self) -> Held<'i> {
        let scored = self.input.rules.scored;
        let mut order: Vec<&Student> = self.students.values().copied().collect();
        order.sort_by_key(|student| {
            let score = student.score.filter(|_| scored);
            (Reverse(student.displaced), Reverse(score), self.numbers[&student.id].clone(), student.id)
        });
        let mut held = Held::new();
        for student in order {
            let possible = self
                .list(student.id)
                .into_iter()
                .find(|choice| self.fits(held.values().copied().chain([*choice])));
            held.extend(possible.map(|choice| (student.id, choice)));
        }
        held
    }
}
