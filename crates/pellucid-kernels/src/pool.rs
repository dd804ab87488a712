//! One process-wide pool of threads that spin for a moment, then sleep.
//!
//! Kernels are short (tens of microseconds) and follow each other closely, so workers poll for the
//! next job before they park, and the caller works too. A job is a number of tasks, claimed one at
//! a time; each runs exactly once, on any thread. A worker that wakes late finds the job closed and
//! is not waited for.
//!
//! Calls from inside a task run inline, and so does a caller that finds the pool taken: progress
//! never depends on another caller's.

use std::any::Any;
use std::cell::{Cell, RefCell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

/// Polls before a worker parks: about a millisecond.
const SPINS: u32 = 20_000;
/// Polls before the caller, waiting for the last tasks of others, yields its core.
const CALLER_SPINS: u32 = 4_000;

type Task<'a> = &'a (dyn Fn(usize) + Sync);

/// Returns how many threads [`run`] uses from this thread, the caller's included:
/// `PELLUCID_THREADS`, else the processors that this process may use.
pub fn threads() -> usize {
    with_current(|pool| pool.workers.len() + 1)
}

/// Calls `task(i)` once for every `i < n_tasks`, on all threads of the pool, and returns when all are done.
///
/// # Panics
/// With the panic of a task, if one panics; tasks not yet begun are then skipped, and the pool stays usable.
pub fn run(n_tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    if n_tasks > 1 && !INSIDE.get() {
        with_current(|pool| pool.run(n_tasks, task));
    } else {
        (0..n_tasks).for_each(task);
    }
}

/// Runs `body` with a pool of its own of `n` threads for the kernels that it calls from this
/// thread: for tests and benchmarks, since results never depend on it.
pub fn with_threads<R>(n: usize, body: impl FnOnce() -> R) -> R {
    let _restore = Restore(FORCED.replace(Some(Arc::new(Pool::new(n, SPINS)))));
    body()
}

thread_local! {
    /// Whether this thread is running a task.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static FORCED: RefCell<Option<Arc<Pool>>> = const { RefCell::new(None) };
}

struct Restore(Option<Arc<Pool>>);

impl Drop for Restore {
    fn drop(&mut self) {
        FORCED.replace(self.0.take());
    }
}

fn with_current<R>(body: impl FnOnce(&Pool) -> R) -> R {
    static POOL: OnceLock<Pool> = OnceLock::new();
    match FORCED.with_borrow(Clone::clone) {
        Some(pool) => body(&pool),
        None => body(POOL.get_or_init(|| Pool::new(default_threads(), SPINS))),
    }
}

fn default_threads() -> usize {
    let asked = std::env::var("PELLUCID_THREADS").ok();
    match asked.as_deref().map(str::parse) {
        Some(Ok(n)) if (1..=1024).contains(&n) => n,
        Some(_) => {
            eprintln!("`PELLUCID_THREADS` is not a number from 1 to 1024; using all processors");
            thread::available_parallelism().map_or(1, usize::from)
        }
        None => thread::available_parallelism().map_or(1, usize::from),
    }
}

struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// Held by the caller whose job is running.
    turn: Mutex<()>,
}

/// What workers and the caller meet over.
struct Shared {
    /// Counts jobs; a change is the signal to look.
    epoch: AtomicU64,
    /// [`OPEN`] while the job may be joined, plus the number of workers inside it.
    gate: AtomicUsize,
    /// Written by the caller while the gate is shut and nobody is inside.
    job: UnsafeCell<Option<Job>>,
    next: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    stop: AtomicBool,
    sleepers: AtomicUsize,
    bed: Mutex<()>,
    wake: Condvar,
}

#[derive(Clone, Copy)]
struct Job {
    task: Task<'static>,
    n_tasks: usize,
}

const OPEN: usize = 1 << (usize::BITS - 1);

// SAFETY: `job` is the only field that is not `Sync`; it is written only by the holder of `turn`
// while the gate is shut with nobody inside, and read only by those inside.
unsafe impl Sync for Shared {}

impl Pool {
    fn new(n_threads: usize, spins: u32) -> Self {
        let shared = Arc::new(Shared {
            epoch: AtomicU64::new(0),
            gate: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            next: AtomicUsize::new(0),
            panic: Mutex::new(None),
            stop: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            bed: Mutex::new(()),
            wake: Condvar::new(),
        });
        let spawn = |i| {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name(format!("pellucid-{i}"))
                .spawn(move || shared.work(spins))
                // Fewer threads are slower, not wrong.
                .ok()
        };
        let workers = (1..n_threads).filter_map(spawn).collect();
        Pool { shared, workers, turn: Mutex::new(()) }
    }

