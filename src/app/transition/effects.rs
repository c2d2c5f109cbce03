//! Step → records: one arm per kind of consequence, exhaustive.

use sojourn_engine::allocation::{Digest, receipt};
use sojourn_engine::definition::{Choose, InstanceId, PlaceOp, RoleIx, Side, StateIx, Term};
use sojourn_engine::ids::{ChoiceId, PersonId};
use sojourn_engine::machine::{Move, Opening, Step, after};
use sojourn_engine::vocabulary::{AccountStatus, ChoiceResult};

use super::clocks::{start, stop};
use super::drive::{Deed, Stage, picked_for};
use super::live::Live;
use super::places::{Bound, bind, draws, posted};
use super::{chain, notify, stays};
use crate::store::dossiers::{Account, Choice};
use crate::store::places::NewPosting;
use crate::store::records::{NewHistory, Records};

/// Records the opening of a case.
pub(super) fn opened(
    stage: &Stage<'_>,
    live: &mut Live,
    by: PersonId,
    opening: &Opening,
    facts: String,
    records: &mut Records,
) {
    live.dossier.case.state.clone_from(&stage.definition.states[stage.definition.initial.at()].name);
    live.note(stage.definition, "create", Some(by), None);
    start(stage, live, None, &opening.clocks);
    for (id, clock) in &opening.track_clocks {
        start(stage, live, Some(*id), std::slice::from_ref(clock));
    }
    let role = stage.definition.create.by.first().copied();
    let to = live.case.state;
    let entry =
        Entry { event: "create", at: (None, to), from: None, role, actor: Some(by), facts, words: None };
    record(stage, live, entry, records);
    notify::queue(
        stage,
        live,
        &notify::Told {
            event: "create",
            at: (None, to),
            from: None,
            role,
            reason: None,
            hidden_until: None,
            clock: None,
            number: Some(live.dossier.case.steps),
        },
        &opening.notices,
        records,
    );
}

/// Records every move of a step, in order.
pub(super) fn taken(
    stage: &Stage<'_>,
    live: &mut Live,
    deed: &Deed<'_>,
    step: &Step,
    target: Option<ChoiceId>,
    facts: Vec<String>,
    records: &mut Records,
) {
    for (at, (made, facts)) in step.moves.iter().zip(facts).enumerate() {
        let first = at == 0;
        let target = if first { target } else { self::target(live, made) };
        let actor = deed.actor.filter(|_| first);
        take(stage, live, made, target, actor, records);
        let event = &stage.definition.events[made.event.at()].name;
        let from = Some(stage.definition.states[made.from.at()].name.clone());
        let entry = Entry {
            event,
            at: (made.instance, made.to),
            from: from.clone(),
            role: made.role,
            actor,
            facts,
            words: first.then_some(chain::Words { data: deed.data, reason: deed.reason, note: deed.note }),
        };
        record(stage, live, entry, records);
        let given = (deed.reason.filter(|_| first), deed.data);
        let reason = notify::reason((stage.definition, &live.dossier), made, given);
        let told = notify::Told {
            event,
            at: (made.instance, made.to),
            from: from.as_deref(),
            role: made.role,
            reason,
            hidden_until: made.hidden_until,
            clock: None,
            number: Some(live.dossier.case.steps),
        };
        notify::queue(stage, live, &told, &made.notices, records);
    }
}

/// The choice that a join makes current, when it makes one.
pub(super) fn target(live: &Live, made: &Move) -> Option<ChoiceId> {
    let chosen = match made.choose {
        Some(Choose::Next) => super::facts::next(&live.dossier),
        Some(Choose::First) => live.dossier.choices.iter().find(|choice| choice.result == ChoiceResult::Open),
        Some(Choose::All) => live.dossier.choices.iter().find(|choice| choice.result == ChoiceResult::Open),
        Some(Choose::Input(_) | Choose::Nothing) | None => None,
    };
    chosen.map(|choice| choice.id)
}

