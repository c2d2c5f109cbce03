//! Commands about definitions: proving, explaining, drawing.

use std::ffi::OsStr;
use std::path::PathBuf;

use serde_json::{Value, json};
use sojourn::app::definitions::shipped;
use sojourn_engine::definition::Definition;
use sojourn_engine::definition::MachineIx;
use sojourn_engine::definition::diagram::{Extent, View};

use super::*;
use crate::support::data::own;
use crate::support::process::run;

#[test]
fn sound_definitions_are_told_so_and_their_scenarios_run_with_them() {
    let shipped: Vec<PathBuf> =
        shipped().into_iter().map(|(name, _)| own(&format!("templates/workflows/{name}.toml"))).collect();
    let words = std::iter::once(OsStr::new("check")).chain(shipped.iter().map(|file| file.as_os_str()));
    let output = here(&words.collect::<Vec<_>>());
    let lines: Vec<&str> = printed(&output).lines().collect();
    assert!(shipped.len() > 1, "several workflows are shipped");
    let both = |file: &PathBuf| [file.clone(), file.with_extension("scenarios.toml")];
    let told: Vec<String> = shipped
        .iter()
        .flat_map(both)
        .filter(|file| file.exists())
        .map(|file| format!("{}: sound", file.display()))
        .collect();
    assert_eq!(lines, told);
    let exchange = own("templates/workflows/exchange.toml");
    let scenarios = exchange.with_extension("scenarios.toml");
    let named = here(&[OsStr::new("check"), scenarios.as_os_str(), exchange.as_os_str()]);
    let told = [&exchange, &scenarios].map(|file| format!("{}: sound", file.display()));
    assert_eq!(printed(&named).lines().collect::<Vec<_>>(), told, "each file is told once");
}

