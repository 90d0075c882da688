//! Tasks that several threads share. The caller's thread is one of them, so that one worker needs
//! no other thread.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle, panicking};

/// Does each task once, on at most so many threads; returns the result of each.
///
/// # Panics
/// If a task does: with its panic, after the others have ended.
pub fn share<T: Send, R: Send>(
    workers: usize,
    tasks: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let tasks: Vec<T> = tasks.into_iter().collect();
    let workers = workers.min(tasks.len());
    if workers <= 1 {
        return tasks.into_iter().map(work).collect();
    }
    let mut results: Vec<Option<R>> = tasks.iter().map(|_| None).collect();
    let queue = Mutex::new(tasks.into_iter().zip(results.iter_mut()));
    let run = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((task, result)) = next else { break };
            *result = Some(work(task));
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..workers).filter_map(|_| spawn(scope, &run)).collect();
        run();
        others.into_iter().for_each(join);
    });
    drop(queue);
    results.into_iter().map(|result| result.expect("every task was done")).collect()
}

/// A thread of its own, if the system gives one; else the others do its work.
fn spawn<'s>(
    scope: &'s Scope<'s, '_>,
    run: &'s (impl Fn() + Sync),
) -> Option<ScopedJoinHandle<'s, ()>> {
    thread::Builder::new().name("worker".to_owned()).spawn_scoped(scope, run).ok()
}

/// Waits for a thread; its panic goes on here.
fn join(thread: ScopedJoinHandle<'_, ()>) {
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

/// Tells the workers of a round that one of them has stopped: also if it panics.
pub struct Alarm<'a>(&'a AtomicBool);

impl<'a> Alarm<'a> {
    /// Sets the flag if the thread panics before this is dropped.
    #[must_use]
    pub fn new(flag: &'a AtomicBool) -> Self {
        Self(flag)
    }
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn every_task_is_done_once_and_results_keep_their_order() {
        for workers in [0, 1, 2, 3, 7] {
            for tasks in [0, 1, 2, 100] {
                let expected: Vec<usize> = (0..tasks).map(|n| n * n).collect();
                assert_eq!(share(workers, 0..tasks, |n| n * n), expected);
            }
        }
    }

    #[test]
    fn tasks_run_at_the_same_time() {
        // Neither comes through the barrier without the other.
        let barrier = Barrier::new(2);
        share(2, 0..2, |_| barrier.wait());
    }

    #[test]
    fn a_panic_of_a_worker_goes_on_in_the_caller() {
        let barrier = Barrier::new(2);
        for bad in 0..2 {
            let panics = AssertUnwindSafe(|| {
                share(2, 0..2, |n| {
                    barrier.wait();
                    assert_ne!(n, bad, "task {n} fails");
                })
            });
            let panic = catch_unwind(panics).expect_err("a task panics");
            let text = panic.downcast_ref::<String>().expect("the panic of the task itself");
            assert!(text.contains(&format!("task {bad} fails")), "{text}");
        }
    }

    #[test]
    fn an_alarm_rings_only_if_its_thread_panics() {
        let flag = AtomicBool::new(false);
        drop(Alarm::new(&flag));
        assert!(!flag.load(Ordering::Relaxed));
        let panics = AssertUnwindSafe(|| {
            let _alarm = Alarm::new(&flag);
            panic!("planted");
        });
        assert!(catch_unwind(panics).is_err());
        assert!(flag.load(Ordering::Relaxed));
    }
}
