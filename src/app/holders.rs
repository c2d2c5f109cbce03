//! Who holds a role in a case today.
//!
//! Holders are people with the duty on the case's unit, else on the unit above it and so on up, else in the whole institution;
//! nobody: the head, found in the same way; nobody again: the secretariat, so that a notice is never sent to no one.

use sojourn_engine::definition::{Definition, Each, InstanceId, Resolver, RoleIx};
use sojourn_engine::ids::{InstitutionId, PersonId, UnitId};
use sojourn_engine::machine::Roles;
use sojourn_engine::vocabulary::Duty;

use crate::store::dossiers::{Choice, Dossier};
use crate::store::holders::Holder;

/// People who might hold a role in a case, as of one day.
#[derive(Debug, Clone, Default)]
pub struct Holders {
    /// The applicant.
    pub applicant: Option<Holder>,
    /// People with duties at the home, at a host of the choices, or in the secretariat.
    pub staff: Vec<Holder>,
    /// The person in the chair.
    pub chair: Option<Holder>,
    /// People whom instances of tracks name.
    pub linked: Vec<Holder>,
}

/// The choice whose stay has that number: the chosen ones in the order of their ranks.
pub fn stay_choice(dossier: &Dossier, number: u16) -> Option<&Choice> {
    dossier.chosen().nth(usize::from(number).checked_sub(1)?)
}

/// The choice that a machine of a case is about: of an instance that follows a stay its own, else the current one.
pub fn choice_at<'d>(
    definition: &Definition,
    dossier: &'d Dossier,
    instance: Option<InstanceId>,
) -> Option<&'d Choice> {
    match instance.filter(|id| follows_stays(definition, *id)) {
        Some(id) => stay_choice(dossier, id.key),
        None => dossier.current(),
    }
}

/// Whether an instance is one of a track that has one for each stay.
pub fn follows_stays(definition: &Definition, id: InstanceId) -> bool {
    definition.track(id.machine).is_some_and(|track| track.each == Some(Each::Stay))
}

impl Holders {
    /// Everybody who holds a role, the stand-ins when nobody does; of a track's people those whom `instance` names, where it is one of
    /// that track.
    pub fn of<'a>(
        &'a self,
        definition: &Definition,
        role: RoleIx,
        dossier: &Dossier,
        instance: Option<InstanceId>,
    ) -> Vec<&'a Holder> {
        match &definition.roles[role.at()].resolver {
            Resolver::Applicant => self.applicant.iter().collect(),
            Resolver::Home(duty) => {
                self.at(*duty, dossier.home.id, dossier.line_of(dossier.application.home_unit))
            }
            Resolver::Host(duty) => {
                let offering = choice_at(definition, dossier, instance).map(|choice| &choice.offering);
                offering.map_or_else(Vec::new, |o| self.at(*duty, o.host.id, dossier.line_of(o.unit)))
            }
            Resolver::Secretariat => self.secretariat(),
            Resolver::Chair => match &self.chair {
                Some(holder) => vec![holder],
                None => self.secretariat(),
            },
            Resolver::Link(machine) => {
                let track = definition.track(*machine).map(|track| track.name.as_str());
                let key = instance.filter(|id| id.machine == *machine).map(|id| id.key);
                let rows = dossier.case.tracks.iter().filter(|row| Some(row.track.as_str()) == track);
                let people: Vec<_> = rows
                    .filter(|row| key.is_none_or(|key| row.key == key))
                    .filter_map(|row| row.person)
                    .collect();
                self.linked.iter().filter(|holder| people.contains(&holder.person)).collect()
            }
            Resolver::System => Vec::new(),
        }
    }

    /// Whether somebody holds a role themselves, rather than standing in for nobody.
    pub fn held(
        &self,
        definition: &Definition,
        role: RoleIx,
        dossier: &Dossier,
        instance: Option<InstanceId>,
    ) -> bool {
        let holders = self.of(definition, role, dossier, instance);
        match &definition.roles[role.at()].resolver {
            Resolver::Home(duty) | Resolver::Host(duty) => holders.iter().any(|holder| holder.duty == *duty),
            Resolver::Chair => self.chair.is_some(),
            Resolver::Applicant | Resolver::Secretariat | Resolver::Link(_) => !holders.is_empty(),
            Resolver::System => false,
        }
    }

    /// The roles one person holds, at one instance of a track where one is named.
    pub fn roles(
        &self,
        definition: &Definition,
        person: PersonId,
        dossier: &Dossier,
        instance: Option<InstanceId>,
    ) -> Roles {
        let all = (0..).map(RoleIx).take(definition.roles.len());
        all.filter(|role| {
            self.of(definition, *role, dossier, instance).iter().any(|holder| holder.person == person)
        })
        .collect()
    }

    /// Whether one person sees a machine of a case they see: the main one, or an instance of a track.
    pub fn see(
        &self,
        definition: &Definition,
        person: PersonId,
        dossier: &Dossier,
        machine: Option<InstanceId>,
    ) -> bool {
        let track = machine.and_then(|id| definition.track(id.machine));
        let Some(track) = track.filter(|track| !track.seen_by.is_empty()) else { return true };
        let held = self.roles(definition, person, dossier, machine);
        track.seen_by.iter().any(|role| held.has(*role))
    }

    /// People with a duty on the first of these units that has any, else in the whole institution, else its head, else the secretariat;
    /// where none of them can be reached by mail, those of the next rung beside them.
    pub fn at(&self, duty: Duty, institution: InstitutionId, units: &[UnitId]) -> Vec<&Holder> {
        let rungs = || units.iter().copied().map(Some).chain([None]);
        let with = |duty: Duty, unit: Option<UnitId>| {
            let fits =
                move |h: &&Holder| h.duty == duty && h.institution == Some(institution) && h.unit == unit;
            self.staff.iter().filter(fits)
        };
        let ladder = [duty, Duty::Head].into_iter().flat_map(|duty| rungs().map(move |unit| (duty, unit)));
        let mut found = Vec::new();
        for (duty, unit) in ladder {
            found.extend(with(duty, unit));
            if found.iter().any(|holder: &&Holder| !holder.unreachable) {
                return found;
            }
        }
        found.extend(self.secretariat());
        found
    }

    /// The same in whichever unit, for a list that does not know a case's own.
    pub fn anywhere_at(&self, duty: Duty, institution: InstitutionId) -> Vec<&Holder> {
        let with = |duty: Duty| -> Vec<&Holder> {
            self.staff.iter().filter(|h| h.duty == duty && h.institution == Some(institution)).collect()
        };
        let mut found = [duty, Duty::Head].into_iter().map(with).filter(|people| !people.is_empty());
        found.next().unwrap_or_else(|| self.secretariat())
    }

    /// People of the secretariat.
    pub fn secretariat(&self) -> Vec<&Holder> {
        self.staff.iter().filter(|holder| holder.duty == Duty::Secretariat).collect()
    }
}
