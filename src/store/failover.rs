//! Several PostgreSQL servers of which one is the primary: `postgres://user@one:5432,two:5432/name`, as libpq writes them
//! (PostgreSQL 15, 34.1.1.3). The one that is not in recovery is used; when it is lost, the one that was promoted.

use std::str::FromStr;
use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, ConnectOptions as _, PgPool};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{error, info};

use super::{Result, StoreError};

/// How often is looked whether the primary is still one.
const LOOK: Duration = Duration::from_secs(1);
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The addresses of each server of an address, in its order.
pub(super) fn each(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect()
}

/// The first of the servers that is a primary.
///
/// # Errors
/// [`StoreError::Unreachable`] when none is, with what each said.
pub(super) async fn primary(servers: &[String], place: &str) -> Result<String> {
    let asked = join_all(servers.iter().map(|server| is_primary(server))).await;
    let mut said = Vec::new();
    for (server, answer) in servers.iter().zip(asked) {
        match answer {
            Ok(true) => return Ok(server.clone()),
            Ok(false) => said.push("it is a standby".to_owned()),
            Err(fault) => said.push(fault.to_string()),
        }
    }
    let why = format!("none of its servers is the primary ({})", said.join("; "));
    Err(StoreError::Unreachable { place: place.to_owned(), why })
}

async fn is_primary(server: &str) -> std::result::Result<bool, sqlx::Error> {
    let asked = async {
        let mut connection = PgConnectOptions::from_str(server)?.connect().await?;
        standby(&mut connection).await.map(|standby| !standby)
    };
    timeout(PATIENCE, asked).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn standby(connection: &mut PgConnection) -> std::result::Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(connection).await
}

/// Looks every second whether connections still lead to a primary, and leads them to the new one once there is one; until the pool is
/// closed. `dress` sets a connection up.
pub(super) fn watch(
    pool: PgPool,
    servers: Vec<String>,
    mut present: String,
    dress: impl Fn(PgConnectOptions) -> PgConnectOptions + Send + 'static,
) {
    tokio::spawn(async move {
        let mut beat = interval(LOOK);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !pool.is_closed() {
            beat.tick().await;
            if matches!(is_primary(&present).await, Ok(true)) {
                continue;
            }
            let Ok(found) = primary(&servers, "").await else {
                error!("no server of the database is a primary: nothing can be written until one is");
                continue;
            };
            if let Ok(options) = PgConnectOptions::from_str(&found) {
                info!(
                    from = without_user(&present),
                    to = without_user(&found),
                    "the database has another primary"
                );
                pool.set_connect_options(dress(options));
                present = found;
                forget(&pool).await;
            }
        }
    });
}

/// Closes what is connected to the former primary and used by nobody; what is used fails, and is not used again.
async fn forget(pool: &PgPool) {
    for _ in 0..pool.size() {
        let Some(connection) = pool.try_acquire() else { return };
        // The other end may be gone without a word.
        timeout(PATIENCE, connection.close()).await.ok();
    }
}

fn without_user(server: &str) -> &str {
    let place = server.rsplit_once('@').map_or(server, |(_, place)| place);
    place.split(['/', '?']).next().unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn an_address_may_name_several_servers() {
        let one = "postgres://sojourn:secret@one:5432/db?sslmode=require";
        assert_eq!(each(one), [one]);
        let several = "postgres://sojourn:se,cret@one:5432,[::1]:5433,three/db?sslmode=require";
        assert_eq!(
            each(several),
            [
                "postgres://sojourn:se,cret@one:5432/db?sslmode=require",
                "postgres://sojourn:se,cret@[::1]:5433/db?sslmode=require",
                "postgres://sojourn:se,cret@three/db?sslmode=require",
            ]
        );
        assert_eq!(each("postgres://a,b"), ["postgres://a", "postgres://b"]);
    }
}