/// Lays one move into the rows, all but its history and notices.
pub(super) fn take(
    stage: &Stage<'_>,
    live: &mut Live,
    made: &Move,
    target: Option<ChoiceId>,
    actor: Option<PersonId>,
    records: &mut Records,
) {
    match made.choose {
        Some(Choose::Nothing) => leave(stage, live),
        Some(Choose::All) => {
            choose(stage, live, target);
            stays::choose_all(live);
        }
        Some(Choose::Input(_) | Choose::First | Choose::Next) => choose(stage, live, target),
        None => {}
    }
    for &(account, op) in &made.places {
        let account_of = &stage.definition.accounts[account.at()];
        if (account_of.term, op) == (Term::Extra, PlaceOp::Hold) {
            stays::bind_extra(live, account_of);
        }
        seat(stage, live, &account_of.name, op, live.case.accounts[account.at()], records);
    }
    stays::move_last_day(live, made);
    let fires = actor.is_none().then_some(made.event);
    if made.entered || !made.resets.is_empty() || made.stays.is_some() {
        stop(stage, live, made, fires, records);
    }
    let named = made.adds.zip(live.named);
    live.case.apply(stage.definition, made, actor, stage.at.now);
    live.note(stage.definition, &stage.definition.events[made.event.at()].name, actor, named);
    if made.entered && made.instance.is_none() {
        live.dossier.case.hidden_until = made.hidden_until;
    }
    if made.entered && made.instance.is_none() && stage.definition.offered_in(made.to).is_some() {
        join_lists(stage, live, records);
    }
    start(stage, live, made.instance, &made.clocks);
    for (id, clock) in &made.resumes {
        start(stage, live, Some(*id), std::slice::from_ref(clock));
    }
    if made.freezes {
        live.touched.application = true;
        live.touched.frozen = true;
        live.dossier.application.submitted_at = Some(stage.at.now);
        live.dossier.application.frozen = true;
        live.dossier.application.receipt = Some(submitted(live, stage).to_string());
        bind_choices(stage, live);
    }
    for side in &made.shows_to {
        show(stage, live, *side);
    }
}

/// The digest of the list as it is submitted now.
fn submitted(live: &Live, stage: &Stage<'_>) -> Digest {
    let rank = |choice: &Choice| u16::try_from(choice.rank).unwrap_or_default();
    let list: Vec<_> = live.dossier.choices.iter().map(|c| (rank(c), c.offering.id)).collect();
    receipt(live.dossier.case.id, stage.at.now, &list)
}

/// Binds every open choice to its line, so that waiting lists know what is waited for.
fn bind_choices(stage: &Stage<'_>, live: &mut Live) {
    let accounts = || stage.definition.accounts.iter().map(draws);
    let lines: Vec<_> = live
        .dossier
        .choices
        .iter()
        .map(|choice| {
            bind(accounts().take(1), &live.dossier, &choice.offering, &[]).first().and_then(|b| b.line)
        })
        .collect();
    for (choice, line) in live.dossier.choices.iter_mut().zip(lines) {
        choice.line = line;
    }
    live.touched.choices = true;
}

/// Whoever comes to wait for a place waits for those of all lines that cover a choice today; some may be free.
fn join_lists(stage: &Stage<'_>, live: &mut Live, records: &mut Records) {
    let before: Vec<_> = live.dossier.choices.iter().map(|choice| (choice.result, choice.line)).collect();
    bind_choices(stage, live);
    for (choice, (result, line)) in live.dossier.choices.iter_mut().zip(before) {
        if result != ChoiceResult::Open {
            choice.line = line;
        }
    }
    let wanted = live.dossier.choices.iter().filter(|choice| choice.result != ChoiceResult::Void);
    records.awaited.extend(wanted.filter_map(|choice| choice.line));
}

/// Leaves the current choice and its host behind, with the lines and the stays it gave.
fn leave(stage: &Stage<'_>, live: &mut Live) {
    live.dossier.application.current_choice = None;
    for choice in live.dossier.choices.iter_mut().filter(|choice| choice.result == ChoiceResult::Chosen) {
        choice.result = ChoiceResult::Left;
        choice.host_sees_until = choice.host_sees_from.map(|_| stage.at.now);
    }
    for account in &mut live.dossier.accounts {
        (account.status, account.line, account.enabled) = (AccountStatus::None, None, false);
    }
    live.touched.application = true;
    live.touched.choices = true;
    live.touched.stays = true;
    live.dossier.stay = None;
    live.touched.accounts = true;
}

