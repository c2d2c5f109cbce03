//! What a list changes, told before and after.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use sojourn_engine::ids::{AgreementId, InstitutionId, PeriodId, PlaceLineId};
use sojourn_engine::vocabulary::{Direction, Level, PlaceUnit};
use utoipa::ToSchema;

use super::plan::{Key, Plan, Sum};
use super::strange::StrangeEntry;
use super::windows::Change;
use super::{List, TOLD};
use crate::app::agreements::windows::Window;
use crate::app::chinese;
use crate::app::people::RefusedRow;

/// What a list changes, or would change.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlacesImport {
    /// Whether this was only tried.
    pub dry_run: bool,
    /// Whether anything differs from what stood; a list that is sent again changes nothing.
    pub changes: bool,
    /// Name of the sheet that was read, of a spreadsheet.
    pub sheet: Option<String>,
    /// Rows read, without the header and rows without anything in them.
    pub read: u64,
    /// Partners entered, unverified.
    pub partners: Vec<PartnerEntry>,
    /// Agreements written, as drafts of the own side: the partner has still to agree.
    pub agreements: Vec<AgreementEntry>,
    /// Lines that are new, or whose capacity changes.
    pub lines: Vec<LineEntry>,
    /// Lines of the list that stay as they are.
    pub unchanged: u64,
    /// Rows that speak of one and the same line: their places were added up.
    pub summed: Vec<Vec<u64>>,
    /// Windows for nominations that the list says otherwise than the agreements.
    pub windows: Vec<WindowEntry>,
    /// Lines whose taken places the list counts otherwise than they are taken here; nothing of it is written.
    pub counted_otherwise: Vec<CountedEntry>,
    /// How many rows cannot be; with one of them nothing is written.
    pub refused_rows: usize,
    /// What is wrong with them, the first 5000 faults; a row may have several.
    pub refused: Vec<RefusedRow>,
    /// How many more faults there are.
    pub refused_besides: usize,
    /// Words of the list that could not be read; a map can say what each means.
    pub unread: Vec<StrangeEntry>,
}

/// A partner that is new.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartnerEntry {
    /// Its id; `null` when this was only tried.
    pub id: Option<InstitutionId>,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
    /// Erasmus code.
    pub erasmus_code: Option<String>,
}

/// An agreement that is new.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgreementEntry {
    /// Its id; `null` when this was only tried.
    pub id: Option<AgreementId>,
    /// Name of the other side.
    pub partner: String,
    /// First day.
    pub valid_from_on: NaiveDate,
    /// Last day.
    pub valid_until_on: NaiveDate,
}

/// A line that is new or changes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LineEntry {
    /// Its id; `null` when it is new and this was only tried.
    pub id: Option<PlaceLineId>,
    /// Its agreement; `null` when that is new and this was only tried.
    pub agreement: Option<AgreementId>,
    /// Name of the other side.
    pub partner: String,
    /// Which way, seen from the own side.
    pub direction: Direction,
    /// Only for this period.
    pub period: Option<PeriodId>,
    /// Only for these study cycles; empty: all.
    pub levels: Vec<Level>,
    /// Only for these ISCED-F 2013 codes; empty: all.
    pub fields: Vec<String>,
    /// What is counted.
    pub unit: PlaceUnit,
    /// How many places there were; `null` when the line is new.
    pub from: Option<i32>,
    /// How many there are.
    pub to: i32,
    /// Whether more are taken than there are.
    pub overdrawn: bool,
    /// Rows that say so, 1 = the first after the header.
    pub rows: Vec<u64>,
}

/// A line whose taken places the list counts otherwise.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountedEntry {
    /// Name of the other side.
    pub partner: String,
    /// Which way, seen from the own side.
    pub direction: Direction,
    /// Only for this period.
    pub period: Option<PeriodId>,
    /// Only for these study cycles; empty: all.
    pub levels: Vec<Level>,
    /// Only for these ISCED-F 2013 codes; empty: all.
    pub fields: Vec<String>,
    /// How many the list counts as taken, over all of its rows that say it.
    pub list: i64,
    /// How many are held or used here; 0 where the line is new.
    pub here: i64,
    /// Rows that say so, 1 = the first after the header.
    pub rows: Vec<u64>,
}

/// A window for nominations that the list says otherwise than its agreement.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WindowEntry {
    /// Its agreement; `null` when that is new and this was only tried.
    pub agreement: Option<AgreementId>,
    /// Name of the other side.
    pub partner: String,
    /// Which way those nominated go, seen from the own side.
    pub direction: Direction,
    /// Whose window it is; `null` when that side is new and this was only tried.
    pub host: Option<InstitutionId>,
    /// For which term.
    pub term: &'static str,
    /// What the agreement says; `null` where it says nothing yet.
    pub from: Option<Window>,
    /// What the list says.
    pub to: Window,
    /// Whether the agreement's stays: its host is a member and says its own.
    pub kept: bool,
    /// Rows that say so, 1 = the first after the header.
    pub rows: Vec<u64>,
}

