//! Two real years of students who chose among project centres, with directors' scores.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sojourn_engine::allocation::{
    Choice, Draw, Fairness, Input, Line, Place, Rule, Rules, Seats, Student, verify,
};
use sojourn_engine::guard::Decimal;
use sojourn_engine::vocabulary::Level;

use super::instances::id;
use super::promises::run;
use super::reference::{Claim, Reference};
use crate::measured::measured;

/// A year of real data, or `None` after saying that it is absent.
fn year(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/allocation-wpi").join(name);
    let there = folder.exists();
    if !there {
        eprintln!("{} is absent: random instances alone are allocated", folder.display());
    }
    there.then_some(folder)
}

/// The numbers of a table whose first line and first column name things.
fn table(file: &Path) -> Vec<Vec<f64>> {
    let mut text = String::new();
    let mut reader: Box<dyn std::io::Read> = Box::new(std::fs::File::open(file).unwrap());
    if file.extension().is_some_and(|ending| ending == "gz") {
        reader = Box::new(GzDecoder::new(reader));
    }
    reader.read_to_string(&mut text).unwrap();
    let number = |cell: &str| cell.trim().parse().unwrap_or_else(|_| panic!("{}: {cell}", file.display()));
    let row = |line: &str| line.split(',').skip(1).map(number).collect();
    text.lines().skip(1).filter(|line| !line.is_empty()).map(row).collect()
}

fn thousandths(score: f64) -> Decimal {
    format!("{:.3}", score * 1_000.0).parse().unwrap()
}

/// Every centre that a student has interest in, the greater interest first, equal ones by the directors' scores.
fn list(student: usize, interest: &[f64], scores: &[f64]) -> Vec<Choice> {
    let mut centres: Vec<usize> = (0..interest.len()).filter(|centre| interest[*centre] > 0.0).collect();
    centres.sort_by(|one, other| {
        let of = |centre: &usize| (interest[*centre], scores[*centre]);
        of(other).partial_cmp(&of(one)).unwrap()
    });
    let choice = |(rank, centre): (u16, usize)| Choice {
        student: id(student + 1),
        rank,
        offering: id(centre + 1),
        line: Some(id(centre + 1)),
        score: Some(thousandths(scores[centre])),
        eligible: true,
    };
    (1..).zip(centres).map(choice).collect()
}

fn input(folder: &Path) -> Input {
    let read = |name: &str| table(&folder.join(name));
    let (interest, scores) = (read("student_preference.csv.gz"), read("project_preference.csv.gz"));
    let capacities = read("project_capacity.csv");
    assert!(interest.len() > 900 && interest.len() == scores.len() && interest[0].len() == capacities.len());
    let centre = |at: usize| Place {
        offering: id(at + 1),
        line: id(at + 1),
        host: id(at + 1),
        draws: vec![Draw { line: id(at + 1), units: 1 }],
    };
    #[expect(clippy::cast_possible_truncation, reason = "capacities are whole and small")]
    let line = |(at, row): (usize, &Vec<f64>)| Line {
        id: id(at + 1),
        capacity: row[0] as i64,
        period: None,
        pool: false,
    };
    let student = |at: usize| Student {
        id: id(at + 1),
        home: id(1),
        level: Level::First,
        field: None,
        score: None,
        displaced: false,
    };
    Input {
        students: (0..interest.len()).map(student).collect(),
        choices: (0..interest.len()).flat_map(|at| list(at, &interest[at], &scores[at])).collect(),
        seats: Seats {
            lines: capacities.iter().enumerate().map(line).collect(),
            places: (0..capacities.len()).map(centre).collect(),
        },
        rules: Rules { seed: "published beforehand".to_owned(), scored: true },
    }
}

#[test]
fn real_years_come_out_stable_with_no_capacity_exceeded() {
    for name in ["IQP2017-2018", "IQP2018-2019"] {
        let Some(folder) = year(name) else { continue };
        let input = input(&folder);
        let allocation = run(&input);
        assert_eq!(allocation.rule, Rule::DeferredAcceptance);
        assert_eq!(verify(&input, &allocation), Ok(vec![]), "{name}");
        let reference = Reference::new(&input);
        let held = reference.held(&allocation);
        for line in &input.seats.lines {
            let claims = |choice: &&Choice| (choice.line == Some(line.id)).then(|| reference.claim(choice));
            let holders: Vec<Claim> = held.values().filter_map(claims).collect();
            let free = line.capacity - i64::try_from(holders.len()).unwrap();
            assert!(free >= 0, "{name}: {} gave more than it has", line.id);
            let rather = |choice: &&Choice| {
                choice.line == Some(line.id)
                    && held.get(&choice.student).is_none_or(|has| choice.rank < has.rank)
            };
            for choice in input.choices.iter().filter(rather) {
                let claim = reference.claim(choice);
                assert!(
                    free == 0 && holders.iter().all(|holder| *holder < claim),
                    "{name}: {choice:?} blocks"
                );
            }
        }
        let table = Fairness::of(&input.students, &allocation);
        let all = &table.groups[0];
        let students = u64::from(all.students);
        let result =
            format!("{} placed, {} ‰ with their first choice", all.students - all.unplaced, all.within(1));
        measured(&format!("{name} allocated"), students, &input.rules.seed, result);
    }
}
