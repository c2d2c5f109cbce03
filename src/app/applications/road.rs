//! The way of an application on the picture of its workflow, as far as its reader sees it.

use sojourn_engine::definition::MachineIx;
use sojourn_engine::definition::diagram::{Taken, View};
use sojourn_engine::ids::CaseId;

use super::view;
use crate::access::Caller;
use crate::app::scene::Scene;
use crate::app::{App, Asked, Result, history};

/// Steps that are drawn.
const MANY: Asked = Asked { limit: 200, cursor: None };

/// The picture as SVG: the steps taken and the present state stand out.
///
/// # Errors
/// [`crate::app::Error::NotFound`] when there is none this caller sees.
pub async fn drawn(app: &App, caller: &Caller, id: CaseId) -> Result<String> {
    let at = app.clock.moment();
    let steps = history::list(app, caller, id, &MANY).await?.items;
    let scene = Scene::look(app, &caller.scope(), id, &at).await?;
    let seen = view::of(&scene, caller, &at);
    let definition = &scene.definition;
    let taken: Vec<Taken> = steps
        .iter()
        .filter(|step| step.track.is_none())
        .filter_map(|step| {
            Some(Taken {
                from: definition.state_named(step.from.as_deref()?)?,
                event: definition.event_named(&step.event)?,
                to: definition.state_named(&step.to)?,
            })
        })
        .collect();
    let present = definition.state_named(&seen.state);
    let drawn = View { language: &caller.language, present, taken: &taken, ..View::default() };
    Ok(definition.svg(MachineIx::MAIN, &drawn))
}
