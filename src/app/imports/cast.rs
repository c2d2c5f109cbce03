//! What a record is about: its institutions, their technical people, the call, the offering and the place line it needs.
//!
//! What is there already is used; what is missing is made, once, and written with the batch that needs it first.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Days, NaiveDate};
use sojourn_engine::ids::{CallId, InstitutionId, PersonId, PlaceLineId, ProgrammeId};
use sojourn_engine::quota::Covers;
use sojourn_engine::vocabulary::{Direction, Duty, InstitutionKind, PlaceSource, PlaceUnit, ProgrammeKind};

use super::countries::Countries;
use super::erasmus::{Fault, Mobility, Party};
use super::plan::Walk;
use super::rows;
use crate::app::{Error, Result};
use crate::clock::Moment;
use crate::store::calls::Call;
use crate::store::dossiers::{Institution, Offering};
use crate::store::holders::Holder;
use crate::store::imports::{House, Names, NewHouses};
use crate::store::places::Line;

/// Term of the periods that imports make.
const TERM: &str = "imported";
/// Month in which an academic year begins.
const AUGUST: u32 = 8;

/// Everything a life needs beside the record.
#[derive(Debug)]
pub struct Setting {
    /// The home.
    pub home: Institution,
    /// The call.
    pub call: Call,
    /// The one choice.
    pub offering: Offering,
    /// The line of its flow, with the place that is posted for this record.
    pub line: Line,
    /// Technical people of both sides.
    pub staff: Vec<Holder>,
}

/// Institutions and employers known so far, and what the present batch adds to them.
#[derive(Debug)]
pub struct Cast {
    countries: Countries,
    names: Names,
    houses: HashMap<Party, Known>,
    calls: HashMap<i16, Call>,
    new: NewHouses,
    batch: u64,
}

#[derive(Debug)]
struct Known {
    house: House,
    institution: Institution,
    /// Number of the last batch that needed it.
    used: u64,
}

/// Duties that act at one side of a walk.
pub type Duties = (Vec<Duty>, Vec<Duty>);

impl Cast {
    /// Nobody is known yet.
    pub fn new(countries: Countries, walks: [&Walk; 2]) -> Self {
        let programmes: BTreeMap<ProgrammeKind, String> =
            walks.map(|walk| (walk.kind, walk.title.clone())).into_iter().collect();
        Self {
            countries,
            names: Names { programmes, term: TERM },
            houses: HashMap::new(),
            calls: HashMap::new(),
            new: NewHouses::default(),
            batch: 0,
        }
    }

    /// The countries that records may name.
    pub const fn countries(&self) -> &Countries {
        &self.countries
    }

