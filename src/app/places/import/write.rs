//! Writes what a list changes: those others refer to first, few statements for many rows.

use std::collections::BTreeMap;

use sojourn_engine::ids::PlaceLineId;
use sojourn_engine::vocabulary::{Deed, Matter};

use super::plan::{Plan, Sum};
use super::report::PlacesImport;
use crate::access::Caller;
use crate::app::agreements::{AgreementView, lay};
use crate::app::audit::{self, Deeds};
use crate::app::courses;
use crate::app::institutions::InstitutionView;
use crate::app::places::{PlaceLineView, capacity};
use crate::app::{App, Conflict, Error, Result};
use crate::clock::Moment;
use crate::store::agreements::Agreement;
use crate::store::places::{self as store, NewPosting, PlaceLine};
use crate::store::{Tx, agreements, institutions};

/// Why capacity is posted where the list does not say it.
const REASON: &str = "As the list says.";

/// Writes a plan without refused rows, and the ids of what is new into its report.
///
/// # Errors
/// [`Conflict::NotNow`] when somebody else has changed one of its agreements or posted to one of its lines meanwhile.
pub async fn write(
    (app, tx): (&App, &Tx),
    (at, caller): (&Moment, &Caller),
    plan: &Plan<'_>,
    report: &mut PlacesImport,
) -> Result<()> {
    let deeds = sides((app, tx), (at, caller), plan).await?;
    let mut lines = Lines {
        at,
        caller,
        new: Vec::new(),
        first: Vec::new(),
        more: Vec::new(),
        deeds,
        ids: BTreeMap::new(),
    };
    for (key, sum) in plan.sums.iter().filter(|(_, sum)| !sum.rows.is_empty()) {
        match &sum.line {
            None => lines.enter(plan.row(key, sum), sum)?,
            Some(line) => lines.change(line, sum)?,
        }
    }
    for entry in report.lines.iter_mut().filter(|entry| entry.id.is_none()) {
        entry.id = entry.rows.first().and_then(|row| lines.ids.get(row)).copied();
    }
    lines.write(tx).await
}

/// Writes partners and agreements, which lines refer to.
async fn sides(
    (app, tx): (&App, &Tx),
    (at, caller): (&Moment, &Caller),
    plan: &Plan<'_>,
) -> Result<Vec<Deeds>> {
    let mut deeds = Vec::new();
    let partners: Vec<_> = plan.partners.new.iter().filter_map(|id| plan.partners.get(*id)).collect();
    for row in &partners {
        let deed = Deeds::new(Deed::Create, Matter::Institution, row.id).at(row.id);
        deeds.push(deed.with(&InstitutionView::from((*row).clone()))?);
    }
    institutions::add_many(tx, partners.into_iter().cloned().collect()).await?;
    let (mut new, mut revised) = (plan.new.clone(), plan.revised());
    for row in &mut new {
        if let Some((_, is)) = revised.remove(&row.id) {
            row.nomination_windows = is.nomination_windows;
        }
    }
    let by = Some(caller.person).filter(|person| !uuid::Uuid::from(*person).is_nil());
    let written = lay(app, tx, (by, at), &mut new).await?;
    for row in &new {
        let deed = Deeds::new(Deed::Create, Matter::Agreement, row.id).at(row.proposer_id);
        deeds.push(deed.with(&AgreementView::from(row.clone()))?);
    }
    agreements::add_many(tx, new).await?;
    courses::keep(tx, written).await?;
    deeds.extend(revise(tx, revised.into_values()).await?);
    Ok(deeds)
}

/// Writes agreements that stood before, in the order of their ids, so that two lists never wait for each other.
async fn revise(tx: &Tx, revised: impl Iterator<Item = (Agreement, Agreement)>) -> Result<Vec<Deeds>> {
    let mut deeds = Vec::new();
    for (was, is) in revised {
        let is = Agreement { version: was.version + 1, ..is };
        let deed = Deeds::new(Deed::Change, Matter::Agreement, was.id).at(was.proposer_id);
        deeds.push(deed.differing(&AgreementView::from(was), &AgreementView::from(is.clone()))?);
        if !agreements::replace(tx, is).await? {
            let told = "somebody has changed one of these agreements meanwhile: send the list again";
            return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
        }
    }
    Ok(deeds)
}

/// Lines on their way into the store.
struct Lines<'a> {
    at: &'a Moment,
    caller: &'a Caller,
    new: Vec<PlaceLine>,
    first: Vec<NewPosting>,
    /// More or fewer places, with the version that was read.
    more: Vec<(NewPosting, i32)>,
    deeds: Vec<Deeds>,
    /// New lines by the first row that speaks of each.
    ids: BTreeMap<u64, PlaceLineId>,
}

impl Lines<'_> {
    fn posting(&self, line: PlaceLineId, amount: i32, sum: &Sum) -> NewPosting {
        let notes = sum.notes.join(" ");
        let reason: String =
            if notes.is_empty() { REASON.to_owned() } else { notes.chars().take(1000).collect() };
        capacity(line, amount, Some(reason), self.caller, self.at)
    }

    fn enter(&mut self, mut row: PlaceLine, sum: &Sum) -> Result<()> {
        self.first.push(self.posting(row.id, sum.places, sum));
        (row.capacity, row.version) = (sum.places, 1);
        self.ids.extend(sum.rows.first().map(|first| (*first, row.id)));
        let view = PlaceLineView::from(row.clone());
        let deed = Deeds::new(Deed::Create, Matter::PlaceLine, view.id).at(view.host);
        self.deeds.push(deed.with(&view)?);
        self.new.push(row);
        Ok(())
    }

    fn change(&mut self, line: &PlaceLine, sum: &Sum) -> Result<()> {
        if line.capacity == sum.places {
            return Ok(());
        }
        self.more.push((self.posting(line.id, sum.places - line.capacity, sum), line.version));
        let was = PlaceLineView::from(line.clone());
        let is = PlaceLine { capacity: sum.places, version: line.version + 1, ..line.clone() };
        let deed = Deeds::new(Deed::Change, Matter::PlaceLine, line.id).at(was.host);
        self.deeds.push(deed.differing(&was, &PlaceLineView::from(is))?);
        Ok(())
    }

    async fn write(mut self, tx: &Tx) -> Result<()> {
        // In one order, so that two lists never wait for each other.
        self.more.sort_by_key(|(posting, _)| posting.line);
        store::add_many(tx, self.new, self.first).await?;
        if !store::post_many(tx, self.more).await? {
            let told = "somebody has posted to one of these lines meanwhile: send the list again";
            return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
        }
        audit::note_all(self.deeds, tx, self.at, self.caller).await
    }
}