    fn run(&self, n_tasks: usize, task: Task<'_>) {
        let turn = self.turn.try_lock();
        let Ok(_turn) = turn else {
            return (0..n_tasks).for_each(task);
        };
        if self.workers.is_empty() {
            return (0..n_tasks).for_each(task);
        }
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes; `finish` below returns only when every worker has left
        // the job, and the gate lets none in after that, so none outlives the borrow.
        let task = unsafe { std::mem::transmute::<Task<'_>, Task<'static>>(task) };
        let job = Job { task, n_tasks };
        // SAFETY: this thread holds `turn`, the gate is shut and nobody is inside.
        unsafe { *shared.job.get() = Some(job) };
        shared.next.store(0, Ordering::Relaxed);
        shared.gate.store(OPEN, Ordering::Release);
        shared.announce();
        shared.take_part(job);
        shared.finish();
        let panic = lock(&shared.panic).take();
        drop(_turn);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.announce();
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its tasks; there is nothing to learn from its end.
            let _ = worker.join();
        }
    }
}

impl Shared {
    /// A worker's life.
    fn work(&self, spins: u32) {
        INSIDE.set(true);
        let mut seen = 0;
        loop {
            seen = self.await_epoch_after(seen, spins);
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            if self.enter() {
                // SAFETY: inside, where the job is set and does not change.
                if let Some(job) = unsafe { *self.job.get() } {
                    self.take_part(job);
                }
                self.gate.fetch_sub(1, Ordering::Release);
            }
        }
    }

    fn await_epoch_after(&self, seen: u64, spins: u32) -> u64 {
        for _ in 0..spins {
            let epoch = self.epoch.load(Ordering::Acquire);
            if epoch != seen {
                return epoch;
            }
            std::hint::spin_loop();
        }
        let mut bed = lock(&self.bed);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        // Counted before this look, and `announce` counts sleepers after its step: one sees the other.
        let mut epoch = self.epoch.load(Ordering::SeqCst);
        while epoch == seen {
            bed = self.wake.wait(bed).unwrap_or_else(PoisonError::into_inner);
            epoch = self.epoch.load(Ordering::SeqCst);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        epoch
    }

    fn announce(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            // With the lock held no worker is between its last look and its sleep.
            let _bed = lock(&self.bed);
            self.wake.notify_all();
        }
    }

    /// Joins the job unless it is closed.
    fn enter(&self) -> bool {
        let join = |gate: usize| (gate & OPEN != 0).then_some(gate + 1);
        self.gate.fetch_update(Ordering::Acquire, Ordering::Relaxed, join).is_ok()
    }

    /// Claims tasks until none is left.
    fn take_part(&self, job: Job) {
        let outside = INSIDE.replace(true);
        let claim_all = || {
            loop {
                let i = self.next.fetch_add(1, Ordering::Relaxed);
                if i >= job.n_tasks {
                    break;
                }
                (job.task)(i);
            }
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(claim_all)) {
            // Nobody begins another task; far below the counter's overflow.
            self.next.store(usize::MAX / 2, Ordering::Relaxed);
            lock(&self.panic).get_or_insert(panic);
        }
        INSIDE.set(outside);
    }

    /// Closes the job and waits for the workers inside.
    fn finish(&self) {
        self.gate.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0;
        while self.gate.load(Ordering::Acquire) != 0 {
            spins += 1;
            if spins < CALLER_SPINS {
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Workers that never spin go to sleep between any two jobs, or on the way there.
    #[test]
    fn sleeping_workers_wake() {
        for spins in [0, 1, 50] {
            let pool = Pool::new(4, spins);
            for n in 1..2000 {
                let count = AtomicUsize::new(0);
                pool.run(n % 7, &|_| {
                    count.fetch_add(1, Ordering::Relaxed);
                });
                assert_eq!(count.load(Ordering::Relaxed), n % 7);
            }
        }
    }

    /// Both tasks wait for each other: only a woken worker can take the second.
    #[test]
    fn a_worker_takes_part() {
        let pool = Pool::new(2, 0);
        for _ in 0..50 {
            let meet = std::sync::Barrier::new(2);
            pool.run(2, &|_| {
                meet.wait();
            });
        }
    }
}
