//! Clocks of a state.

use super::super::{Clock, ClockIx, Expiry, ExpiryAct, Party, Reminder, Run, Shorter, Span, StateIx};
use super::Loader;
use super::tree::{Node, Table};
use crate::guard::Type;

impl Loader<'_, '_> {
    pub(super) fn clocks(
        &mut self,
        state: StateIx,
        table: &Table<'_>,
        clocks: &mut Vec<Clock>,
    ) -> Vec<ClockIx> {
        let mut own = Vec::new();
        for table in table.tables("clocks") {
            let Some(clock) = self.clock(state, &table) else { continue };
            if own.iter().any(|ix: &ClockIx| clocks[ix.at()].id == clock.id) {
                self.reader
                    .form(table.span.clone(), &format!("two clocks of this state are called `{}`", clock.id));
            }
            own.extend(u16::try_from(clocks.len()).ok().map(ClockIx));
            clocks.push(clock);
        }
        own
    }

    fn clock(&mut self, state: StateIx, table: &Table<'_>) -> Option<Clock> {
        table.only(&["id", "within", "until", "shorter", "calendar", "remind", "on_expiry", "bounds"]);
        let id = table.text("id");
        let run = self.run(table);
        let on_expiry: Vec<Expiry> =
            table.tables("on_expiry").iter().filter_map(|t| self.expiry(t)).collect();
        if table.node("on_expiry").is_none() {
            table.missing("on_expiry", "what happens when the time is over");
        }
        Some(Clock {
            id: id?,
            state,
            run: run?,
            shorter: self.shorter(table),
            calendar: self.calendar(table),
            remind: table.list("remind").iter().filter_map(|node| self.reminder(node)).collect(),
            on_expiry,
            bounds: self.bounds(table),
            place: table.place(),
        })
    }

    fn run(&mut self, table: &Table<'_>) -> Option<Run> {
        match (table.node("within"), table.node("until")) {
            (Some(node), None) => self.span(&node).map(Run::Within),
            (None, Some(node)) => self.term(&node, &Type::Instant).map(Run::Until),
            (Some(_), Some(node)) => {
                self.reader.form(node.span(), "a clock has `within` or `until`, not both");
                None
            }
            (None, None) => {
                table.missing("within", "a span such as \"5 working days\", or `until` with an instant");
                None
            }
        }
    }

    fn shorter(&mut self, table: &Table<'_>) -> Option<Shorter> {
        let shorter = table.node("shorter")?.table()?;
        shorter.only(&["within", "when"]);
        for (key, what) in [("within", "the span"), ("when", "the condition under which it counts")] {
            if shorter.node(key).is_none() {
                shorter.missing(key, what);
            }
        }
        let within = shorter.node("within").and_then(|node| self.span(&node));
        let when = shorter.node("when").and_then(|node| self.guard(&node));
        Some(Shorter { within: within?, when: when? })
    }

    fn calendar(&self, table: &Table<'_>) -> Party {
        let Some(node) = table.node("calendar") else { return Party::Home };
        match node.text() {
            Some("home") | None => Party::Home,
            Some("host") => Party::Host,
            Some("alliance") => Party::Alliance,
            Some(_) => {
                self.reader.form(node.span(), "calendar is \"home\", \"host\" or \"alliance\"");
                Party::Home
            }
        }
    }

    pub(super) fn span(&self, node: &Node<'_>) -> Option<Span> {
        self.span_of(node, node.text()?)
    }

    fn span_of(&self, node: &Node<'_>, text: &str) -> Option<Span> {
        text.parse()
            .map_err(|error: super::super::clocks::SpanError| {
                self.reader.form(node.span(), &error.to_string());
            })
            .ok()
    }

    fn reminder(&self, node: &Node<'_>) -> Option<Reminder> {
        let text = node.text()?;
        match text.strip_prefix('-') {
            Some(text) => self.span_of(node, text).map(Reminder::Before),
            None => self.span_of(node, text).map(Reminder::After),
        }
    }

    fn bounds(&self, table: &Table<'_>) -> Option<(Span, Span)> {
        let node = table.node("bounds")?;
        match &node.list()[..] {
            [low, high] => Some((self.span(low)?, self.span(high)?)),
            _ => {
                self.reader.form(
                    node.span(),
                    "bounds are the shortest and the longest span: [\"2 days\", \"9 days\"]",
                );
                None
            }
        }
    }

    fn expiry(&mut self, table: &Table<'_>) -> Option<Expiry> {
        table.only(&["event", "escalate", "allow", "when"]);
        let when = table.node("when");
        let guard = when.as_ref().and_then(|node| self.guard(node));
        let act = match (table.node("event"), table.node("escalate"), table.node("allow")) {
            (Some(event), None, None) => self.names.event(self.reader, &event).map(ExpiryAct::Fire),
            (None, Some(_), None) => Some(ExpiryAct::Escalate(self.role_list(table, "escalate"))),
            (None, None, Some(event)) => self.names.event(self.reader, &event).map(ExpiryAct::Allow),
            _ => {
                self.reader.form(table.span.clone(), "give exactly one of `event`, `escalate` and `allow`");
                None
            }
        };
        if when.is_some() && guard.is_none() {
            return None;
        }
        Some(Expiry { when: guard, act: act? })
    }
}
