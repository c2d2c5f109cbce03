//! How often somebody may try to sign in: a limit per account and one per network address, both forgiving with time.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};

use super::{Error, Result};
use crate::config::Auth;

/// Accounts and addresses remembered before those that may try again are forgotten.
const REMEMBERED: usize = 10_000;

/// The limits of one process.
#[derive(Clone)]
pub struct Attempts {
    accounts: Arc<DefaultKeyedRateLimiter<String>>,
    addresses: Arc<DefaultKeyedRateLimiter<IpAddr>>,
}

impl std::fmt::Debug for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempts").finish_non_exhaustive()
    }
}

impl Attempts {
    /// The limits that the settings name.
    pub fn new(auth: &Auth) -> Self {
        let a_minute = |number| Quota::per_minute(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN));
        Self {
            accounts: Arc::new(RateLimiter::keyed(a_minute(auth.attempts_per_account))),
            addresses: Arc::new(RateLimiter::keyed(a_minute(auth.attempts_per_address))),
        }
    }

    /// Counts one attempt from an address that names no account.
    pub fn count_address(&self, address: IpAddr) -> Result<()> {
        self.forget_old();
        self.addresses.check_key(&address).map_err(|not_until| too_many(&not_until))
    }

    /// Counts one attempt for an account from an address; nobody else's attempts lock a person out for longer than a minute.
    pub fn count(&self, account: &str, address: IpAddr) -> Result<()> {
        self.count_address(address)?;
        self.accounts.check_key(&account.to_owned()).map_err(|not_until| too_many(&not_until))
    }

    fn forget_old(&self) {
        if self.accounts.len() + self.addresses.len() > REMEMBERED {
            self.accounts.retain_recent();
            self.addresses.retain_recent();
        }
    }
}

fn too_many(not_until: &NotUntil<<DefaultClock as Clock>::Instant>) -> Error {
    let wait = not_until.wait_time_from(DefaultClock::default().now());
    Error::TooMany { retry_after: wait.as_secs() + 1 }
}
