//! What allocating a season costs, beside a plain solver on the same lists.
//!
//! `cargo bench -p sojourn-engine --bench allocation` prints medians of the whole (checking, drawing, solving, sorting), of solving
//! alone, of the proof, and of a plain solver. The targets are 50 ms for 100,000 students × 2,000 hosts × 5 choices, 3 s for
//! 1,000,000 × 10,000 × 10, 200 bytes per choice, and at 10⁶ students at most five times the time per choice of 10⁴.

#![expect(clippy::expect_used, reason = "a bench that cannot begin has to fail")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use sojourn_engine::allocation::{
    Allocation, Choice, Draw, Input, Line, Place, Rules, Seats, Student, allocate,
};
use sojourn_engine::guard::Decimal;
use sojourn_engine::vocabulary::Level;
use uuid::Uuid;

/// As in the service.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Students, hosts, choices of each.
type Size = (usize, usize, usize);

const SIZES: [Size; 2] = [(100_000, 2_000, 5), (1_000_000, 10_000, 10)];

/// An id as a service makes them: in the order of time, with random ends.
fn id<T: From<Uuid>>(kind: u64, number: usize) -> T {
    let spread = (number as u64 ^ kind << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Uuid::from_u64_pair(0x019a_7c3e_5b1f_7000 + ((number as u64) << 16), spread).into()
}

/// A season in which nine of ten find a place, hosts score each student on their own, and some hosts are sought after.
fn season((students, hosts, choices): Size) -> Input {
    let mut dice = ChaCha12Rng::seed_from_u64(6);
    let student = |at: usize| Student {
        id: id(1, at),
        home: id(2, at % 40),
        level: Level::ALL[at % 4],
        field: None,
        score: None,
        displaced: false,
    };
    let mut rows = Vec::with_capacity(students * choices);
    for at in 0..students {
        let mut list: Vec<usize> = Vec::with_capacity(choices);
        while list.len() < choices {
            let host = dice.random_range(0..hosts).min(dice.random_range(0..hosts));
            if !list.contains(&host) {
                list.push(host);
            }
        }
        rows.extend((1..).zip(list).map(|(rank, host)| Choice {
            student: id(1, at),
            rank,
            offering: id(3, host),
            line: Some(id(4, host)),
            score: Some(Decimal::from_thousandths(dice.random_range(0..100_000))),
            eligible: true,
        }));
    }
    let capacity = i64::try_from(students * 9 / 10 / hosts).expect("few");
    let line = |at: usize| Line { id: id(4, at), capacity, period: None, pool: false };
    let place = |at: usize| Place {
        offering: id(3, at),
        line: id(4, at),
        host: id(5, at),
        draws: vec![Draw { line: id(4, at), units: 1 }],
    };
    Input {
        students: (0..students).map(student).collect(),
        choices: rows,
        seats: Seats { lines: (0..hosts).map(line).collect(), places: (0..hosts).map(place).collect() },
        rules: Rules { seed: "a published seed".to_owned(), scored: true },
    }
}

fn run(input: &Input) -> Allocation {
    allocate(&input.students, &input.choices, &input.seats, &input.rules).expect("a sound season")
}

/// The lists as a plain solver takes them: for each student hosts with their scores.
struct Plain {
    lists: Vec<Vec<(usize, i64)>>,
    capacity: usize,
    hosts: usize,
}

impl Plain {
    fn new(input: &Input, (students, hosts, choices): Size) -> Self {
        let number = |choice: &Choice| {
            let line = choice.line.expect("bound");
            let at = input.seats.lines.binary_search_by_key(&line, |line| line.id);
            (at.expect("lines are sorted"), choice.score.expect("scored").thousandths())
        };
        let lists = input.choices.chunks(choices).map(|list| list.iter().map(number).collect()).collect();
        Self { lists, capacity: students * 9 / 10 / hosts, hosts }
    }

    /// Gale and Shapley as in a textbook: each host keeps a list and looks for its worst.
    fn solve(&self) -> Vec<Vec<(i64, usize)>> {
        let mut kept: Vec<Vec<(i64, usize)>> = vec![Vec::new(); self.hosts];
        let mut next = vec![0; self.lists.len()];
        let mut free: Vec<usize> = (0..self.lists.len()).collect();
        while let Some(student) = free.pop() {
            let Some((host, score)) = self.lists[student].get(next[student]).copied() else { continue };
            next[student] += 1;
            let seats = &mut kept[host];
            seats.push((score, student));
            if seats.len() > self.capacity {
                let worst = (0..seats.len()).min_by_key(|at| seats[*at]).expect("somebody");
                free.push(seats.swap_remove(worst).1);
            }
        }
        kept
    }
}

/// Whether this is a measurement, not the one pass of a test run.
fn measuring() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

fn seasons(criterion: &mut Criterion) {
    let sizes = if measuring() { &SIZES[..] } else { &[(1_000, 20, 5)] };
    for size in sizes.iter().copied() {
        let (students, hosts, choices) = size;
        let input = season(size);
        let mut group = criterion.benchmark_group(format!("allocate {students} × {hosts} × {choices}"));
        group.sample_size(10).measurement_time(Duration::from_secs(10));
        group.bench_function("whole", |bencher| bencher.iter(|| run(black_box(&input))));
        let instance = input.instance().expect("a sound season");
        group.bench_function("solve", |bencher| bencher.iter(|| black_box(&instance).solve()));
        let allocation = instance.solve();
        assert_eq!(instance.verify(&allocation), [], "the outcome is proven");
        group.bench_function("verify", |bencher| bencher.iter(|| instance.verify(black_box(&allocation))));
        let plain = Plain::new(&input, size);
        let placed = allocation.placed.iter().filter(|placed| placed.got.is_some()).count();
        let held: usize = plain.solve().iter().map(Vec::len).sum();
        assert!(held.abs_diff(placed) * 1_000 < placed, "but for ties both solvers fill as many places");
        group.bench_function("plain solver", |bencher| bencher.iter(|| black_box(&plain).solve()));
        group.finish();
    }
}

/// Bytes that the process has taken at most, and takes now.
fn memory() -> (usize, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(0) * 1_024
    };
    (of("VmHWM:"), of("VmRSS:"))
}

