//! Keys of people under their master keys: proved when the service starts, put under another one while it runs.

use super::{App, Result};
use crate::store::{self, person_keys};

/// Keys put under another master key in one transaction.
const AT_A_TIME: u64 = 500;

impl App {
    /// Proves that what is kept opens, before somebody needs it.
    ///
    /// # Errors
    /// A master key that is missing or not the right one, in words for whoever starts the service.
    pub async fn prove_keys(&self) -> store::Result<()> {
        person_keys::prove(self.store.read()).await
    }

    /// Puts all keys under the current master key, and says how many were under others; stopped in the middle, it goes on where it
    /// was. `seen` is told how many are done.
    ///
    /// # Errors
    /// Faults of the database, and a master key that is missing.
    pub async fn rewrap_keys(&self, seen: impl Fn(u64)) -> store::Result<u64> {
        let mut done = 0;
        loop {
            let tx = self.store.begin().await?;
            let some = person_keys::rewrap(&tx, AT_A_TIME).await?;
            tx.commit().await?;
            done += some;
            seen(done);
            if some == 0 {
                return Ok(done);
            }
        }
    }

    /// Takes other master keys than this one out of use by `retire`, while nobody can make a key; says how many keys are still
    /// kept under others: then nothing was done.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn retire_masters<E>(
        &self,
        current: &str,
        retire: impl FnOnce() -> Result<(), E>,
    ) -> Result<u64, E>
    where
        E: From<store::StoreError>,
    {
        let tx = self.store.begin().await?;
        let left = person_keys::under_others(&tx, current).await?;
        if left == 0 {
            retire()?;
        }
        tx.commit().await?;
        Ok(left)
    }
}
