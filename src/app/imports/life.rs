//! One record → one case with its whole life, through the same fold that serves a request.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, Resolver};
use sojourn_engine::ids::{CaseId, PersonId, PlaceLineId, RegistrationId, WorkflowVersionId};
use sojourn_engine::vocabulary::{ChoiceResult, Duty, PostingKind, Via};

use super::cast::{Cast, Duties, Setting, holder};
use super::erasmus::{Fault, Kind, Mobility};
use super::plan::{Planned, Walk};
use super::rows;
use crate::app::holders::Holders;
use crate::app::transition::drive::{self, Deed, Refused, Stage};
use crate::app::transition::live::Live;
use crate::app::transition::settle_new;
use crate::app::{Error, Result, applications};
use crate::clock::Moment;
use crate::store::dossiers::{Choice, Dossier, Student};
use crate::store::holders::Holder;
use crate::store::imports::{Batch, Outcome, Person, Registration};
use crate::store::places::NewPosting;
use crate::store::records::{NewStay, Records};

/// A walk with the definition it goes through.
#[derive(Debug)]
pub struct Path {
    walk: Walk,
    definition: Arc<Definition>,
    version: WorkflowVersionId,
    duties: Duties,
}

impl Path {
    /// Binds a walk to the definition in force.
    ///
    /// # Errors
    /// [`Error::Internal`] when the walk names a role or an event the definition does not have.
    pub fn new(walk: Walk, version: WorkflowVersionId, definition: Arc<Definition>) -> Result<Self> {
        let mut duties: Duties = (Vec::new(), Vec::new());
        for step in &walk.steps {
            let known = step.event == "create" || definition.event_named(&step.event).is_some();
            let role = definition.role_named(&step.by).filter(|_| known).ok_or_else(|| {
                let told = format!(
                    "the import plays `{}` as `{}`, which {} does not know",
                    step.event, step.by, walk.workflow
                );
                Error::Internal(told.into())
            })?;
            let (side, duty) = match definition.roles[role.at()].resolver {
                Resolver::Home(duty) => (&mut duties.0, duty),
                Resolver::Host(duty) => (&mut duties.1, duty),
                Resolver::Applicant
                | Resolver::Secretariat
                | Resolver::Chair
                | Resolver::Link(_)
                | Resolver::System => continue,
            };
            if !side.contains(&duty) {
                side.push(duty);
            }
        }
        Ok(Self { walk, definition, version, duties })
    }

    /// The walk.
    pub const fn walk(&self) -> &Walk {
        &self.walk
    }
}

/// What lives are made with.
#[derive(Debug)]
pub struct Maker {
    /// Stays at a university.
    pub study: Path,
    /// Stays at an employer.
    pub work: Path,
    /// The technical person who stands for the secretariat.
    pub secretariat: PersonId,
    /// Calendar of the alliance.
    pub alliance: Calendar,
    /// Name of the file, by which applicants are called.
    pub name: String,
}

impl Maker {
    /// Lays the life of one record into a batch; a record that cannot live is noted with its reason.
    pub fn live(
        &self,
        cast: &mut Cast,
        at: &Moment,
        number: u64,
        mobility: std::result::Result<Mobility, Fault>,
        batch: &mut Batch,
    ) -> Result<()> {
        let record = i32::try_from(number).map_err(|fault| Error::Internal(fault.into()))?;
        let mut kind = None;
        let became = match mobility {
            Ok(mobility) => {
                kind = Some(mobility.kind.letter());
                let path = if mobility.kind == Kind::Placement { &self.work } else { &self.study };
                match cast.set(&mobility, &path.walk, &path.duties, at)? {
                    Ok(setting) => self.play(path, setting, &mobility, number, at, batch)?,
                    Err(fault) => Err(fault),
                }
            }
            Err(fault) => Err(fault),
        };
        let became = became.map_err(|fault| (fault.column, fault.reason));
        batch.outcomes.push(Outcome { record, kind, became });
        Ok(())
    }

    fn play(
        &self,
        path: &Path,
        setting: Setting,
        mobility: &Mobility,
        number: u64,
        at: &Moment,
        batch: &mut Batch,
    ) -> Result<std::result::Result<CaseId, Fault>> {
        let days = mobility.days;
        let line = setting.line.id;
        let person = self.person(mobility, number, at);
        let registration = registration(mobility, person.id, &setting, self.name.as_str(), number, at);
        let mut staff = setting.staff.clone();
        staff.push(holder(self.secretariat, Duty::Secretariat, None));
        let holders = Holders {
            applicant: Some(holder(person.id, Duty::Coordinator, None)),
            staff,
            chair: None,
            linked: Vec::new(),
        };
        let mut records = Records::default();
        let begin = path.walk.steps.first().and_then(|step| step.at(days.0, days.1));
        let Some(begin) = begin.filter(|begin| *begin <= at.now) else {
            let reason = "the stay begins so far in the future that nobody could have applied yet";
            return Ok(Err(Fault { column: String::new(), reason: reason.to_owned() }));
        };
        let mut moment = at.as_of(begin);
        let mut live = Self::opening(path, setting, mobility, (registration.id, person.id), &moment)?;
        for (step, planned) in (0..).zip(&path.walk.steps) {
            let Some(then) = planned.at(days.0, days.1).filter(|then| *then <= at.now) else { break };
            moment = at.as_of(then);
            let stage = path.stage(&holders, &self.alliance, &moment);
            let taken = if step == 0 {
                drive::open(&stage, &mut live, person.id, &mut records)
            } else {
                path.take(&stage, &mut live, planned, person.id, &mut records)?
            };
            if let Err(refused) = taken {
                return Ok(Err(unplayable(planned, &refused)));
            }
        }
        let case = live.dossier.case.id;
        post(line, &at.as_of(begin), &mut records);
        settle_new(&path.stage(&holders, &self.alliance, &moment), live, &mut records);
        batch.people.push(person);
        batch.registrations.push(registration);
        batch.records.append(records);
        Ok(Ok(case))
    }

