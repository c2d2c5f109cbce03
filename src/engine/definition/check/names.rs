//! W01: nothing is declared and unused. (That every name is declared, the parser has seen to.)

use std::collections::BTreeSet;

use super::super::{
    AccountIx, Addressee, Definition, DocumentIx, EventIx, ExpiryAct, Finding, InputKind, MessageIx,
    NoticeIx, Notify, Place, ReasonsIx, RoleIx, Rule,
};
use crate::facts::Fact;

pub(super) fn findings(definition: &Definition) -> Vec<Finding> {
    let used = Used::of(definition);
    let mut findings = languages(definition);
    let mut report = |what: &str, mend: &str, unused: Vec<(&str, Place)>| {
        findings.extend(unused.into_iter().map(|(name, place)| {
            Finding::error(
                Rule::W01,
                place,
                format!("{what} `{name}` is declared but never used: {mend}, or drop it"),
            )
        }));
    };
    let roles = pairs(&definition.roles, RoleIx, &used.roles, |role| (&role.name, role.place));
    report("role", "let it act, wait or be told", roles);
    let events = pairs(&definition.events, EventIx, &used.events, |event| (&event.name, event.place));
    report("event", "give it a transition", events);
    let notices = pairs(&definition.notices, NoticeIx, &used.notices, |notice| (&notice.name, notice.place));
    report("notice", "name it in a `notify`", notices);
    let documents =
        pairs(&definition.documents, DocumentIx, &used.documents, |slot| (&slot.name, slot.place));
    report("document", "require it in a transition or say who supplies it", documents);
    let reasons = pairs(&definition.reasons, ReasonsIx, &used.reasons, |list| (&list.name, list.place));
    report("list of reasons", "name it in a `reason` or an `input`", reasons);
    let accounts =
        pairs(&definition.accounts, AccountIx, &used.accounts, |account| (&account.name, account.place));
    report("account", "give a transition an effect on it", accounts);
    let messages =
        pairs(&definition.messages, MessageIx, &used.messages, |message| (&message.name, message.place));
    report("message", "name it in a `require`", messages);
    let sets = definition.idle_sets.iter().map(|(name, place)| (name.as_str(), *place)).collect();
    report("set", "name it in a `from`", sets);
    report("latch", "ask for it as `ever.<track>.<state>`", unread_latches(definition));
    findings
}

fn pairs<'d, T, Ix: Ord>(
    table: &'d [T],
    index: impl Fn(u16) -> Ix,
    used: &BTreeSet<Ix>,
    named: impl Fn(&'d T) -> (&'d String, Place),
) -> Vec<(&'d str, Place)> {
    let unused = (0..).map(index).zip(table).filter(|(ix, _)| !used.contains(ix));
    unused.map(|(_, item)| named(item)).map(|(name, place)| (name.as_str(), place)).collect()
}

fn unread_latches(definition: &Definition) -> Vec<(&str, Place)> {
    let read: BTreeSet<&Fact> = definition.facts.own().map(|(_, fact)| fact).collect();
    let latches = definition
        .machines()
        .flat_map(|(machine, track)| track.latch.iter().map(move |state| (machine, *state, track.place)));
    let unread = latches.filter(|(machine, state, _)| !read.contains(&Fact::Ever(*machine, *state)));
    unread.map(|(_, state, place)| (definition.states[state.at()].name.as_str(), place)).collect()
}

fn languages(definition: &Definition) -> Vec<Finding> {
    let twice =
        definition.languages.iter().enumerate().filter(|(at, tag)| definition.languages[..*at].contains(tag));
    twice
        .map(|(_, tag)| {
            let message = format!("language `{tag}` is declared twice: name it once");
            Finding::error(Rule::W01, Place { line: 1, column: 1 }, message)
        })
        .collect()
}

#[derive(Default)]
struct Used {
    roles: BTreeSet<RoleIx>,
    events: BTreeSet<EventIx>,
    notices: BTreeSet<NoticeIx>,
    documents: BTreeSet<DocumentIx>,
    reasons: BTreeSet<ReasonsIx>,
    accounts: BTreeSet<AccountIx>,
    messages: BTreeSet<MessageIx>,
}

impl Used {
    fn of(definition: &Definition) -> Self {
        let mut used = Self::default();
        used.declarations(definition);
        for transition in &definition.transitions {
            used.events.insert(transition.event);
            used.roles.extend(&transition.by);
            used.messages.extend(transition.require.iter().map(|rule| rule.message));
            used.documents.extend(&transition.documents);
            used.reasons.extend(transition.reason);
            used.reasons.extend(transition.input.iter().filter_map(|field| list(&field.kind)));
            used.accounts.extend(transition.effects.iter().map(|effect| effect.account));
            used.notify(&transition.notify);
        }
        used
    }

    fn declarations(&mut self, definition: &Definition) {
        self.roles.extend(&definition.create.by);
        self.messages.extend(definition.create.require.iter().map(|rule| rule.message));
        self.notify(&definition.create.notify);
        self.roles.extend(definition.states.iter().filter_map(|state| state.waits_for));
        for (ix, document) in (0..).map(DocumentIx).zip(&definition.documents) {
            self.roles.extend(&document.by);
            self.documents.extend((!document.by.is_empty()).then_some(ix));
        }
        for act in definition.clocks.iter().flat_map(|clock| &clock.on_expiry).map(|expiry| &expiry.act) {
            match act {
                ExpiryAct::Escalate(roles) => self.roles.extend(roles),
                ExpiryAct::Fire(_) | ExpiryAct::Allow(_) => {}
            }
        }
    }

    fn notify(&mut self, notify: &[Notify]) {
        self.notices.extend(notify.iter().map(|notify| notify.notice));
        let roles = notify.iter().flat_map(|notify| &notify.to).filter_map(|addressee| match addressee {
            Addressee::Role(role) => Some(*role),
            Addressee::WaitsFor | Addressee::WasWaiting => None,
        });
        self.roles.extend(roles);
    }
}

const fn list(kind: &InputKind) -> Option<ReasonsIx> {
    match kind {
        InputKind::Option(list) | InputKind::Codes(list) | InputKind::Items(list) => Some(*list),
        InputKind::Text(_)
        | InputKind::Choice
        | InputKind::Line
        | InputKind::Int(..)
        | InputKind::Decimal(..)
        | InputKind::Date
        | InputKind::Bool
        | InputKind::Attest => None,
    }
}
