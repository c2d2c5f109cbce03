//! Allocation beside an independent solver, on a published instance and on random ones.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use sojourn_engine::allocation::{Choice, Draw, Input, Line, Place, Rules, Seats, Student, verify};
use sojourn_engine::guard::Decimal;
use sojourn_engine::vocabulary::Level;
use uuid::Uuid;

use crate::support::counts::count;
use crate::support::data::{own, real};
use crate::support::measured::measured;
use crate::support::seed::{random, seed};

/// Lists by name, the best first.
type Lists = BTreeMap<usize, Vec<usize>>;

/// What both solvers are asked.
#[derive(Debug, Serialize)]
struct Asked {
    students: Lists,
    hosts: Lists,
    capacities: BTreeMap<usize, u32>,
}

/// Who got which host.
type Answer = BTreeMap<usize, usize>;

fn id<T: From<Uuid>>(number: usize) -> T {
    Uuid::from_u128(number as u128).into()
}

impl Asked {
    fn random(random: &mut ChaCha12Rng) -> Self {
        let (students, hosts) = (random.random_range(1..40), random.random_range(1..8));
        let mut asked = Self {
            students: Lists::new(),
            hosts: (0..hosts).map(|host| (host, Vec::new())).collect(),
            capacities: (0..hosts).map(|host| (host, random.random_range(1..5))).collect(),
        };
        for student in 0..students {
            let mut list: Vec<usize> = (0..hosts).collect();
            list.shuffle(random);
            list.truncate(random.random_range(0..=hosts));
            asked.students.insert(student, list);
        }
        for ranking in asked.hosts.values_mut() {
            *ranking = (0..students).collect();
            ranking.shuffle(random);
            ranking.truncate(random.random_range(0..=students));
        }
        asked
    }

    /// The same as the engine is asked: a host's ranking as scores, whom it does not rank as not eligible.
    fn input(&self) -> Input {
        let student = |student: &usize| Student {
            id: id(*student),
            home: id(1),
            level: Level::First,
            field: None,
            score: None,
            displaced: false,
        };
        let choice = |student: usize, rank: usize, host: usize| {
            let ranked = self.hosts[&host].iter().position(|known| *known == student);
            let score = i64::try_from(ranked.unwrap_or(0)).expect("few");
            Choice {
                student: id(student),
                rank: u16::try_from(rank + 1).expect("few"),
                offering: id(host),
                line: Some(id(host)),
                score: Decimal::from_whole(-score),
                eligible: ranked.is_some(),
            }
        };
        let list = |(student, list): (&usize, &Vec<usize>)| {
            let ranked = list.iter().enumerate();
            ranked.map(|(rank, host)| choice(*student, rank, *host)).collect::<Vec<_>>()
        };
        let line = |(host, capacity): (&usize, &u32)| Line {
            id: id(*host),
            capacity: i64::from(*capacity),
            period: None,
            pool: false,
        };
        let place = |host: &usize| Place {
            offering: id(*host),
            line: id(*host),
            host: id(*host),
            draws: vec![Draw { line: id(*host), units: 1 }],
        };
        Input {
            students: self.students.keys().map(student).collect(),
            choices: self.students.iter().flat_map(list).collect(),
            seats: Seats {
                lines: self.capacities.iter().map(line).collect(),
                places: self.hosts.keys().map(place).collect(),
            },
            rules: Rules { seed: "beside another".to_owned(), scored: true },
        }
    }

    fn answer(&self) -> Answer {
        let input = self.input();
        let allocation = input.instance().expect("a sound input").solve();
        assert_eq!(verify(&input, &allocation), Ok(vec![]));
        let number = |id: Uuid| usize::try_from(id.as_u128()).expect("one of ours");
        let placed = allocation.placed.iter();
        placed
            .filter_map(|one| Some((number(one.student.into()), number(one.got?.offering.into()))))
            .collect()
    }
}

/// What the other solver says.
fn answered(asked: &[Asked]) -> Vec<Answer> {
    let python = own("target/reference/bin/python");
    let mut child = Command::new(&python)
        .arg(own("tests/reference/matching.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; tests/run installs it", python.display()));
    let text = serde_json::to_vec(asked).expect("JSON");
    child.stdin.take().expect("piped").write_all(&text).expect("all was read");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<BTreeMap<String, String>> = serde_json::from_slice(&output.stdout).expect("JSON");
    let number = |name: String| name.parse::<usize>().expect("a number");
    let read = |answer: BTreeMap<String, String>| {
        answer.into_iter().map(|(student, host)| (number(student), number(host))).collect()
    };
    answers.into_iter().map(read).collect()
}

#[test]
fn the_published_instance_is_answered_as_by_another_solver() {
    #[derive(Deserialize)]
    struct Published {
        hospitals: Lists,
        residents: Lists,
    }
    let Some(file) = real("matching-instance/issue_159.json") else { return };
    let text = std::fs::read(file).expect("the instance");
    let Published { hospitals: hosts, residents: students } = serde_json::from_slice(&text).expect("JSON");
    assert_eq!((students.len(), hosts.len()), (100, 50));
    for capacity in 1..=3 {
        let capacities = hosts.keys().map(|host| (*host, capacity)).collect();
        let asked = Asked { students: students.clone(), hosts: hosts.clone(), capacities };
        let own = asked.answer();
        assert!(own.len() > 20, "some are placed, not {}", own.len());
        assert_eq!(answered(&[asked]), [own], "{capacity} places each");
    }
}

#[test]
fn random_instances_are_answered_as_by_another_solver() {
    let (seed, instances) = (seed(), count("instances_matched"));
    let mut random = random(seed);
    let asked: Vec<Asked> = (0..instances).map(|_| Asked::random(&mut random)).collect();
    let own: Vec<Answer> = asked.iter().map(Asked::answer).collect();
    for ((asked, own), other) in asked.iter().zip(&own).zip(answered(&asked)) {
        assert_eq!(*own, other, "{asked:?}");
    }
    let placed: usize = own.iter().map(Answer::len).sum();
    measured("allocations beside the package matching", instances, seed, format!("{placed} placed alike"));
}
