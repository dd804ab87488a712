//! What a run took: time, tokens, and the most that its tensors held at once.
//!
//! Tensors are made in the thread of their run, which has a gauge while it runs: each buffer adds its
//! bytes to it, and takes them off again wherever it is dropped. Weights and scratch memory of kernels
//! are no tensors of a run.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// The most bytes that its tensors and its keys and values held at once.
    pub peak_bytes: u64,
    /// Tokens that went through the model, all passes together.
    pub tokens: u64,
    /// From the first statement to the last.
    pub elapsed: Duration,
}

#[derive(Debug, Default)]
struct Gauge {
    held: AtomicU64,
    peak: AtomicU64,
    tokens: AtomicU64,
}

thread_local! {
    static GAUGE: RefCell<Option<Arc<Gauge>>> = const { RefCell::new(None) };
}

/// Does some work, and says what it took.
pub(crate) fn metered<R>(work: impl FnOnce() -> R) -> (R, Meter) {
    let (gauge, begun) = (Arc::new(Gauge::default()), Instant::now());
    let restore = Restore(GAUGE.replace(Some(gauge.clone())));
    let done = work();
    drop(restore);
    let read = |n: &AtomicU64| n.load(Ordering::Relaxed);
    let (peak_bytes, tokens) = (read(&gauge.peak), read(&gauge.tokens));
    (done, Meter { peak_bytes, tokens, elapsed: begun.elapsed() })
}

struct Restore(Option<Arc<Gauge>>);

impl Drop for Restore {
    fn drop(&mut self) {
        GAUGE.replace(self.0.take());
    }
}

/// Counts tokens of a pass.
pub(crate) fn count_tokens(n: usize) {
    GAUGE.with_borrow(|gauge| {
        if let Some(gauge) = gauge {
            gauge.tokens.fetch_add(n as u64, Ordering::Relaxed);
        }
    });
}

/// Bytes that are counted as held for as long as this is there.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    gauge: Option<Arc<Gauge>>,
    bytes: u64,
}

impl Hold {
    /// Counts bytes in the run of this thread, if it has one.
    pub fn of(bytes: usize) -> Hold {
        let mut hold = Hold::default();
        hold.grow_to(bytes);
        hold
    }

    /// Counts so many bytes from now on, no fewer than before, in the run in which it began.
    pub fn grow_to(&mut self, bytes: usize) {
        if self.gauge.is_none() {
            self.gauge = GAUGE.with_borrow(Clone::clone);
        }
        let Some(gauge) = &self.gauge else { return };
        let more = (bytes as u64).saturating_sub(self.bytes);
        self.bytes += more;
        let held = gauge.held.fetch_add(more, Ordering::Relaxed) + more;
        // One thread makes tensors: the peak is not raced for.
        if held > gauge.peak.load(Ordering::Relaxed) {
            gauge.peak.store(held, Ordering::Relaxed);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(gauge) = &self.gauge {
            gauge.held.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    #[test]
    fn the_most_held_at_once_is_counted_and_not_the_sum() {
        let outside = Tensor::new(vec![0f32; 1000], [1000]);
        let (kept, meter) = metered(|| {
            drop(Tensor::new(vec![0f32; 30], [30]));
            let mut x = Tensor::new(vec![1f32; 10], [10]);
            let y = x.clone();
            x.make_mut::<f32>()[0] = 2.0;
            count_tokens(3);
            let (inner, nested) = metered(|| Tensor::new(vec![0u8; 7], [7]));
            assert_eq!(nested.peak_bytes, 7);
            (x, y, inner, outside)
        });
        assert_eq!((meter.peak_bytes, meter.tokens), (120, 3));
        std::thread::spawn(move || drop(kept)).join().unwrap();
    }
}