    /// By which names imports tell their own from what else there is.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Codes and names of employers that are not known yet.
    pub fn unknown<'m>(&self, mobilities: impl Iterator<Item = &'m Mobility>) -> (Vec<String>, Vec<String>) {
        let (mut keys, mut employers) = (Vec::new(), Vec::new());
        for party in mobilities.flat_map(|mobility| [&mobility.home.0, &mobility.host.0]) {
            match party {
                _ if self.houses.contains_key(party) => {}
                Party::University { key } => keys.push(key.clone()),
                Party::Employer { name, .. } => employers.push(name.clone()),
            }
        }
        for list in [&mut keys, &mut employers] {
            list.sort_unstable();
            list.dedup();
        }
        (keys, employers)
    }

    /// Takes in what the store knows.
    pub fn learn(&mut self, houses: Vec<House>) -> Result<()> {
        for house in houses {
            let row = &house.institution;
            let party = match &row.erasmus_key {
                Some(key) => Party::University { key: key.clone() },
                None => Party::Employer { name: row.name.clone(), country: row.country.clone() },
            };
            let institution = Institution::try_from(row.clone())?;
            self.houses.entry(party).or_insert(Known { house, institution, used: self.batch });
        }
        Ok(())
    }

    /// How many things are known, as a measure of memory.
    pub fn size(&self) -> usize {
        self.houses.values().map(|known| known.house.size()).sum()
    }

    /// Forgets the half that was not needed for longest; what was added must be in the store by then.
    ///
    /// Files come home by home: past homes are never needed again, and large hosts stay.
    pub fn forget(&mut self) {
        let mut used: Vec<u64> = self.houses.values().map(|known| known.used).collect();
        used.sort_unstable();
        let Some(&median) = used.get(used.len() / 2) else { return };
        self.houses.retain(|_, known| known.used > median);
    }

    /// What was added since the last time.
    pub fn take_new(&mut self) -> NewHouses {
        self.batch += 1;
        std::mem::take(&mut self.new)
    }

    /// Everything the life of a record needs, made where it is missing.
    ///
    /// # Errors
    /// The column whose code tells no country.
    pub fn set(
        &mut self,
        mobility: &Mobility,
        walk: &Walk,
        duties: &Duties,
        at: &Moment,
    ) -> Result<std::result::Result<Setting, Fault>> {
        let (home, host) = (&mobility.home, &mobility.host);
        let sides = [
            ("home_institution", &home.0, Some(home.1.as_str())),
            ("host_institution", &host.0, host.1.as_deref()),
        ];
        for (column, party, code) in sides {
            if let Err(fault) = self.enter(column, party, code, at)? {
                return Ok(Err(fault));
            }
        }
        let year = academic_year(mobility.days.0);
        let mut staff = self.staff(&home.0, &duties.0, at)?;
        staff.extend(self.staff(&host.0, &duties.1, at)?);
        let (offering, programme) = self.offering(&host.0, walk, mobility.days, year, at)?;
        let call = self.call(&home.0, year, &offering, at)?;
        let line = self.line(&home.0, offering.host.id, programme, at)?;
        let home = self.known(&home.0)?.institution.clone();
        Ok(Ok(Setting { home, call, offering, line, staff }))
    }

    fn known(&mut self, party: &Party) -> Result<&mut Known> {
        let missing = || Error::Internal("an institution of the batch was not prepared".into());
        let known = self.houses.get_mut(party).ok_or_else(missing)?;
        known.used = self.batch;
        Ok(known)
    }

    fn enter(
        &mut self,
        column: &str,
        party: &Party,
        code: Option<&str>,
        at: &Moment,
    ) -> Result<std::result::Result<(), Fault>> {
        if self.houses.contains_key(party) {
            return Ok(Ok(()));
        }
        let (kind, name, country) = match party {
            Party::Employer { name, country } => (InstitutionKind::Employer, name.as_str(), country.as_str()),
            Party::University { key } => {
                let code = code.unwrap_or(key);
                let Some(country) = self.countries.of_code(code) else {
                    let reason = format!(
                        "`{code}` begins with no country's prefix: write the Erasmus code with its blanks, such as `D  KONSTAN01`"
                    );
                    return Ok(Err(Fault { column: column.to_owned(), reason }));
                };
                (InstitutionKind::Member, code, country)
            }
        };
        let zone = self.countries.zone(country).unwrap_or("Etc/UTC");
        let mut row = rows::institution(kind, name, country, zone, at);
        if let Party::University { key } = party {
            row.erasmus_code = code.map(str::to_owned);
            row.erasmus_key = Some(key.clone());
        }
        let institution = Institution::try_from(row.clone())?;
        self.new.institutions.push(row.clone());
        self.houses.insert(party.clone(), Known { house: House::new(row), institution, used: self.batch });
        Ok(Ok(()))
    }

    fn staff(&mut self, party: &Party, duties: &[Duty], at: &Moment) -> Result<Vec<Holder>> {
        let mut missing = Vec::new();
        let known = self.known(party)?;
        let institution = known.institution.id;
        let holders = duties.iter().map(|&duty| {
            let person = *known.house.staff.entry(duty).or_insert_with(|| {
                let person: PersonId = at.id();
                missing.push((person, duty));
                person
            });
            holder(person, duty, Some(institution))
        });
        let holders = holders.collect();
        for (person, duty) in missing {
            self.new.people.push(rows::technical(person, duty, at));
            self.new.roles.push(rows::role(person, duty, Some(institution), at));
        }
        Ok(holders)
    }

    fn offering(
        &mut self,
        host: &Party,
        walk: &Walk,
        days: (NaiveDate, NaiveDate),
        year: i16,
        at: &Moment,
    ) -> Result<(Offering, ProgrammeId)> {
        let Self { houses, new, .. } = self;
        let missing = || Error::Internal("a host of the batch was not prepared".into());
        let Known { house, institution, .. } = houses.get_mut(host).ok_or_else(missing)?;
        let programme = *house.programmes.entry(walk.kind).or_insert_with(|| {
            let row = rows::programme(walk, institution.id, at);
            new.programmes.push(row);
            new.programmes.last().map_or_else(|| at.id(), |row| row.id)
        });
        let period = *house.periods.entry(year).or_insert_with(|| {
            let row = rows::period(institution.id, year, (TERM, first_day(year), last_day(year)), at);
            let id = row.id;
            new.periods.push(row);
            id
        });
        let id = *house.offerings.entry((programme, days.0, days.1)).or_insert_with(|| {
            let row = rows::offering(programme, period, days, at);
            let id = row.id;
            new.offerings.push(row);
            id
        });
        let offering = Offering {
            id,
            start_on: days.0,
            end_on: days.1,
            period,
            twelfths: 12,
            programme,
            unit: None,
            status: rows::OVER,
            title: walk.title.clone(),
            kind: walk.kind,
            gives_credit: true,
            fields: Vec::new(),
            levels: Vec::new(),
            languages: Vec::new(),
            host: institution.clone(),
        };
        Ok((offering, programme))
    }

    fn call(&mut self, home: &Party, year: i16, offering: &Offering, at: &Moment) -> Result<Call> {
        let Self { houses, new, calls, .. } = self;
        let missing = || Error::Internal("a home of the batch was not prepared".into());
        let Known { house, institution, .. } = houses.get_mut(home).ok_or_else(missing)?;
        let opens = rows::opens_on(year);
        if let std::collections::hash_map::Entry::Vacant(free) = calls.entry(year) {
            free.insert(Call::try_from(rows::call(CallId::from(uuid::Uuid::nil()), year, at)?)?);
        }
        let mut fresh = None;
        let (id, opened) = house.calls.entry(opens).or_insert_with(|| {
            let id: CallId = at.id();
            fresh = Some(id);
            (id, std::collections::HashSet::new())
        });
        if let Some(id) = fresh {
            new.calls.push((rows::call(id, year, at)?, institution.id));
        }
        if opened.insert(offering.id) {
            new.opened.push((*id, offering.id));
        }
        let missing = || Error::Internal("the imported call was not made".into());
        Ok(Call { id: *id, ..calls.get(&year).ok_or_else(missing)?.clone() })
    }

    fn line(
        &mut self,
        home: &Party,
        host: InstitutionId,
        programme: ProgrammeId,
        at: &Moment,
    ) -> Result<Line> {
        let Self { houses, new, .. } = self;
        let missing = || Error::Internal("a home of the batch was not prepared".into());
        let Known { house, institution, .. } = houses.get_mut(home).ok_or_else(missing)?;
        let id: PlaceLineId = *house.lines.entry(programme).or_insert_with(|| {
            let row = rows::place_line(institution.id, host, programme, at);
            let id = row.id;
            new.lines.push(row);
            id
        });
        Ok(Line {
            id,
            direction: Direction::Out,
            covers: Covers {
                source: PlaceSource::Programme,
                home: Some(institution.id),
                host: Some(host),
                programme: Some(programme),
                period: None,
                levels: Vec::new(),
                fields: Vec::new(),
            },
            unit: PlaceUnit::Heads,
            // The one place that is posted for the record at hand; others' numbers do not matter to it.
            capacity: 1,
            held: 0,
            used: 0,
            agreement: None,
        })
    }
}

/// Somebody with a duty, as notices and rules see them.
pub fn holder(person: PersonId, duty: Duty, institution: Option<InstitutionId>) -> Holder {
    Holder {
        person,
        name: String::new(),
        language: "en".to_owned(),
        duty,
        institution,
        unit: None,
        away: false,
        in_place_of: None,
        only_in: None,
        unreachable: false,
    }
}

/// The year in which the academic year of a stay begins: the one of its first August, counted from that month on.
fn academic_year(start: NaiveDate) -> i16 {
    let year = if start.month() >= AUGUST { start.year() } else { start.year() - 1 };
    i16::try_from(year).unwrap_or_default()
}

fn first_day(year: i16) -> NaiveDate {
    NaiveDate::from_ymd_opt(year.into(), AUGUST, 1).unwrap_or_default()
}

/// Late enough for every stay that begins in the academic year: a year after its end.
fn last_day(year: i16) -> NaiveDate {
    first_day(year + 2) - Days::new(1)
}
