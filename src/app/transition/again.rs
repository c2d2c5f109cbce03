//! Commands that the database gave up for others that they crossed are done again, a bounded number of times.

use crate::app::Result;

/// Times a command is done again.
const TIMES: usize = 3;

/// Does a command, which is told how often it was tried, again when it was given up for another one; how often that happens is counted.
pub(super) async fn again<T, F>(command: impl Fn(usize) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for tried in 0..TIMES {
        match command(tried).await {
            Err(error) if error.is_crossed() => {
                metrics::counter!("sojourn_commands_repeated_total").increment(1);
            }
            done => return done,
        }
    }
    command(TIMES).await
}
