//! Very many rows like some that were made through the API, copied within the database.

use std::ops::Range;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Iden, Iterable, QueryFilter,
};
use sojourn_engine::ids::{CaseId, ChoiceId, InstitutionId, OfferingId, PersonId, PlaceLineId};
use sojourn_engine::vocabulary::Duty;
use sojourn_entities::{
    account, application, case, choice, clock, institution, place_line, role, stay, wait,
};
use uuid::Uuid;

/// Rows of one insert.
const CHUNK: u64 = 20_000;
/// The number of a copy, in SQL.
pub const NUMBER: &str = "n.n";

/// The id of the nth copy of something.
pub fn copy(of: Uuid, nth: u64) -> Uuid {
    let mut bytes = of.into_bytes();
    // Ids that were made one after the other differ at their end, which is written over.
    let own =
        of.as_bytes()[10..].iter().fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[7] = own.to_be_bytes()[0];
    bytes[9] = own.to_be_bytes()[1];
    bytes[10..].copy_from_slice(&(nth + 1).to_be_bytes()[2..]);
    Uuid::from_bytes(bytes)
}

/// The id of the copy with a number, in SQL.
pub fn copy_in_sql(backend: DbBackend, of: Uuid, number: &str) -> String {
    let first = copy(of, 0).simple().to_string();
    let same = &first[..20];
    match backend {
        DbBackend::Postgres => format!("('{same}' || lpad(to_hex({number} + 1), 12, '0'))::uuid"),
        _ => format!("unhex('{same}' || printf('%012x', {number} + 1))"),
    }
}

/// An id, in SQL.
pub fn id_in_sql(backend: DbBackend, id: Uuid) -> String {
    let hex = id.simple();
    if backend == DbBackend::Postgres { format!("'{hex}'::uuid") } else { format!("x'{hex}'") }
}

