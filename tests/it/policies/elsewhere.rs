//! What concerns none of the parts the table asks for, or only strangers.

use serde_json::{Value, json};

use super::stage::Stage;
use crate::support::actor::Actor;

impl Stage {
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
