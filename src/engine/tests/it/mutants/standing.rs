//! Changes of states, clocks, texts, facts and separations.

use sojourn_engine::definition::Span;
use sojourn_engine::facts::catalogue;
use sojourn_engine::vocabulary::Phase;
use toml::{Table, Value};

use super::sites::{
    Path, Site, clocks, dropped, get, items, join, machines, moves, named, names, replaced, set, states,
    texts, transitions,
};

pub fn drop_clock(document: &Table) -> Vec<Site> {
    clocks(document).into_iter().map(|path| dropped(document, path)).collect()
}

pub fn drop_reminder(document: &Table) -> Vec<Site> {
    let reminders =
        clocks(document).into_iter().flat_map(|clock| items(document, &join(&clock, &["remind"])));
    reminders.map(|path| dropped(document, path)).collect()
}

fn expiries(document: &Table) -> Vec<Path> {
    clocks(document).into_iter().flat_map(|clock| items(document, &join(&clock, &["on_expiry"]))).collect()
}

pub fn drop_expiry(document: &Table) -> Vec<Site> {
    expiries(document).into_iter().map(|path| dropped(document, path)).collect()
}

/// The end of a clock fires or allows another event, escalates to fewer or others, or loses its condition.
pub fn change_expiry(document: &Table) -> Vec<Site> {
    let events = names(document, &["events".to_owned()]);
    let roles = names(document, &["roles".to_owned()]);
    let change = |path: Path| {
        let mut sites = Vec::new();
        for key in ["event", "allow"] {
            let at = join(&path, &[key]);
            let Some(now) = get(document, &at).and_then(Value::as_str) else { continue };
            let other = events.iter().filter(|event| *event != now).cloned().map(Value::String);
            sites.extend(other.map(|event| replaced(document, at.clone(), event)));
        }
        for at in items(document, &join(&path, &["escalate"])) {
            let has = texts(document, &join(&path, &["escalate"]));
            let other = roles.iter().filter(|role| !has.contains(role)).cloned().map(Value::String);
            sites.extend(other.map(|role| replaced(document, at.clone(), role)));
            sites.push(dropped(document, at));
        }
        let when = join(&path, &["when"]);
        sites.extend(get(document, &when).map(|_| dropped(document, when.clone())));
        sites
    };
    expiries(document).into_iter().flat_map(change).collect()
}

/// A span becomes longer or shorter than the clock's bounds allow, or twice as long where it has none.
pub fn change_span(document: &Table) -> Vec<Site> {
    let change = |clock: Path| {
        let within = join(&clock, &["within"]);
        let Some(span) = span(document, &within) else { return Vec::new() };
        let low = span_at(document, &clock, "0").unwrap_or(span);
        let high = span_at(document, &clock, "1").unwrap_or(span);
        let longer = Span { count: high.count * 2, ..high };
        let mut others = vec![longer];
        others.extend((low.count > 1).then_some(Span { count: low.count - 1, ..low }));
        others
            .into_iter()
            .map(|span| replaced(document, within.clone(), Value::String(span.to_string())))
            .collect()
    };
    clocks(document).into_iter().flat_map(change).collect()
}

fn span(document: &Table, path: &[String]) -> Option<Span> {
    get(document, path)?.as_str()?.parse().ok()
}

fn span_at(document: &Table, clock: &[String], at: &str) -> Option<Span> {
    span(document, &join(clock, &["bounds", at]))
}

pub fn drop_bounds(document: &Table) -> Vec<Site> {
    let bounds = clocks(document).into_iter().map(|clock| join(&clock, &["bounds"]));
    bounds.filter(|path| get(document, path).is_some()).map(|path| dropped(document, path)).collect()
}

/// Nobody is waited for, or somebody else.
pub fn change_waiting(document: &Table) -> Vec<Site> {
    let roles = names(document, &["roles".to_owned()]);
    let at = states(document).into_iter().map(|state| join(&state, &["waits_for"]));
    at.filter(|path| get(document, path).is_some())
        .flat_map(|path| {
            let now = get(document, &path).and_then(Value::as_str).unwrap_or_default();
            let other = roles.iter().filter(|role| *role != now).cloned().map(Value::String);
            let mut sites: Vec<Site> = other.map(|role| replaced(document, path.clone(), role)).collect();
            sites.push(dropped(document, path.clone()));
            sites
        })
        .collect()
}

/// A state forgets where it was entered from, can no longer be appealed, hides nothing, or shows a programme no more than others.
pub fn drop_state_mark(document: &Table) -> Vec<Site> {
    let marks = ["remember", "stops_clocks", "appeal", "public_until", "publication", "standing"];
    let at = states(document).into_iter().flat_map(|state| marks.map(|mark| join(&state, &[mark])));
    let at = at.filter(|path| get(document, path).is_some());
    at.map(|path| {
        let public = path.last().is_some_and(|mark| mark == "public_until");
        Site::new(format!("drop {}", named(document, &path)), move |document| {
            super::sites::remove(document, &path);
            if public {
                let texts = join(&path[..path.len() - 1], &["public"]);
                super::sites::remove(document, &texts);
            }
        })
    })
    .collect()
}

/// A failure becomes a success, a success a failure.
pub fn swap_end(document: &Table) -> Vec<Site> {
    let at = states(document).into_iter().map(|state| join(&state, &["kind"]));
    let ends = at.filter_map(|path| {
        let other = match get(document, &path)?.as_str()? {
            "failure" => "success",
            "success" => "failure",
            _ => return None,
        };
        Some(replaced(document, path, Value::String(other.to_owned())))
    });
    ends.collect()
}

