//! Changes of transitions and joins.

use toml::{Table, Value};

use super::sites::{
    Path, Site, dropped, get, items, join, joins, list, moves, names, origins, replaced, states_beside,
    texts, transitions,
};

pub fn drop_move(document: &Table) -> Vec<Site> {
    moves(document).into_iter().map(|path| dropped(document, path)).collect()
}

pub fn redirect(document: &Table) -> Vec<Site> {
    let to = |path: &Path| {
        let now = get(document, &join(path, &["to"])).and_then(Value::as_str).unwrap_or_default().to_owned();
        let others = states_beside(document, path).into_iter().chain(["@same".to_owned()]);
        let others: Vec<String> = others.filter(|to| *to != now).collect();
        others
            .into_iter()
            .map(|to| replaced(document, join(path, &["to"]), Value::String(to)))
            .collect::<Vec<_>>()
    };
    moves(document).iter().flat_map(to).collect()
}

pub fn widen_from(document: &Table) -> Vec<Site> {
    let wider = |path: &Path| {
        let from = origins(document, path);
        let others = states_beside(document, path).into_iter().filter(|state| !from.contains(state));
        let others: Vec<String> = others.collect();
        let wide = others.into_iter().map(|state| from.iter().cloned().chain([state]).collect());
        wide.map(|from| replaced(document, join(path, &["from"]), list(from))).collect::<Vec<_>>()
    };
    moves(document).iter().flat_map(wider).collect()
}

pub fn narrow_from(document: &Table) -> Vec<Site> {
    let narrower = |path: &Path| {
        let from = origins(document, path);
        let count = if from.len() > 1 { from.len() } else { 0 };
        let without = |at: usize| {
            let kept = from.iter().enumerate().filter(|(nth, _)| *nth != at).map(|(_, state)| state.clone());
            replaced(document, join(path, &["from"]), list(kept.collect()))
        };
        (0..count).map(without).collect::<Vec<_>>()
    };
    moves(document).iter().flat_map(narrower).collect()
}

fn roles(document: &Table) -> Vec<String> {
    names(document, &["roles".to_owned()])
}

/// Lists of roles that may act.
fn actors(document: &Table) -> Vec<Path> {
    let mut all: Vec<Path> = transitions(document).iter().map(|path| join(path, &["by"])).collect();
    all.push(vec!["create".to_owned(), "by".to_owned()]);
    all
}

pub fn drop_role(document: &Table) -> Vec<Site> {
    let more = actors(document).into_iter().filter(|by| texts(document, by).len() > 1);
    more.flat_map(|by| items(document, &by)).map(|path| dropped(document, path)).collect()
}

pub fn swap_role(document: &Table) -> Vec<Site> {
    actors(document).iter().flat_map(|by| others(document, by)).collect()
}

pub fn add_role(document: &Table) -> Vec<Site> {
    let more = |by: Path| {
        let has = texts(document, &by);
        let new = roles(document).into_iter().filter(|role| !has.contains(role)).collect::<Vec<_>>();
        let wide = new.into_iter().map(|role| list(has.iter().cloned().chain([role]).collect()));
        wide.map(|roles| replaced(document, by.clone(), roles)).collect::<Vec<_>>()
    };
    actors(document).into_iter().flat_map(more).collect()
}

/// Each role of a list made each other role that is not in it.
fn others(document: &Table, by: &Path) -> Vec<Site> {
    let has = texts(document, by);
    let new: Vec<String> = roles(document).into_iter().filter(|role| !has.contains(role)).collect();
    let sites = items(document, by).into_iter().flat_map(|path| {
        new.iter().map(move |role| (path.clone(), Value::String(role.clone()))).collect::<Vec<_>>()
    });
    sites.map(|(path, role)| replaced(document, path, role)).collect()
}

pub fn drop_guard(document: &Table) -> Vec<Site> {
    let mut all: Vec<Path> = transitions(document);
    all.push(vec!["create".to_owned()]);
    let guards = all.iter().flat_map(|path| items(document, &join(path, &["require"])));
    guards.map(|path| dropped(document, path)).collect()
}

pub fn drop_condition(document: &Table) -> Vec<Site> {
    let own = joins(document).into_iter().map(|path| join(&path, &["when"]));
    let effects = moves(document).into_iter().flat_map(|path| items(document, &join(&path, &["effects"])));
    let effects = effects.map(|path| join(&path, &["when"]));
    own.chain(effects)
        .filter(|path| get(document, path).is_some())
        .map(|path| dropped(document, path))
        .collect()
}

/// Two joins of one machine exchange their places in the order.
pub fn swap_priority(document: &Table) -> Vec<Site> {
    let ranked: Vec<Path> = joins(document).iter().map(|path| join(path, &["priority"])).collect();
    let ranked: Vec<&Path> = ranked.iter().filter(|path| get(document, path).is_some()).collect();
    let pairs = ranked
        .iter()
        .enumerate()
        .flat_map(|(at, one)| ranked[at + 1..].iter().map(move |other| (*one, *other)));
    pairs
        .map(|(one, other)| {
            let (first, second) =
                (get(document, one).unwrap().clone(), get(document, other).unwrap().clone());
            let (one, other) = (one.clone(), other.clone());
            Site::new(format!("swap {one:?} and {other:?}"), move |document| {
                super::sites::set(document, &one, second.clone());
                super::sites::set(document, &other, first.clone());
            })
        })
        .collect()
}

