//! A published list brought in on the page, with its script and without.

use std::collections::BTreeMap;

use rstest::rstest;
use thirtyfour::prelude::*;

use super::{GENERAL, ZARAGOZA, known_fields, map, of_zaragoza, rows, standing};
use crate::support::app::SECRETARIAT;
use crate::support::browser::Browser;
use crate::support::cast::Cast;
use crate::support::data::real;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::offers::id;

/// Picks an option of a select by what it stands for.
async fn pick(browser: &Browser, select: &str, value: &str) {
    let option = format!("{select} option[value='{value}']");
    browser.find(&option).await.click().await.expect("an option");
}

/// Writes a day, which browsers show in the reader's own way.
async fn date(browser: &Browser, field: &str, day: &str) {
    let (year, month) = (&day[..4], &day[5..7]);
    browser.find(field).await.send_keys(format!("{month}{}{year}", &day[8..])).await.expect("a day");
}

async fn number(browser: &Browser, at: usize) -> usize {
    let shown = browser.find(&format!("dl.facts > div:nth-child({at}) dd")).await.text().await.expect("text");
    shown.split(' ').next().expect("a number").replace(',', "").parse().expect("a number")
}

#[rstest]
#[tokio::test]
async fn a_published_list_is_brought_in_on_the_page_as_it_is(#[values(true, false)] script: bool) {
    let (Some(list), Some(known)) = (real(ZARAGOZA[0]), known_fields()) else { return };
    // A browser takes no path with steps upwards.
    let (list, rows) = (list.canonicalize().expect("the list"), rows(&list));
    let (places, wrong) = of_zaragoza(&rows, &known);
    let cast = Cast::of(Db::Sqlite).await;
    cast.app.accept(SECRETARIAT).await;
    let browser = Browser::open(&cast.app.address).await;
    if !script {
        browser.without_script().await;
    }
    browser.sign_in(SECRETARIAT).await;
    let alpha = id(cast.at("Alpha")).to_owned();
    let choose = async || {
        pick(&browser, "#institution", &alpha).await;
        browser.find("#file").await.send_keys(list.to_str().expect("a path")).await.expect("a file");
    };
    browser.go("/place-lists").await;
    choose().await;
    browser.find("#new_partners").await.click().await.expect("a box");
    browser.press("form:has(#file) button").await;

    let text = browser.text().await;
    assert!(
        text.contains("no column is called") && text.contains("What its columns and words mean"),
        "{text}"
    );
    browser.audit().await;
    for (column, heading) in [
        ("partner", "UNIVERSIDAD_ACUERDO"),
        ("country", "PAIS_UNIVERSIDAD_ACUERDO"),
        ("direction", "IN_OUT"),
        ("field", "NOMBRE_AREA_ESTUDIOS_MOV"),
        ("places", "PLAZAS_OFERTADAS_ALUMNOS"),
    ] {
        pick(&browser, &format!("#column-{column}"), heading).await;
    }
    date(&browser, "#given-valid_from_on", "2017-09-01").await;
    date(&browser, "#given-valid_until_on", "2018-08-31").await;
    browser.press("form:has(#column-partner) button").await;

    assert_eq!((number(&browser, 1).await, number(&browser, 2).await), (rows.len(), 0));
    assert!(browser.text().await.contains("Nothing can be taken over yet"), "{}", browser.text().await);
    browser.audit().await;
    let words = map("tests/data/places/zaragoza.toml");
    let countries = words["values"]["country"].as_table().expect("countries");
    let asked = browser.driver.find_all(By::Css("input[name^='word-']")).await.expect("words");
    for (at, word) in (1..).zip(asked) {
        let of = browser.find(&format!("input[name='of-{at}']")).await.value().await.expect("read");
        let word = word.value().await.expect("read").expect("a word");
        let means = match of.as_deref() {
            Some("country") => countries[&word].as_str().expect("a code"),
            of => {
                assert_eq!(of, Some("field"), "{word}");
                GENERAL
            }
        };
        browser.fill(&format!("#means-{at}"), means).await;
    }
    browser.press("form:has(#column-partner) button").await;

    browser.audit().await;
    assert_eq!((number(&browser, 1).await, number(&browser, 2).await), (rows.len(), places.len()));
    assert_eq!(number(&browser, 4).await, 0, "{}", browser.text().await);
    let sol = cast.app.acting(SECRETARIAT).await;
    assert_eq!(standing(&sol, cast.at("Alpha")).await, BTreeMap::new(), "nothing is written before");
    browser.press("form:has(input[value='take']) button").await;
    assert!(browser.text().await.contains("The list is taken over"), "{}", browser.text().await);
    browser.audit().await;
    assert_eq!(standing(&sol, cast.at("Alpha")).await, places);

    // The map that came of it stands in the form, to read the list of the year after by.
    choose().await;
    browser.press("form:has(#file) button").await;
    assert!(browser.text().await.contains("The list changes nothing"), "{}", browser.text().await);
    assert_eq!((number(&browser, 2).await, number(&browser, 3).await), (0, places.len()));
    cast.verified().await;
    browser.close().await;
    measured(
        &format!("Zaragoza's list on the page, script {}, rows", if script { "on" } else { "off" }),
        rows.len() as u64,
        "",
        format!(
            "{} rows of no field mended by words, {} lines as counted by the test",
            wrong.len(),
            places.len()
        ),
    );
}
