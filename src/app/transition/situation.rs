//! The surroundings of a case in the engine's terms: calendars, filled slots, the call's own spans.

use std::str::FromStr;

use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{ClockIx, Definition, DocumentIx, Span};
use sojourn_engine::machine::Calendars;

use crate::app::calendars::calendar;
use crate::store::calls::SlotRule;
use crate::store::dossiers::{Choice, Dossier};

/// Calendars of the parties; the host's is the home's until there is a choice.
pub fn calendars(dossier: &Dossier, choice: Option<&Choice>, alliance: &Calendar) -> Calendars {
    let home = calendar(&dossier.home);
    let host = choice.map_or_else(|| home.clone(), |choice| calendar(&choice.offering.host));
    Calendars { home, host, alliance: alliance.clone() }
}

/// Slots that count as filled: those with a document, and those the call does not insist on.
pub fn documents(definition: &Definition, dossier: &Dossier) -> Vec<DocumentIx> {
    let waived =
        |name: &String| matches!(dossier.call.documents.get(name), Some(SlotRule::Off | SlotRule::Optional));
    let filled = |name: &String| dossier.call.historic || waived(name) || dossier.filled.contains(name);
    let all = (0..).map(DocumentIx).zip(&definition.documents);
    all.filter(|(_, document)| filled(&document.name)).map(|(ix, _)| ix).collect()
}

/// Spans the call sets instead of the definition's, each inside its bounds.
pub fn overrides(definition: &Definition, dossier: &Dossier) -> Vec<(ClockIx, Span)> {
    let set = |(name, span): (&String, &String)| {
        let (state, clock) = name.split_once('.')?;
        let ix = definition.clock_named(definition.state_named(state)?, clock)?;
        let (least, most) = definition.clocks[ix.at()].bounds?;
        let span = Span::from_str(span).ok()?;
        (span.unit == least.unit && least <= span && span <= most).then_some((ix, span))
    };
    dossier.call.clocks.iter().filter_map(set).collect()
}
