//! From whom to whom people go, by academic year.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::{Names, demand};
use super::picture::{self, About, BAR, Bar, Fill, MOST};
use super::{Report, table};
use crate::access::Caller;
use crate::app::balances::End;
use crate::app::{App, Result};
use crate::store::reports::{self as store, Wanted};

/// Stays from one institution to another in one academic year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct TrafficRow {
    /// Year in which the academic year begins.
    pub academic_year: i16,
    /// Who sends.
    pub home: End,
    /// Who receives.
    pub host: End,
    /// People who have a place, or have been there.
    pub people: i64,
    /// Of these, how many stays have begun.
    pub begun: i64,
    /// Their length together, in days.
    pub days: i64,
}

/// What an institution sends and receives in all years together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct TrafficMember {
    /// The institution.
    pub institution: End,
    /// People it sends.
    pub sent: i64,
    /// People it receives.
    pub received: i64,
}

/// From whom to whom people go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrafficView {
    /// The instant.
    pub at: DateTime<Utc>,
    /// By academic year, home and host, the newest year first.
    pub rows: Vec<TrafficRow>,
    /// By institution.
    pub members: Vec<TrafficMember>,
}

/// From whom to whom those go whose applications a caller sees.
///
/// # Errors
/// [`crate::app::Error::Forbidden`] for whoever has no part in exchanges.
pub async fn traffic(app: &App, caller: &Caller, wanted: &Wanted) -> Result<TrafficView> {
    demand(caller)?;
    let (conn, at) = (app.store.read(), app.clock.now());
    let flows = store::flows(conn, &caller.scope(), wanted, at).await?;
    let names = Names::of(conn, flows.iter().flat_map(|flow| [flow.home, flow.host])).await?;
    let mut rows: Vec<TrafficRow> = Vec::with_capacity(flows.len());
    for flow in flows {
        rows.push(TrafficRow {
            academic_year: flow.academic_year,
            home: names.end(flow.home),
            host: names.end(flow.host),
            people: flow.people,
            begun: flow.begun,
            days: flow.days,
        });
    }
    rows.sort_by(|one, other| other.academic_year.cmp(&one.academic_year).then_with(|| one.cmp(other)));
    Ok(TrafficView { at, members: members(&rows), rows })
}

fn members(rows: &[TrafficRow]) -> Vec<TrafficMember> {
    let mut members: BTreeMap<&End, (i64, i64)> = BTreeMap::new();
    for row in rows {
        members.entry(&row.home).or_default().0 += row.people;
        members.entry(&row.host).or_default().1 += row.people;
    }
    let member = |(institution, (sent, received)): (&End, (i64, i64))| TrafficMember {
        institution: institution.clone(),
        sent,
        received,
    };
    members.into_iter().map(member).collect()
}

impl Report for TrafficView {
    fn csv(&self) -> Result<String> {
        let columns = ["academic_year", "home_id", "home", "host_id", "host", "people", "begun", "days"];
        let row = |row: &TrafficRow| {
            [
                row.academic_year.to_string(),
                row.home.id.to_string(),
                table::plain(&row.home.name),
                row.host.id.to_string(),
                table::plain(&row.host.name),
                row.people.to_string(),
                row.begun.to_string(),
                row.days.to_string(),
            ]
        };
        table::csv(columns, self.rows.iter().map(row))
    }

    fn picture(&self, language: &str) -> String {
        let words = if language.starts_with("zh") { &CHINESE } else { &ENGLISH };
        let most = self.rows.iter().take(MOST).map(|row| row.people).max().unwrap_or(0).max(1);
        let bars: Vec<Bar> = self.rows.iter().map(|row| bar(row, most, words)).collect();
        let legend = [(Fill::Dark, words.begun), (Fill::Hatched, words.to_come)];
        let title = words.title.replace("{}", &self.at.format("%Y-%m-%d %H:%M UTC").to_string());
        picture::draw(About { title: &title, legend: &legend, none: words.none, more: words.more }, &bars)
    }
}

struct Words {
    title: &'static str,
    begun: &'static str,
    to_come: &'static str,
    people: &'static str,
    none: &'static str,
    more: &'static str,
}

const ENGLISH: Words = Words {
    title: "People between members, as of {}",
    begun: "there, or back",
    to_come: "to come",
    people: "{}, of these {} to come",
    none: "Nobody has a place yet.",
    more: "{} more rows are in the table.",
};

const CHINESE: Words = Words {
    title: "成員間往來人數，統計時間 {}",
    begun: "已前往或已返回",
    to_come: "即將前往",
    people: "{} 人，其中 {} 人尚未前往",
    none: "尚無人取得名額。",
    more: "另有 {} 列，詳見表格。",
};

fn bar(row: &TrafficRow, most: i64, words: &Words) -> Bar {
    let wide = |number: i64| number * BAR / most;
    let name = format!("{} → {} · {}", row.home.name, row.host.name, row.academic_year);
    let to_come = row.people - row.begun;
    let numbers = [row.people, to_come]
        .iter()
        .fold(words.people.to_owned(), |text, number| text.replacen("{}", &number.to_string(), 1));
    Bar {
        parts: vec![(Fill::Dark, wide(row.begun)), (Fill::Hatched, wide(to_come))],
        told: format!("{name}: {numbers}."),
        name,
        numbers,
        over: false,
    }
}
