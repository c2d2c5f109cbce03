//! What has changed between what a run was made from and what stands now, each named.

use std::collections::BTreeMap;

use serde::Serialize;
use sojourn_engine::allocation::{Choice, Input, Line, Student};
use sojourn_engine::ids::{CaseId, PlaceLineId};
use utoipa::ToSchema;

/// Changes told of at most.
const TOLD: usize = 100;

/// Something that a run was made from and that is otherwise now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Changed {
    /// `application_left`, `application_joined`, `score`, `choices`, `eligibility`, `displacement`, `registration`, `capacity`, `line` or
    /// `rules`.
    pub code: &'static str,
    /// The application it is about.
    pub application: Option<CaseId>,
    /// The line it is about.
    pub line: Option<PlaceLineId>,
    /// What it was.
    pub was: Option<String>,
    /// What it is.
    pub is: Option<String>,
}

impl Changed {
    /// Something about an application.
    pub fn application(code: &'static str, application: CaseId) -> Self {
        Self { code, application: Some(application), line: None, was: None, is: None }
    }

    /// A line with other numbers than before.
    pub fn line(code: &'static str, line: PlaceLineId, was: Option<i64>, is: Option<i64>) -> Self {
        let told = |units: Option<i64>| units.map(|units| units.to_string());
        Self { code, application: None, line: Some(line), was: told(was), is: told(is) }
    }

    fn between(mut self, was: Option<impl ToString>, is: Option<impl ToString>) -> Self {
        (self.was, self.is) = (was.map(|was| was.to_string()), is.map(|is| is.to_string()));
        self
    }
}

/// What differs between two inputs, the first of it.
pub fn changes(before: &Input, after: &Input) -> Vec<Changed> {
    let mut changes = Vec::new();
    students(before, after, &mut changes);
    lines(before, after, &mut changes);
    if changes.is_empty() {
        // Whatever else the digest covers: whether scores count, and what places draw on.
        changes.push(Changed { code: "rules", application: None, line: None, was: None, is: None });
    }
    changes.truncate(TOLD);
    changes
}

fn students(before: &Input, after: &Input, changes: &mut Vec<Changed>) {
    let of =
        |input: &Input| input.students.iter().map(|one| (one.id, one.clone())).collect::<BTreeMap<_, _>>();
    let (old, new) = (of(before), of(after));
    let (lists, now) = (by_student(before), by_student(after));
    for (id, student) in &old {
        let Some(present) = new.get(id) else {
            changes.push(Changed::application("application_left", *id));
            continue;
        };
        own(student, present, changes);
        let none = Vec::new();
        let (was, is) = (lists.get(id).unwrap_or(&none), now.get(id).unwrap_or(&none));
        list(*id, was, is, changes);
    }
    let joined = new.keys().filter(|id| !old.contains_key(id));
    changes.extend(joined.map(|id| Changed::application("application_joined", *id)));
}

fn own(was: &Student, is: &Student, changes: &mut Vec<Changed>) {
    if was.score != is.score {
        changes.push(Changed::application("score", was.id).between(was.score, is.score));
    }
    if was.displaced != is.displaced {
        changes.push(Changed::application("displacement", was.id));
    }
    if (was.home, was.level, was.field) != (is.home, is.level, is.field) {
        changes.push(Changed::application("registration", was.id));
    }
}

fn list(id: CaseId, was: &[&Choice], is: &[&Choice], changes: &mut Vec<Changed>) {
    let bound = |list: &[&Choice]| -> Vec<_> {
        list.iter().map(|choice| (choice.rank, choice.offering, choice.line, choice.score)).collect()
    };
    if bound(was) != bound(is) {
        changes.push(Changed::application("choices", id));
    } else if was.iter().zip(is).any(|(was, is)| was.eligible != is.eligible) {
        changes.push(Changed::application("eligibility", id));
    }
}

fn by_student(input: &Input) -> BTreeMap<CaseId, Vec<&Choice>> {
    let mut lists: BTreeMap<CaseId, Vec<&Choice>> = BTreeMap::new();
    for choice in &input.choices {
        lists.entry(choice.student).or_default().push(choice);
    }
    for list in lists.values_mut() {
        list.sort_by_key(|choice| choice.rank);
    }
    lists
}

fn lines(before: &Input, after: &Input, changes: &mut Vec<Changed>) {
    let of = |input: &Input| -> BTreeMap<PlaceLineId, Line> {
        input.seats.lines.iter().map(|line| (line.id, line.clone())).collect()
    };
    let (old, new) = (of(before), of(after));
    for (id, was) in &old {
        match new.get(id) {
            None => changes.push(Changed::line("line", *id, Some(was.capacity), None)),
            Some(is) if is.capacity != was.capacity => {
                changes.push(Changed::line("capacity", *id, Some(was.capacity), Some(is.capacity)));
            }
            Some(_) => {}
        }
    }
    let come = new.values().filter(|line| !old.contains_key(&line.id));
    changes.extend(come.map(|line| Changed::line("line", line.id, None, Some(line.capacity))));
}
