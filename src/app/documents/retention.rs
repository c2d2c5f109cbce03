//! How long contents of documents are kept once their case has ended: papers about identity and health shortest, academic records
//! longest. What is known of a document stays, with the instant its content was removed.

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::vocabulary::{DocumentClass, StateKind};

use crate::app::{App, Result};
use crate::clock::Moment;
use crate::config;
use crate::store::documents as rows;
use crate::store::dossiers::CaseRow;

/// Contents removed in one round of a class.
const AT_A_TIME: u64 = 500;

/// How long contents are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention(config::Retention);

impl Retention {
    /// As the settings say.
    pub const fn new(settings: config::Retention) -> Self {
        Self(settings)
    }

    /// How long after the end of a case.
    fn of(self, class: DocumentClass) -> TimeDelta {
        let days = match class {
            DocumentClass::Ordinary => self.0.ordinary_days,
            DocumentClass::Academic => self.0.academic_days,
            DocumentClass::Identity => self.0.identity_days,
            DocumentClass::Health => self.0.health_days,
        };
        TimeDelta::days(days.into())
    }

    /// Until when a document of a case is kept; none before its end.
    pub(super) fn until(self, case: &CaseRow, class: DocumentClass) -> Option<DateTime<Utc>> {
        match case.kind {
            StateKind::Open => None,
            StateKind::Success | StateKind::Failure => case.entered_at.checked_add_signed(self.of(class)),
        }
    }
}

impl App {
    /// Removes contents whose time is over, but for people under a legal hold; says how many.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn empty_documents(&self, at: &Moment) -> Result<u64> {
        let mut emptied = 0;
        for class in DocumentClass::ALL {
            let Some(before) = at.now.checked_sub_signed(self.retention.of(*class)) else { continue };
            loop {
                let tx = self.store.begin().await?;
                let over = rows::run_out(&tx, *class, before, AT_A_TIME).await?;
                rows::empty(&tx, &over, at.now).await?;
                tx.commit().await?;
                if over.is_empty() {
                    break;
                }
                for (_, name) in &over {
                    self.files.remove(name).await;
                }
                emptied += over.len() as u64;
            }
        }
        if emptied > 0 {
            tracing::info!(emptied, "removed contents of documents whose time was over");
        }
        Ok(emptied)
    }
}
