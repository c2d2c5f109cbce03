//! What concerns none of the parts the table asks for, or only strangers.

use serde_json::{Value, json};

use super::stage::{Set, Stage};
use crate::support::actor::Actor;

impl Stage {
    /// Enters what can be chosen, with its programme and its term.
    pub(super) fn offered(&mut self, set: Set, offering: &Value) {
        self.enter(set, "offering programme", &offering["programme"]);
        self.enter(set, "offering_id", &offering["id"]);
        self.enter(set, "periods", &offering["period"]);
    }

    /// An offer of an employer that nobody of the table works for.
    pub(super) async fn vetted_elsewhere(&self, sol: &Actor) -> Value {
        let mills = json!({ "kind": "employer", "name": "Mills", "country": "JP", "zone": "Asia/Tokyo" });
        let mills = sol.post("/institutions", &mills).await.ok();
        let miller = self.cast.app.holder(sol, "employer", &mills).await;
        let vetted = json!({
            "kind": "internship", "host": mills["id"], "workflow": "internship", "title": "Towers",
            "vetted_by": "internship-offer",
        });
        miller.post("/programmes", &vetted).await.ok()
    }
}

/// An agreement that one side writes, and a pool of its own.
pub async fn places_of(by: &Actor, home: &Value, host: &Value) -> (Value, Value) {
    let agreement = json!({
        "proposer": home, "partner": host, "valid_from_on": "2026-09-01", "valid_until_on": "2029-08-31",
    });
    let pool = json!({ "source": "pool", "direction": "out", "home": home, "unit": "heads", "capacity": 3 });
    (by.post("/agreements", &agreement).await.ok(), by.post("/place-lines", &pool).await.ok())
}
