//! The demo's alliance: six universities in six countries and time zones, an employer, people in each role, places.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Map, Value};
use sojourn_engine::ids::{InstitutionId, PersonId, ProgrammeId};
use sojourn_engine::vocabulary::{
    Direction, Duty, InstitutionKind, PlaceSource, PlaceUnit, ProgrammeKind, Publication, Via,
};

use super::others::Running;
use super::people::Kind;
use super::{Demo, Outcome, id, once};
use crate::access::Caller;
use crate::app::agreements::{self, NewAgreement};
use crate::app::chair_terms::{self, TermOf};
use crate::app::institutions;
use crate::app::places::{self, NewLine};
use crate::app::programmes::{self, NewProgramme};
use crate::app::transition::Attempt;
use crate::web::demo::LogIn;

/// First day of all agreements, counted from today.
pub const AGREED_FROM: i64 = -900;

/// An event that asks for nothing.
fn fired(event: &str, if_version: i32) -> Attempt {
    let (data, event) = (Map::new(), event.to_owned());
    Attempt { track: None, event, data, reason: None, note: None, if_version }
}

/// A university of the demo.
struct Site {
    name: &'static str,
    country: &'static str,
    zone: &'static str,
    language: &'static str,
    domain: &'static str,
    staff: [(&'static str, &'static str); 5],
}

const SITES: [Site; 6] = [
    Site {
        name: "Universität Lindenau",
        country: "DE",
        zone: "Europe/Berlin",
        language: "en",
        domain: "lindenau.example",
        staff: [
            ("Katrin", "Vogel"),
            ("Jonas", "Brandt"),
            ("Miriam", "Adler"),
            ("Till", "Krause"),
            ("Sabine", "Roth"),
        ],
    },
    Site {
        name: "Haifeng University 海峰大學",
        country: "TW",
        zone: "Asia/Taipei",
        language: "zh-Hant",
        domain: "haifeng.example",
        staff: [("雅婷", "林"), ("志明", "陳"), ("淑芬", "黃"), ("建宏", "張"), ("怡君", "吳")],
    },
    Site {
        name: "Universidad de las Sierras",
        country: "MX",
        zone: "America/Mexico_City",
        language: "en",
        domain: "sierras.example",
        staff: [
            ("Lucía", "Mendoza"),
            ("Rafael", "Ortega"),
            ("Elena", "Cruz"),
            ("Diego", "Salas"),
            ("Rosa", "Ibarra"),
        ],
    },
    Site {
        name: "Karoo Coast University",
        country: "ZA",
        zone: "Africa/Johannesburg",
        language: "en",
        domain: "karoo.example",
        staff: [
            ("Thandi", "Nkosi"),
            ("Pieter", "Botha"),
            ("Lerato", "Dlamini"),
            ("Sipho", "Zulu"),
            ("Anele", "Mbeki"),
        ],
    },
    Site {
        name: "Southern Bays Institute",
        country: "NZ",
        zone: "Pacific/Auckland",
        language: "en",
        domain: "southernbays.example",
        staff: [
            ("Aroha", "Ngata"),
            ("Hamish", "Reid"),
            ("Mere", "Parata"),
            ("Callum", "Fraser"),
            ("Tui", "Henare"),
        ],
    },
    Site {
        name: "Maple Sound University",
        country: "CA",
        zone: "America/Vancouver",
        language: "en",
        domain: "maplesound.example",
        staff: [
            ("Claire", "Tremblay"),
            ("Noah", "Singh"),
            ("Grace", "Wong"),
            ("Owen", "Clarke"),
            ("Mia", "Roy"),
        ],
    },
];
const DUTIES: [Duty; 5] = [Duty::Coordinator, Duty::Head, Duty::Academic, Duty::Admin, Duty::Grants];

/// A university with its people.
#[derive(Debug)]
pub struct Member {
    /// The institution.
    pub id: InstitutionId,
    /// Who does what.
    pub staff: Vec<PersonId>,
    /// Students.
    pub students: Vec<PersonId>,
    /// Whoever takes part in the other programmes.
    pub fellows: Vec<PersonId>,
    /// The exchange it hosts.
    pub exchange: ProgrammeId,
}

