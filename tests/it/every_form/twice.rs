//! Every form sent twice, as by two clicks: done once, and the second says what the first said.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::TimeDelta;

use super::rows::{Row, Twice, rows};
use super::scene::Scene;
use super::{Told, main};
use crate::support::answer::Answer;

/// Sends each twice: first those that leave the others what they stand on.
pub async fn sent(scene: &Scene, told: &mut Told) {
    for last in [false, true] {
        for row in rows().filter(|row| row.last == last) {
            // Nobody waits for what was tried before.
            scene.stage.cast.app.advance(TimeDelta::seconds(8));
            match row.twice {
                Twice::Once => once(scene, row, told).await,
                Twice::Alike => alike(scene, row, told).await,
                Twice::In(_) => {}
            }
        }
    }
}

/// Where an answer leads, or what it says.
fn told_of(answer: &Answer) -> (u16, String) {
    let to = answer.header("location");
    let heading = || main(&answer.text()).chars().take(30).collect();
    (answer.status, if to.is_empty() { heading() } else { to.to_owned() })
}

async fn once(scene: &Scene, row: &'static Row, told: &mut Told) {
    let form = match scene.form(row).await {
        Ok(form) => form,
        Err(none) => return told.wrong.push(format!("once: {none}")),
    };
    let first = scene.post(&form).await;
    told.page("once", &form, &first);
    if first.status >= 400 {
        told.say("once", &form, &format!("{}: {}", first.status, main(&first.text())));
    }
    let before = scene.tables().await;
    let again = scene.post(&form).await;
    told.page("twice", &form, &again);
    let after = scene.tables().await;
    let more: Vec<_> = after.iter().filter(|(table, many)| before[*table] != **many).collect();
    if !more.is_empty() {
        told.say("twice", &form, &format!("{more:?}"));
    }
    if told_of(&first) != told_of(&again) {
        told.say("twice", &form, &format!("{:?}, then {:?}", told_of(&first), told_of(&again)));
    }
}

async fn alike(scene: &Scene, row: &'static Row, told: &mut Told) {
    let form = match scene.form(row).await {
        Ok(form) => form,
        Err(none) => return told.wrong.push(format!("alike: {none}")),
    };
    let (first, again) = (scene.post(&form).await, scene.post(&form).await);
    for answer in [&first, &again] {
        told.page("alike", &form, answer);
    }
    if first.status >= 400 || told_of(&first) != told_of(&again) {
        told.say("alike", &form, &format!("{:?}, then {:?}", told_of(&first), told_of(&again)));
    }
}

fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).expect("a file");
            let names = text.split("\nasync fn ").skip(1).filter_map(|rest| rest.split('(').next());
            found.extend(names.map(str::to_owned));
        }
    }
}

#[test]
fn every_form_that_is_sent_twice_elsewhere_names_the_test() {
    let mut known = BTreeSet::new();
    tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"), &mut known);
    let named = rows().filter_map(|row| if let Twice::In(test) = row.twice { Some(test) } else { None });
    let named: Vec<&str> = named.collect();
    assert!(named.len() < 18, "{}", named.len());
    assert_eq!(
        named.into_iter().filter(|test| !known.contains(*test)).collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
}
