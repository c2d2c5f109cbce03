//! Links by which somebody outside the members does one thing in one case without signing in.
//!
//! A link is for one person, one machine of one case and the state it was sent in. Opening it changes nothing, so that a scanner of mails
//! may open it; what it is used for spends it in the same transaction. One that is spent or over can be sent again to the address it
//! was made for, and to no other; "not me, ask …" hands it on.

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::definition::{Definition, InstanceId, MAIN, RoleIx};
use sojourn_engine::vocabulary::{Duty, StateKind};

use super::applications::ApplicationView;
use super::applications::view::{self, OfferView};
use super::scene::Scene;
use super::transition::hand_on::{self, Instead};
use super::transition::{self, Attempt};
use super::{App, Error, Result};
use crate::access::{Caller, Scope};
use crate::clock::Moment;
use crate::store::action_links::{self as store, ActionLink};
use crate::store::{Conn, Tx, delegations, sessions};

/// How soon another link may be asked for.
const BETWEEN: TimeDelta = TimeDelta::minutes(5);

/// What a link leads to.
#[derive(Debug)]
pub enum Opened {
    /// Something to do.
    Ready(Box<Task>),
    /// Nothing any more.
    Over(Over),
}

/// What somebody is asked to do.
#[derive(Debug)]
pub struct Task {
    /// The case as they see it.
    pub view: ApplicationView,
    /// What they may do by the link.
    pub offers: Vec<OfferView>,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
}

/// Why there is nothing to do by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// This instance has made no such link.
    Unknown,
    /// It has done what it was for.
    Spent(DateTime<Utc>),
    /// Another was sent, or somebody else was asked.
    Replaced,
    /// Its time is over.
    Expired,
    /// The case does not wait for this any more.
    Moved,
}

impl Over {
    /// Whether another link can be sent in its place.
    pub const fn can_be_renewed(self) -> bool {
        matches!(self, Self::Spent(_) | Self::Expired)
    }
}

/// What a link leads to, in the reader's language; nothing is changed.
///
/// # Errors
/// Faults of the database.
pub async fn open(app: &App, token: &str, language: &str) -> Result<Opened> {
    let at = app.clock.moment();
    let conn = app.store.read();
    let Some(link) = find(app, conn, token).await? else { return Ok(Opened::Over(Over::Unknown)) };
    let scene = match Scene::look(app, &Scope::system(), link.case_id, &at).await {
        Ok(scene) => scene,
        Err(Error::NotFound) => return Ok(Opened::Over(Over::Unknown)),
        Err(fault) => return Err(fault),
    };
    if let Some(over) = over(&link, &scene, &at) {
        return Ok(Opened::Over(over));
    }
    let mut caller = caller(app, &link).await?;
    language.clone_into(&mut caller.language);
    let view = view::of(&scene, &caller, &at);
    let offers = offers(&scene, &view, &link);
    Ok(Opened::Ready(Box::new(Task { offers, expires_at: link.expires_at, view })))
}

async fn find(app: &App, conn: &impl Conn, token: &str) -> Result<Option<ActionLink>> {
    match app.links.read_act(token) {
        Some(id) => Ok(store::find(conn, id).await?),
        None => Ok(None),
    }
}

fn over(link: &ActionLink, scene: &Scene, at: &Moment) -> Option<Over> {
    let definition = &scene.definition;
    let machine = definition.instance_of(&link.machine);
    let here = match machine {
        None => (link.machine == MAIN).then_some(scene.live.case.state),
        Some(id) => scene.live.case.instance(id).map(|instance| instance.state),
    };
    let here = here.map(|state| definition.states[state.at()].name.as_str());
    let open = definition.states[scene.live.case.state.at()].kind == StateKind::Open;
    if let Some(at) = link.used_at {
        return Some(Over::Spent(at));
    }
    if link.ended_at.is_some() {
        return Some(Over::Replaced);
    }
    if here != Some(link.state.as_str()) || !open {
        return Some(Over::Moved);
    }
    (link.expires_at <= at.now).then_some(Over::Expired)
}

/// The person of a link, who has in this case the duties of whoever they stand in for.
async fn caller(app: &App, link: &ActionLink) -> Result<Caller> {
    let mut caller = app.person_as_caller(link.person_id).await?;
    let conn = app.store.read();
    let of = delegations::stood_in_for_in(conn, link.person_id, link.case_id).await?;
    let lent = sessions::duties(conn, &of).await?;
    caller
        .duties
        .extend(lent.into_iter().filter(|row| row.duty == Duty::Employer).map(sessions::DutyRow::held));
    Ok(caller)
}

