//! "Not me, ask somebody else": whoever was asked by a link hands it on.
//!
//! Whom a track names it names anew, by a step of its history; whoever is asked for an institution gets a deputy for this one case. The
//! applicant can never be asked.

use serde_json::Map;
use sojourn_engine::definition::{InstanceId, Resolver, RoleIx, StateIx};
use sojourn_engine::ids::PersonId;
use sojourn_engine::machine::HANDED_ON;
use sojourn_engine::vocabulary::{Duty, Via};
use validator::ValidateEmail;

use super::effects::{Entry, record};
use super::notify::{Sent, Told, send};
use super::referees::entered;
use super::{chain, keep, settle};
use crate::app::people::address;
use crate::app::scene::Scene;
use crate::app::{Error, FieldError, Result};
use crate::clock::Moment;
use crate::store::Tx;
use crate::store::action_links::{self, ActionLink};
use crate::store::delegations;
use crate::store::holders::Holder;
use crate::store::people::{self, Person};
use crate::store::records::Records;

/// Whom somebody asks instead.
#[derive(Debug, Clone, Default)]
pub struct Instead {
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
}

/// Hands what a link asks for on to somebody else, in the transaction that has read the case.
///
/// # Errors
/// [`Error::Invalid`] for an address that is none, the applicant's or one's own.
pub async fn hand_on(
    tx: &Tx,
    scene: &mut Scene,
    (at, link): (&Moment, &ActionLink),
    machine: Option<InstanceId>,
    instead: &Instead,
) -> Result<()> {
    let person = meant(tx, scene, at, link, instead).await?;
    let mut records = Records::default();
    let here = state(scene, machine).ok_or(Error::Stale)?;
    let role = if is_named(scene, machine, link.person_id) {
        name_anew(scene, at, machine, (link.person_id, &person), &mut records)
    } else {
        deputise(tx, scene, at, link, &person).await?
    };
    let Some(role) = role else { return Err(Error::Stale) };
    let told = Told {
        event: "",
        at: (machine, here),
        from: None,
        role: None,
        reason: None,
        hidden_until: None,
        clock: None,
        number: None,
    };
    let sent = [Sent { notice: "handed_on", action: true, to: &[role] }];
    send(&scene.stage(at, Via::Link), &scene.live, &told, &sent, &mut records);
    // Others in the role have been asked already.
    records.notices.retain(|notice| notice.recipient == person.id);
    records.links.retain(|link| link.person_id == person.id);
    action_links::end(tx, link.person_id, (link.case_id, &link.machine), at.now).await?;
    settle(&scene.stage(at, Via::Link), scene.live.clone(), &mut records);
    keep(tx, scene, records).await
}

/// Sends whoever a link was made for another one.
///
/// # Errors
/// [`Error::Stale`] when they are not asked any more.
pub async fn send_again(
    tx: &Tx,
    scene: &Scene,
    at: &Moment,
    link: &ActionLink,
    machine: Option<InstanceId>,
) -> Result<()> {
    let here = state(scene, machine).ok_or(Error::Stale)?;
    let held = scene.holders.roles(&scene.definition, link.person_id, &scene.live.dossier, machine);
    let mut roles = (0..).map(RoleIx).zip(&scene.definition.roles);
    let role = roles.find(|(ix, role)| held.has(*ix) && role.resolver.acts_by_link()).map(|(ix, _)| ix);
    let role = role.ok_or(Error::Stale)?;
    let mut records = Records::default();
    let told = Told {
        event: "",
        at: (machine, here),
        from: None,
        role: None,
        reason: None,
        hidden_until: None,
        clock: None,
        number: None,
    };
    let sent = [Sent { notice: "link_renewed", action: true, to: &[role] }];
    send(&scene.stage(at, Via::Link), &scene.live, &told, &sent, &mut records);
    records.notices.retain(|notice| notice.recipient == link.person_id);
    records.links.retain(|new| new.person_id == link.person_id);
    action_links::end(tx, link.person_id, (link.case_id, &link.machine), at.now).await?;
    keep(tx, scene, records).await
}

async fn meant(tx: &Tx, scene: &Scene, at: &Moment, link: &ActionLink, instead: &Instead) -> Result<Person> {
    let wrong = |detail: &str| Error::Invalid(vec![FieldError::new("/email", detail)]);
    let email = address(&instead.email);
    if !email.validate_email() || email.len() > 254 {
        return Err(wrong("write an e-mail address such as name@example.org"));
    }
    if instead.name.trim().is_empty() || instead.name.chars().count() > 200 {
        return Err(Error::Invalid(vec![FieldError::new(
            "/name",
            "write their name, at most 200 characters",
        )]));
    }
    let known = people::by_email(tx, std::slice::from_ref(&email)).await?.into_iter().next();
    let person = match known {
        Some(person) => person,
        None => {
            let linked = scene.holders.linked.iter().chain(&scene.holders.staff);
            let own = linked.into_iter().find(|holder| holder.person == link.person_id);
            let language = own.map_or_else(|| "en".to_owned(), |holder| holder.language.clone());
            let person = entered(at, &instead.name, email, language);
            people::add(tx, vec![person.clone()]).await?;
            person
        }
    };
    if person.id == link.person_id {
        return Err(wrong("that is your own address: act yourself, or name somebody else"));
    }
    if person.id == scene.live.dossier.application.applicant {
        return Err(wrong("that is the applicant: name somebody else"));
    }
    Ok(person)
}

