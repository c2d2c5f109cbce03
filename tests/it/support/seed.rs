//! Randomness that can be repeated: every random test says its seed.

use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use sojourn::clock::Clock;

/// The seed in `SOJOURN_SEED`, else a new one; printed, so that a failure can be repeated.
pub fn seed() -> u64 {
    let given =
        std::env::var("SOJOURN_SEED").ok().map(|text| text.parse().expect("SOJOURN_SEED is a number"));
    let seed = given.unwrap_or_else(|| u64::from(u32::from_le_bytes(Clock::system().moment().random())));
    println!("SOJOURN_SEED={seed}");
    seed
}

/// The numbers of a seed.
pub fn random(seed: u64) -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(seed)
}
