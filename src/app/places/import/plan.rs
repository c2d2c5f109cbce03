//! What a list would change: decided on what stands, before anything is written.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};
use sojourn_engine::ids::{AgreementId, InstitutionId, PeriodId};
use sojourn_engine::vocabulary::{
    AgreementStatus, Direction, InstitutionKind, Level, PlaceSource, PlaceUnit,
};

use super::partners::Partners;
use super::periods::Periods;
use super::row::{Fault, MOST, Wish};
use super::strange::Strange;
use super::windows::{Change, Windows};
use crate::app::Result;
use crate::app::people::RefusedRow;
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::agreements::{self, Agreement};
use crate::store::places::{self, PlaceLine};

/// What tells a line from the others of its agreement, and the agreement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The agreement.
    pub agreement: AgreementId,
    /// Who sends.
    pub home: InstitutionId,
    /// Who receives.
    pub host: InstitutionId,
    /// Only for this period.
    pub period: Option<PeriodId>,
    /// Only for these study cycles, in order.
    pub levels: Vec<Level>,
    /// Only for these fields, in order.
    pub fields: Vec<String>,
}

impl Key {
    fn of_line(line: &PlaceLine) -> Option<Self> {
        let mut levels: Vec<Level> = list(line.levels.as_ref());
        let mut fields: Vec<String> = list(line.fields.as_ref());
        levels.sort_unstable();
        fields.sort_unstable();
        Some(Self {
            agreement: line.agreement_id?,
            home: line.home_id?,
            host: line.host_id?,
            period: line.period_id,
            levels,
            fields,
        })
    }
}

fn list<T: serde::de::DeserializeOwned>(value: Option<&Value>) -> Vec<T> {
    value.and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or_default()
}

/// What the rows of one line say together.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    /// Their numbers.
    pub rows: Vec<u64>,
    /// Their places.
    pub places: i32,
    /// What they count.
    pub unit: Option<PlaceUnit>,
    /// Why there are so many.
    pub notes: Vec<String>,
    /// How many of them the list counts as taken; `None` where no row says it.
    pub taken: Option<i64>,
    /// The rows that say it.
    pub counted: Vec<u64>,
    /// The line, when it is there already.
    pub line: Option<PlaceLine>,
}

impl Sum {
    /// What is counted.
    pub fn unit(&self) -> PlaceUnit {
        self.line.as_ref().map(|line| line.unit).or(self.unit).unwrap_or(PlaceUnit::Heads)
    }

    /// How many places there are before, if the line is there.
    pub fn before(&self) -> Option<i32> {
        self.line.as_ref().map(|line| line.capacity)
    }

    /// How many are held or used, as the ledger has it.
    pub fn here(&self) -> i64 {
        self.line.as_ref().map_or(0, |line| i64::from(line.held) + i64::from(line.used))
    }

    fn count(&mut self, wish: &Wish) {
        if let Some(taken) = wish.taken {
            self.taken = Some(self.taken.unwrap_or_default() + i64::from(taken));
            self.counted.push(wish.row);
        }
    }
}

/// What a list would change.
#[derive(Debug)]
pub struct Plan<'a> {
    own: InstitutionId,
    /// The other sides, with those that are new.
    pub partners: Partners<'a>,
    periods: Periods,
    /// By the other side: those that stand, in the order in which they are taken, and behind them those that are new.
    agreements: BTreeMap<InstitutionId, Vec<Agreement>>,
    lines: BTreeMap<Key, Vec<PlaceLine>>,
    /// Agreements to write.
    pub new: Vec<Agreement>,
    /// Every line that the list speaks of.
    pub sums: BTreeMap<Key, Sum>,
    windows: Windows,
    /// Windows for nominations that the list says otherwise than the agreements, in the order of its rows.
    pub changes: Vec<Change>,
    /// Rows that cannot be.
    pub refused: Vec<RefusedRow>,
    /// Words of the list that could not be read.
    pub strange: Strange,
    today: NaiveDate,
    at: &'a Moment,
}

