//! Places in a definition's document at which it can be changed.

use toml::{Table, Value};

/// Names and positions that lead to a value.
pub type Path = Vec<String>;

/// One change of a definition, not yet made.
pub struct Site {
    /// What is changed, in a few words.
    pub what: String,
    change: Box<dyn Fn(&mut Table) + Send + Sync>,
}

impl Site {
    pub fn new(what: String, change: impl Fn(&mut Table) + Send + Sync + 'static) -> Self {
        Self { what, change: Box::new(change) }
    }

    /// The document with the change made.
    pub fn mutant(&self, document: &Table) -> Table {
        let mut changed = document.clone();
        (self.change)(&mut changed);
        changed
    }
}

pub fn join(path: &[String], rest: &[&str]) -> Path {
    path.iter().cloned().chain(rest.iter().map(|&part| part.to_owned())).collect()
}

pub fn get<'t>(document: &'t Table, path: &[String]) -> Option<&'t Value> {
    let (first, rest) = path.split_first()?;
    let mut value = document.get(first)?;
    for part in rest {
        value = match value {
            Value::Table(table) => table.get(part)?,
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

fn within<'t>(value: &'t mut Value, part: &str) -> &'t mut Value {
    match value {
        Value::Table(table) => table.get_mut(part).unwrap(),
        Value::Array(items) => &mut items[part.parse::<usize>().unwrap()],
        _ => panic!("nothing is under `{part}`"),
    }
}

pub fn set(document: &mut Table, path: &[String], value: Value) {
    let (last, before) = path.split_last().unwrap();
    let Some((first, rest)) = before.split_first() else {
        document.insert(last.clone(), value);
        return;
    };
    let parent = rest.iter().fold(document.get_mut(first).unwrap(), |at, part| within(at, part));
    match parent {
        Value::Table(table) => {
            table.insert(last.clone(), value);
        }
        other => *within(other, last) = value,
    }
}

/// Takes a key out of its table, or an item out of its list; a list that has become empty goes too.
pub fn remove(document: &mut Table, path: &[String]) {
    let (last, before) = path.split_last().unwrap();
    let Some((first, rest)) = before.split_first() else {
        document.remove(last);
        return;
    };
    let parent = rest.iter().fold(document.get_mut(first).unwrap(), |at, part| within(at, part));
    let empty = match parent {
        Value::Table(table) => {
            table.remove(last);
            false
        }
        Value::Array(items) => {
            items.remove(last.parse().unwrap());
            items.is_empty()
        }
        _ => panic!("nothing is under `{last}`"),
    };
    if empty {
        remove(document, before);
    }
}

/// The site at which that value is taken away.
pub fn dropped(document: &Table, path: Path) -> Site {
    Site::new(format!("drop {}", named(document, &path)), move |document| remove(document, &path))
}

/// The site at which that value becomes another.
pub fn replaced(document: &Table, path: Path, by: Value) -> Site {
    let before = get(document, &path).map_or_else(|| "nothing".to_owned(), short);
    Site::new(format!("{} from {before} to {}", named(document, &path), short(&by)), move |document| {
        set(document, &path, by.clone());
    })
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 90 { text.chars().take(90).chain("…".chars()).collect() } else { text }
}

/// The path in words: a transition by its event and where it leaves, a list item by what it is.
pub fn named(document: &Table, path: &[String]) -> String {
    let mut words = Vec::new();
    for at in 1..=path.len() {
        let part = &path[at - 1];
        match get(document, &path[..at]) {
            Some(Value::Table(table)) if part.parse::<usize>().is_ok() => words.push(item(table, part)),
            _ => words.push(part.clone()),
        }
    }
    words.join(".")
}

fn item(table: &Table, part: &str) -> String {
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    match (text("event"), table.get("from")) {
        (Some(event), Some(from)) => format!("`{event}` from {from}"),
        _ => text("id").or_else(|| text("notice")).or_else(|| text("that")).unwrap_or(part).to_owned(),
    }
}

/// The main machine, then the tracks.
pub fn machines(document: &Table) -> Vec<Path> {
    let tracks = names(document, &["tracks".to_owned()]);
    let tracks = tracks.into_iter().map(|track| vec!["tracks".to_owned(), track]);
    std::iter::once(Vec::new()).chain(tracks).collect()
}

/// The keys of a table.
pub fn names(document: &Table, path: &[String]) -> Vec<String> {
    get(document, path)
        .and_then(Value::as_table)
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default()
}

/// The items of a list, as paths.
pub fn items(document: &Table, path: &[String]) -> Vec<Path> {
    let count = get(document, path).and_then(Value::as_array).map_or(0, Vec::len);
    (0..count).map(|at| join(path, &[&at.to_string()])).collect()
}

pub fn texts(document: &Table, path: &[String]) -> Vec<String> {
    let list = get(document, path).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The transitions of all machines.
pub fn transitions(document: &Table) -> Vec<Path> {
    machines(document).iter().flat_map(|machine| items(document, &join(machine, &["transitions"]))).collect()
}

pub fn joins(document: &Table) -> Vec<Path> {
    machines(document).iter().flat_map(|machine| items(document, &join(machine, &["joins"]))).collect()
}

/// Transitions, then joins.
pub fn moves(document: &Table) -> Vec<Path> {
    let mut all = transitions(document);
    all.extend(joins(document));
    all
}

/// The states of all machines.
pub fn states(document: &Table) -> Vec<Path> {
    let of = |machine: &Path| {
        let states = join(machine, &["states"]);
        names(document, &states).into_iter().map(move |name| join(&states, &[&name])).collect::<Vec<_>>()
    };
    machines(document).iter().flat_map(of).collect()
}

pub fn clocks(document: &Table) -> Vec<Path> {
    states(document).iter().flat_map(|state| items(document, &join(state, &["clocks"]))).collect()
}

/// The names of the states of the machine that a path lies in.
pub fn states_beside(document: &Table, path: &[String]) -> Vec<String> {
    let machine = if path[0] == "tracks" { &path[..2] } else { &path[..0] };
    names(document, &join(machine, &["states"]))
}

/// The states that a move leaves, its sets and phases unfolded.
pub fn origins(document: &Table, of: &[String]) -> Vec<String> {
    let section = |name: &str| vec![name.to_owned()];
    let unfold = |entry: String| {
        if let Some(set) = entry.strip_prefix("set:") {
            return texts(document, &join(&section("sets"), &[set]));
        }
        let Some(phase) = entry.strip_prefix("phase:") else { return vec![entry] };
        let key = |state: &str, key: &str| {
            let path = join(&section("states"), &[state, key]);
            get(document, &path).and_then(Value::as_str).map(str::to_owned)
        };
        let open = |state: &String| {
            key(state, "phase").as_deref() == Some(phase)
                && key(state, "kind").is_none_or(|kind| kind == "open")
        };
        names(document, &section("states")).into_iter().filter(open).collect()
    };
    texts(document, &join(of, &["from"])).into_iter().flat_map(unfold).collect()
}

pub fn list(items: Vec<String>) -> Value {
    Value::Array(items.into_iter().map(Value::String).collect())
}
