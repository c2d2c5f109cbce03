//! What a run says in words, in the reader's language.

use std::collections::BTreeMap;

use sojourn_engine::allocation::{Cause, Explained, Input, Reason, Rule, Standing, Why};
use sojourn_engine::ids::{InstitutionId, OfferingId, PlaceLineId};

use crate::app::Result;
use crate::store::{Conn, dossiers, institutions};

/// What things of a run are called.
#[derive(Debug, Default)]
pub struct Names {
    /// Title and host of each offering.
    offerings: BTreeMap<OfferingId, (String, String)>,
    /// The host of each line, several where it is shared.
    lines: BTreeMap<PlaceLineId, String>,
    institutions: BTreeMap<InstitutionId, String>,
}

impl Names {
    /// Looks up what an input names.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn of(conn: &impl Conn, input: &Input) -> Result<Self> {
        let mut ids: Vec<OfferingId> = input.choices.iter().map(|choice| choice.offering).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut names = Self::default();
        for some in ids.chunks(500) {
            for offering in dossiers::offerings(conn, some).await? {
                let host = offering.host.name;
                names.institutions.insert(offering.host.id, host.clone());
                names.offerings.insert(offering.id, (offering.title, host));
            }
        }
        for place in &input.seats.places {
            let host = names.institutions.get(&place.host).cloned().unwrap_or_default();
            for draw in &place.draws {
                let said = names.lines.entry(draw.line).or_default();
                if !said.split(", ").any(|known| known == host) {
                    *said = if said.is_empty() { host.clone() } else { format!("{said}, {host}") };
                }
            }
        }
        let homes: std::collections::BTreeSet<_> =
            input.students.iter().map(|student| student.home).collect();
        for home in homes {
            if let Some(row) = institutions::find(conn, home).await? {
                names.institutions.insert(home, row.name);
            }
        }
        Ok(names)
    }

    /// The title of an offering.
    pub fn title(&self, offering: OfferingId) -> String {
        self.offerings.get(&offering).map(|(title, _)| title.clone()).unwrap_or_default()
    }

    /// The host of an offering.
    pub fn host(&self, offering: OfferingId) -> String {
        self.offerings.get(&offering).map(|(_, host)| host.clone()).unwrap_or_default()
    }

    /// Where the places of a line are.
    pub fn line(&self, line: PlaceLineId) -> String {
        self.lines.get(&line).cloned().unwrap_or_default()
    }

    /// The name of an institution.
    pub fn institution(&self, id: InstitutionId) -> String {
        self.institutions.get(&id).cloned().unwrap_or_default()
    }
}

fn say(language: &str, english: String, chinese: String) -> String {
    if language.starts_with("zh") { chinese } else { english }
}

/// The rule that a run follows, and why.
pub fn rule(names: &Names, (rule, why): (Rule, Option<Why>), language: &str) -> String {
    let of = |line| names.line(line);
    match (rule, why) {
        (Rule::DeferredAcceptance, _) => say(
            language,
            "Everybody asks for their best choice that has not refused them yet; each place keeps those who come first, until \
             nobody asks any more. Nobody can gain by another order than the one they mean."
                .to_owned(),
            "每人先向尚未拒絕自己的最佳志願提出申請，各名額保留順位在前者，直到無人再提出為止。依真實志願排序對自己最有利。"
                .to_owned(),
        ),
        (Rule::SerialOrder, why) => {
            let because = match why {
                Some(Why::UnitsDiffer { line }) => say(
                    language,
                    format!("places at {} take different amounts", of(line)),
                    format!("{} 的名額使用量不一", of(line)),
                ),
                Some(Why::Pooled { line }) => say(
                    language,
                    format!("one pool is shared by {}", of(line)),
                    format!("{} 共用同一批名額", of(line)),
                ),
                Some(Why::TermsCross { one, other }) => say(
                    language,
                    format!("stays of several terms draw on places at {} and {}", of(one), of(other)),
                    format!("跨學期的名額同時使用 {} 與 {} 的名額", of(one), of(other)),
                ),
                None => String::new(),
            };
            say(
                language,
                format!(
                    "One after another by priority, everybody takes the best choice that is still possible, because {because}. \
                     Nobody can gain by another order than the one they mean."
                ),
                format!("依順位輪流，每人取得尚可分發的最佳志願，因為{because}。依真實志願排序對自己最有利。"),
            )
        }
    }
}