/// What the person may do at the machine of the link, in the roles that act by links.
fn offers(scene: &Scene, view: &ApplicationView, link: &ActionLink) -> Vec<OfferView> {
    let definition = &scene.definition;
    let machine = definition.instance_of(&link.machine);
    let held = scene.holders.roles(definition, link.person_id, &scene.live.dossier, machine);
    let by_link = |name: &String| {
        let role = definition.role_named(name);
        role.is_some_and(|role| held.has(role) && acts(definition, role))
    };
    let here = |offer: &&OfferView| {
        let named = offer.track.as_deref().zip(offer.key.as_deref());
        let of = named.map_or_else(|| MAIN.to_owned(), |(track, key)| format!("{track}/{key}"));
        of == link.machine && offer.by.iter().any(by_link)
    };
    view.offers.iter().filter(here).cloned().collect()
}

fn acts(definition: &Definition, role: RoleIx) -> bool {
    definition.roles[role.at()].resolver.acts_by_link()
}

/// The scene a link is used in, read for a command.
async fn used(
    app: &App,
    tx: &Tx,
    at: &Moment,
    token: &str,
) -> Result<std::result::Result<(ActionLink, Scene), Over>> {
    let Some(link) = find(app, tx, token).await? else { return Ok(Err(Over::Unknown)) };
    let scene = Scene::read(app, tx, &Scope::system(), link.case_id, at).await?;
    Ok(match over(&link, &scene, at) {
        Some(over) => Err(over),
        None => Ok((link, scene)),
    })
}

fn track(scene: &Scene, link: &ActionLink) -> (Option<InstanceId>, Option<(String, String)>) {
    let named = link.machine.split_once('/').map(|(track, key)| (track.to_owned(), key.to_owned()));
    (scene.definition.instance_of(&link.machine), named)
}

/// Does what a link is for: one event of its machine; the link is spent with it.
///
/// # Errors
/// Those of [`transition::fire`]; the inner error says why there is nothing to do any more.
pub async fn act(app: &App, token: &str, mut attempt: Attempt) -> Result<std::result::Result<(), Over>> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let (link, scene) = match used(app, &tx, &at, token).await? {
        Ok(found) => found,
        Err(over) => return Ok(Err(over)),
    };
    let caller = caller(app, &link).await?;
    let view = view::of(&scene, &caller, &at);
    if !offers(&scene, &view, &link).iter().any(|offer| offer.event == attempt.event) {
        return Err(Error::Forbidden { needs: "somebody who has signed in".to_owned() });
    }
    attempt.track = track(&scene, &link).1;
    transition::fire_by_link(app, tx, scene, (&at, &link), &attempt).await?;
    Ok(Ok(()))
}

/// Why an event that a link was used for was refused, in the words of the case's workflow.
///
/// # Errors
/// Faults of the database.
pub async fn explain(
    app: &App,
    token: &str,
    refusal: &sojourn_engine::refusal::Refusal,
    language: &str,
) -> Result<String> {
    let at = app.clock.moment();
    let link = find(app, app.store.read(), token).await?.ok_or(Error::NotFound)?;
    let scene = Scene::look(app, &Scope::system(), link.case_id, &at).await?;
    Ok(super::refusals::told(refusal, &scene.definition, language))
}

/// Hands what a link asks for on to somebody else, who gets a link of their own.
///
/// # Errors
/// [`Error::Invalid`] for an address that cannot be; the inner error says why there is nothing to hand on.
pub async fn hand_on(app: &App, token: &str, instead: &Instead) -> Result<std::result::Result<(), Over>> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let (link, mut scene) = match used(app, &tx, &at, token).await? {
        Ok(found) => found,
        Err(over) => return Ok(Err(over)),
    };
    let machine = track(&scene, &link).0;
    hand_on::hand_on(&tx, &mut scene, (&at, &link), machine, instead).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(Ok(()))
}

/// Sends another link in place of one that is over, to the address it was made for; nothing happens where there is nothing to do.
///
/// # Errors
/// [`Error::TooMany`] when one was sent a moment ago.
pub async fn renew(app: &App, token: &str) -> Result<()> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let Some(link) = find(app, &tx, token).await? else { return Ok(()) };
    let scene = Scene::read(app, &tx, &Scope::system(), link.case_id, &at).await?;
    let fresh = ActionLink { used_at: None, expires_at: at.now + BETWEEN, ..link.clone() };
    let renewable = over(&link, &scene, &at).is_some_and(Over::can_be_renewed);
    if !renewable || over(&fresh, &scene, &at).is_some() {
        return Ok(());
    }
    let latest = store::latest(&tx, &link).await?;
    let since = latest.map_or(TimeDelta::MAX, |latest| at.now - latest.created_at);
    if since < BETWEEN {
        let retry_after = u64::try_from((BETWEEN - since).num_seconds()).unwrap_or(0).max(1);
        return Err(Error::TooMany { retry_after });
    }
    hand_on::send_again(&tx, &scene, &at, &link, track(&scene, &link).0).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(())
}