/// Makes a choice the current one: leaves the former behind, binds its accounts, writes its stays.
fn choose(stage: &Stage<'_>, live: &mut Live, target: Option<ChoiceId>) {
    let Some(target) = target else { return };
    leave(stage, live);
    live.dossier.application.current_choice = Some(target);
    if let Some(choice) = live.dossier.choices.iter_mut().find(|choice| choice.id == target) {
        choice.result = ChoiceResult::Chosen;
        // A host that is chosen again sees the case when it is shown to it again.
        (choice.host_sees_from, choice.host_sees_until) = (None, None);
    }
    let Some(choice) = live.dossier.current() else { return };
    let named: Vec<_> = picked_for(stage.definition, live).into_iter().collect();
    let accounts = stage.definition.accounts.iter().map(draws);
    let bound = bind(accounts, &live.dossier, &choice.offering, &named);
    let line = bound.first().and_then(|bound| bound.line);
    live.dossier.accounts = bound.into_iter().map(unused).collect();
    if let Some(choice) = live.dossier.choices.iter_mut().find(|choice| choice.id == target) {
        choice.line = line;
    }
}

/// An account bound to its line, with no place yet.
pub(super) fn unused(bound: Bound) -> Account {
    Account {
        enabled: bound.line.is_some(),
        line: bound.line,
        amount: i32::try_from(bound.amount).unwrap_or(1),
        status: AccountStatus::None,
        name: bound.name,
    }
}

/// Moves one account and posts what that does to its line.
fn seat(
    stage: &Stage<'_>,
    live: &mut Live,
    name: &str,
    op: PlaceOp,
    before: AccountStatus,
    records: &mut Records,
) {
    let number = live.dossier.case.steps + 1;
    let id = live.dossier.case.id;
    let Some(account) = live.dossier.accounts.iter_mut().find(|account| account.name == name) else { return };
    account.status = after(op, before);
    live.touched.accounts = true;
    let (postings, change) = posted(op, before, account.amount);
    let Some(line) = account.line else { return };
    for (kind, amount) in postings {
        records.postings.push(NewPosting {
            id: stage.at.id(),
            line,
            kind,
            amount,
            step: Some((id, name.to_owned(), number)),
            run: None,
            person: None,
            reason: None,
            at: stage.at.now,
        });
    }
    let sum = records.lines.entry(line).or_default();
    sum.held += change.held;
    sum.used += change.used;
    if let Some(row) = live.dossier.lines.iter_mut().find(|row| row.id == line) {
        row.held += change.held;
        row.used += change.used;
    }
}

fn show(stage: &Stage<'_>, live: &mut Live, side: Side) {
    let now = stage.at.now;
    match side {
        Side::Home => {
            live.dossier.application.home_sees_from.get_or_insert(now);
            live.touched.application = true;
        }
        Side::Host => {
            let chosen =
                live.dossier.choices.iter_mut().filter(|choice| choice.result == ChoiceResult::Chosen);
            for choice in chosen {
                choice.host_sees_from.get_or_insert(now);
            }
            live.touched.choices = true;
        }
    }
}

/// One line of the history, before it is numbered and sealed.
pub(super) struct Entry<'a> {
    pub event: &'a str,
    /// The machine that moved, and the state it is in now.
    pub at: (Option<InstanceId>, StateIx),
    pub from: Option<String>,
    pub role: Option<RoleIx>,
    pub actor: Option<PersonId>,
    pub facts: String,
    pub words: Option<chain::Words<'a>>,
}

pub(super) fn record(stage: &Stage<'_>, live: &mut Live, entry: Entry<'_>, records: &mut Records) {
    let role =
        entry.role.or_else(|| stage.definition.system()).map(|role| &stage.definition.roles[role.at()]);
    let step = NewHistory {
        case: live.dossier.case.id,
        number: 0,
        machine: stage.definition.machine_text(entry.at.0),
        at: stage.at.now,
        recorded_at: stage.at.recorded_at,
        via: stage.via,
        actor: entry.actor,
        role: role.map(|role| role.name.clone()).unwrap_or_default(),
        institution: role.and_then(|role| notify::side(&live.dossier, &role.resolver)),
        event: entry.event.to_owned(),
        from: entry.from,
        to: stage.definition.states[entry.at.1.at()].name.clone(),
        workflow: stage.version,
        facts: entry.facts,
        payload_hmac: None,
        hash: Vec::new(),
    };
    let applicant = live.dossier.application.applicant;
    chain::append(&mut live.dossier.case, step, (entry.words, applicant, stage.at), records);
}
