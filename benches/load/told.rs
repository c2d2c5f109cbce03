//! Medians, and how they are told.

/// The median of some numbers.
pub fn median(of: impl IntoIterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = of.into_iter().collect();
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Latencies in milliseconds, at 50, 99 and 99.9 of 100, each the median of its rounds.
pub fn latencies(of: &[[f64; 3]]) -> String {
    let [half, most, nearly] = [0, 1, 2].map(|nth| median(of.iter().map(|one| one[nth])));
    format!("p50 {half:.1}, p99 {most:.1}, p99.9 {nearly:.1} ms")
}

/// Some numbers at 50, 99 and 99.9 of 100.
pub fn percentiles(mut of: Vec<f64>) -> [f64; 3] {
    of.sort_unstable_by(f64::total_cmp);
    [500, 990, 999].map(|at| of[(of.len() * at / 1_000).min(of.len() - 1)])
}