impl PlacesImport {
    /// What a plan changes, in the words of a language.
    pub(super) fn of(plan: &Plan<'_>, list: &List, dry_run: bool, language: &str) -> Self {
        let sums: BTreeMap<&Key, &Sum> = plan.sums.iter().filter(|(_, sum)| !sum.rows.is_empty()).collect();
        let changed = sums.iter().filter(|(_, sum)| sum.before() != Some(sum.places));
        let mut lines: Vec<_> = changed.map(|(key, sum)| line(plan, key, sum, dry_run)).collect();
        lines.sort_by(|one, other| one.rows.cmp(&other.rows));
        let summed = sums.values().map(|sum| &sum.rows).filter(|rows| rows.len() > 1);
        let mut summed: Vec<_> = summed.cloned().collect();
        summed.sort_unstable();
        let partners: Vec<_> = partners(plan, dry_run).collect();
        let counted = sums.iter().filter_map(|(key, sum)| counted(plan, key, sum));
        let mut counted: Vec<_> = counted.collect();
        counted.sort_by(|one, other| one.rows.cmp(&other.rows));
        Self {
            dry_run,
            changes: !lines.is_empty()
                || !partners.is_empty()
                || !plan.new.is_empty()
                || plan.changes.iter().any(|change| !change.kept),
            sheet: list.sheet.clone(),
            read: list.read,
            unchanged: (sums.len() - lines.len()) as u64,
            partners,
            agreements: agreements(plan, dry_run).collect(),
            lines,
            summed,
            windows: plan.changes.iter().map(|change| window(plan, change, dry_run)).collect(),
            counted_otherwise: counted,
            // Sorted by row, so that the faults of one stand together.
            refused_rows: plan.refused.chunk_by(|one, next| one.row == next.row).count(),
            refused: plan.refused.iter().take(TOLD).map(|refused| told(refused, language)).collect(),
            refused_besides: plan.refused.len().saturating_sub(TOLD),
            unread: plan.strange.told(),
        }
    }
}

fn told(refused: &RefusedRow, language: &str) -> RefusedRow {
    let other = if language.starts_with("zh") { chinese(&refused.detail) } else { None };
    RefusedRow { detail: other.unwrap_or_else(|| refused.detail.clone()), ..refused.clone() }
}

fn name(plan: &Plan<'_>, id: InstitutionId) -> String {
    plan.partners.get(id).map_or_else(String::new, |row| row.name.clone())
}

fn partners(plan: &Plan<'_>, dry_run: bool) -> impl Iterator<Item = PartnerEntry> {
    plan.partners.new.iter().filter_map(|id| plan.partners.get(*id)).map(move |row| PartnerEntry {
        id: Some(row.id).filter(|_| !dry_run),
        name: row.name.clone(),
        country: row.country.clone(),
        erasmus_code: row.erasmus_code.clone(),
    })
}

fn agreements(plan: &Plan<'_>, dry_run: bool) -> impl Iterator<Item = AgreementEntry> {
    plan.new.iter().map(move |row| AgreementEntry {
        id: Some(row.id).filter(|_| !dry_run),
        partner: row.partner_id.map(|id| name(plan, id)).unwrap_or_default(),
        valid_from_on: row.valid_from_on,
        valid_until_on: row.valid_until_on,
    })
}

fn window(plan: &Plan<'_>, change: &Change, dry_run: bool) -> WindowEntry {
    let tried = |new: bool| new && dry_run;
    let written = plan.new.iter().any(|agreement| agreement.id == change.agreement);
    WindowEntry {
        agreement: Some(change.agreement).filter(|_| !tried(written)),
        partner: name(plan, change.partner),
        direction: if change.host == change.partner { Direction::Out } else { Direction::In },
        host: Some(change.host).filter(|host| !tried(plan.partners.new.contains(host))),
        term: change.term,
        from: change.from,
        to: change.to,
        kept: change.kept,
        rows: change.rows.clone(),
    }
}

/// What a line is counted otherwise by, where it is.
fn counted(plan: &Plan<'_>, key: &Key, sum: &Sum) -> Option<CountedEntry> {
    let list = sum.taken.filter(|list| *list != sum.here())?;
    Some(CountedEntry {
        partner: name(plan, plan.other(key)),
        direction: plan.direction(key),
        period: key.period,
        levels: key.levels.clone(),
        fields: key.fields.clone(),
        list,
        here: sum.here(),
        rows: sum.counted.clone(),
    })
}

fn line(plan: &Plan<'_>, key: &Key, sum: &Sum, dry_run: bool) -> LineEntry {
    let written = plan.new.iter().any(|agreement| agreement.id == key.agreement);
    LineEntry {
        id: sum.line.as_ref().map(|line| line.id),
        agreement: Some(key.agreement).filter(|_| !(written && dry_run)),
        partner: name(plan, plan.other(key)),
        direction: plan.direction(key),
        period: key.period,
        levels: key.levels.clone(),
        fields: key.fields.clone(),
        unit: sum.unit(),
        from: sum.before(),
        to: sum.places,
        overdrawn: sum.here() > i64::from(sum.places),
        rows: sum.rows.clone(),
    }
}
