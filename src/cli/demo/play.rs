//! Plays the stories: every application goes through the one pipeline, on the day the story says.

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use sojourn_engine::ids::{CaseId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::Via;

use super::alliance::{Alliance, Member};
use super::seasons::Season;
use super::stories::{Beat, STORIES, beats};
use super::{Demo, Outcome, id, once};
use crate::app::applications::{self, ApplicationView, NewApplication};
use crate::app::transition::{self, Attempt};

/// One application on its way.
struct Actors<'a> {
    alliance: &'a Alliance,
    home: &'a Member,
    student: PersonId,
}

impl Demo {
    /// Plays every story with a student of its own.
    pub async fn play(&self, alliance: &Alliance, seasons: &[Season]) -> Outcome<usize> {
        let bar = ProgressBar::new(STORIES.len() as u64);
        for (nth, (season, story)) in STORIES.iter().enumerate() {
            let home = &alliance.members[nth % alliance.members.len()];
            let student = home.students[nth / alliance.members.len()];
            let actors = Actors { alliance, home, student };
            let season = seasons.iter().find(|known| known.name == *season).ok_or("no such season")?;
            let beats = beats(story).ok_or_else(|| format!("the story `{story}` cannot be read"))?;
            self.tell(&actors, season, &beats, nth).await.map_err(|fault| format!("{story}: {fault}"))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(STORIES.len())
    }

    async fn tell(
        &self,
        actors: &Actors<'_>,
        season: &Season,
        beats: &[Beat<'_>],
        nth: usize,
    ) -> Outcome<()> {
        let mut case = None;
        for (step, beat) in beats.iter().enumerate() {
            self.at_day(-beat.days_ago);
            // Two steps of one day, and two cases, do not share an instant.
            self.clock.advance(chrono::TimeDelta::minutes(i64::try_from(step * 7 + nth).unwrap_or(0)));
            match case {
                None => case = Some(self.open(actors, season, nth).await?),
                Some(id) => {
                    self.fire(actors, id, beat).await.map_err(|fault| format!("{}: {fault}", beat.event))?;
                }
            }
        }
        Ok(())
    }

    async fn open(&self, actors: &Actors<'_>, season: &Season, nth: usize) -> Outcome<CaseId> {
        let by = self.app.person_as_caller(actors.student).await?;
        let abroad: Vec<_> = season.offerings.iter().filter(|(host, _)| *host != actors.home.id).collect();
        let wanted = (0..3.min(abroad.len())).map(|rank| abroad[(nth + rank) % abroad.len()].1);
        let new = NewApplication {
            call: season.call,
            registration: None,
            choices: wanted.collect(),
            answers: Map::new(),
            submit_at_bell: false,
        };
        id(&applications::open(&self.app, &by, &once(), new).await?)
    }

    async fn fire(&self, actors: &Actors<'_>, id: CaseId, beat: &Beat<'_>) -> Outcome<()> {
        let by = self.app.person_as_caller(actors.student).await?;
        let view = applications::read(&self.app, &by, id).await?;
        if beat.by_system {
            let at = self.app.clock.moment();
            let data = choice(&view);
            return Ok(
                transition::fire_as_system(&self.app, &at, Via::Clock, id, (None, beat.event), &data).await?
            );
        }
        let offer = view.offers.iter().find(|offer| offer.event == beat.event);
        let offer = offer.ok_or_else(|| format!("`{}` is not offered in `{}`", beat.event, view.state))?;
        let mut able = offer.by.iter().filter(|role| beat.role.is_none_or(|wanted| wanted == role.as_str()));
        let person = able.find_map(|role| actors.holder(role, &view)).ok_or("nobody in the story may")?;
        let attempt = Attempt {
            track: None,
            event: beat.event.to_owned(),
            data: input(&offer.input, &view),
            reason: offer.reasons.first().map(|reason| (reason.code.clone(), format!("{}.", reason.label))),
            note: None,
            if_version: view.version,
        };
        let by = self.app.person_as_caller(person).await?;
        transition::fire(&self.app, &by, Via::Page, &once(), id, &attempt).await?;
        Ok(())
    }
}

impl Actors<'_> {
    fn holder(&self, role: &str, view: &ApplicationView) -> Option<PersonId> {
        let at = |place: Option<InstitutionId>, duty: usize| {
            let member = self.alliance.members.iter().find(|member| Some(member.id) == place);
            member.and_then(|member| member.staff.get(duty).copied())
        };
        let host = view.host.as_ref().map(|host| host.id);
        match role {
            "student" => Some(self.student),
            "home_coordinator" => at(Some(self.home.id), 0),
            "home_head" => at(Some(self.home.id), 1),
            "home_academic" => at(Some(self.home.id), 2),
            "host_coordinator" => at(host, 0),
            "host_head" => at(host, 1),
            "employer" => Some(self.alliance.employer.1),
            "secretariat" => Some(self.alliance.secretariat),
            _ => None,
        }
    }
}

/// The first choice still open, where an event wants one.
fn choice(view: &ApplicationView) -> Map<String, Value> {
    let open = view.choices.iter().find(|choice| !choice.current);
    let named = open.map(|choice| ("choice".to_owned(), json!(choice.id)));
    let waits = view.state == "waitlisted";
    named.into_iter().filter(|_| waits).collect()
}

/// Input that fits an offer's schema: what must be there, nothing more.
fn input(schema: &Value, view: &ApplicationView) -> Map<String, Value> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.map(|field| (field.to_owned(), sample(&schema["properties"][field], view))).collect()
}

fn sample(kind: &Value, view: &ApplicationView) -> Value {
    if kind["x-is"] == "choice" {
        return view.choices.first().map_or(Value::Null, |choice| json!(choice.id));
    }
    if let Some(first) = kind["enum"].as_array().and_then(|codes| codes.first()) {
        return first.clone();
    }
    if kind["format"] == "date" {
        // Far enough into the term after the present one.
        let end = view.choices.iter().find(|choice| choice.current).map(|choice| choice.end_on);
        return json!(end.map(|end| end + chrono::TimeDelta::days(120)));
    }
    match kind["type"].as_str() {
        Some("boolean") => json!(true),
        Some("integer") => kind["minimum"].clone(),
        Some("number") => json!(1),
        Some("array") => json!([sample(&kind["items"], view)]),
        _ => json!("As discussed with the office; details are in the case."),
    }
}
