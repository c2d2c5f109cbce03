//! Who got which choice in the confirmed runs of each call.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::allocation::{Allocation, Fairness, Placed, Student};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId};
use utoipa::ToSchema;

use super::asked::{Names, demand};
use super::{Report, Wanted, table};
use crate::access::Caller;
use crate::app::allocations::GroupView;
use crate::app::allocations::fairness::{Told, columns, drawn, tallied};
use crate::app::allocations::file::took_part;
use crate::app::{App, Result};
use crate::store::allocations as store;

/// The confirmed runs of one call.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AllocationCall {
    /// The call.
    pub call: CallId,
    /// Its title.
    pub title: String,
    /// How many of its runs are counted; of an application in several of them counts the latest.
    pub runs: usize,
    /// Everybody, then each home, level and broad field.
    pub groups: Vec<GroupView>,
}

/// Who got which choice in confirmed runs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AllocationView {
    /// The instant.
    pub at: DateTime<Utc>,
    /// The worst rank that anybody got.
    pub ranks: usize,
    /// By call, the one with the latest run first.
    pub calls: Vec<AllocationCall>,
}

/// Who got which choice in the confirmed runs that a caller sees.
///
/// # Errors
/// [`crate::app::Error::Forbidden`] for whoever has no part in exchanges.
pub async fn allocation(app: &App, caller: &Caller, wanted: &Wanted) -> Result<AllocationView> {
    demand(caller)?;
    let conn = app.store.read();
    let mut calls: Vec<(AllocationCall, Counted)> = Vec::new();
    for (run, title) in store::reported(conn, caller, wanted.call).await? {
        let Some(files) = store::files(conn, run.id).await? else { continue };
        let at = calls.iter().position(|(known, _)| known.call == run.call_id).unwrap_or_else(|| {
            let call = AllocationCall { call: run.call_id, title, runs: 0, groups: Vec::new() };
            calls.push((call, Counted::default()));
            calls.len() - 1
        });
        let (students, outcome) = took_part(&files)?;
        let (call, counted) = &mut calls[at];
        call.runs += usize::from(counted.add(students, outcome, wanted.home));
    }
    calls.retain(|(call, _)| call.runs > 0);
    let students = calls.iter().flat_map(|(_, counted)| counted.students.values());
    let homes: Vec<InstitutionId> = students.map(|student| student.home).collect();
    let names = Names::of(conn, homes.into_iter()).await?;
    let view = |(call, counted): (AllocationCall, Counted)| {
        let groups = counted.table().map(|table| tallied(table, |home| names.end(home).name));
        AllocationCall { groups: groups.unwrap_or_default(), ..call }
    };
    let calls: Vec<AllocationCall> = calls.into_iter().map(view).collect();
    let ranks = calls.iter().flat_map(|call| &call.groups).map(|group| group.by_rank.len()).max();
    Ok(AllocationView { at: app.clock.now(), ranks: ranks.unwrap_or(0), calls })
}

/// Applications of a call, each as it came out of the latest run that it took part in.
#[derive(Default)]
struct Counted {
    students: BTreeMap<CaseId, Student>,
    placed: BTreeMap<CaseId, Placed>,
    latest: Option<Allocation>,
}

impl Counted {
    /// Adds a run that is older than those before it, or what of it is of a home; `false` where that is nothing.
    fn add(&mut self, students: Vec<Student>, outcome: Allocation, home: Option<InstitutionId>) -> bool {
        let mut some = false;
        for student in students.into_iter().filter(|student| home.is_none_or(|home| student.home == home)) {
            some = true;
            if let Entry::Vacant(new) = self.students.entry(student.id) {
                self.placed.extend(outcome.of(student.id).map(|placed| (student.id, placed)));
                new.insert(student);
            }
        }
        self.latest.get_or_insert(outcome);
        some
    }

    fn table(self) -> Option<Fairness> {
        let students: Vec<Student> = self.students.into_values().collect();
        let outcome = Allocation { placed: self.placed.into_values().collect(), ..self.latest? };
        Some(Fairness::of(&students, &outcome))
    }
}

