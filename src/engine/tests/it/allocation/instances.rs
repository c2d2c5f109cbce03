//! Instances to allocate from, small ones at random and hand-made ones.

use rand::rngs::ChaCha12Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use sojourn_engine::allocation::{Choice, Draw, Input, Line, Place, Rules, Seats, Student};
use sojourn_engine::guard::Decimal;
use sojourn_engine::ids::{OfferingId, PlaceLineId};
use sojourn_engine::vocabulary::Level;
use uuid::Uuid;

pub type Dice = ChaCha12Rng;

/// The id of that number.
pub fn id<T: From<Uuid>>(number: usize) -> T {
    Uuid::from_u128(number as u128).into()
}

/// How the lines of random seats lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Host, offering, home, level: each within the one before, some left out.
    Nested,
    /// As nested, with places of two units beside those of one.
    Units,
    /// As nested, with a pool of each home over all hosts.
    Pooled,
    /// Two terms with a line each, and a full year that draws on both.
    Terms,
}

/// Sizes of a random instance.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub students: usize,
    pub hosts: usize,
    pub choices: usize,
}

const HOMES: usize = 2;
const LEVELS: [Level; 2] = [Level::First, Level::Second];

/// Whether choices carry scores of their own, hosts then disagreeing about students.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scores {
    None,
    OfStudents,
    OfChoices,
}

pub fn random(seed: u64, size: Size, kind: Kind, scores: Scores) -> Input {
    let mut dice = Dice::seed_from_u64(seed);
    let students: Vec<Student> = (0..size.students).map(|at| student(at, scores, &mut dice)).collect();
    let mut town = Town { seats: Seats::default(), kind };
    let depths: Vec<[bool; 4]> = (0..size.hosts)
        .map(|_| {
            let mut lines = [(); 4].map(|()| dice.random_bool(0.5));
            lines[dice.random_range(0..4)] = true;
            lines
        })
        .collect();
    let mut choices = Vec::new();
    for student in &students {
        let mut offered: Vec<(usize, usize)> = (0..size.hosts)
            .flat_map(|host| (0..if kind == Kind::Terms { 3 } else { 2 }).map(move |o| (host, o)))
            .collect();
        offered.shuffle(&mut dice);
        for (rank, (host, offering)) in (1..).zip(
            offered
                .into_iter()
                .take(dice.random_range(0..=size.choices).max(dice.random_range(0..=size.choices))),
        ) {
            let line = town.place(host, offering, student, depths[host], &mut dice);
            choices.push(Choice {
                student: student.id,
                rank: rank * 2 - 1,
                offering: id(1_000 + host * 10 + offering),
                line: dice.random_bool(0.95).then_some(line),
                score: (scores == Scores::OfChoices).then(|| score(&mut dice)),
                eligible: dice.random_bool(0.9),
            });
        }
    }
    let rules = Rules { seed: format!("seed {seed}"), scored: scores != Scores::None };
    Input { students, choices, seats: town.seats, rules }
}

fn score(dice: &mut Dice) -> Decimal {
    Decimal::from_thousandths(dice.random_range(-1..3) * 500)
}

fn student(at: usize, scores: Scores, dice: &mut Dice) -> Student {
    Student {
        id: id(at + 1),
        home: id(dice.random_range(0..HOMES) + 1),
        level: *LEVELS.choose(dice).unwrap(),
        field: dice.random_bool(0.8).then(|| "0413".parse().unwrap()),
        score: (scores == Scores::OfStudents).then(|| score(dice)),
        displaced: dice.random_bool(0.1),
    }
}

struct Town {
    seats: Seats,
    kind: Kind,
}

impl Town {
    /// The line that a choice is bound to, after making what it draws on.
    fn place(
        &mut self,
        host: usize,
        offering: usize,
        student: &Student,
        depths: [bool; 4],
        dice: &mut Dice,
    ) -> PlaceLineId {
        let home = usize::try_from(Uuid::from(student.home).as_u128()).unwrap();
        let host_line = 100_000 + host * 10_000;
        let nested = [
            host_line,
            host_line + 1_000 * (offering + 1),
            host_line + 1_000 * (offering + 1) + 100 * home,
            host_line + 1_000 * (offering + 1) + 100 * home + 10 * (student.level as usize + 1),
        ];
        let mut lines: Vec<usize> =
            nested.into_iter().zip(depths).filter(|(_, there)| *there).map(|(line, _)| line).collect();
        if self.kind == Kind::Terms {
            let terms = [host_line + 1, host_line + 2];
            lines = if offering == 2 { terms.to_vec() } else { vec![terms[offering]] };
        }
        if self.kind == Kind::Pooled {
            lines.insert(0, home);
        }
        let bound = id(*lines.last().unwrap());
        let place: (OfferingId, PlaceLineId) = (id(1_000 + host * 10 + offering), bound);
        if !self.seats.places.iter().any(|known| (known.offering, known.line) == place) {
            let units = if self.kind == Kind::Units { dice.random_range(1..=2) } else { 1 };
            let draws = lines.iter().map(|line| Draw { line: self.line(*line, dice), units }).collect();
            self.seats.places.push(Place { offering: place.0, line: bound, host: id(10 + host), draws });
        }
        bound
    }

    fn line(&mut self, number: usize, dice: &mut Dice) -> PlaceLineId {
        let line = id(number);
        if !self.seats.lines.iter().any(|known| known.id == line) {
            // Wide lines have more to give, so that each level of a nest is sometimes the one that is full.
            let wide = if number.is_multiple_of(1_000) || number <= HOMES { 3 } else { 0 };
            let capacity = dice.random_range(0..4) + dice.random_range(0..=wide);
            let period = (self.kind == Kind::Terms).then(|| id(number % 10));
            self.seats.lines.push(Line { id: line, capacity, period, pool: number <= HOMES });
        }
        line
    }
}

/// The same rows in another order.
pub fn shuffled(input: &Input, dice: &mut Dice) -> Input {
    let mut input = input.clone();
    input.students.shuffle(dice);
    input.choices.shuffle(dice);
    input.seats.lines.shuffle(dice);
    input.seats.places.shuffle(dice);
    input.seats.places.iter_mut().for_each(|place| place.draws.shuffle(dice));
    input
}

/// Hosts of one line each with those capacities; each list names hosts, best first.
pub fn plain(capacities: &[i64], lists: &[&[usize]]) -> Input {
    let line = |(at, capacity): (usize, &i64)| Line {
        id: id(at + 1),
        capacity: *capacity,
        period: None,
        pool: false,
    };
    let place = |at: usize| Place {
        offering: id(at + 1),
        line: id(at + 1),
        host: id(at + 1),
        draws: vec![Draw { line: id(at + 1), units: 1 }],
    };
    let student = |at: usize| Student {
        id: id(at + 1),
        home: id(1),
        level: Level::First,
        field: None,
        score: None,
        displaced: false,
    };
    let list = |(at, list): (usize, &&[usize])| {
        let choice = move |(rank, host): (u16, &usize)| Choice {
            student: id(at + 1),
            rank,
            offering: id(host + 1),
            line: Some(id(host + 1)),
            score: None,
            eligible: true,
        };
        (1..).zip(*list).map(choice).collect::<Vec<_>>()
    };
    Input {
        students: (0..lists.len()).map(student).collect(),
        choices: lists.iter().enumerate().flat_map(list).collect(),
        seats: Seats {
            lines: capacities.iter().enumerate().map(line).collect(),
            places: (0..capacities.len()).map(place).collect(),
        },
        rules: Rules { seed: "plain".to_owned(), scored: false },
    }
}
