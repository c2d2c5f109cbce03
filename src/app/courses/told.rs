//! Whom a step of such a case tells, and whom the case waits for.

use serde_json::json;
use sojourn_engine::definition::{ClockIx, MAIN, Party, Resolver, RoleIx};
use sojourn_engine::facts::Facts;
use sojourn_engine::machine::{self, NoticeTo};
use sojourn_engine::pace::Pace;
use sojourn_engine::vocabulary::Duty;

use super::about::About;
use super::course::{Course, Taken};
use crate::app::notices::{CaseNotice, NoticeFacts, Reason};
use crate::app::transition::otherwise;
use crate::clock::Moment;
use crate::store::dossiers::Institution;
use crate::store::holders::Holder;
use crate::store::outbox::NewNotice;
use crate::store::records::{NewWait, Records};

impl Course {
    /// Queues the notices of a step.
    pub fn tell(&self, at: &Moment, taken: &Taken<'_>, notices: &[NoticeTo], records: &mut Records) {
        for notice in notices.iter().filter(|_| !self.quiet) {
            let declared = &self.definition.notices[notice.notice.at()];
            self.send(at, taken, (&declared.name, declared.action), &notice.to, records);
        }
    }

    /// Queues one notice, once per person.
    pub fn send(
        &self,
        at: &Moment,
        taken: &Taken<'_>,
        (notice, action): (&str, bool),
        to: &[RoleIx],
        records: &mut Records,
    ) {
        let facts = json!(NoticeFacts::Case(Box::new(self.facts(taken))));
        let mut people: Vec<&Holder> = to.iter().flat_map(|role| self.people(*role)).collect();
        people.sort_by_key(|holder| holder.person);
        people.dedup_by_key(|holder| holder.person);
        if people.iter().any(|holder| !holder.away) {
            people.retain(|holder| !holder.away);
        }
        records.notices.extend(people.into_iter().map(|holder| NewNotice {
            id: at.id(),
            notice: notice.to_owned(),
            action,
            recipient: holder.person,
            language: holder.language.clone(),
            case: Some(self.row.id),
            link: None,
            number: taken.is_step.then_some(self.row.steps),
            facts: Some(facts.clone()),
            historic: false,
            at: at.now,
            not_before: None,
            pace: Pace::AtOnce,
        }));
    }

    fn facts(&self, taken: &Taken<'_>) -> CaseNotice {
        let definition = &*self.definition;
        let name = |role: RoleIx| definition.roles[role.at()].name.clone();
        let awaited = machine::waiting(definition, &self.case, &Facts::default());
        let first = awaited.first();
        let reason = taken.deed.and_then(|deed| deed.reason).and_then(|(code, text)| {
            let event = definition.event_named(taken.event);
            let mut lists = definition.transitions.iter().filter(|t| Some(t.event) == event);
            let list = lists.find_map(|transition| transition.reason)?;
            let list = definition.reasons[list.at()].name.clone();
            Some(Reason { list, code: code.to_owned(), text: text.to_owned() })
        });
        CaseNotice {
            version: self.row.workflow,
            case: self.row.id,
            programme_id: self.about.programme(),
            agreement_id: self.about.agreement(),
            reference: self.about.reference(),
            machine: MAIN.to_owned(),
            event: taken.event.to_owned(),
            from: taken.from.clone().unwrap_or_default(),
            to: self.row.state.clone(),
            role: taken.role.map(name),
            student: None,
            programme: self.title(),
            home: self.home.as_ref().or(self.host.as_ref()).map(|end| end.name.clone()).unwrap_or_default(),
            host: Some(self.name(self.host.as_ref())),
            last_day: self.effects.last().and_then(|effect| effect.last_day),
            asked_last_day: None,
            due_at: first.and_then(|awaited| awaited.due_at),
            zone: first.and_then(|awaited| awaited.clock).map(|clock| self.zone(clock)),
            otherwise: first.and_then(|a| a.otherwise.as_ref()).map(|outcome| otherwise(definition, outcome)),
            waiting: awaited.iter().map(|awaited| name(awaited.role)).collect(),
            reason,
            choices: Vec::new(),
            receipt: None,
            standing: Vec::new(),
        }
    }

    /// What the case is about, in a line.
    pub fn title(&self) -> String {
        match &self.about {
            About::Programme(programme) => programme.title.clone(),
            About::Agreement(agreement) => {
                let (from, until) = (agreement.valid_from_on, agreement.valid_until_on);
                let sides = (self.name(self.home.as_ref()), self.name(self.host.as_ref()));
                format!("{} – {}, {from} – {until}", sides.0, sides.1)
            }
        }
    }

    fn name(&self, end: Option<&Institution>) -> String {
        end.map_or_else(|| self.whole.clone(), |end| end.name.clone())
    }

    /// The zone of the calendar a clock counts in.
    pub fn zone(&self, clock: ClockIx) -> String {
        let end = match self.definition.clocks[clock.at()].calendar {
            Party::Alliance => None,
            Party::Home => self.home.as_ref().or(self.host.as_ref()),
            Party::Host => self.host.as_ref(),
        };
        end.map_or_else(|| self.alliance.zone.name().to_owned(), |end| end.zone.clone())
    }

    pub fn waits(&self) -> Vec<NewWait> {
        let awaited = machine::waiting(&self.definition, &self.case, &Facts::default());
        let wait = |awaited: machine::Awaited| {
            let role = &self.definition.roles[awaited.role.at()];
            let (duty, institution) = match role.resolver {
                Resolver::Home(duty) | Resolver::Host(duty) => match self.acts_for(&role.resolver) {
                    Some(end) => (Some(duty), Some(end.id)),
                    None => (Some(Duty::Secretariat), None),
                },
                Resolver::Secretariat => (Some(Duty::Secretariat), None),
                Resolver::Chair => (None, None),
                Resolver::Applicant | Resolver::Link(_) | Resolver::System => return None,
            };
            Some(NewWait {
                case: self.row.id,
                machine: MAIN.to_owned(),
                role: role.name.clone(),
                duty,
                institution,
                unit: institution.and(self.about.unit()),
                person: None,
                since: awaited.since,
                due_at: awaited.due_at,
            })
        };
        awaited.into_iter().filter_map(wait).collect()
    }
}