pub fn drop_document(document: &Table) -> Vec<Site> {
    let slots =
        transitions(document).into_iter().flat_map(|path| items(document, &join(&path, &["documents"])));
    slots.map(|path| dropped(document, path)).collect()
}

pub fn change_reason(document: &Table) -> Vec<Site> {
    let lists = names(document, &["reasons".to_owned()]);
    let at = transitions(document).into_iter().map(|path| join(&path, &["reason"]));
    let at = at.filter(|path| get(document, path).is_some());
    at.flat_map(|path| {
        let now = get(document, &path).and_then(Value::as_str).unwrap_or_default();
        let other = lists.iter().filter(|list| *list != now).cloned().map(Value::String);
        let mut sites: Vec<Site> = other.map(|list| replaced(document, path.clone(), list)).collect();
        sites.push(dropped(document, path.clone()));
        sites
    })
    .collect()
}

/// A field of the input goes, or may be left out, or must be given.
pub fn change_input(document: &Table) -> Vec<Site> {
    let inputs = transitions(document).into_iter().map(|path| join(&path, &["input"]));
    let fields = inputs.flat_map(|input| {
        names(document, &input).into_iter().map(move |field| join(&input, &[&field])).collect::<Vec<_>>()
    });
    fields
        .flat_map(|path| {
            let kind = get(document, &path).and_then(Value::as_str).unwrap_or_default();
            let other = kind.strip_suffix('?').map_or_else(|| format!("{kind}?"), str::to_owned);
            [replaced(document, path.clone(), Value::String(other)), dropped(document, path)]
        })
        .collect()
}

fn effects(document: &Table) -> Vec<Path> {
    moves(document).into_iter().flat_map(|path| items(document, &join(&path, &["effects"]))).collect()
}

pub fn drop_effect(document: &Table) -> Vec<Site> {
    effects(document).into_iter().map(|path| dropped(document, path)).collect()
}

const OPS: [&str; 6] = ["hold", "use", "release", "return", "free", "keep"];

/// An effect becomes another on the same account, or the same on another account.
pub fn change_effect(document: &Table) -> Vec<Site> {
    let accounts = names(document, &["accounts".to_owned()]);
    let change = |path: Path| {
        let effect = get(document, &path).and_then(Value::as_table).cloned().unwrap_or_default();
        let op = OPS.into_iter().find(|op| effect.contains_key(*op)).unwrap_or_default();
        let with = |op: &str, account: Value| {
            let mut other = effect.clone();
            other.retain(|key, _| !OPS.contains(&key));
            other.insert(op.to_owned(), account);
            replaced(document, path.clone(), Value::Table(other))
        };
        let account = effect.get(op).cloned().unwrap_or(Value::Boolean(false));
        let ops = OPS.into_iter().filter(|other| *other != op).map(|op| with(op, account.clone()));
        let lines = accounts.iter().filter(|other| Some(other.as_str()) != account.as_str());
        let lines = lines.map(|line| with(op, Value::String(line.clone())));
        ops.chain(lines).collect::<Vec<_>>()
    };
    effects(document).into_iter().flat_map(change).collect()
}

fn told(document: &Table) -> Vec<Path> {
    let mut all = moves(document);
    all.push(vec!["create".to_owned()]);
    all.into_iter().flat_map(|path| items(document, &join(&path, &["notify"]))).collect()
}

pub fn drop_notice(document: &Table) -> Vec<Site> {
    told(document).into_iter().map(|path| dropped(document, path)).collect()
}

/// One of several who are told is told no more, or somebody else is told instead.
pub fn change_addressee(document: &Table) -> Vec<Site> {
    let change = |path: Path| {
        let to = join(&path, &["to"]);
        let mut sites = others(document, &to);
        if texts(document, &to).len() > 1 {
            sites.extend(items(document, &to).into_iter().map(|path| dropped(document, path)));
        }
        sites
    };
    told(document).into_iter().flat_map(change).collect()
}

/// Another notice is sent instead.
pub fn swap_notice(document: &Table) -> Vec<Site> {
    let all = names(document, &["notices".to_owned()]);
    let swap = |path: Path| {
        let at = join(&path, &["notice"]);
        let other = all.iter().filter(|name| get(document, &at).and_then(Value::as_str) != Some(name));
        other.map(|name| replaced(document, at.clone(), Value::String(name.clone()))).collect::<Vec<_>>()
    };
    told(document).into_iter().flat_map(swap).collect()
}

const MARKS: [&str; 15] = [
    "once",
    "collect",
    "irreversible",
    "freezes",
    "shows_to",
    "choose",
    "ask_last_day",
    "last_day",
    "terms",
    "came_from",
    "on",
    "resets",
    "invalidates",
    "adds",
    "new_version",
];

/// A key that marks a transition is taken away.
pub fn drop_mark(document: &Table) -> Vec<Site> {
    let marks = moves(document).into_iter().flat_map(|path| MARKS.map(|mark| join(&path, &[mark])));
    marks.filter(|path| get(document, path).is_some()).map(|path| dropped(document, path)).collect()
}

/// A mark that a transition does not have is added.
pub fn add_mark(document: &Table) -> Vec<Site> {
    let marks = transitions(document).into_iter().flat_map(|path| {
        let main = path[0] != "tracks";
        let wanted =
            ["once", "irreversible", "freezes"].into_iter().filter(move |mark| main || *mark != "freezes");
        wanted.map(move |mark| join(&path, &[mark])).collect::<Vec<_>>()
    });
    marks
        .filter(|path| get(document, path).is_none())
        .map(|path| replaced(document, path, Value::Boolean(true)))
        .collect()
}