/// The median of five.
fn timed(mut work: impl FnMut()) -> Duration {
    let mut times = [(); 5].map(|()| {
        let began = Instant::now();
        work();
        began.elapsed()
    });
    times.sort_unstable();
    times[2]
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn growth(_: &mut Criterion) {
    let sizes: &[Size] =
        if measuring() { &[(1_000_000, 10_000, 10), (10_000, 100, 10)] } else { &[(1_000, 10, 10)] };
    let mut per_choice = Vec::new();
    for size in sizes {
        let empty = memory().1;
        let input = season(*size);
        let rows = input.choices.len();
        let given = memory().1;
        drop(run(&input));
        let bytes = (memory().0.saturating_sub(empty) / rows, given.saturating_sub(empty) / rows);
        let whole = timed(|| drop(run(&input)));
        let plain = Plain::new(&input, *size);
        let alone = timed(|| drop(plain.solve()));
        per_choice.push(whole.as_secs_f64() / rows as f64);
        println!(
            "{size:?}: {:.0} ns per choice (plain solver {:.0} ns), at most {} bytes per choice, {} of them the input",
            whole.as_secs_f64() / rows as f64 * 1e9,
            alone.as_secs_f64() / rows as f64 * 1e9,
            bytes.0,
            bytes.1,
        );
    }
    if let [large, small] = per_choice[..] {
        println!("a choice costs {:.2} times as much at 10⁶ students as at 10⁴", large / small);
    }
}

// Growth first, so that nothing else has taken memory before.
criterion_group!(benches, growth, seasons);
criterion_main!(benches);
