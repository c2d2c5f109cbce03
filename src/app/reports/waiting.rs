//! How long states take, by state and institution that moved the case on.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::vocabulary::Phase;
use utoipa::ToSchema;

use super::asked::{Names, demand};
use super::picture::{self, About, BAR, Bar, Fill, MOST, phase};
use super::{Report, table};
use crate::access::Caller;
use crate::app::balances::End;
use crate::app::{App, Result};
use crate::store::reports::{self as store, Spell, Wanted};

/// How long one state took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitingRow {
    /// The workflow.
    pub workflow: String,
    /// The state, as its workflow names it.
    pub state: String,
    /// The same in the reader's language.
    pub label: String,
    /// Its phase.
    pub phase: Phase,
    /// Whose people moved the case on; `null` where time or the service did.
    pub institution: Option<End>,
    /// How many times the state was left.
    pub number: i64,
    /// Half of these times it took at most so long, in seconds; the nearest rank, a time that did happen.
    pub median_seconds: i64,
    /// Nine of ten times it took at most so long, in seconds.
    pub ninetieth_seconds: i64,
}

/// How long states take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitingView {
    /// The instant.
    pub at: DateTime<Utc>,
    /// By workflow, state in the order of the workflow, and institution.
    pub rows: Vec<WaitingRow>,
}

/// How long the states of the applications that a caller sees took.
///
/// # Errors
/// [`crate::app::Error::Forbidden`] for whoever has no part in exchanges.
pub async fn waiting(app: &App, caller: &Caller, wanted: &Wanted) -> Result<WaitingView> {
    demand(caller)?;
    let conn = app.store.read();
    let spells = store::spells(conn, &caller.scope(), wanted).await?;
    let names = Names::of(conn, spells.iter().filter_map(|spell| spell.institution)).await?;
    let mut rows = Vec::with_capacity(spells.len());
    for spell in spells {
        let definition = app.definitions.get(conn, spell.workflow).await?;
        let Some(place) = definition.state_named(&spell.state) else { continue };
        let state = &definition.states[place.at()];
        let workflow = definition.id.clone();
        let label = state.label.get(&caller.language).to_owned();
        let institution = spell.institution.map(|id| names.end(id));
        rows.push((place.at(), row(spell, (workflow, label, state.phase), institution)));
    }
    rows.sort_by(|(one_at, one), (other_at, other)| {
        let key = |at: &usize, row: &WaitingRow| (row.workflow.clone(), *at, row.institution.clone());
        key(one_at, one).cmp(&key(other_at, other))
    });
    Ok(WaitingView { at: app.clock.now(), rows: rows.into_iter().map(|(_, row)| row).collect() })
}

fn row(
    spell: Spell,
    (workflow, label, phase): (String, String, Phase),
    institution: Option<End>,
) -> WaitingRow {
    WaitingRow {
        workflow,
        state: spell.state,
        label,
        phase,
        institution,
        number: spell.number,
        median_seconds: spell.median,
        ninetieth_seconds: spell.ninetieth,
    }
}

impl WaitingView {
    /// The same with each workflow called as its readers know it.
    #[must_use]
    pub fn called(mut self, name: impl Fn(&str) -> String) -> Self {
        for row in &mut self.rows {
            row.workflow = name(&row.workflow);
        }
        self
    }
}

impl Report for WaitingView {
    fn csv(&self) -> Result<String> {
        let columns = [
            "workflow",
            "phase",
            "state",
            "label",
            "institution_id",
            "institution",
            "number",
            "median_seconds",
            "ninetieth_seconds",
        ];
        let row = |row: &WaitingRow| {
            let end = row.institution.as_ref();
            [
                table::plain(&row.workflow),
                row.phase.as_str().to_owned(),
                row.state.clone(),
                table::plain(&row.label),
                end.map(|end| end.id.to_string()).unwrap_or_default(),
                end.map(|end| table::plain(&end.name)).unwrap_or_default(),
                row.number.to_string(),
                row.median_seconds.to_string(),
                row.ninetieth_seconds.to_string(),
            ]
        };
        table::csv(columns, self.rows.iter().map(row))
    }

    fn picture(&self, language: &str) -> String {
        let chinese = language.starts_with("zh");
        let words = if chinese { &CHINESE } else { &ENGLISH };
        let most = self.rows.iter().take(MOST).map(|row| row.ninetieth_seconds).max().unwrap_or(0).max(1);
        let bars: Vec<Bar> = self.rows.iter().map(|row| bar(row, most, words, chinese)).collect();
        let legend = [(Fill::Dark, words.median), (Fill::Pale, words.ninetieth)];
        let title = words.title.replace("{}", &self.at.format("%Y-%m-%d %H:%M UTC").to_string());
        picture::draw(About { title: &title, legend: &legend, none: words.none, more: words.more }, &bars)
    }
}

struct Words {
    title: &'static str,
    median: &'static str,
    ninetieth: &'static str,
    numbers: &'static str,
    nobody: &'static str,
    none: &'static str,
    more: &'static str,
}

const ENGLISH: Words = Words {
    title: "How long each state takes, as of {}",
    median: "half of them",
    ninetieth: "nine of ten",
    numbers: "{} days, nine of ten {}, {} times",
    nobody: "time or the service",
    none: "No state has been left yet.",
    more: "{} more rows are in the table.",
};

const CHINESE: Words = Words {
    title: "各狀態所需時間，統計時間 {}",
    median: "半數以內",
    ninetieth: "九成以內",
    numbers: "{} 天，九成 {} 天，{} 次",
    nobody: "到期或系統",
    none: "尚無狀態變更。",
    more: "另有 {} 列，詳見表格。",
};

/// Days with one decimal.
fn days(seconds: i64) -> String {
    let tenths = (seconds.max(0) + 4_320) / 8_640;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn bar(row: &WaitingRow, most: i64, words: &Words, chinese: bool) -> Bar {
    let wide = |seconds: i64| seconds.clamp(0, most) * BAR / most;
    let who = row.institution.as_ref().map_or(words.nobody, |end| &end.name);
    let name = format!("{} · {} · {} · {who}", row.workflow, phase(row.phase, chinese), row.label);
    let filled = [days(row.median_seconds), days(row.ninetieth_seconds), row.number.to_string()];
    let numbers = filled.iter().fold(words.numbers.to_owned(), |text, number| text.replacen("{}", number, 1));
    let median = wide(row.median_seconds);
    Bar {
        parts: vec![(Fill::Dark, median), (Fill::Pale, wide(row.ninetieth_seconds) - median)],
        told: format!("{name}: {numbers}."),
        name,
        numbers,
        over: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_days_with_one_decimal() {
        assert_eq!(days(0), "0.0");
        assert_eq!(days(86_400), "1.0");
        assert_eq!(days(4_319), "0.0");
        assert_eq!(days(4_320), "0.1");
        assert_eq!(days(1_000_000), "11.6");
    }
}
