//! Very many applications with everything on: clocks, places that are counted at home and host, and notices.

use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, PaginatorTrait, QueryFilter,
    Select,
};
use serde_json::{Value, json};
use sojourn_engine::ids::{CaseId, OfferingId, PlaceLineId};
use sojourn_entities::{offering, place_line, workflow_version};

use crate::support::actor::Actor;
use crate::support::app::PASSWORD;
use crate::support::database::Db;
use crate::support::pattern::{Pattern, copy};
use crate::support::process::Server;
use crate::support::season::Season;

/// Programmes of the host, each with places of its own, so that no one row is what everybody waits for.
const PROGRAMMES: usize = 50;
/// How often it is looked whether all is done, and how long that may take.
const LOOKS: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_mins(5);
pub const STUDENT: &str = "anna1@student.example";
pub const HOME: &str = "coordinator@alpha.example";
pub const HOST: &str = "coordinator@omega.example";
/// The definition of an event that does as little as one can.
const LEAN: &str = include_str!("lean.toml");
/// From draft to host acceptance by the shipped exchange.
const ROAD: &[(&str, &str)] = &[
    (STUDENT, "submit"),
    (HOME, "find_eligible"),
    (HOME, "allocate"),
    (STUDENT, "accept_offer"),
    (HOME, "nominate"),
    (HOST, "acknowledge"),
    (HOST, "approve"),
];
/// The same by the lean one.
const LEAN_ROAD: &[(&str, &str)] = &[(STUDENT, "submit"), (HOST, "acknowledge"), (HOST, "approve")];

/// An alliance with one application, which is copied.
#[derive(Debug)]
pub struct Field {
    pub season: Season,
    pub conn: DatabaseConnection,
    /// The application that is copied, as it was seen last.
    pub case: Value,
    pub id: CaseId,
    /// Who fires which event on its way.
    road: &'static [(&'static str, &'static str)],
}

impl Field {
    /// An alliance with one draft of the shipped exchange.
    pub async fn of(kind: Db) -> Self {
        Self::along(kind, ROAD, None).await
    }

    /// The same, where the exchange is the lean definition.
    pub async fn lean(kind: Db) -> Self {
        Self::along(kind, LEAN_ROAD, Some(LEAN)).await
    }

    async fn along(
        kind: Db,
        road: &'static [(&'static str, &'static str)],
        definition: Option<&str>,
    ) -> Self {
        let season = Season::asking(kind, (1, 1, PROGRAMMES), "off").await;
        let conn = season.database.connect().await;
        if let Some(source) = definition {
            let version =
                workflow_version::ActiveModel { source: Set(source.to_owned()), ..Default::default() };
            let exchange = workflow_version::Column::WorkflowId.eq("student-exchange");
            let update = workflow_version::Entity::update_many().set(version).filter(exchange);
            update.exec(&conn).await.expect("the definition is replaced");
        }
        let server = season.serve();
        let case = season.apply(&signed_in(&server, STUDENT).await, 0).await;
        let id = case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        Self { season, conn, case, id, road }
    }

    /// Moves the application that is copied, up to and with an event.
    pub async fn until(&mut self, server: &Server, last: &str) {
        let steps = usize::try_from(self.version() - 1).expect("few");
        for (who, event) in self.road.iter().copied().skip(steps) {
            let actor = signed_in(server, who).await;
            self.case = actor.fire(&self.case, event, data(event, &self.case)).await.ok();
            if event == last {
                return;
            }
        }
        panic!("{last} is no step of the road ahead");
    }

    /// The version of the application that is copied, and of each copy.
    pub fn version(&self) -> i64 {
        self.case["version"].as_i64().expect("a version")
    }

    /// Copies the application as it stands for these numbers, each for the next programme.
    pub async fn spread(&self, numbers: Range<u64>) {
        let mut pattern = Pattern::of(&self.conn, self.id).await;
        let offerings = self.season.offerings.iter().map(|id| id.parse().expect("an id"));
        pattern.offerings = offerings.collect();
        pattern.spread(&self.conn, numbers, None).await;
    }

    /// The host's line for each programme, in the order in which the copies choose them.
    pub async fn lines(&self) -> Vec<PlaceLineId> {
        let mut lines = Vec::new();
        for id in &self.season.offerings {
            let id: OfferingId = id.parse().expect("an id");
            let offering = offering::Entity::find_by_id(id).one(&self.conn).await.expect("read");
            let programme = offering.expect("an offering").programme_id;
            let line = place_line::Entity::find().filter(place_line::Column::ProgrammeId.eq(programme));
            lines.push(line.one(&self.conn).await.expect("read").expect("a line").id);
        }
        lines
    }

    /// The id of the nth copy.
    pub fn copy(&self, number: u64) -> CaseId {
        copy(self.id.into(), number).into()
    }

    /// The id of each copy but for its last twelve hexadecimal digits, which are its number and one.
    pub fn prefix(&self) -> String {
        copy(self.id.into(), 0).to_string()[..24].to_owned()
    }

    /// Lets the database know how much there is by now, and gives it time for what it does by itself.
    pub async fn settle(&self) {
        let settle = match self.conn.get_database_backend() {
            DbBackend::Postgres => "VACUUM ANALYZE",
            _ => "ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)",
        };
        self.conn.execute_unprepared(settle).await.expect("settled");
        if self.conn.get_database_backend() == DbBackend::Postgres {
            self.conn.execute_unprepared("CHECKPOINT").await.expect("settled");
        }
    }

    /// Until none of these rows is left.
    pub async fn none_left<E>(&self, rows: Select<E>, told: &str)
    where
        E: EntityTrait,
        E::Model: Send + Sync,
    {
        let began = Instant::now();
        let mut looks = tokio::time::interval(LOOKS);
        while rows.clone().count(&self.conn).await.expect("counted") > 0 {
            assert!(began.elapsed() < PATIENCE, "{told}");
            looks.tick().await;
        }
    }

    /// A folder for what a tool needs.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.season.database.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }
}

/// Somebody of the alliance, signed in.
pub async fn signed_in(server: &Server, email: &str) -> Actor {
    Actor::signed_in(&server.address, email, PASSWORD).await
}

fn data(event: &str, case: &Value) -> Value {
    match event {
        "allocate" => json!({ "choice": case["choices"][0]["id"] }),
        "nominate" | "approve" => json!({ "no_conflict": true }),
        _ => json!({}),
    }
}