impl<'a> Plan<'a> {
    /// Decides on every row, in order.
    pub async fn of(
        conn: &impl Conn,
        own: InstitutionId,
        wishes: &[Wish],
        mut partners: Partners<'a>,
        (today, at): (NaiveDate, &'a Moment),
    ) -> Result<Self> {
        let named: Vec<_> = wishes.iter().map(|wish| (wish, partners.of(wish))).collect();
        let hosts = named.iter().filter(|(wish, _)| wish.period.is_some());
        let hosts = hosts.filter_map(|(wish, partner)| Some(ends(own, *partner.as_ref().ok()?, wish).1));
        let periods = Periods::of(conn, hosts.collect()).await?;
        let mut plan = Self {
            own,
            partners,
            periods,
            agreements: BTreeMap::new(),
            lines: BTreeMap::new(),
            new: Vec::new(),
            sums: BTreeMap::new(),
            windows: Windows::default(),
            changes: Vec::new(),
            refused: Vec::new(),
            strange: Strange::default(),
            today,
            at,
        };
        plan.learn(agreements::standing(conn, own).await?, places::of_agreements(conn, own).await?);
        for (wish, partner) in named {
            if let Err(fault) = partner.and_then(|partner| plan.take(wish, partner)) {
                plan.refuse(wish.row, fault);
            }
        }
        plan.changes = plan.compare();
        Ok(plan)
    }

    /// What the list says of windows and the agreements do not: a member speaks for itself, for others their partners do.
    fn compare(&self) -> Vec<Change> {
        let is_member = |host| self.partners.get(host).map(|row| row.kind) == Some(InstitutionKind::Member);
        self.windows.changes(self.own, &self.rows(), |host| host != self.own && is_member(host))
    }

    fn rows(&self) -> BTreeMap<AgreementId, &Agreement> {
        self.agreements.values().flatten().map(|row| (row.id, row)).collect()
    }

    /// The agreements whose windows change, as they were and as they are.
    pub fn revised(&self) -> BTreeMap<AgreementId, (Agreement, Agreement)> {
        let rows = self.rows();
        let mut revised = BTreeMap::new();
        for change in self.changes.iter().filter(|change| !change.kept) {
            let Some(was) = rows.get(&change.agreement).copied() else { continue };
            let both = || (was.clone(), was.clone());
            let (_, is) = revised.entry(was.id).or_insert_with(both);
            change.apply(is);
        }
        revised
    }

    fn learn(&mut self, agreements: Vec<Agreement>, lines: Vec<PlaceLine>) {
        for agreement in agreements {
            // One with the alliance as a whole is with nobody whom a list names.
            if let Some(other) = agreement.partner_id.and_then(|_| agreement.other_than(self.own)) {
                self.agreements.entry(other).or_default().push(agreement);
            }
        }
        for agreements in self.agreements.values_mut() {
            agreements.sort_by_key(|agreement| (rank(agreement.status), agreement.id));
        }
        for line in lines {
            if let Some(key) = Key::of_line(&line) {
                self.lines.entry(key).or_default().push(line);
            }
        }
    }

    fn refuse(&mut self, row: u64, (column, detail): Fault) {
        self.refused.push(RefusedRow { row, column: column.map(str::to_owned), detail });
    }

    fn take(&mut self, wish: &Wish, partner: InstitutionId) -> Result<(), Fault> {
        let (home, host) = ends(self.own, partner, wish);
        let period = match &wish.period {
            Some(written) => Some(self.periods.find(host, written, wish.days)?),
            None => None,
        };
        let agreement = self.agreement(wish, partner)?;
        let (levels, fields) = (wish.levels.clone(), wish.fields.clone());
        let key = Key { agreement, home, host, period, levels, fields };
        let line = match self.lines.get(&key).map_or(&[][..], Vec::as_slice) {
            [] => None,
            [line] => Some(line.clone()),
            [..] => {
                let told = "several lines stand for just this: post to one of them, and leave the row out";
                return Err((None, told.to_owned()));
            }
        };
        self.windows.agree((agreement, host), wish)?;
        let sum = self.sums.entry(key).or_insert_with(|| Sum { line, ..Sum::default() });
        let counted = sum.line.as_ref().map(|line| line.unit).or(sum.unit);
        if let (Some(stands), Some(asked)) = (counted, wish.unit.or(counted))
            && stands != asked
        {
            return Err((Some("unit"), format!("this line counts {stands}: write that")));
        }
        let places = sum.places.checked_add(wish.places).filter(|places| *places <= MOST);
        sum.places = places.ok_or_else(|| {
            (Some("places"), "with the rows before there would be more than 1000000: write fewer".to_owned())
        })?;
        sum.unit = Some(wish.unit.or(counted).unwrap_or(PlaceUnit::Heads));
        sum.rows.push(wish.row);
        sum.count(wish);
        self.windows.note((agreement, host), wish);
        sum.notes.extend(wish.note.clone().filter(|note| !sum.notes.contains(note)));
        Ok(())
    }

    /// The agreement that covers a row: what both have agreed on before what is proposed, and that before a draft, the oldest first.
    fn agreement(&mut self, wish: &Wish, partner: InstitutionId) -> Result<AgreementId, Fault> {
        let standing = self.agreements.get(&partner).map_or(&[][..], Vec::as_slice);
        let mut covering = standing.iter().filter(|agreement| covers(agreement, wish, self.today));
        match (covering.next(), wish.days) {
            (Some(first), days) if days.is_some() || !covering.any(|other| other.status == first.status) => {
                Ok(first.id)
            }
            (Some(_), _) => {
                let told =
                    "several agreements with this partner stand: give the days of the one that is meant";
                Err((Some("valid_from_on"), told.to_owned()))
            }
            (None, Some(days)) => Ok(self.write(partner, days)),
            (None, None) => {
                let told = "no agreement with this partner covers the row: give the first and the last day of a new one";
                Err((Some("valid_from_on"), told.to_owned()))
            }
        }
    }

    /// A draft of the own side: the other has still to agree.
    fn write(&mut self, partner: InstitutionId, (from, until): (NaiveDate, NaiveDate)) -> AgreementId {
        let agreement = Agreement {
            id: self.at.id(),
            proposer_id: self.own,
            partner_id: Some(partner),
            status: AgreementStatus::Draft,
            valid_from_on: from,
            valid_until_on: until,
            fields: json!([]),
            levels: json!([]),
            proposed_by: None,
            proposed_at: None,
            agreed_by: None,
            agreed_at: None,
            ended_on: None,
            note: None,
            case_id: None,
            proposed_terms: None,
            past_terms: None,
            nomination_windows: None,
            renews_id: None,
            created_at: self.at.now,
            version: 1,
        };
        let id = agreement.id;
        self.agreements.entry(partner).or_default().push(agreement.clone());
        self.new.push(agreement);
        id
    }

    /// The agreement of a line, and who is the other side.
    pub fn other(&self, key: &Key) -> InstitutionId {
        if key.home == self.own { key.host } else { key.home }
    }

    /// Which way a line points, seen from the own side.
    pub fn direction(&self, key: &Key) -> Direction {
        if key.home == self.own { Direction::Out } else { Direction::In }
    }

    /// The row of a line that is not there yet, without its places.
    pub fn row(&self, key: &Key, sum: &Sum) -> PlaceLine {
        let some =
            |list: Value| Some(list).filter(|list| list.as_array().is_some_and(|list| !list.is_empty()));
        PlaceLine {
            id: self.at.id(),
            source: PlaceSource::Agreement,
            agreement_id: Some(key.agreement),
            programme_id: None,
            direction: Direction::Out,
            home_id: Some(key.home),
            host_id: Some(key.host),
            period_id: key.period,
            levels: some(json!(key.levels)),
            fields: some(json!(key.fields)),
            unit: sum.unit(),
            capacity: 0,
            held: 0,
            used: 0,
            created_at: self.at.now,
            version: 0,
        }
    }
}

/// Who sends and who receives.
fn ends(own: InstitutionId, partner: InstitutionId, wish: &Wish) -> (InstitutionId, InstitutionId) {
    match wish.direction {
        Direction::Out => (own, partner),
        Direction::In => (partner, own),
    }
}

const fn rank(status: AgreementStatus) -> u8 {
    match status {
        AgreementStatus::Agreed => 0,
        AgreementStatus::Proposed => 1,
        AgreementStatus::Draft => 2,
        AgreementStatus::Ended | AgreementStatus::Dropped => 3,
    }
}

/// Whether an agreement stands for the days, levels and fields of a row; for a row without days, whether it is not over.
fn covers(agreement: &Agreement, wish: &Wish, today: NaiveDate) -> bool {
    let days = match wish.days {
        Some((from, until)) => agreement.valid_from_on <= from && until <= agreement.valid_until_on,
        None => today <= agreement.valid_until_on,
    };
    let levels: Vec<Level> = list(Some(&agreement.levels));
    let fields: Vec<String> = list(Some(&agreement.fields));
    let within = |field: &String| fields.iter().any(|whole| field.starts_with(whole.as_str()));
    let all_levels = !wish.levels.is_empty() && wish.levels.iter().all(|level| levels.contains(level));
    let all_fields = !wish.fields.is_empty() && wish.fields.iter().all(within);
    days && (levels.is_empty() || all_levels) && (fields.is_empty() || all_fields)
}