impl Member {
    /// Whoever has a duty.
    pub fn holder(&self, duty: Duty) -> Option<PersonId> {
        let at = DUTIES.iter().position(|known| *known == duty)?;
        self.staff.get(at).copied()
    }
}

/// The whole alliance.
#[derive(Debug)]
pub struct Alliance {
    /// The operator, who wrote the first rows.
    pub secretariat: PersonId,
    /// The universities.
    pub members: Vec<Member>,
    /// The employer, its person and its programme.
    pub employer: (InstitutionId, PersonId, ProgrammeId),
    /// Last day of each chair's term, counted from today, with the chair; the earliest first.
    pub chairs: Vec<(i64, PersonId)>,
    /// The other programmes.
    pub others: Vec<Running>,
    /// Who can sign in.
    pub log_ins: Vec<LogIn>,
}

impl Demo {
    /// Founds the alliance, long before today.
    pub async fn found(&self) -> Outcome<Alliance> {
        let since = self.day(-1_000);
        let mut log_ins = Vec::new();
        let secretary = self
            .person(("Ada", "Lindqvist"), "secretariat@alliance.example", Duty::Secretariat, None, since)
            .await?;
        log_ins.push(log_in("secretariat", "", "secretariat@alliance.example"));
        let by = self.app.person_as_caller(secretary).await?;
        let mut members = Vec::new();
        for site in &SITES {
            members.push(self.member(&by, site, since, &mut log_ins).await?);
        }
        let mut chairs = Vec::new();
        for (nth, from, until) in [(4, -830, -466), (5, -465, -101), (0, -100, 265)] {
            let (institution, person) = (members[nth].id, members[nth].staff[1]);
            let (from_on, until_on) = (self.day(from), self.day(until));
            let term = TermOf { institution, person, from_on, until_on };
            chair_terms::create(&self.app, &by, &once(), term).await?;
            chairs.push((until, person));
        }
        log_ins.push(log_in("chair", "", &format!("head@{}", SITES[0].domain)));
        let employer = self.employer(&by, since, &mut log_ins).await?;
        self.agree(&members).await?;
        let others = self.others(&members).await?;
        Ok(Alliance { secretariat: secretary, members, employer, chairs, others, log_ins })
    }

    async fn member(
        &self,
        by: &Caller,
        site: &Site,
        since: NaiveDate,
        log_ins: &mut Vec<LogIn>,
    ) -> Outcome<Member> {
        let request = once();
        let answer = institutions::create(&self.app, by, &request, |row| {
            row.kind = InstitutionKind::Member;
            site.name.clone_into(&mut row.name);
            site.country.clone_into(&mut row.country);
            site.zone.clone_into(&mut row.zone);
            site.language.clone_into(&mut row.language);
            row.founding = true;
            row.joined_on = Some(since);
        });
        let member: InstitutionId = id(&answer.await?)?;
        let (mut staff, first) = (Vec::new(), log_ins.len());
        for (duty, name) in DUTIES.into_iter().zip(site.staff) {
            let email = format!("{}@{}", duty.as_str(), site.domain);
            staff.push(self.person(name, &email, duty, Some(member), since).await?);
            log_ins.push(log_in(duty.as_str(), site.name, &email));
        }
        let students = self.registered(Kind::Student, site.domain, member).await?;
        let fellows = self.registered(Kind::Staff, site.domain, member).await?;
        for duty in ["staff", "student"] {
            log_ins.insert(first, log_in(duty, site.name, &format!("{duty}1@{}", site.domain)));
        }
        let coordinator = self.app.person_as_caller(staff[0]).await?;
        let title = format!("Exchange at {}", site.name);
        let exchange =
            self.programme(&coordinator, member, ProgrammeKind::Exchange, "student-exchange", title).await?;
        Ok(Member { id: member, staff, students, fellows, exchange })
    }