impl Report for AllocationView {
    fn csv(&self) -> Result<String> {
        let head = ["call_id", "call", "runs"].map(str::to_owned);
        let rows = self.calls.iter().flat_map(|call| {
            let head = [call.call.to_string(), table::plain(&call.title), call.runs.to_string()];
            call.groups.iter().map(move |group| [&head[..], &group.cells(self.ranks)].concat())
        });
        table::csv(head.into_iter().chain(columns(self.ranks)), rows)
    }

    fn picture(&self, language: &str) -> String {
        let words = if language.starts_with("zh") { &CHINESE } else { &ENGLISH };
        let groups: Vec<(Option<&str>, &GroupView)> = match &self.calls[..] {
            [only] => only.groups.iter().map(|group| (None, group)).collect(),
            several => several.iter().filter_map(AllocationCall::everybody).collect(),
        };
        let title = words.title.replace("{}", &self.at.format("%Y-%m-%d %H:%M UTC").to_string());
        drawn(Told { title: &title, none: words.none }, &groups, language)
    }
}

impl AllocationCall {
    fn everybody(&self) -> Option<(Option<&str>, &GroupView)> {
        self.groups.first().map(|group| (Some(self.title.as_str()), group))
    }
}

struct Words {
    title: &'static str,
    none: &'static str,
}

const ENGLISH: Words =
    Words { title: "Who got which choice, as of {}", none: "No run of an allocation has been confirmed." };

const CHINESE: Words =
    Words { title: "各志願分發情形，統計時間 {}", none: "尚無已確認的分發。" };

#[cfg(test)]
mod tests {
    use sojourn_engine::allocation::{Got, Input, Rules, Seats};
    use sojourn_engine::ids::{OfferingId, PlaceLineId};
    use sojourn_engine::vocabulary::Level;
    use uuid::Uuid;

    use super::*;

    /// A run in which each application of a home got that rank, or nothing.
    fn run(got: &[(u128, u128, Option<u16>)]) -> (Vec<Student>, Allocation) {
        let rules = Rules { seed: "a seed".to_owned(), scored: false };
        let input = Input { students: Vec::new(), choices: Vec::new(), seats: Seats::default(), rules };
        let (offering, line): (OfferingId, PlaceLineId) = (Uuid::nil().into(), Uuid::nil().into());
        let student = |(id, home, _): &(u128, u128, _)| Student {
            id: Uuid::from_u128(*id).into(),
            home: Uuid::from_u128(*home).into(),
            level: Level::First,
            field: None,
            score: None,
            displaced: false,
        };
        let placed = |(id, _, rank): &(u128, u128, Option<u16>)| Placed {
            student: Uuid::from_u128(*id).into(),
            got: rank.map(|rank| Got { rank, offering, line }),
        };
        let placed = got.iter().map(placed).collect();
        let outcome = Allocation { placed, ..input.instance().unwrap().solve() };
        (got.iter().map(student).collect(), outcome)
    }

    fn counted(home: Option<u128>) -> Vec<(u32, Vec<u32>, u32)> {
        let mut counted = Counted::default();
        for (students, outcome) in
            [run(&[(2, 7, Some(2))]), run(&[(1, 7, Some(1)), (2, 7, None), (3, 8, None)])]
        {
            counted.add(students, outcome, home.map(|home| Uuid::from_u128(home).into()));
        }
        let groups = counted.table().unwrap().groups.into_iter();
        groups.map(|group| (group.students, group.by_rank, group.unplaced)).collect()
    }

    #[test]
    fn of_an_application_in_several_runs_counts_the_latest() {
        assert_eq!(counted(None)[..3], [(3, vec![1, 1], 1), (2, vec![1, 1], 0), (1, vec![0, 0], 1)]);
        assert_eq!(counted(Some(8))[0], (1, vec![], 1));
    }
}
