//! A run's input, checked and made compact: positions in place of ids, one flat array of choices.

use super::digest::Feed;
use super::lists::{Entry, Lists, Reading};
use super::lookup::NONE;
use super::priority::{DRAW_BITS, Priority, UNSCORED, compared, draw};
use super::seating::Seating;
use super::{Choice, Digest, Fault, Field, Got, Rule, Rules, Seats, Student, Why};
use crate::ids::CaseId;

/// Characters that a seed may have.
const SEED: std::ops::RangeInclusive<usize> = 1..=64;

/// A checked input. Students are counted in the order of their applications.
#[derive(Debug)]
pub struct Instance<'i> {
    pub(super) students: &'i [Student],
    pub(super) choices: &'i [Choice],
    pub(super) rules: &'i Rules,
    pub(super) seating: Seating<'i>,
    pub(super) lists: Lists,
    pub(super) digest: Digest,
    /// Each student's row in the input.
    rows: Vec<u32>,
    /// The students in the order of the draw.
    order: Vec<u32>,
    /// Each student's position in the draw.
    turns: Vec<u32>,
}

impl<'i> Instance<'i> {
    /// Checks an input and makes it compact.
    ///
    /// # Errors
    /// Everything in it that cannot be allocated from, sorted.
    pub fn new(
        students: &'i [Student],
        choices: &'i [Choice],
        seats: &'i Seats,
        rules: &'i Rules,
    ) -> Result<Self, Vec<Fault>> {
        let most = 1 << DRAW_BITS;
        let sizes = [students.len(), choices.len(), seats.lines.len(), seats.places.len()];
        if sizes.iter().any(|size| *size >= most) {
            return Err(vec![Fault::TooMany]);
        }
        let mut faults = Vec::new();
        let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        if !SEED.contains(&rules.seed.len()) || !rules.seed.bytes().all(printable) {
            faults.push(Fault::Seed);
        }
        let too_large = |score| compared(score).is_err();
        let wrong = students.iter().filter(|student| student.score.is_some_and(too_large));
        faults.extend(wrong.map(|student| Fault::ScoreTooLarge { student: student.id }));
        let seating = Seating::new(seats, &mut faults);
        let rows = rows(students, &mut faults);
        let order = draw(rows.iter().map(|row| students[*row as usize].id), &rules.seed);
        let reading = Reading { students, rows: &rows, choices, seating: &seating, scored: rules.scored };
        let lists = reading.lists(&mut faults);
        if !faults.is_empty() {
            faults.sort_unstable();
            faults.dedup();
            return Err(faults);
        }
        let blank = Digest::of(&[]);
        let turns = turns(&order);
        let mut instance =
            Self { students, choices, rules, seating, lists, digest: blank, rows, order, turns };
        instance.digest = instance.digested();
        Ok(instance)
    }

    /// The digest of the whole input with its seed, the same for any order of its rows.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The rule that this input is allocated by, and why if it is not deferred acceptance.
    pub fn rule(&self) -> (Rule, Option<Why>) {
        (self.seating.rule, self.seating.why)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn student(&self, student: usize) -> &'i Student {
        &self.students[self.rows[student] as usize]
    }

    pub(super) fn id(&self, student: usize) -> CaseId {
        self.student(student).id
    }

    /// The student of an application.
    pub(super) fn find(&self, id: CaseId) -> Option<usize> {
        self.rows.binary_search_by_key(&id, |row| self.students[*row as usize].id).ok()
    }

    pub(super) fn list(&self, student: usize) -> &[Entry] {
        &self.lists.entries[self.lists.of(student)]
    }

    pub(super) fn source(&self, entry: &Entry) -> &'i Choice {
        &self.choices[entry.source as usize]
    }

    /// The score of the application itself, where scores count.
    pub(super) fn score(&self, student: usize) -> i32 {
        let score = self.student(student).score.filter(|_| self.rules.scored);
        score.and_then(|score| compared(score).ok()).unwrap_or(UNSCORED)
    }

    /// Where a student stands for a choice on their list.
    pub(super) fn priority(&self, student: usize, entry: &Entry) -> Priority {
        Priority::new(entry.displaced, entry.score, self.turns[student] as usize)
    }

    /// Where a student stands by the application itself.
    pub(super) fn own_priority(&self, student: usize) -> Priority {
        Priority::new(self.student(student).displaced, self.score(student), self.turns[student] as usize)
    }

    /// Who stands there.
    pub(super) fn whose(&self, priority: Priority) -> usize {
        self.order[priority.drawn()] as usize
    }

    /// Every student by the priority of the application itself.
    pub(super) fn by_priority(&self) -> impl Iterator<Item = usize> {
        let mut all: Vec<Priority> = (0..self.len()).map(|student| self.own_priority(student)).collect();
        all.sort_unstable();
        all.into_iter().map(|priority| self.whose(priority))
    }

    pub(super) fn got(&self, entry: u32) -> Option<Got> {
        let entry = self.lists.entries.get(entry as usize)?;
        let place = self.seating.places.get(entry.place as usize)?;
        Some(Got { rank: entry.rank, offering: place.offering, line: place.line })
    }

    fn digested(&self) -> Digest {
        let mut feed = Feed::new("sojourn allocation input 2");
        feed.text(&self.rules.seed);
        feed.bytes(&[u8::from(self.rules.scored)]);
        self.seating.feed(&mut feed);
        feed.count(self.len());
        for at in 0..self.len() {
            let (student, list) = (self.student(at), self.list(at));
            let [f0, f1, f2, f3] = student.field.map_or([0; 4], Field::bytes);
            let [s0, s1, s2, s3] = self.score(at).to_be_bytes();
            let (level, displaced) = (student.level as u8, u8::from(student.displaced));
            feed.id(student.id);
            feed.id(student.home);
            feed.bytes(&[level, displaced, f0, f1, f2, f3, s0, s1, s2, s3]);
            feed.count(list.len());
            for entry in list {
                let [high, low] = entry.rank.to_be_bytes();
                let [p0, p1, p2, p3] = entry.place.to_be_bytes();
                let [s0, s1, s2, s3] = entry.score.to_be_bytes();
                feed.bytes(&[high, low, p0, p1, p2, p3, s0, s1, s2, s3, u8::from(entry.eligible)]);
                if entry.place == NONE {
                    feed.id(self.source(entry).offering);
                }
            }
        }
        feed.finish()
    }
}

/// The rows of the students, sorted by application.
fn rows(students: &[Student], faults: &mut Vec<Fault>) -> Vec<u32> {
    let id = |row: &u32| students[*row as usize].id;
    let mut rows: Vec<u32> = (0..).take(students.len()).collect();
    // Students mostly come sorted, which costs nothing then.
    rows.sort_by_key(id);
    let twice = rows.windows(2).filter(|pair| id(&pair[0]) == id(&pair[1]));
    faults.extend(twice.map(|pair| Fault::StudentTwice { student: id(&pair[0]) }));
    rows
}

/// Each student's position in the draw.
fn turns(order: &[u32]) -> Vec<u32> {
    let mut turns = vec![0; order.len()];
    for (turn, student) in (0..).zip(order) {
        turns[*student as usize] = turn;
    }
    turns
}