    async fn employer(
        &self,
        by: &Caller,
        since: NaiveDate,
        log_ins: &mut Vec<LogIn>,
    ) -> Outcome<(InstitutionId, PersonId, ProgrammeId)> {
        let request = once();
        let answer = institutions::create(&self.app, by, &request, |row| {
            row.kind = InstitutionKind::Employer;
            "Pohjola Robotics Oy".clone_into(&mut row.name);
            "FI".clone_into(&mut row.country);
            "Europe/Helsinki".clone_into(&mut row.zone);
        });
        let firm: InstitutionId = id(&answer.await?)?;
        let email = "internships@pohjola.example";
        let contact = self.person(("Aino", "Virtanen"), email, Duty::Employer, Some(firm), since).await?;
        log_ins.push(log_in("employer", "Pohjola Robotics Oy", email));
        let title = "Robotics software internship".to_owned();
        let programme = self.programme(by, firm, ProgrammeKind::Internship, "internship", title).await?;
        let line = NewLine { programme: Some(programme), capacity: 30, ..line(PlaceSource::Programme) };
        places::create(&self.app, by, &once(), line).await?;
        Ok((firm, contact, programme))
    }

    pub(super) async fn programme(
        &self,
        by: &Caller,
        host: InstitutionId,
        kind: ProgrammeKind,
        workflow: &str,
        title: String,
    ) -> Outcome<ProgrammeId> {
        let new = NewProgramme {
            vetted_by: None,
            kind,
            host,
            unit: None,
            workflow: workflow.to_owned(),
            title,
            summary: None,
            fields: Vec::new(),
            levels: Vec::new(),
            languages: vec!["en:B1".to_owned()],
            gives_credit: true,
        };
        let programme = id(&programmes::create(&self.app, by, &once(), new).await?)?;
        programmes::change(&self.app, by, programme, 1, |row| row.status = Publication::Published).await?;
        Ok(programme)
    }

    /// Every pair agrees on places both ways; two hosts also publish a capacity of their own.
    async fn agree(&self, members: &[Member]) -> Outcome<()> {
        for (nth, one) in members.iter().enumerate() {
            let proposer = self.app.person_as_caller(one.staff[0]).await?;
            for other in &members[nth + 1..] {
                let new = NewAgreement {
                    proposer: one.id,
                    partner: Some(other.id),
                    valid_from_on: self.day(AGREED_FROM),
                    valid_until_on: self.day(900),
                    fields: Vec::new(),
                    levels: Vec::new(),
                    note: None,
                    workflow: None,
                };
                let agreement = id(&agreements::create(&self.app, &proposer, &once(), new).await?)?;
                let partner = self.app.person_as_caller(other.staff[0]).await?;
                for (by, attempt) in [(&proposer, fired("propose", 1)), (&partner, fired("agree", 2))] {
                    agreements::fire(&self.app, (by, Via::Api), &once(), agreement, &attempt).await?;
                }
                for (home, host) in [(one, other), (other, one)] {
                    let line = NewLine {
                        agreement: Some(agreement),
                        home: Some(home.id),
                        host: Some(host.id),
                        capacity: 4,
                        ..line(PlaceSource::Agreement)
                    };
                    places::create(&self.app, &proposer, &once(), line).await?;
                }
            }
            if nth < 2 {
                let own = NewLine {
                    direction: Some(Direction::In),
                    host: Some(one.id),
                    capacity: 20,
                    ..line(PlaceSource::Pool)
                };
                places::create(&self.app, &proposer, &once(), own).await?;
            }
        }
        Ok(())
    }

    /// The day so many days from today.
    pub fn day(&self, days: i64) -> NaiveDate {
        (self.today + TimeDelta::days(days)).date_naive()
    }
}

fn log_in(duty: &'static str, place: &str, email: &str) -> LogIn {
    LogIn { duty, place: place.to_owned(), email: email.to_owned() }
}

/// A line of no place, to be filled in.
pub fn line(source: PlaceSource) -> NewLine {
    NewLine {
        source,
        agreement: None,
        programme: None,
        direction: None,
        home: None,
        host: None,
        period: None,
        levels: Vec::new(),
        fields: Vec::new(),
        unit: PlaceUnit::Heads,
        capacity: 0,
        reason: Some("as agreed".to_owned()),
    }
}

/// The id in an answer's body.
pub fn id_of(body: &Value) -> Option<&str> {
    body.get("id").and_then(Value::as_str)
}