/// Where somebody stands.
pub fn standing(of: &Standing, language: &str) -> String {
    let mut parts = Vec::new();
    if of.displaced {
        parts.push(say(language, "a place was cancelled before".to_owned(), "原名額曾遭取消".to_owned()));
    }
    if let Some(score) = of.score {
        parts.push(say(language, format!("score {score}"), format!("分數 {score}")));
    }
    parts.push(say(
        language,
        format!("number {} in the draw", of.draw),
        format!("抽籤順序第 {} 號", of.draw),
    ));
    parts.join(if language.starts_with("zh") { "，" } else { ", " })
}

/// Why a choice came out as it did.
pub fn reason(names: &Names, explained: &Explained, language: &str) -> String {
    match explained.reason {
        Reason::Placed => say(language, "This place was given.".to_owned(), "已分發此名額。".to_owned()),
        Reason::BetterObtained { rank } => say(
            language,
            format!("Choice {rank}, which stands higher on the list, was given."),
            format!("已分發排序較前的第 {rank} 志願。"),
        ),
        Reason::NoLine => say(
            language,
            "No agreement in force and no other line of places covers this choice.".to_owned(),
            "沒有有效的合約或其他名額涵蓋此志願。".to_owned(),
        ),
        Reason::NotEligible => say(
            language,
            "The rules do not allow this choice for this application.".to_owned(),
            "依規定，此申請不得分發此志願。".to_owned(),
        ),
        Reason::Full { line, capacity: 0, .. } | Reason::Full { line, last: None, .. } => say(
            language,
            format!("There was no place to give at {}.", names.line(line)),
            format!("{} 沒有可分發的名額。", names.line(line)),
        ),
        Reason::Full { line, capacity, last: Some(last), .. } => {
            full(&names.line(line), capacity, (&last, &explained.own), language)
        }
        Reason::Spent { line, capacity, left, needed, .. } => say(
            language,
            format!(
                "When its turn came, {left} of {capacity} were left at {}, and this choice takes {needed}. This application: {}.",
                names.line(line),
                standing(&explained.own, language)
            ),
            format!(
                "輪到本申請時，{} 的 {capacity} 個名額剩 {left} 個，此志願需要 {needed} 個。本申請：{}。",
                names.line(line),
                standing(&explained.own, language)
            ),
        ),
    }
}

/// What a full line says to whoever it refuses.
fn full(at: &str, capacity: u64, (last, own): (&Standing, &Standing), language: &str) -> String {
    let (last, own) = (standing(last, language), standing(own, language));
    say(
        language,
        format!(
            "All {capacity} places at {at} went to applications that come before this one. The last of them: {last}. This one: {own}."
        ),
        format!("{at} 的 {capacity} 個名額均已分發給順位在前的申請。最後一名：{last}。本申請：{own}。"),
    )
}

/// What changed for an application between two runs.
pub fn cause(names: &Names, cause: &Cause, language: &str) -> String {
    let (english, chinese) = match cause {
        Cause::Joined => ("takes part only in this run".to_owned(), "本次才納入".to_owned()),
        Cause::Left => ("took part only in the run before".to_owned(), "僅納入前一次".to_owned()),
        Cause::ListChanged => {
            ("the list, or the places it is bound to, changed".to_owned(), "志願或對應名額變更".to_owned())
        }
        Cause::EligibilityChanged { offering } => (
            format!("whether {} may be had changed", names.title(*offering)),
            format!("是否可分發「{}」有變更", names.title(*offering)),
        ),
        Cause::ScoreChanged => ("a score changed".to_owned(), "分數變更".to_owned()),
        Cause::DisplacementChanged => {
            ("a cancellation counts otherwise".to_owned(), "名額取消的優先順位變更".to_owned())
        }
        Cause::SeatsChanged { lines } => {
            let at = lines.iter().map(|line| names.line(*line)).collect::<Vec<_>>().join(", ");
            (format!("the places at {at} changed"), format!("{at} 的名額變更"))
        }
        Cause::RuleChanged => ("another rule holds".to_owned(), "適用規則變更".to_owned()),
        Cause::SeedChanged => ("another seed was drawn".to_owned(), "抽籤種子變更".to_owned()),
        Cause::Others => (
            "nothing of its own: others took or left a place before it".to_owned(),
            "本身未變更，因順位在前者的分發不同".to_owned(),
        ),
    };
    say(language, english, chinese)
}