    /// The applicant: without a name, for the records have none.
    fn person(&self, mobility: &Mobility, number: u64, at: &Moment) -> Person {
        Person {
            nationality: mobility.nationality.clone(),
            gender: mobility.gender.clone(),
            birth_year: Some(mobility.birth_year),
            ..rows::person(at.id(), ("Student", &format!("{number} of {}", self.name)), at)
        }
    }

    fn opening(
        path: &Path,
        setting: Setting,
        mobility: &Mobility,
        (registration, applicant): (RegistrationId, PersonId),
        at: &Moment,
    ) -> Result<Live> {
        let case = applications::fresh_case(&path.definition, path.version, at);
        let id = case.id;
        let choice = Choice {
            id: at.id(),
            rank: 1,
            line: None,
            result: ChoiceResult::Open,
            host_sees_from: None,
            host_sees_until: None,
            offering: setting.offering,
        };
        let (choice_id, offering, host) = (choice.id, choice.offering.id, choice.offering.host.id);
        let application = applications::fresh_application(applicant, (registration, None), at);
        let dossier = Dossier {
            case,
            application: crate::store::dossiers::ApplicationRow {
                answers: Value::Object(mobility.answers.clone()),
                ..application
            },
            student: student(mobility),
            home: setting.home,
            call: setting.call,
            choices: vec![choice],
            stay: None,
            extra_term: None,
            accounts: Vec::new(),
            clocks: Vec::new(),
            filled: Vec::new(),
            lines: vec![setting.line],
            back: Vec::new(),
            waiters: std::collections::BTreeMap::new(),
            units: std::collections::BTreeMap::new(),
        };
        let mut live = Live::new(&path.definition, dossier)?;
        live.parts = (1..)
            .zip(&mobility.parts)
            .map(|(seq, part)| NewStay {
                application: id,
                seq,
                choice: choice_id,
                offering,
                host,
                kind: part.kind,
                days: part.days,
                asked_end_on: None,
                credits_hundredths: Some(part.credits_hundredths),
                months_hundredths: Some(part.months_hundredths),
            })
            .collect();
        Ok(live)
    }
}

impl Path {
    fn stage<'a>(&'a self, holders: &'a Holders, alliance: &'a Calendar, at: &'a Moment) -> Stage<'a> {
        Stage { definition: &self.definition, version: self.version, holders, alliance, via: Via::Import, at }
    }

    fn take(
        &self,
        stage: &Stage<'_>,
        live: &mut Live,
        planned: &Planned,
        applicant: PersonId,
        records: &mut Records,
    ) -> Result<std::result::Result<(), Refused>> {
        let missing =
            |what: &str| Error::Internal(format!("the import has no {what} for `{}`", planned.event).into());
        let event = self.definition.event_named(&planned.event).ok_or_else(|| missing("event"))?;
        let role = self.definition.role_named(&planned.by).ok_or_else(|| missing("role"))?;
        let actor = match self.definition.roles[role.at()].resolver {
            Resolver::System => None,
            Resolver::Applicant => Some(applicant),
            Resolver::Home(_)
            | Resolver::Host(_)
            | Resolver::Secretariat
            | Resolver::Chair
            | Resolver::Link(_) => {
                let held: Vec<&Holder> = stage.holders.of(&self.definition, role, &live.dossier, None);
                Some(held.first().map(|holder| holder.person).ok_or_else(|| missing("holder"))?)
            }
        };
        let data = input(planned, live);
        let deed =
            Deed { instance: None, event: &planned.event, data: &data, reason: None, note: None, actor };
        Ok(drive::fire(stage, live, &deed, event, records).map(|_| ()))
    }
}

/// Input of a step, with the case's one choice where the plan means it.
fn input(planned: &Planned, live: &Live) -> Map<String, Value> {
    let choice = live.dossier.choices.first().map(|choice| choice.id);
    let filled = |(name, value): (&String, &Value)| {
        let value = if value == "$choice" { json!(choice) } else { value.clone() };
        (name.clone(), value)
    };
    planned.data.iter().map(filled).collect()
}

fn student(mobility: &Mobility) -> Student {
    Student {
        level: mobility.level,
        field: None,
        year: Some(mobility.year),
        credits_hundredths: None,
        languages: Vec::new(),
    }
}

fn registration(
    mobility: &Mobility,
    person: PersonId,
    setting: &Setting,
    file: &str,
    number: u64,
    at: &Moment,
) -> Registration {
    Registration {
        id: at.id(),
        person_id: person,
        institution_id: setting.home.id,
        unit_id: None,
        student_no: Some(format!("{file}#{number}")),
        esi: None,
        level: mobility.level,
        field: None,
        year: Some(mobility.year),
        credits_hundredths: None,
        languages: json!([]),
        created_at: at.now,
        version: 1,
    }
}

/// Posts the one place that the record takes, at the instant its case was opened.
fn post(line: PlaceLineId, at: &Moment, records: &mut Records) {
    records.lines.entry(line).or_default().capacity += 1;
    let posting = NewPosting {
        id: at.id(),
        line,
        kind: PostingKind::Capacity,
        amount: 1,
        step: None,
        run: None,
        person: None,
        reason: Some("imported".to_owned()),
        at: at.now,
    };
    records.postings.insert(0, posting);
}

fn unplayable(planned: &Planned, refused: &Refused) -> Fault {
    let reason = format!("the workflow refuses `{}`: {}", planned.event, json!(refused.refusal));
    Fault { column: String::new(), reason }
}