#[test]
fn a_definition_that_does_not_do_what_its_scenarios_say_is_shown_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let shipped =
        |name: &str| std::fs::read_to_string(own(&format!("templates/workflows/{name}"))).expect("shipped");
    let (sound, scenarios) = (shipped("exchange.toml"), shipped("exchange.scenarios.toml"));
    let by = "event = \"allocate\"\nfrom = [\"eligible\"]\ncame_from = [\"submitted\", \"eligibility_appeal\"]\nto = \"allocated\"\nby = [\"home_coordinator\", \"home_head\", \"system\"]";
    assert!(sound.contains(by));
    let open = sound.replacen(by, &by.replace("\"system\"]", "\"system\", \"secretariat\"]"), 1);
    std::fs::write(folder.path().join("open.toml"), open).expect("written");
    std::fs::write(folder.path().join("open.scenarios.toml"), &scenarios).expect("written");
    let output = run(folder.path(), &[], &["check", "open.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let line = scenarios.lines().position(|line| line == "[groups.found_eligible.allocate]").expect("it") + 1;
    let told = format!(
        "open.toml: sound\nopen.scenarios.toml:{line}:1: error[Scenario]: `secretariat` may `allocate` as well: list it in \
         `by`, or forbid it\n"
    );
    assert_eq!(text(&output.stdout), told);

    std::fs::write(folder.path().join("open.scenarios.toml"), b"\xe9").expect("written");
    let unread = run(folder.path(), &[], &["check", "open.toml"]);
    assert_eq!(unread.status.code(), Some(2));
    assert!(
        text(&unread.stderr).starts_with("sojourn: open.scenarios.toml:1: not UTF-8"),
        "{}",
        text(&unread.stderr)
    );
}

#[test]
fn a_faulty_definition_is_shown_by_place_rule_and_shortest_counter_example() {
    let folder = tempfile::tempdir().expect("a folder");
    let sound = std::fs::read_to_string(own("templates/workflows/exchange.toml")).expect("the shipped file");
    let leaking = sound.replacen("effects = [{ release = \"out\" }]", "effects = []", 1);
    std::fs::write(folder.path().join("leaking.toml"), &leaking).expect("written");
    let check = |more: &[&str]| run(folder.path(), &[], &[&["check", "leaking.toml"], more].concat());

    let told = check(&[]);
    assert_eq!(told.status.code(), Some(1));
    let told = text(&told.stdout);
    let place = leaking.lines().position(|line| line == "[states.waitlisted]").expect("the state") + 1;
    let first = format!("leaking.toml:{place}:1: error[W05]: in `waitlisted` the place of `out` is not held");
    assert!(told.starts_with(&first), "{told}");
    assert!(
        told.lines().all(|line| line.starts_with("leaking.toml:") || line.starts_with("  shown by: ")),
        "{told}"
    );
    assert!(told.contains("  shown by: submit → find_eligible → waitlist → promote → pass_on\n"), "{told}");

    let machine = check(&["--json"]);
    assert_eq!(machine.status.code(), Some(1));
    let machine: Value = serde_json::from_slice(&machine.stdout).expect("JSON");
    assert_eq!((&machine[0]["file"], &machine[0]["sound"]), (&json!("leaking.toml"), &json!(false)));
    let finding = &machine[0]["findings"][0];
    assert_eq!((&finding["rule"], &finding["severity"]), (&json!("W05"), &json!("error")));
    assert_eq!(finding["counter_example"][4], "pass_on");
    assert!(told.starts_with(&format!("leaking.toml:{}:{}: ", finding["line"], finding["column"])), "{told}");
}

#[test]
fn what_was_walked_is_explained_with_its_size_and_with_what_is_not_proven() {
    let file = own("templates/workflows/exchange.toml");
    let file = file.to_str().expect("UTF-8");
    let told = here(&["check", "--explain", file]);
    let told = text(&told.stdout);
    assert!(told.contains("\n  walked: the main machine and its accounts: "), "{told}");
    assert!(told.contains("\n  walked: the main machine and its accounts, host_places off: "), "{told}");
    assert!(told.contains("\n  not proven: Guards over facts are left open"), "{told}");

    let machine = here(&["check", "--explain", "--json", file]);
    let machine: Value = serde_json::from_slice(&machine.stdout).expect("JSON");
    let slices = machine[0]["slices"].as_array().expect("slices");
    assert_eq!((&slices[0]["accounts"], &slices[0]["off"]), (&json!(true), &json!([])));
    assert!(
        slices.iter().all(|slice| slice["states"].as_u64() > Some(10) && slice["edges"].as_u64() > Some(10))
    );
    assert!(machine[0]["not_proven"].as_array().is_some_and(|list| list.len() > 3));
}

#[test]
fn the_facts_of_guards_are_listed_with_type_and_meaning() {
    let told = here(&["check", "--facts"]);
    let told = printed(&told);
    assert!(told.contains("call.closes_at\tan instant\tWhen the call closes for this home.\n"), "{told}");
    assert!(told.contains("tracks.<track>\ta list of texts\t"), "{told}");
    let machine = here(&["check", "--facts", "--json"]);
    let machine: Value = serde_json::from_slice(&machine.stdout).expect("JSON");
    let machine = machine.as_array().expect("a list");
    assert_eq!(machine.len(), told.lines().count());
    assert!(machine.iter().any(|fact| fact["path"] == "now" && fact["type"] == "instant"));
}

#[test]
fn a_notice_without_its_mail_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let sound = std::fs::read_to_string(own("templates/workflows/exchange.toml")).expect("the shipped file");
    let silent = sound.replace("draft_started", "draft_begun");
    std::fs::write(folder.path().join("silent.toml"), &silent).expect("written");
    let told = run(folder.path(), &[], &["check", "silent.toml"]);
    let line = silent.lines().position(|line| line.starts_with("draft_begun")).expect("the notice") + 1;
    let said = text(&told.stdout);
    for language in ["en", "zh-Hant"] {
        let finding = format!("silent.toml:{line}:");
        let wanted = format!("error[W07]: notice `draft_begun` has no text in `{language}`: write its mail");
        assert!(said.lines().any(|told| told.starts_with(&finding) && told.ends_with(&wanted)), "{said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_checked_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let put =
        |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).expect("written");
    put("latin1.toml", b"id = \"x\"\n# caf\xe9\n");
    put("long.toml", "#".repeat((1 << 20) + 1).as_bytes());
    put("empty.toml", b"");
    std::fs::create_dir(folder.path().join("folder.toml")).expect("made");

    let unread = [
        ("absent.toml", "sojourn: absent.toml: cannot be read: "),
        ("latin1.toml", "sojourn: latin1.toml:2: not UTF-8: save the file as UTF-8"),
        ("long.toml", "sojourn: long.toml: 1048577 bytes, a definition may have at most 1048576"),
        ("folder.toml", "sojourn: folder.toml is a folder: name a file"),
    ];
    for (file, wanted) in unread {
        let output = run(folder.path(), &[], &["check", file, "empty.toml"]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(text(&output.stderr).starts_with(wanted), "{}", text(&output.stderr));
        assert!(text(&output.stdout).starts_with("empty.toml:1:1: error["), "{}", text(&output.stdout));
        let drawn = complaint(&run(folder.path(), &[], &["diagram", file]));
        assert!(drawn.starts_with(wanted), "{drawn}");
    }
}

fn exchange() -> Definition {
    let source = std::fs::read_to_string(own("templates/workflows/exchange.toml")).expect("the shipped file");
    Definition::parse(&source).expect("sound")
}

#[test]
fn a_definition_is_drawn_in_each_form_and_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = own("templates/workflows/exchange.toml");
    let draw = |more: &[&str]| {
        run(folder.path(), &[], &[&["diagram", file.to_str().expect("UTF-8")], more].concat())
    };
    let view = |language| View { language, ..View::default() };

    assert_eq!(printed(&draw(&[])), exchange().svg(MachineIx::MAIN, &view("en")));
    let road = View { extent: Extent::MainRoad, ..view("zh-Hant") };
    let asked = ["--format", "mermaid", "--language", "zh-Hant", "--main-road"];
    assert_eq!(printed(&draw(&asked)), exchange().mermaid(&road));
    assert_eq!(printed(&draw(&["--format", "scxml"])), exchange().scxml(MachineIx::MAIN, &view("en")));
    let track = exchange().track_named("learning_agreement").expect("a track");
    let asked = ["--track", "learning_agreement"];
    assert_eq!(printed(&draw(&asked)), exchange().svg(track, &view("en")));
    assert_eq!(
        printed(&draw(&[&asked[..], &["--format", "scxml"]].concat())),
        exchange().scxml(track, &view("en"))
    );
    let flowchart = complaint(&draw(&[&asked[..], &["--format", "mermaid"]].concat()));
    assert!(flowchart.contains("text for Mermaid shows all tracks"), "{flowchart}");
    let unknown = complaint(&draw(&["--track", "lunch"]));
    assert!(unknown.contains("has no track `lunch`: references, "), "{unknown}");
    assert_eq!(printed(&draw(&["--output", "out.svg"])), "");
    assert_eq!(
        std::fs::read_to_string(folder.path().join("out.svg")).expect("there"),
        exchange().svg(MachineIx::MAIN, &view("en"))
    );

    let french = complaint(&draw(&["--language", "fr", "--output", "out.fr.svg"]));
    assert!(french.ends_with("has no texts in `fr`: --language is one of en, zh-Hant\n"), "{french}");
    assert!(!folder.path().join("out.fr.svg").exists());
    let nowhere = complaint(&draw(&["--output", "no/such/out.svg"]));
    assert!(nowhere.contains("no/such/out.svg: cannot be written"), "{nowhere}");
    std::fs::write(folder.path().join("faulty.toml"), "id = 3\ninitial = 4\n").expect("written");
    let faulty = complaint(&run(folder.path(), &[], &["diagram", "faulty.toml"]));
    assert!(faulty.contains("faulty.toml:1:") && faulty.contains("`sojourn check faulty.toml`"), "{faulty}");
}

#[test]
fn the_picture_in_the_readme_is_what_the_command_draws() {
    const PICTURE: &str = "tests/data/exchange.svg";
    let kept = std::fs::read_to_string(own(PICTURE)).expect("the picture");
    let command = "sojourn diagram templates/workflows/exchange.toml --output tests/data/exchange.svg";
    assert!(
        kept == exchange().svg(MachineIx::MAIN, &View { language: "en", ..View::default() }),
        "draw it anew: {command}"
    );
    let readme = std::fs::read_to_string(own("README.md")).expect("the README");
    assert!(readme.contains(&format!("]({PICTURE})")), "the README shows it");
    assert!(readme.contains(command), "the README says how it is made");
}
