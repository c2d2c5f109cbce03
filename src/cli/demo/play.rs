//! Plays the stories: every application goes through the one pipeline, on the day the story says.

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use sojourn_engine::definition::Resolver;
use sojourn_engine::ids::{CaseId, PersonId};
use sojourn_engine::vocabulary::{ChoiceResult, Duty, Via};

use super::alliance::{Alliance, Member};
use super::seasons::Season;
use super::stories::{Beat, STORIES, TO_NOMINATE, TOGETHER, beats};
use super::tales::TALES;
use super::{Demo, Outcome, id, once};
use crate::app::applications::{self, ApplicationView, NewApplication};
use crate::app::transition::{self, Attempt};

/// One application on its way.
struct Actors<'a> {
    alliance: &'a Alliance,
    season: &'a Season,
    home: &'a Member,
    applicant: PersonId,
}

impl Demo {
    /// Plays every story with a student of its own, and every tale with somebody who is not at the host.
    pub async fn play(&self, alliance: &Alliance, seasons: &[Season]) -> Outcome<usize> {
        let bar = ProgressBar::new((STORIES.len() + TALES.len()) as u64);
        let season = |name: &str| seasons.iter().find(|known| known.name == name).ok_or("no such season");
        let (name, story) = TO_NOMINATE;
        for nth in 0..TOGETHER.0 {
            let home = &alliance.members[0];
            let applicant = home.students[home.students.len() - 1 - nth];
            let actors = Actors { alliance, season: season(name)?, home, applicant };
            // As many choices abroad as there are other members.
            let at = TOGETHER.1 + (alliance.members.len() - 1) * (STORIES.len() + nth);
            self.tell(&actors, story, at).await.map_err(|fault| format!("{story}: {fault}"))?;
        }
        for (nth, (name, story)) in STORIES.iter().enumerate() {
            let home = &alliance.members[nth % alliance.members.len()];
            let applicant = home.students[nth / alliance.members.len()];
            let actors = Actors { alliance, season: season(name)?, home, applicant };
            self.tell(&actors, story, nth).await.map_err(|fault| format!("{story}: {fault}"))?;
            bar.inc(1);
        }
        let mut fellows: Vec<_> =
            alliance.members.iter().map(|member| (member, member.fellows.iter())).collect();
        for (nth, (name, tale)) in TALES.iter().enumerate() {
            let season = season(name)?;
            let hosts = |member: &Member| season.offerings.iter().any(|(host, _)| *host == member.id);
            // Whoever has most people left sends the next.
            let guests = fellows.iter_mut().filter(|(member, _)| !hosts(member));
            let (home, left) = guests.max_by_key(|(_, left)| left.len()).ok_or("nobody is left")?;
            let applicant = *left.next().ok_or("too few people for the tales")?;
            let actors = Actors { alliance, season, home, applicant };
            self.tell(&actors, tale, nth).await.map_err(|fault| format!("{tale}: {fault}"))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(TOGETHER.0 + STORIES.len() + TALES.len())
    }

    async fn tell(&self, actors: &Actors<'_>, story: &str, nth: usize) -> Outcome<()> {
        let beats = beats(story).ok_or("it cannot be read")?;
        let mut case = None;
        for (step, beat) in beats.iter().enumerate() {
            self.at_day(-beat.days_ago);
            // Two steps of one day, and two cases, do not share an instant.
            self.clock.advance(chrono::TimeDelta::minutes(i64::try_from(step * 7 + nth).unwrap_or(0)));
            match case {
                None => case = Some(self.open(actors, nth).await?),
                Some(id) => {
                    self.fire(actors, id, beat).await.map_err(|fault| format!("{}: {fault}", beat.event))?;
                }
            }
        }
        Ok(())
    }

    async fn open(&self, actors: &Actors<'_>, nth: usize) -> Outcome<CaseId> {
        let by = self.app.person_as_caller(actors.applicant).await?;
        let abroad: Vec<_> =
            actors.season.offerings.iter().filter(|(host, _)| *host != actors.home.id).collect();
        let wanted = (0..3.min(abroad.len())).map(|rank| abroad[(nth + rank) % abroad.len()].1);
        let new = NewApplication {
            call: actors.season.call,
            registration: None,
            choices: wanted.collect(),
            answers: Map::new(),
            submit_at_bell: false,
        };
        id(&applications::open(&self.app, &by, &once(), new).await?)
    }

    async fn fire(&self, actors: &Actors<'_>, id: CaseId, beat: &Beat<'_>) -> Outcome<()> {
        let by = self.app.person_as_caller(actors.applicant).await?;
        let view = applications::read(&self.app, &by, id).await?;
        if beat.by_system {
            let at = self.app.clock.moment();
            let data = choice(&view);
            return Ok(
                transition::fire_as_system(&self.app, &at, Via::Clock, id, (None, beat.event), &data).await?
            );
        }
        let offer = view.offers.iter().find(|offer| {
            offer.event == beat.event && offer.key.as_deref().filter(|_| offer.track.is_some()) == beat.stay
        });
        let offer = offer.ok_or_else(|| format!("`{}` is not offered in `{}`", beat.event, view.state))?;
        let mut able = offer.by.iter().filter(|role| beat.role.is_none_or(|wanted| wanted == role.as_str()));
        let person =
            able.find_map(|role| actors.holder(role, beat, &view)).ok_or("nobody in the story may")?;
        let attempt = Attempt {
            track: offer.track.clone().zip(offer.key.clone()),
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
    fn holder(&self, role: &str, beat: &Beat<'_>, view: &ApplicationView) -> Option<PersonId> {
        let role = self.season.definition.roles.iter().find(|known| known.name == role)?;
        match role.resolver {
            Resolver::Applicant => Some(self.applicant),
            Resolver::Home(duty) => self.home.holder(duty),
            Resolver::Host(Duty::Employer) => Some(self.alliance.employer.1),
            Resolver::Host(duty) => {
                let mut chosen = view.choices.iter().filter(|one| one.result == ChoiceResult::Chosen);
                let of_stay =
                    beat.stay.and_then(|number| chosen.nth(number.parse::<usize>().ok()?.checked_sub(1)?));
                let host = of_stay.map(|choice| &choice.host).or(view.host.as_ref()).map(|host| host.id);
                self.alliance.members.iter().find(|member| Some(member.id) == host)?.holder(duty)
            }
            Resolver::Secretariat => Some(self.alliance.secretariat),
            Resolver::Chair => {
                let mut terms = self.alliance.chairs.iter();
                terms.find(|(until, _)| -beat.days_ago <= *until).map(|(_, chair)| *chair)
            }
            Resolver::Link(_) | Resolver::System => None,
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