/// Copies the rows that fit a condition once for each number, but for columns that are written anew, as SQL over [`NUMBER`] and the row
/// `p`; without SQL the database numbers the column itself.
pub async fn copies<E: EntityTrait>(
    conn: &DatabaseConnection,
    numbers: &Range<u64>,
    like: &str,
    anew: &[(E::Column, Option<String>)],
) where
    E::Column: Iterable + Iden,
{
    let table = E::default().table_name().to_owned();
    let mut names = Vec::new();
    let mut values = Vec::new();
    for column in E::Column::iter() {
        let name = column.unquoted().to_owned();
        match anew.iter().find(|(of, _)| of.unquoted() == name) {
            Some((_, None)) => continue,
            Some((_, Some(sql))) => values.push(sql.clone()),
            None => values.push(format!("p.\"{name}\"")),
        }
        names.push(format!("\"{name}\""));
    }
    let (names, values) = (names.join(", "), values.join(", "));
    let mut from = numbers.start;
    while from < numbers.end {
        let last = (from + CHUNK).min(numbers.end) - 1;
        let sql = match conn.get_database_backend() {
            DbBackend::Postgres => format!(
                "INSERT INTO \"{table}\" ({names}) SELECT {values} FROM \"{table}\" AS p \
                 CROSS JOIN generate_series({from}::bigint, {last}) AS n(n) WHERE {like}"
            ),
            _ => format!(
                "WITH RECURSIVE n(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM n WHERE n < {last}) \
                 INSERT INTO \"{table}\" ({names}) SELECT {values} FROM \"{table}\" AS p CROSS JOIN n WHERE {like}"
            ),
        };
        conn.execute_unprepared(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        from = last + 1;
    }
}

/// A case with everything a step on it needs.
#[derive(Debug)]
pub struct Pattern {
    id: CaseId,
    current: Option<ChoiceId>,
    choices: Vec<Uuid>,
    clocks: Vec<Uuid>,
    stays: Vec<(i16, ChoiceId)>,
    lines: Vec<PlaceLineId>,
    /// What the copies choose in turn, in place of what the pattern chose.
    pub offerings: Vec<OfferingId>,
    /// Whose the copies are in turn, in place of the pattern's.
    pub members: Option<Members>,
}

/// A home and a host, of each of which there are so many: itself, and copies with the numbers from 1 on.
#[derive(Debug, Clone, Copy)]
pub struct Members {
    pub home: InstitutionId,
    pub host: InstitutionId,
    pub many: u64,
}

impl Members {
    /// Makes the copies.
    pub async fn add(&self, conn: &DatabaseConnection) {
        let backend = conn.get_database_backend();
        let none = || Some("NULL".to_owned());
        for of in [self.home, self.host] {
            let anew = [
                (institution::Column::Id, Some(copy_in_sql(backend, of.into(), NUMBER))),
                (institution::Column::Name, Some(format!("p.\"name\" || ' ' || {NUMBER}"))),
                (institution::Column::ErasmusCode, none()),
                (institution::Column::ErasmusKey, none()),
                (institution::Column::RorId, none()),
                (institution::Column::Schac, none()),
            ];
            let like = format!("p.\"id\" = {}", id_in_sql(backend, of.into()));
            copies::<institution::Entity>(conn, &(1..self.many), &like, &anew).await;
            self.add_heads(conn, of).await;
        }
    }

    /// Whoever heads the pattern heads its copies: nothing there waits for the secretariat for want of anybody.
    async fn add_heads(self, conn: &DatabaseConnection, of: InstitutionId) {
        let backend = conn.get_database_backend();
        let heads = role::Entity::find()
            .filter(role::Column::InstitutionId.eq(of))
            .filter(role::Column::Duty.eq(Duty::Head));
        for head in heads.all(conn).await.expect("read") {
            let like = format!("p.\"id\" = {}", id_in_sql(backend, head.id.into()));
            let anew = [
                (role::Column::Id, Some(copy_in_sql(backend, head.id.into(), NUMBER))),
                (role::Column::InstitutionId, Some(copy_in_sql(backend, of.into(), NUMBER))),
            ];
            copies::<role::Entity>(conn, &(1..self.many), &like, &anew).await;
        }
    }

    /// The home and the host of a copy, in SQL: each home has some of its own at each host.
    fn in_turn(self, backend: DbBackend) -> [String; 2] {
        let one = |of: InstitutionId, turn: String| {
            let itself = id_in_sql(backend, of.into());
            format!("CASE {turn} WHEN 0 THEN {itself} ELSE {} END", copy_in_sql(backend, of.into(), &turn))
        };
        let many = self.many;
        [
            one(self.home, format!("({NUMBER} % {many})")),
            one(self.host, format!("({NUMBER} / {many} % {many})")),
        ]
    }
}

impl Pattern {
    /// The pattern of one case.
    pub async fn of(conn: &DatabaseConnection, id: CaseId) -> Self {
        let application = application::Entity::find_by_id(id).one(conn).await.expect("read");
        let choices = choice::Entity::find().filter(choice::Column::ApplicationId.eq(id));
        let running = clock::Column::EndedAt.is_null();
        let clocks = clock::Entity::find().filter(clock::Column::CaseId.eq(id)).filter(running);
        let stays = stay::Entity::find().filter(stay::Column::ApplicationId.eq(id));
        let accounts = account::Entity::find().filter(account::Column::CaseId.eq(id));
        let choices = choices.all(conn).await.expect("read");
        let clocks = clocks.all(conn).await.expect("read");
        let stays = stays.all(conn).await.expect("read");
        let accounts = accounts.all(conn).await.expect("read");
        Self {
            id,
            current: application.expect("an application").current_choice_id,
            choices: choices.into_iter().map(|choice| choice.id.into()).collect(),
            clocks: clocks.into_iter().map(|clock| clock.id.into()).collect(),
            stays: stays.into_iter().map(|stay| (stay.seq, stay.choice_id)).collect(),
            lines: accounts.into_iter().filter_map(|account| account.place_line_id).collect(),
            offerings: Vec::new(),
            members: None,
        }
    }

    /// Copies it so many times, and gives each copy its place.
    pub async fn multiply(&self, conn: &DatabaseConnection, times: u64) {
        self.make_room(conn, times).await;
        self.spread(conn, 0..times, None).await;
    }

    /// Copies it for these numbers, which no other pattern may have; with people, each for the next of the so many copies of a person.
    pub async fn spread(
        &self,
        conn: &DatabaseConnection,
        numbers: Range<u64>,
        people: Option<(PersonId, u64)>,
    ) {
        let backend = conn.get_database_backend();
        let nth = |of: Uuid| Some(copy_in_sql(backend, of, NUMBER));
        let is = |column: &str, id: Uuid| format!("p.\"{column}\" = {}", id_in_sql(backend, id));
        let case = self.id.into();
        copies::<case::Entity>(conn, &numbers, &is("id", case), &[(case::Column::Id, nth(case))]).await;
        let anew = self.application(backend, people);
        copies::<application::Entity>(conn, &numbers, &is("id", case), &anew).await;
        let host = self.members.map(|members| members.in_turn(backend)[1].clone());
        for &choice in &self.choices {
            let mut anew =
                vec![(choice::Column::Id, nth(choice)), (choice::Column::ApplicationId, nth(case))];
            if !self.offerings.is_empty() {
                anew.push((choice::Column::OfferingId, Some(self.in_turn(backend))));
            }
            if let Some(host) = &host {
                anew.push((choice::Column::HostId, Some(host.clone())));
            }
            copies::<choice::Entity>(conn, &numbers, &is("id", choice), &anew).await;
        }
        for &(seq, choice) in &self.stays {
            let like = format!("{} AND p.\"seq\" = {seq}", is("application_id", case));
            let mut anew =
                vec![(stay::Column::ApplicationId, nth(case)), (stay::Column::ChoiceId, nth(choice.into()))];
            if let Some(host) = &host {
                anew.push((stay::Column::HostId, Some(host.clone())));
            }
            copies::<stay::Entity>(conn, &numbers, &like, &anew).await;
        }
        let like = is("case_id", case);
        copies::<account::Entity>(conn, &numbers, &like, &[(account::Column::CaseId, nth(case))]).await;
        copies::<wait::Entity>(conn, &numbers, &like, &self.waits(backend)).await;
        for &clock in &self.clocks {
            let anew = [
                (clock::Column::Id, nth(clock)),
                (clock::Column::CaseId, nth(case)),
                (clock::Column::WakeAt, Some("p.\"due_at\"".to_owned())),
            ];
            copies::<clock::Entity>(conn, &numbers, &is("id", clock), &anew).await;
        }
    }

    /// What the copies of the application have of their own.
    fn application(
        &self,
        backend: DbBackend,
        people: Option<(PersonId, u64)>,
    ) -> Vec<(application::Column, Option<String>)> {
        let nth = |of: Uuid| Some(copy_in_sql(backend, of, NUMBER));
        let mut anew = vec![
            (application::Column::Id, nth(self.id.into())),
            (application::Column::Reference, Some(format!("'S' || {NUMBER}"))),
        ];
        if let Some(current) = self.current {
            anew.push((application::Column::CurrentChoiceId, nth(current.into())));
        }
        if let Some(members) = self.members {
            let [home, _] = members.in_turn(backend);
            anew.push((application::Column::HomeId, Some(home)));
        }
        if let Some((of, many)) = people {
            let person = copy_in_sql(backend, of.into(), &format!("({NUMBER} % {many})"));
            anew.push((application::Column::ApplicantId, Some(person)));
        }
        anew
    }

    /// What the copies of a wait have of their own.
    fn waits(&self, backend: DbBackend) -> Vec<(wait::Column, Option<String>)> {
        let mut anew = vec![(wait::Column::CaseId, Some(copy_in_sql(backend, self.id.into(), NUMBER)))];
        if let Some(members) = self.members {
            let [home, host] = members.in_turn(backend);
            let [at_home, at_host] = [members.home, members.host].map(|of| id_in_sql(backend, of.into()));
            let whose = "p.\"institution_id\"";
            let sql = format!(
                "CASE {whose} WHEN {at_home} THEN {home} WHEN {at_host} THEN {host} ELSE {whose} END"
            );
            anew.push((wait::Column::InstitutionId, Some(sql)));
        }
        anew
    }

    fn in_turn(&self, backend: DbBackend) -> String {
        let when = |(nth, of): (usize, &OfferingId)| {
            format!(" WHEN {nth} THEN {}", id_in_sql(backend, (*of).into()))
        };
        let cases: String = self.offerings.iter().enumerate().map(when).collect();
        format!("CASE {NUMBER} % {}{cases} END", self.offerings.len())
    }

    async fn make_room(&self, conn: &DatabaseConnection, times: u64) {
        let held = i32::try_from(times).expect("few enough");
        place_line::Entity::update_many()
            .col_expr(place_line::Column::Capacity, Expr::value(held + 10))
            .col_expr(place_line::Column::Held, Expr::value(held + 1))
            .filter(place_line::Column::Id.is_in(self.lines.iter().copied()))
            .exec(conn)
            .await
            .expect("places");
    }
}
