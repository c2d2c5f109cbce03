//! The demo's calls: past, running and open, each with the offerings it opens.

use chrono::Datelike;
use serde_json::json;
use sojourn_engine::ids::{CallId, InstitutionId, OfferingId, PersonId, ProgrammeId};
use sojourn_engine::vocabulary::Publication;

use super::alliance::Alliance;
use super::{Demo, Outcome, id, once};
use crate::app::calls;
use crate::app::periods::{self, NewPeriod};
use crate::app::programmes::{self, NewOffering};

/// When a season happens, in days from today.
struct Plan {
    name: &'static str,
    title: &'static str,
    work: bool,
    opens: i64,
    closes: i64,
    results: i64,
    nominations: i64,
    start: i64,
    end: i64,
}

const fn plan(name: &'static str, title: &'static str, work: bool, days: [i64; 6]) -> Plan {
    let [opens, closes, results, nominations, start, end] = days;
    Plan { name, title, work, opens, closes, results, nominations, start, end }
}

const PLANS: [Plan; 9] = [
    plan("past", "Exchanges two rounds ago", false, [-560, -510, -480, -450, -250, -50]),
    plan("abroad", "Exchanges of last round", false, [-360, -310, -290, -260, -60, 60]),
    plan("placed", "Exchanges of this term", false, [-200, -150, -120, -90, 12, 130]),
    plan("selection", "Exchanges of next term", false, [-80, -30, 10, 30, 150, 270]),
    plan("open", "Exchanges of next year", false, [-20, 25, 45, 75, 200, 320]),
    plan("work past", "Internships of last year", true, [-330, -290, -280, -270, -200, -60]),
    plan("work now", "Internships of this term", true, [-200, -150, -140, -130, -40, 50]),
    plan("work soon", "Internships of next term", true, [-90, -40, 5, 20, 60, 150]),
    plan("work open", "Internships of next year", true, [-20, 20, 40, 60, 120, 210]),
];

/// A call with what can be chosen in it.
#[derive(Debug)]
pub struct Season {
    /// Its name in the stories.
    pub name: &'static str,
    /// The call.
    pub call: CallId,
    /// Offerings with their hosts.
    pub offerings: Vec<(InstitutionId, OfferingId)>,
}

impl Demo {
    /// Opens every call when it opened.
    pub async fn open_seasons(&self, alliance: &Alliance) -> Outcome<Vec<Season>> {
        let mut seasons = Vec::new();
        for plan in &PLANS {
            self.at_day(plan.opens - 10);
            seasons.push(self.season(alliance, plan).await?);
        }
        Ok(seasons)
    }

    async fn season(&self, alliance: &Alliance, plan: &Plan) -> Outcome<Season> {
        let mut offerings = Vec::new();
        if plan.work {
            let (firm, _, programme) = alliance.employer;
            offerings.push((firm, self.offering(plan, firm, programme, alliance.secretariat).await?));
        } else {
            for member in &alliance.members {
                let offering = self.offering(plan, member.id, member.exchange, member.staff[0]).await?;
                offerings.push((member.id, offering));
            }
        }
        let by = self.app.person_as_caller(alliance.secretariat).await?;
        let slots = if plan.work { WORK_SLOTS } else { EXCHANGE_SLOTS };
        let documents: serde_json::Map<_, _> =
            slots.iter().map(|slot| ((*slot).to_owned(), json!("optional"))).collect();
        let homes = alliance.members.iter().map(|member| member.id).collect();
        let opened = offerings.iter().map(|(_, offering)| *offering).collect();
        let request = once();
        let answer = calls::create(&self.app, &by, &request, |call| {
            call.homes = homes;
            call.offerings = opened;
            plan.title.clone_into(&mut call.row.title);
            call.row.opens_on = self.day(plan.opens);
            call.row.closes_on = self.day(plan.closes);
            call.row.results_on = Some(self.day(plan.results));
            call.row.nomination_closes_on = Some(self.day(plan.nominations));
            call.row.host_decision_on = Some(self.day(plan.nominations + 28));
            call.row.documents = json!(documents);
            call.row.waiting_list = !plan.work;
            call.row.next_choice_allowed = !plan.work;
        });
        let call: CallId = id(&answer.await?)?;
        calls::change(&self.app, &by, call, 1, |call| call.row.status = Publication::Published).await?;
        Ok(Season { name: plan.name, call, offerings })
    }

    async fn offering(
        &self,
        plan: &Plan,
        host: InstitutionId,
        programme: ProgrammeId,
        by: PersonId,
    ) -> Outcome<OfferingId> {
        let by = self.app.person_as_caller(by).await?;
        let start_on = self.day(plan.start);
        let new = NewPeriod {
            institution: host,
            academic_year: i16::try_from(start_on.year()).unwrap_or(i16::MAX),
            term: plan.name.replace(' ', "-"),
            name: Some(plan.title.to_owned()),
            start_on,
            end_on: self.day(plan.end),
            twelfths: 6,
        };
        let period = id(&periods::create(&self.app, &by, &once(), new).await?)?;
        let new = NewOffering { period, start_on: None, end_on: None };
        id(&programmes::create_offering(&self.app, &by, programme, &once(), new).await?)
    }
}

const EXCHANGE_SLOTS: &[&str] = &["transcript", "motivation", "language_proof", "transcript_of_records"];
const WORK_SLOTS: &[&str] = &["cv", "motivation", "transcript", "certificate", "internship_report"];
