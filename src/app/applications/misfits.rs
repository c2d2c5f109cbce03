//! What keeps a draft from fitting its applicant and its call: what is needed, and what is stated.

use serde::Serialize;
use sojourn_engine::ids::{CaseId, OfferingId};
use sojourn_engine::vocabulary::Level;

use crate::access::Caller;
use crate::app::eligibility::{self, Fit};
use crate::app::prospects::{Verdict, stated};
use crate::app::scene::Scene;
use crate::app::{App, Result};
use crate::store::dossiers::{Choice, Dossier};

/// What of an application does not fit.
#[derive(Debug, Clone, Serialize)]
pub struct Misfits {
    /// Study cycle of the applicant.
    pub level: Level,
    /// Field of study as stated, ISCED-F 2013.
    pub field: Option<String>,
    /// Languages as stated, with CEFR levels.
    pub languages: Vec<String>,
    /// Choices that do not fit, by rank.
    pub choices: Vec<Misfit>,
    /// What the call's own rule says of the application as it stands.
    pub verdict: Verdict,
}

/// A choice that does not fit.
#[derive(Debug, Clone, Serialize)]
pub struct Misfit {
    /// What is chosen.
    pub offering: OfferingId,
    /// 1 = most wanted.
    pub rank: i16,
    /// Title of its programme.
    pub title: String,
    /// Name of its host.
    pub host: String,
    /// What of it fits.
    pub fit: Fit,
    /// Study cycles it is for.
    pub levels: Vec<Level>,
    /// ISCED-F 2013 codes it is for.
    pub fields: Vec<String>,
    /// Languages with CEFR level, one of which it asks for.
    pub languages: Vec<String>,
    /// Whether the home offers its host no places, where the call asks for it.
    pub one_sided: bool,
}

/// What of an application that the caller sees does not fit.
///
/// # Errors
/// [`crate::app::Error::NotFound`] when there is none this caller sees.
pub async fn misfits(app: &App, caller: &Caller, id: CaseId) -> Result<Misfits> {
    let scene = Scene::look(app, &caller.scope(), id, &app.clock.moment()).await?;
    let dossier = &scene.live.dossier;
    let mut choices: Vec<Misfit> =
        dossier.choices.iter().filter_map(|choice| misfit(dossier, choice)).collect();
    choices.sort_by_key(|choice| choice.rank);
    Ok(Misfits {
        level: dossier.student.level,
        field: dossier.student.field.clone(),
        languages: dossier.student.languages.clone(),
        choices,
        verdict: verdict(dossier),
    })
}

fn misfit(dossier: &Dossier, choice: &Choice) -> Option<Misfit> {
    let offering = &choice.offering;
    let fit = eligibility::fit(&dossier.student, offering);
    let one_sided = !eligibility::gives_back(dossier, offering);
    (!fit.all() || one_sided).then(|| Misfit {
        offering: offering.id,
        rank: choice.rank,
        title: offering.title.clone(),
        host: offering.host.name.clone(),
        fit,
        levels: offering.levels.clone(),
        fields: offering.fields.clone(),
        languages: offering.languages.clone(),
        one_sided,
    })
}

fn verdict(dossier: &Dossier) -> Verdict {
    match &dossier.call.eligibility {
        Some(rule) if !eligibility::eligible(dossier) => {
            Verdict::No { rule: rule.clone(), stated: stated(eligibility::why_not(dossier)) }
        }
        Some(_) | None => Verdict::Yes,
    }
}
