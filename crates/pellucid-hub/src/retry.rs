//! Trying again what a broken connection spoiled.

use crate::event::{Event, Watch, pause};
use crate::settings::Retry;
use crate::transport::Failure;

/// Does a thing again while it breaks, as often as `retry` says since the last bytes came.
pub fn retried<T>(
    retry: Retry,
    file: &str,
    watch: Watch<'_>,
    mut attempt: impl FnMut(Watch<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (mut tries_left, mut wait, mut done) = (retry.times, retry.wait, 0);
    loop {
        let before = done;
        let mut seen = |event: Event<'_>| {
            if let Event::Bytes { done: now, .. } = event {
                done = now;
            }
            watch(event)
        };
        let why = match attempt(&mut seen) {
            Err(Failure::Broken(why)) => why,
            ended => return ended,
        };
        if done > before {
            (tries_left, wait) = (retry.times, retry.wait);
        }
        if tries_left == 0 {
            return Err(Failure::Broken(why));
        }
        pause(wait, watch, Event::Again { file, why: &why })?;
        (tries_left, wait) = (tries_left - 1, wait * 2);
    }
}
