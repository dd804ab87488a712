//! The thread pool: every index once, panics, nesting, concurrent callers, sleepers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use pellucid_kernels::{run, threads, with_threads};

fn check_each_task_runs_once(n: usize) {
    let counts: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
    run(n, &|i| {
        counts[i].fetch_add(1, Relaxed);
    });
    assert!(counts.iter().all(|count| count.load(Relaxed) == 1));
}

#[test]
fn each_task_runs_once() {
    for pool in [1, 2, 5] {
        with_threads(pool, || {
            assert_eq!(threads(), pool);
            for n in [0, 1, 2, 3, 100] {
                (0..200).for_each(|_| check_each_task_runs_once(n));
            }
        });
    }
}

#[test]
fn nested_calls_run_inline() {
    with_threads(2, || {
        let total = AtomicUsize::new(0);
        run(8, &|_| {
            run(8, &|_| {
                total.fetch_add(1, Relaxed);
            });
        });
        assert_eq!(total.load(Relaxed), 64);
    });
}

#[test]
fn concurrent_callers_all_finish() {
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| (0..300).for_each(|_| check_each_task_runs_once(20)));
        }
    });
}

#[test]
fn a_panic_reaches_the_caller_and_spoils_nothing() {
    for pool in [1, 2, 4] {
        with_threads(pool, || {
            for _ in 0..20 {
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    run(30, &|i| assert!(i != 17, "task {i}"));
                }));
                let panic = caught.expect_err("a task panicked");
                assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("task 17"));
                check_each_task_runs_once(30);
            }
        });
    }
}
