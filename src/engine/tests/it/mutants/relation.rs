//! The step relation of a definition, written out: two definitions with the same rows move alike.
//!
//! Every combination of state, remembered origins and place statuses that any order of events may reach, guards left open, with
//! everything a step from it asks for and brings. What is reached is taken too wide rather than too narrow (each condition may
//! fall either way, an account may be off), so equal rows are a proof; names stand for indexes, so that a change of order is none.

use std::collections::{BTreeSet, HashSet};

use sojourn_engine::definition::{
    AccountIx, Addressee, Definition, MachineIx, PlaceOp, Require, RoleIx, Run, SpanUnit, StateIx, Target,
    Transition,
};
use sojourn_engine::machine::{after, starts_from};
use sojourn_engine::vocabulary::AccountStatus;

/// Where a case can be: state, who remembers what, the status of each account.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Node {
    state: StateIx,
    registers: Vec<(StateIx, StateIx)>,
    accounts: Vec<AccountStatus>,
}

impl Node {
    fn origin(&self) -> Option<StateIx> {
        self.registers.iter().find(|(state, _)| *state == self.state).map(|(_, from)| *from)
    }

    fn target(&self, transition: &Transition) -> Option<StateIx> {
        match transition.to {
            Target::State(to) => Some(to),
            Target::Same => Some(self.state),
            Target::Previous => self.origin(),
        }
    }

    /// Registers that can still be read.
    fn forgetting(mut self) -> Self {
        let mut kept: Vec<(StateIx, StateIx)> = Vec::new();
        let mut at = self.state;
        while let Some(entry) = self.registers.iter().find(|(state, _)| *state == at) {
            if kept.contains(entry) {
                break;
            }
            kept.push(*entry);
            at = entry.1;
        }
        kept.sort_unstable();
        self.registers = kept;
        self
    }
}

/// Everything the definition does, one line each.
pub fn rows(definition: &Definition) -> BTreeSet<String> {
    let written = Written(definition);
    let mut rows = written.declarations();
    let start = Node {
        state: definition.initial,
        registers: Vec::new(),
        accounts: vec![AccountStatus::None; definition.accounts.len()],
    };
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        rows.extend(written.state(&node));
        for (_, transition) in written.firing(&node) {
            rows.insert(written.step(&node, transition));
            for next in written.after(&node, transition) {
                if seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
    }
    for (machine, track) in definition.machines() {
        rows.insert(format!("track {} {:?} {} {:?}", track.name, track.label, track.versions, track.each));
        for (state, _) in definition.states_of(machine) {
            let node = Node { state, registers: Vec::new(), accounts: Vec::new() };
            rows.extend(written.state(&node));
            rows.extend(definition.leaving(state).map(|(_, transition)| written.step(&node, transition)));
        }
    }
    rows
}

struct Written<'d>(&'d Definition);

