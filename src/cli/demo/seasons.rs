//! The demo's calls: past, running and open, each with the offerings it opens.

use std::sync::Arc;

use chrono::Datelike;
use serde_json::json;
use sojourn_engine::definition::Definition;
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
    programme: &'static str,
    opens: i64,
    closes: i64,
    results: i64,
    nominations: i64,
    start: i64,
    end: i64,
}

/// When a season of a programme happens: days of opening, closing, results, nominations, start, end.
const fn plan(name: &'static str, title: &'static str, programme: &'static str, days: [i64; 6]) -> Plan {
    let [opens, closes, results, nominations, start, end] = days;
    Plan { name, title, programme, opens, closes, results, nominations, start, end }
}

const EXCHANGE: &str = "exchange";
const WORK: &str = "work";
const PAPERS: &[&str] = &["references", "documents", "learning_agreement", "insurance", "visa", "grant"];

const PLANS: &[Plan] = &[
    plan("past", "Exchanges two rounds ago", EXCHANGE, [-560, -510, -480, -450, -250, -50]),
    plan("abroad", "Exchanges of last round", EXCHANGE, [-360, -310, -290, -260, -60, 60]),
    plan("placed", "Exchanges of this term", EXCHANGE, [-200, -150, -120, -90, 12, 130]),
    plan("selection", "Exchanges of next term", EXCHANGE, [-80, -30, 10, 30, 150, 270]),
    plan("open", "Exchanges of next year", EXCHANGE, [-20, 25, 45, 75, 200, 320]),
    plan("work past", "Internships of last year", WORK, [-330, -290, -280, -270, -200, -60]),
    plan("work now", "Internships of this term", WORK, [-200, -150, -140, -130, -40, 50]),
    plan("work soon", "Internships of next term", WORK, [-90, -40, 5, 20, 60, 150]),
    plan("work open", "Internships of next year", WORK, [-20, 20, 40, 60, 120, 210]),
    plan("staff past", "Staff weeks of last year", "staff", [-310, -285, -270, -265, -200, -193]),
    plan("staff soon", "Staff weeks of this year", "staff", [-75, -50, -40, -30, 40, 47]),
    plan("staff open", "Staff weeks of next year", "staff", [-15, 30, 45, 50, 150, 157]),
    plan("conference past", "Conference of last year", "conference", [-250, -200, -190, -180, -120, -117]),
    plan("conference soon", "Conference of this year", "conference", [-60, 20, 22, 24, 40, 43]),
    plan("training past", "Leaders of last year", "training", [-500, -470, -450, -440, -330, -100]),
    plan("training now", "Leaders of this year", "training", [-260, -230, -210, -200, -60, 60]),
    plan("training soon", "Leaders of next year", "training", [-120, -90, -70, -60, 30, 210]),
    plan("research past", "Joint research of last year", "research", [-420, -380, -340, -330, -270, -90]),
    plan("research soon", "Joint research of next year", "research", [-100, -60, -20, -10, 90, 300]),
    plan("campuses past", "Campuses of last year", "campuses", [-560, -520, -500, -480, -300, -180]),
    plan("campuses now", "Campuses of this term", "campuses", [-260, -220, -200, -180, -50, 50]),
    plan("campuses soon", "Campuses of next term", "campuses", [-80, -45, -35, -20, 60, 180]),
];

/// Which papers a call asks for: those of this term all before the first day, the others none.
fn tracks(plan: &Plan) -> serde_json::Map<String, serde_json::Value> {
    let (tracks, asked): (&[&str], &[&str]) = match (plan.programme, plan.name) {
        (WORK, _) => (&["programme_of_work", "insurance", "visa", "incident"], &["incident"]),
        (EXCHANGE, "placed") => (PAPERS, &["learning_agreement", "insurance", "visa", "grant"]),
        (EXCHANGE, _) => (PAPERS, &[]),
        _ => (&[], &[]),
    };
    tracks.iter().map(|track| ((*track).to_owned(), json!(asked.contains(track)))).collect()
}

/// A call with what can be chosen in it.
#[derive(Debug)]
pub struct Season {
    /// Its name in the stories.
    pub name: &'static str,
    /// The call.
    pub call: CallId,
    /// Offerings with their hosts.
    pub offerings: Vec<(InstitutionId, OfferingId)>,
    /// What its cases follow.
    pub definition: Arc<Definition>,
}

impl Demo {
    /// Opens every call when it opened.
    pub async fn open_seasons(&self, alliance: &Alliance) -> Outcome<Vec<Season>> {
        let mut seasons = Vec::new();
        for plan in PLANS {
            self.at_day(plan.opens - 10);
            seasons.push(self.season(alliance, plan).await?);
        }
        Ok(seasons)
    }

    async fn season(&self, alliance: &Alliance, plan: &Plan) -> Outcome<Season> {
        let mut offerings = Vec::new();
        for (host, programme, by) in run(alliance, plan.programme) {
            offerings.push((host, self.offering(plan, host, programme, by).await?));
        }
        let by = self.app.person_as_caller(alliance.secretariat).await?;
        let definition = self.definition(alliance, plan).await?;
        let slots = definition.documents.iter();
        let documents: serde_json::Map<_, _> =
            slots.map(|slot| (slot.name.clone(), json!("optional"))).collect();
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
            call.row.tracks = json!(tracks(plan));
            call.row.waiting_list = plan.programme != WORK;
            call.row.next_choice_allowed = plan.programme == EXCHANGE;
        });
        let call: CallId = id(&answer.await?)?;
        calls::change(&self.app, &by, call, 1, |call| call.row.status = Publication::Published).await?;
        Ok(Season { name: plan.name, call, offerings, definition })
    }

    /// What the cases of a season follow.
    async fn definition(&self, alliance: &Alliance, plan: &Plan) -> Outcome<Arc<Definition>> {
        let (_, programme, by) = run(alliance, plan.programme).next().ok_or("no such programme")?;
        let by = self.app.person_as_caller(by).await?;
        let workflow = programmes::get(&self.app, Some(&by), programme).await?.workflow;
        let found = self.app.definitions.current(self.app.store.read(), &workflow).await?;
        Ok(found.ok_or("no such workflow")?.1)
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

/// The programmes of that name: host, programme, whoever runs it.
fn run<'a>(
    alliance: &'a Alliance,
    name: &'a str,
) -> impl Iterator<Item = (InstitutionId, ProgrammeId, PersonId)> + 'a {
    let members = alliance.members.iter().filter(move |_| name == EXCHANGE);
    let exchanges = members.map(|member| (member.id, member.exchange, member.staff[0]));
    let (firm, _, internship) = alliance.employer;
    let work = (name == WORK).then_some((firm, internship, alliance.secretariat));
    let others = alliance.others.iter().filter(move |other| other.name == name);
    let others = others.map(|other| (other.host, other.programme, alliance.secretariat));
    exchanges.chain(work).chain(others)
}
