//! An instance as the settings describe it: log, database and use cases, opened in that order.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{Options, Store};
use crate::telemetry;

/// How long a command waits for the database.
const WAIT: Duration = Duration::from_secs(10);

/// Reads the settings and starts the log.
pub fn settings(file: Option<PathBuf>) -> Result<Config, Box<dyn Error + Send + Sync>> {
    let config = Config::load(file.as_deref())?;
    telemetry::start(&config.log).map_err(|error| format!("log.filter: {error}"))?;
    Ok(config)
}

/// Opens the database that the settings name.
pub async fn store(config: &Config) -> Result<Store, Box<dyn Error + Send + Sync>> {
    let options = Options { connections: config.database.connections, wait: WAIT };
    Ok(Store::open(config.database.url.expose_secret(), &options).await?)
}

/// Opens everything; the schema of a file is brought up to date, that of a server only when `migrate` says so.
pub async fn open(
    file: Option<PathBuf>,
    migrate: bool,
) -> Result<(Config, Arc<App>), Box<dyn Error + Send + Sync>> {
    let clock = Clock::system();
    let config = settings(file)?;
    let store = store(&config).await?;
    if migrate || store.is_sqlite() {
        store.migrate().await?;
    }
    store.check_schema().await?;
    let config = config.with_keys(|| clock.moment().random())?;
    let app = App::new(store, clock, &config);
    Ok((config, Arc::new(app)))
}