impl Written<'_> {
    fn declarations(&self) -> BTreeSet<String> {
        let d = self.0;
        let mut rows = BTreeSet::from([
            format!("{} {:?} {:?}", d.id, d.subject, d.languages),
            format!("open {} {}", self.roles(&d.create.by), self.guards(&d.create.require)),
        ]);
        let start = (d.initial, d.initial);
        rows.extend(d.create.notify.iter().map(|n| format!("open {}", self.told(n, start))));
        rows.extend(d.roles.iter().map(|r| format!("role {} {:?} {:?}", r.name, r.resolver, r.label)));
        rows.extend(d.events.iter().map(|e| format!("event {} {:?} {:?}", e.name, e.label, e.confirm)));
        rows.extend(d.notices.iter().map(|n| format!("notice {} {}", n.name, n.action)));
        rows.extend(d.documents.iter().map(|slot| {
            format!("document {} {:?} {} {:?}", slot.name, slot.class, self.roles(&slot.by), slot.label)
        }));
        rows.extend(d.reasons.iter().map(|list| format!("reasons {} {:?}", list.name, list.codes)));
        rows.extend(d.messages.iter().map(|message| format!("message {} {:?}", message.name, message.text)));
        rows.extend(d.accounts.iter().map(|account| {
            let enabled = account.enabled.as_ref().map(|guard| guard.source().to_owned());
            format!("account {} {:?} {:?} {enabled:?}", account.name, account.line, account.term)
        }));
        let event = |ix: sojourn_engine::definition::EventIx| d.events[ix.at()].name.clone();
        rows.extend(d.separations.iter().map(|pair| {
            let mut pair = [event(pair.first), event(pair.second)];
            pair.sort();
            format!("apart {}", pair.join(" "))
        }));
        rows.extend(d.invariants.iter().map(|rule| format!("never {}", rule.never.source())));
        rows
    }

    fn name(&self, state: StateIx) -> String {
        let state = &self.0.states[state.at()];
        let track = self.0.track(state.machine).map_or("", |track| &track.name);
        format!("{track}/{}", state.name)
    }

    fn roles(&self, roles: &[RoleIx]) -> String {
        format!("{:?}", roles.iter().map(|role| self.0.roles[role.at()].name.as_str()).collect::<Vec<_>>())
    }

    fn guards(&self, rules: &[Require]) -> String {
        let rule = |rule: &Require| {
            format!("{} else {}", rule.guard.source(), self.0.messages[rule.message.at()].name)
        };
        let rules: BTreeSet<String> = rules.iter().map(rule).collect();
        format!("{rules:?}")
    }

    /// Roles waited for in a state when nobody has acted there yet.
    fn waited_for(&self, state: StateIx) -> Vec<String> {
        let name = |role: &RoleIx| self.0.roles[role.at()].name.clone();
        let collecting = self.0.leaving(state).filter(|(_, t)| t.collect).flat_map(|(_, t)| &t.by);
        let all: Vec<String> = collecting.map(name).collect();
        if all.is_empty() { self.0.states[state.at()].waits_for.iter().map(name).collect() } else { all }
    }

    /// Whom a notice is for; who has acted already on what a state collects is not known here, so that stays as it is written.
    fn told(&self, notify: &sojourn_engine::definition::Notify, (from, to): (StateIx, StateIx)) -> String {
        let collects = |state: StateIx| self.0.leaving(state).any(|(_, t)| t.collect);
        let to: BTreeSet<String> = notify
            .to
            .iter()
            .flat_map(|addressee| match addressee {
                Addressee::Role(role) => vec![self.0.roles[role.at()].name.clone()],
                Addressee::WaitsFor if from == to && collects(to) => vec!["@waits_for".to_owned()],
                Addressee::WasWaiting if collects(from) => vec!["@was_waiting".to_owned()],
                Addressee::WaitsFor => self.waited_for(to),
                Addressee::WasWaiting => self.waited_for(from),
            })
            .collect();
        format!("{} to {to:?}", self.0.notices[notify.notice.at()].name)
    }

    /// What is so while a case rests in a state; nothing where it never rests.
    fn state(&self, node: &Node) -> Vec<String> {
        let state = &self.0.states[node.state.at()];
        let name = self.name(node.state);
        if self.leaves_at_once(node) {
            return Vec::new();
        }
        let waits = state.waits_for.map(|role| self.0.roles[role.at()].name.as_str());
        let until = state.public_until.as_ref().map(|term| term.source().to_owned());
        let mut rows = vec![format!(
            "{name} {:?} {:?} {waits:?} {:?} {:?} {:?} {until:?} {} {:?} {:?} {:?}",
            state.phase,
            state.kind,
            state.label,
            state.now,
            state.public,
            state.stops_clocks,
            state.appeal,
            state.publication,
            state.standing
        )];
        for clock in state.clocks.iter().map(|ix| &self.0.clocks[ix.at()]) {
            let run = match &clock.run {
                Run::Within(span) => format!("within {span}"),
                Run::Until(term) => format!("until {}", term.source()),
            };
            let shorter = clock.shorter.as_ref().map(|cut| (cut.within, cut.when.source()));
            let hours = matches!(&clock.run, Run::Within(span) if span.unit == SpanUnit::Hours);
            let calendar = (!hours || !clock.remind.is_empty()).then_some(clock.calendar);
            let ends: Vec<String> = clock
                .on_expiry
                .iter()
                .map(|end| {
                    format!(
                        "{:?} when {:?}",
                        self.end(&end.act),
                        end.when.as_ref().map(sojourn_engine::guard::Guard::source)
                    )
                })
                .collect();
            rows.push(format!(
                "{name}.{} {run} {shorter:?} {calendar:?} {:?} {:?} {ends:?}",
                clock.id, clock.remind, clock.bounds
            ));
        }
        rows
    }

    fn end(&self, act: &sojourn_engine::definition::ExpiryAct) -> String {
        use sojourn_engine::definition::ExpiryAct;
        match act {
            ExpiryAct::Fire(event) => format!("fire {}", self.0.events[event.at()].name),
            ExpiryAct::Allow(event) => format!("allow {}", self.0.events[event.at()].name),
            ExpiryAct::Escalate(roles) => format!("escalate {}", self.roles(roles)),
        }
    }

    /// Whether a join without a condition always leads on.
    fn leaves_at_once(&self, node: &Node) -> bool {
        self.0.leaving(node.state).any(|(_, t)| sure(t) && came_for(node, t) && !t.once)
    }

    /// Joins in their order up to the first that is sure, then events unless there is one; with the rank of a join.
    fn firing(&self, node: &Node) -> Vec<(usize, &Transition)> {
        let leaving = self.0.leaving(node.state).filter(|(_, transition)| came_for(node, transition));
        let (mut joins, events): (Vec<_>, Vec<_>) = leaving.partition(|(_, t)| t.join.is_some());
        joins.sort_by_key(|(ix, t)| (t.join.as_ref().map_or(0, |join| join.priority), *ix));
        let last = joins.iter().position(|(_, join)| sure(join) && !join.once);
        joins.truncate(last.map_or(joins.len(), |last| last + 1));
        let events = events.into_iter().filter(|_| last.is_none());
        joins.into_iter().chain(events).enumerate().map(|(rank, (_, t))| (rank, t)).collect()
    }

    /// Every way the conditions of its effects and the switches of the accounts can fall.
    fn after(&self, node: &Node, transition: &Transition) -> Vec<Node> {
        let Some(to) = node.target(transition) else { return Vec::new() };
        let mut ways = vec![node.accounts.clone()];
        for effect in &transition.effects {
            let optional = self.0.accounts[effect.account.at()].enabled.is_some();
            let ops = [Some(effect.op), effect.when.as_ref().and(effect.otherwise)];
            let ops = ops.into_iter().flatten().collect::<Vec<PlaceOp>>();
            let stays = optional || effect.when.is_some();
            let mut next = if stays { ways.clone() } else { Vec::new() };
            for way in &ways {
                for op in ops.iter().filter(|op| starts_from(**op, way[effect.account.at()])) {
                    let mut way = way.clone();
                    way[effect.account.at()] = after(*op, way[effect.account.at()]);
                    next.push(way);
                }
            }
            ways = next;
        }
        let mut registers = node.registers.clone();
        if matches!(transition.to, Target::State(_)) && self.0.states[to.at()].remember {
            registers.retain(|(state, _)| *state != to);
            registers.push((to, node.state));
        }
        let node = |accounts| Node { state: to, registers: registers.clone(), accounts }.forgetting();
        ways.into_iter().map(node).collect()
    }

    fn step(&self, node: &Node, t: &Transition) -> String {
        let d = self.0;
        let here = node.registers.iter().map(|(state, from)| (self.name(*state), self.name(*from)));
        let here: Vec<_> = here.collect();
        let to = node.target(t).map(|to| self.name(to));
        let enters = t.to != Target::Same;
        let documents: BTreeSet<_> = t.documents.iter().map(|slot| &d.documents[slot.at()].name).collect();
        let reason = t.reason.map(|list| &d.reasons[list.at()].name);
        let ends = (node.state, node.target(t).unwrap_or(node.state));
        let told: BTreeSet<String> = t.notify.iter().map(|notify| self.told(notify, ends)).collect();
        let account = |ix: AccountIx| &d.accounts[ix.at()].name;
        let moves = |op: PlaceOp, ix: AccountIx| {
            op != PlaceOp::Free || node.accounts.get(ix.at()) != Some(&AccountStatus::None)
        };
        let effects: Vec<String> = t
            .effects
            .iter()
            .filter(|effect| moves(effect.op, effect.account) || effect.when.is_some())
            .map(|effect| {
                let when = effect.when.as_ref().map(sojourn_engine::guard::Guard::source);
                format!("{} {} {when:?} {:?}", effect.op.word(), account(effect.account), effect.otherwise)
            })
            .collect();
        let machine = |ix: &MachineIx| d.track(*ix).map_or("main", |track| &track.name);
        let machines =
            |list: &[MachineIx]| list.iter().map(machine).map(str::to_owned).collect::<BTreeSet<_>>();
        let join = t.join.as_ref().map(|join| join.when.as_ref().map(sojourn_engine::guard::Guard::source));
        let rank = self.firing(node).iter().find(|(_, other)| std::ptr::eq(*other, t)).map(|(rank, _)| *rank);
        let rank = rank.filter(|_| join.is_some());
        let marks = (t.freezes, t.once, t.collect, t.irreversible, t.new_version, enters);
        format!(
            "{} {here:?} {:?} --{} by {} {} {documents:?} {:?} {reason:?} {effects:?} {told:?} {:?} {:?} {:?} {:?} {marks:?} {:?} \
             {:?} {:?} {:?} join {join:?} {rank:?}--> {to:?}",
            self.name(node.state),
            node.accounts,
            d.events[t.event.at()].name,
            self.roles(&t.by),
            self.guards(&t.require),
            t.input,
            t.choose,
            t.last_day,
            t.terms,
            t.shows_to,
            t.on,
            machines(&t.resets),
            machines(&t.invalidates),
            t.adds.as_ref().map(machine),
        )
    }
}

fn sure(transition: &Transition) -> bool {
    transition.join.as_ref().is_some_and(|join| join.when.is_none())
}

fn came_for(node: &Node, transition: &Transition) -> bool {
    transition.came_from.is_empty() || node.origin().is_some_and(|from| transition.came_from.contains(&from))
}