/// A state belongs to another part of the life of a case.
pub fn change_phase(document: &Table) -> Vec<Site> {
    let at = states(document).into_iter().map(|state| join(&state, &["phase"]));
    at.filter_map(|path| {
        let now = get(document, &path)?.as_str()?;
        let other = Phase::ALL.iter().map(ToString::to_string).filter(move |phase| phase != now);
        Some(other.map(|phase| replaced(document, path.clone(), Value::String(phase))).collect::<Vec<_>>())
    })
    .flatten()
    .collect()
}

/// A transition leads to a new state without a way out; or such a state stands there, and nothing leads to it.
pub fn add_dead_state(document: &Table) -> Vec<Site> {
    let texts = |text: &str| {
        let languages = texts(document, &["languages".to_owned()]);
        Value::Table(languages.into_iter().map(|tag| (tag, Value::String(text.to_owned()))).collect())
    };
    let limbo = Table::from_iter([
        ("label".to_owned(), texts("Limbo")),
        ("now".to_owned(), texts("Nothing happens.")),
        ("waits_for".to_owned(), Value::String(names(document, &["roles".to_owned()])[0].clone())),
    ]);
    let put = |document: &mut Table, path: &[String], limbo: &Table| {
        let machine = if path[0] == "tracks" { &path[..2] } else { &path[..0] };
        let mut limbo = limbo.clone();
        if machine.is_empty() {
            limbo.insert("phase".to_owned(), Value::String("selection".to_owned()));
        }
        set(document, &join(machine, &["states", "limbo"]), Value::Table(limbo));
    };
    let mut sites = Vec::new();
    for path in transitions(document) {
        let limbo = limbo.clone();
        let to = join(&path, &["to"]);
        sites.push(Site::new(format!("{} leads to a dead state", named(document, &path)), move |document| {
            put(document, &path, &limbo);
            set(document, &to, Value::String("limbo".to_owned()));
        }));
    }
    for machine in machines(document) {
        let limbo = limbo.clone();
        let what = format!("a state of {machine:?} that nothing leads to");
        let path = join(&machine, &["states"]);
        sites.push(Site::new(what, move |document| put(document, &path, &limbo)));
    }
    sites
}

/// A text is missing in one language.
pub fn drop_text(document: &Table) -> Vec<Site> {
    let languages = texts(document, &["languages".to_owned()]);
    let mut found = Vec::new();
    for section in ["roles", "documents", "messages", "events", "reasons", "states", "tracks"] {
        find_texts(document, &vec![section.to_owned()], &languages, &mut found);
    }
    found.into_iter().map(|path| dropped(document, path)).collect()
}

fn find_texts(document: &Table, path: &Path, languages: &[String], found: &mut Vec<Path>) {
    for name in names(document, path) {
        let inner = join(path, &[&name]);
        if languages.contains(&name) && get(document, &inner).is_some_and(Value::is_str) {
            found.push(inner);
        } else {
            find_texts(document, &inner, languages, found);
        }
    }
}

pub fn drop_separation(document: &Table) -> Vec<Site> {
    items(document, &["separations".to_owned()]).into_iter().map(|path| dropped(document, path)).collect()
}

/// An account can no longer be switched off.
pub fn drop_switch(document: &Table) -> Vec<Site> {
    let section = vec!["accounts".to_owned()];
    let switches =
        names(document, &section).into_iter().map(|account| join(&section, &[&account, "enabled"]));
    switches.filter(|path| get(document, path).is_some()).map(|path| dropped(document, path)).collect()
}

pub fn drop_invariant(document: &Table) -> Vec<Site> {
    items(document, &["invariants".to_owned()]).into_iter().map(|path| dropped(document, path)).collect()
}

/// Every expression of the definition.
fn expressions(document: &Table) -> Vec<Path> {
    let mut holders: Vec<Path> = transitions(document);
    holders.push(vec!["create".to_owned()]);
    let mut all: Vec<Path> = holders
        .iter()
        .flat_map(|path| items(document, &join(path, &["require"])))
        .map(|rule| join(&rule, &["that"]))
        .collect();
    all.extend(moves(document).iter().map(|path| join(path, &["when"])));
    let effects = moves(document).into_iter().flat_map(|path| items(document, &join(&path, &["effects"])));
    all.extend(effects.map(|path| join(&path, &["when"])));
    all.extend(clocks(document).iter().map(|path| join(path, &["until"])));
    all.extend(expiries(document).iter().map(|path| join(path, &["when"])));
    all.extend(states(document).iter().map(|path| join(path, &["public_until"])));
    let section = vec!["accounts".to_owned()];
    all.extend(names(document, &section).iter().map(|account| join(&section, &[account, "enabled"])));
    all.retain(|path| get(document, path).is_some_and(Value::is_str));
    all
}

/// A fact is taken for another of its type.
pub fn rename_fact(document: &Table) -> Vec<Site> {
    let facts = catalogue();
    let rename = |path: Path| {
        let source = get(document, &path).and_then(Value::as_str).unwrap_or_default();
        let mut sites = Vec::new();
        for (fact, kind, _) in &facts {
            for at in standing(source, fact) {
                for (other, _, _) in facts.iter().filter(|(other, of, _)| other != fact && of == kind) {
                    let changed = format!("{}{other}{}", &source[..at], &source[at + fact.len()..]);
                    sites.push(replaced(document, path.clone(), Value::String(changed)));
                }
            }
        }
        sites
    };
    expressions(document).into_iter().flat_map(rename).collect()
}

/// Where a fact's path stands by itself.
fn standing(source: &str, fact: &str) -> Vec<usize> {
    let part = |c: char| c.is_ascii_alphanumeric() || "_.'".contains(c);
    let alone = |at: &usize| {
        let before = source[..*at].chars().next_back();
        let after = source[*at + fact.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(|c| part(c) || c == '(')
    };
    source.match_indices(fact).map(|(at, _)| at).filter(alone).collect()
}
