//! Windows and taken places on pages: the list that brings them, the agreement, and where nominations are made.

use reqwest::multipart::{Form, Part};
use rstest::rstest;

use crate::bulks::accepted;
use crate::lists::{all, sent};
use crate::support::actor::send;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::visitor::{Visitor, hidden, seal};

/// What the page of lists answers.
async fn page_of(by: &Visitor, fields: &[(&str, &str)], file: Option<&str>) -> String {
    let mut form = Form::new().text("seal", seal(&by.get("/place-lists").await.text()));
    for (name, value) in fields {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    if let Some(file) = file {
        form = form.part("file", Part::bytes(file.as_bytes().to_vec()).file_name("partners.csv"));
    }
    let answer = send(by.post("/place-lists", &by.address).multipart(form)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

#[rstest]
#[tokio::test]
async fn a_list_shows_windows_and_taken_places_and_the_agreement_says_when_nominations_are_taken(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let home = cast.visitor("home_coordinator").await;
    let alpha = id(cast.at("Alpha")).to_owned();
    let list = "partner,direction,places,taken,valid_from_on,valid_until_on,winter_opens,winter_closes,summer_closes\n\
                University of Omega,out,3,2,2026-09-01,2029-08-31,02-15,05-15,15.6.\n";

    let shown = page_of(&home, &[("key", "k1"), ("institution", &alpha)], Some(list)).await;
    for text in [
        "Taken places that the list counts otherwise",
        "Nothing of this is written",
        "Nomination windows",
        "15 February to 15 May",
        "until 15 June",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let kept = hidden(&shown, "kept").expect("the list that was seen");
    let take = [("key", "k2"), ("institution", alpha.as_str()), ("step", "take"), ("kept", kept.as_str())];
    let taken = page_of(&home, &take, None).await;
    assert!(taken.contains("The list is taken over") && taken.contains("15 February to 15 May"), "{taken}");

    let by = cast.app.acting(&address("home_coordinator")).await;
    let agreements = all(&by.get("/agreements").await.ok());
    let path = format!("/agreements/{}", id(&agreements[0]));
    let page = home.get(&path).await.text();
    let says = "University of Omega takes nominations for the winter term from 15 February to 15 May.";
    assert!(page.contains(says), "{page}");
    assert!(
        page.contains("University of Omega takes nominations for the summer term until 15 June."),
        "{page}"
    );
    let page = cast.visitor("host_coordinator").await.get(&path).await.text();
    assert!(page.contains("University of Omega 受理冬季學期提名：每年 2 月 15 日 至 5 月 15 日。"), "{page}");
    let again = page_of(&home, &[("key", "k3"), ("institution", &alpha)], Some(list)).await;
    assert!(again.contains("The list changes nothing") && again.contains("counts otherwise"), "{again}");
}

#[rstest]
#[tokio::test]
async fn whoever_nominates_is_told_when_the_partner_takes_nominations(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    accepted(&cast, &round, &["Anna"]).await;
    let home = cast.visitor("home_coordinator").await;
    let by = cast.app.acting(&address("home_coordinator")).await;
    let list = |days: &str| {
        format!(
            "partner,direction,places,winter_opens,winter_closes,summer_opens,summer_closes\nUniversity of Omega,out,3,{days}\n"
        )
    };

    let before = home.get("/nominations").await.text();
    sent(&by, cast.at("Alpha"), "", list("02-15,05-15,,")).await.ok();
    let closed = home.get("/nominations").await.text();
    sent(&by, cast.at("Alpha"), "", list(",,08-01,12-31")).await.ok();
    let open = home.get("/nominations").await.text();

    let warns = "University of Omega takes no nominations today.";
    assert!(before.contains("Nominate 1") && !before.contains("nominations are taken"), "{before}");
    assert!(closed.contains("15 February to 15 May") && closed.contains(warns), "{closed}");
    assert!(closed.contains("Nominate 1"), "it is not refused: {closed}");
    assert!(open.contains("1 August to 31 December") && !open.contains(warns), "{open}");
    assert!(!open.contains("15 February"), "what is open is told alone: {open}");
    cast.verified().await;
}