/// Whether an instance of a track names that person.
fn is_named(scene: &Scene, machine: Option<InstanceId>, person: PersonId) -> bool {
    let track = machine.and_then(|id| Some((scene.definition.track(id.machine)?.name.as_str(), id.key)));
    let rows = &scene.live.dossier.case.tracks;
    track.is_some_and(|(name, key)| {
        rows.iter().any(|row| row.track == name && row.key == key && row.person == Some(person))
    })
}

fn state(scene: &Scene, machine: Option<InstanceId>) -> Option<StateIx> {
    match machine {
        None => Some(scene.live.case.state),
        Some(id) => scene.live.case.instance(id).map(|instance| instance.state),
    }
}

/// The track names somebody else from now on; a step of the history says so.
fn name_anew(
    scene: &mut Scene,
    at: &Moment,
    machine: Option<InstanceId>,
    (before, person): (PersonId, &Person),
    records: &mut Records,
) -> Option<RoleIx> {
    let id = machine?;
    let definition = std::sync::Arc::clone(&scene.definition);
    let here = state(scene, machine)?;
    let track = definition.track(id.machine)?;
    let rows = scene.live.dossier.case.tracks.iter_mut();
    for row in rows.filter(|row| row.track == track.name && row.key == id.key && row.person == Some(before)) {
        row.person = Some(person.id);
    }
    scene.holders.linked.push(holder(person));
    let mut roles = (0..).map(RoleIx).zip(&definition.roles);
    let role = roles.find(|(_, role)| role.resolver == Resolver::Link(id.machine)).map(|(ix, _)| ix);
    let mut data = Map::new();
    data.insert("to".to_owned(), person.id.to_string().into());
    let entry = Entry {
        event: HANDED_ON,
        at: (machine, here),
        from: Some(definition.states[here.at()].name.clone()),
        role,
        actor: Some(before),
        facts: "{}".to_owned(),
        words: Some(chain::Words { data: &data, reason: None, note: None }),
    };
    let stage = super::drive::Stage {
        definition: &definition,
        version: scene.version,
        holders: &scene.holders,
        alliance: &scene.alliance,
        via: Via::Link,
        at,
    };
    record(&stage, &mut scene.live, entry, records);
    role
}

/// Somebody acts in this case for whoever was asked for an institution.
async fn deputise(
    tx: &Tx,
    scene: &mut Scene,
    at: &Moment,
    link: &ActionLink,
    person: &Person,
) -> Result<Option<RoleIx>> {
    let staff = &mut scene.holders.staff;
    let of = |holder: &&Holder| holder.person == link.person_id && holder.duty == Duty::Employer;
    let Some(asked) = staff.iter().find(of).cloned() else { return Ok(None) };
    // Whoever was asked in somebody's place hands it back on, so that nobody stands in for a stand-in.
    let original = asked.in_place_of.unwrap_or(asked.person);
    if original == person.id {
        let detail = "was asked before you: name somebody else, or act yourself";
        return Err(Error::Invalid(vec![FieldError::new("/email", detail)]));
    }
    let today = scene.alliance.date(at.now);
    delegations::add(
        tx,
        delegations::Delegation {
            id: at.id(),
            person_id: original,
            deputy_id: person.id,
            case_id: Some(link.case_id),
            from_on: today,
            until_on: None,
            created_by: Some(link.person_id),
            created_at: at.now,
            ended_by: None,
            ended_at: None,
        },
    )
    .await?;
    staff.push(Holder {
        person: person.id,
        name: crate::access::full_name(&person.given_name, &person.family_name),
        language: person.language.clone(),
        away: false,
        in_place_of: Some(original),
        only_in: Some(link.case_id),
        ..asked
    });
    let is_it = |resolver: &Resolver| *resolver == Resolver::Host(Duty::Employer);
    let mut roles = (0..).map(RoleIx).zip(&scene.definition.roles);
    Ok(roles.find(|(_, role)| is_it(&role.resolver)).map(|(ix, _)| ix))
}

fn holder(person: &Person) -> Holder {
    Holder {
        person: person.id,
        name: crate::access::full_name(&person.given_name, &person.family_name),
        language: person.language.clone(),
        duty: Duty::Coordinator,
        institution: None,
        unit: None,
        away: false,
        in_place_of: None,
        only_in: None,
        unreachable: false,
    }
}
