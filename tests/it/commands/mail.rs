//! `sojourn mail preview`, and texts of mails that cannot be used.

use std::fs;

use super::complaint;
use crate::support::process::run;

#[test]
fn every_mail_can_be_looked_at_in_every_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &[], &["mail", "preview", "mails"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let place = folder.path().join("mails");
    let index = fs::read_to_string(place.join("index.html")).expect("an index").replace("&#x2f;", "/");
    let links: Vec<&str> = index.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let files: Vec<&&str> = links.iter().filter(|link| !link.starts_with('#')).collect();
    assert!(files.len() > 3000, "{}", files.len());
    for file in files {
        assert!(place.join(file).is_file(), "{file}");
    }
    let html =
        fs::read_to_string(place.join("student-exchange/zh-Hant/place_offered-usual.html")).expect("a mail");
    assert!(html.contains("lang=\"zh-Hant\"") && html.contains("class=\"button\""));
    let again = run(folder.path(), &[], &["mail", "preview", "mails"]);
    assert!(again.status.success(), "what a preview made is written over");
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("thesis.txt"), "years of work").expect("written");
    let told = complaint(&run(folder.path(), &[], &["mail", "preview", "."]));
    assert!(told.contains("holds files that no preview has made"), "{told}");
    assert_eq!(folder.path().read_dir().expect("the folder").count(), 1);
    let told = complaint(&run(folder.path(), &[], &["mail", "preview", "thesis.txt"]));
    assert!(told.contains("thesis.txt"), "{told}");
}

#[test]
fn texts_that_cannot_be_used_keep_the_service_from_starting_with_one_line_for_all() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("texts/en")).expect("a folder");
    fs::write(
        folder.path().join("texts/en/place_offered.txt"),
        "+++\nsubject = \"{{ case.hosst }}\"\n+++\nx",
    )
    .expect("written");
    fs::write(folder.path().join("texts/en/words.toml"), "language = \"English\"\n").expect("written");
    let settings = [("SOJOURN_MAIL__TEXTS", "texts")];
    let told = complaint(&run(folder.path(), &settings, &["serve", "--bind", "127.0.0.1:0"]));
    assert!(told.contains("en/words.toml: line 1: missing field"), "{told}");
    assert_eq!(told.trim().lines().count(), 1, "{told}");

    fs::remove_file(folder.path().join("texts/en/words.toml")).expect("removed");
    let told = complaint(&run(folder.path(), &settings, &["serve", "--bind", "127.0.0.1:0"]));
    assert!(told.contains("en/place_offered.txt") && told.contains("case.hosst"), "{told}");
    let told = complaint(&run(folder.path(), &[("SOJOURN_MAIL__TEXTS", "nowhere")], &["serve"]));
    assert!(told.contains("nowhere"), "{told}");
    assert!(
        !folder.path().join("mail/new").exists()
            || folder.path().join("mail/new").read_dir().is_ok_and(|mut mails| mails.next().is_none())
    );
}

#[test]
fn an_authority_that_is_none_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("ca.pem"), "-----BEGIN NONSENSE-----").expect("written");
    let smtp = ("SOJOURN_MAIL__SMTP", "smtps://mail.example.org");
    for (file, words) in [("ca.pem", "no certificate"), ("nowhere.pem", "nowhere.pem")] {
        let told = complaint(&run(folder.path(), &[smtp, ("SOJOURN_MAIL__CA_FILE", file)], &["serve"]));
        assert!(told.contains("mail.ca_file") && told.contains(words), "{told}");
    }
}
