//! The documents show what the engine does: the guide to one's own workflow step by step, and the README's tables of guards.

use std::collections::BTreeMap;

use sojourn_engine::definition::Finding;
use sojourn_engine::definition::check::prove;
use sojourn_engine::eligibility::Eligibility;
use sojourn_engine::facts::{Fact, catalogue};
use sojourn_engine::guard::{Decimal, Type, Value};

const GUIDE: &str = include_str!("../../../../templates/workflows/README.md");
const README: &str = include_str!("../../../../README.md");

/// Fenced blocks of a document, with what stands behind the opening fence.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let fences: Vec<&str> = text.split("```").collect();
    let inside = fences.iter().skip(1).step_by(2);
    inside.filter_map(|block| block.split_once('\n')).collect()
}

/// What makes two paragraphs the same part of a file: its heading, and for one of many what it begins with.
fn heading(paragraph: &str) -> String {
    let lines = if paragraph.starts_with("[[") { 2 } else { 1 };
    paragraph.lines().take(lines).collect::<Vec<_>>().join("\n")
}

fn grow(file: &mut Vec<String>, block: &str) {
    for paragraph in block.trim().split("\n\n") {
        match file.iter_mut().find(|known| heading(known) == heading(paragraph)) {
            Some(known) => paragraph.clone_into(known),
            None => file.push(paragraph.to_owned()),
        }
    }
}

fn found(file: &[String]) -> Vec<Finding> {
    prove(&file.join("\n\n")).err().unwrap_or_default()
}

#[test]
fn every_step_of_the_guide_is_found_as_it_says_and_the_last_is_sound() {
    let mut file = Vec::new();
    let (mut steps, mut said) = (0, 0);
    for (kind, block) in blocks(GUIDE) {
        match kind {
            "toml" => {
                grow(&mut file, block);
                steps += 1;
            }
            "findings" => {
                let findings = found(&file);
                let told: Vec<String> =
                    findings.iter().map(|one| format!("{:?} {}", one.rule, one.message)).collect();
                for line in block.lines() {
                    let (rule, words) = line.split_once(' ').expect("a rule and words of its message");
                    let there = |one: &String| one.starts_with(rule) && one.contains(words);
                    assert!(told.iter().any(there), "step {steps}: {line} is not in {told:#?}");
                }
                assert!(!block.is_empty() || told.is_empty(), "step {steps}: {told:#?}");
                said += 1;
            }
            other => panic!("a block of `{other}` is run by nobody"),
        }
    }
    assert!(steps >= 8 && said >= 5, "{steps} steps, {said} answers");
    assert_eq!(found(&file), []);
    let mails = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/mail/en");
    let definition = prove(&file.join("\n\n")).expect("sound");
    for notice in &definition.notices {
        let text = format!("{mails}/{}.txt", notice.name);
        assert!(std::path::Path::new(&text).exists(), "{text}");
    }
}

/// Rows of the table between two marks of the README, by cell.
fn rows(mark: &str) -> Vec<Vec<String>> {
    let (begin, end) = (format!("<!-- {mark}: begin -->"), format!("<!-- {mark}: end -->"));
    let from = README.find(&begin).unwrap_or_else(|| panic!("the README has no {begin}")) + begin.len();
    let table = &README[from..from + README[from..].find(&end).expect("the end of the table")];
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let cell = |cell: &str| {
        let text = cell.trim().replace("\\|", "|");
        let code =
            text.strip_prefix('`').and_then(|text| text.strip_suffix('`')).filter(|code| !code.contains('`'));
        code.map_or(text.clone(), str::to_owned)
    };
    // A bar inside a cell is escaped.
    let cells = |row: &str| {
        row.replace("\\|", "\u{1}")
            .trim_matches('|')
            .split('|')
            .map(|one| cell(&one.replace('\u{1}', "\\|")))
            .collect()
    };
    rows.map(cells).collect()
}

fn value(kind: &Type, text: &str) -> Value {
    match kind {
        Type::Int => Value::Int(text.parse().expect("a whole number")),
        Type::Decimal => Value::Decimal(text.parse::<Decimal>().expect("a decimal")),
        Type::Instant => Value::Instant(text.parse().expect("an instant")),
        Type::Date => Value::Date(text.parse().expect("a date")),
        Type::List(of) => Value::list(text.split(' ').map(|item| value(of, item))),
        _ => Value::text(text),
    }
}

/// Facts as a cell of the table has them: `path value, path value`.
fn known(cell: &str) -> BTreeMap<String, Value> {
    let pairs = cell.split(", ").filter_map(|pair| pair.split_once(' '));
    let kind = |path: &str| catalogue().into_iter().find(|(known, ..)| *known == path).expect("a fact").1;
    pairs.map(|(path, text)| (path.to_owned(), value(&kind(path), text))).collect()
}

#[test]
fn guards_of_the_readme_hold_or_not_and_say_why_as_it_says() {
    let table = rows("guards");
    assert!(table.len() > 8, "{}", table.len());
    for row in table {
        let [source, facts, answer] = &row[..] else { panic!("{row:?} has not three cells") };
        let guard = Eligibility::compile(source, &BTreeMap::new())
            .unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
        let facts = known(facts);
        let paths: BTreeMap<Fact, &str> = paths();
        let value = |fact: &Fact| paths.get(fact).and_then(|path| facts.get(*path)).cloned();
        let why = |(path, value): (String, Option<Value>)| match value {
            Some(value) => format!("{path} is {value}"),
            None => format!("{path} is not known"),
        };
        let said = if guard.holds(value) {
            "holds".to_owned()
        } else {
            format!("no: {}", guard.explain(value).into_iter().map(why).collect::<Vec<_>>().join(", "))
        };
        assert_eq!(said, *answer, "{source}");
    }
}

/// Facts that the table asks for.
fn paths() -> BTreeMap<Fact, &'static str> {
    BTreeMap::from([
        (Fact::Now, "now"),
        (Fact::CallClosesAt, "call.closes_at"),
        (Fact::StudentLevel, "student.level"),
        (Fact::StudentYear, "student.year"),
        (Fact::StudentCredits, "student.credits"),
        (Fact::StudentField, "student.field"),
        (Fact::StudentLanguages, "student.languages"),
        (Fact::StayStartOn, "stay.start_on"),
        (Fact::StayEndOn, "stay.end_on"),
    ])
}

#[test]
fn mistakes_of_the_readme_are_pointed_at_as_it_says() {
    let table = rows("mistakes");
    assert!(table.len() > 5, "{}", table.len());
    for row in table {
        let [source, at, message] = &row[..] else { panic!("{row:?} has not three cells") };
        let faults = Eligibility::compile(source, &BTreeMap::new()).expect_err(source);
        assert_eq!((&source[faults[0].at.clone()], &faults[0].message), (at.as_str(), message), "{source}");
    }
}

#[test]
fn the_readme_lists_every_fact() {
    let table = rows("facts");
    let list: Vec<[String; 3]> = catalogue()
        .into_iter()
        .map(|(path, kind, meaning)| [path.to_owned(), short(&kind), meaning.to_owned()])
        .collect();
    let lines: Vec<String> =
        list.iter().map(|[path, kind, meaning]| format!("| `{path}` | {kind} | {meaning} |")).collect();
    assert!(
        table == list,
        "the table of facts is\n| fact | type | meaning |\n| --- | --- | --- |\n{}",
        lines.join("\n")
    );
}

fn short(kind: &Type) -> String {
    let text = kind.to_string();
    text.split(" (").next().unwrap_or(&text).trim_start_matches("an ").trim_start_matches("a ").to_owned()
}
