//! The agreement for the time after: terms and lines copied into a draft with a case of its own.

use std::collections::BTreeMap;

use sojourn_engine::definition::Resolver;
use sojourn_engine::ids::{InstitutionId, PeriodId};
use sojourn_engine::vocabulary::{AgreementStatus, Deed, InstitutionKind, Matter, PostingKind};

use serde_json::json;

use super::terms::Terms;
use super::{Agreement, AgreementView, life, not_now, store};
use crate::app::audit::Deeds;
use crate::app::courses::{Course, Effect};
use crate::app::{App, Error, Result};
use crate::clock::Moment;
use crate::store::places::{self, NewPosting, PlaceLine};
use crate::store::{Tx, institutions, periods};

/// Why the places of a renewed line are there.
const REASON: &str = "As in the agreement before.";

/// Writes the draft; the side that renews is the one that writes it, where it is a member.
///
/// # Errors
/// [`Error::Conflict`] for days beyond every calendar.
pub async fn draft(
    app: &App,
    tx: &Tx,
    (of, course): (&Agreement, &Course),
    effect: &Effect,
    at: &Moment,
) -> Result<()> {
    let terms = Terms::of(of);
    let next = terms.following().ok_or_else(|| not_now("the years after are in no calendar"))?;
    let (proposer, partner) = sides(tx, of, course, effect).await?;
    let mut rows = [Agreement {
        id: at.id(),
        proposer_id: proposer,
        partner_id: partner,
        status: AgreementStatus::Draft,
        valid_from_on: next.valid_from_on,
        valid_until_on: next.valid_until_on,
        fields: json!(next.fields),
        levels: json!(next.levels),
        proposed_by: None,
        proposed_at: None,
        agreed_by: None,
        agreed_at: None,
        ended_on: None,
        note: of.note.clone(),
        case_id: None,
        proposed_terms: None,
        past_terms: None,
        nomination_windows: of.nomination_windows.clone(),
        renews_id: Some(of.id),
        created_at: at.now,
        version: 1,
    }];
    let written = life::lay(app, tx, (effect.actor, at), &mut rows).await?;
    let [row] = rows;
    let view = AgreementView::from(row.clone());
    store::add(tx, row).await?;
    crate::app::courses::keep(tx, written).await?;
    lines(tx, of, &view, (effect, at), terms.years()).await?;
    let Some(person) = effect.actor else { return Ok(()) };
    let deed = Deeds::new(Deed::Create, Matter::Agreement, view.id).at(view.proposer);
    deed.with(&view)?.note_by(tx, at, person).await
}

/// Who writes the next agreement, and with whom.
async fn sides(
    tx: &Tx,
    of: &Agreement,
    course: &Course,
    effect: &Effect,
) -> Result<(InstitutionId, Option<InstitutionId>)> {
    let by = effect.role.map(|role| &course.definition.roles[role.at()].resolver);
    let Some(partner) = of.partner_id else { return Ok((of.proposer_id, None)) };
    let other = institutions::find(tx, partner).await?.ok_or(Error::NotFound)?;
    let swaps = matches!(by, Some(Resolver::Host(_))) && other.kind == InstitutionKind::Member;
    Ok(if swaps { (partner, Some(of.proposer_id)) } else { (of.proposer_id, Some(partner)) })
}

/// Copies the lines. One for a term is for the same term as many years later; where the host has not entered that yet, the line is
/// left out.
async fn lines(
    tx: &Tx,
    of: &Agreement,
    to: &AgreementView,
    (effect, at): (&Effect, &Moment),
    years: Option<i16>,
) -> Result<()> {
    let known = places::of_agreement(tx, of.id).await?;
    let later = later(tx, &known, years).await?;
    let (mut rows, mut first) = (Vec::new(), Vec::new());
    for line in known {
        let period = match line.period_id {
            None => None,
            Some(period) => match later.get(&period) {
                Some(period) => Some(*period),
                None => continue,
            },
        };
        let id = at.id();
        first.push(NewPosting {
            id: at.id(),
            line: id,
            kind: PostingKind::Capacity,
            amount: line.capacity,
            step: None,
            run: None,
            person: effect.actor,
            reason: Some(REASON.to_owned()),
            at: at.now,
        });
        rows.push(PlaceLine {
            id,
            agreement_id: Some(to.id),
            period_id: period,
            held: 0,
            used: 0,
            created_at: at.now,
            version: 1,
            ..line
        });
    }
    Ok(places::add_many(tx, rows, first).await?)
}

/// The period of the same calendar and term so many years later, by the period before.
async fn later(tx: &Tx, lines: &[PlaceLine], years: Option<i16>) -> Result<BTreeMap<PeriodId, PeriodId>> {
    let ids: Vec<PeriodId> = lines.iter().filter_map(|line| line.period_id).collect();
    let (Some(years), false) = (years, ids.is_empty()) else { return Ok(BTreeMap::new()) };
    let known = periods::named(tx, &ids).await?;
    let of: Vec<InstitutionId> = known.values().map(|period| period.institution_id).collect();
    let terms: Vec<String> = known.values().map(|period| period.term.clone()).collect();
    let all = periods::with_terms(tx, &of, &terms).await?;
    let next = |period: &periods::Period| {
        let wanted = (period.institution_id, &period.term, period.academic_year.checked_add(years)?);
        let mut same = all.iter().filter(|p| (p.institution_id, &p.term, p.academic_year) == wanted);
        same.next().map(|found| found.id)
    };
    Ok(known.iter().filter_map(|(id, period)| Some((*id, next(period)?))).collect())
}
