//! Hashing passwords without holding up anything else: on threads of their own, one for each core,
//! with a bounded queue. What a good hash is, `auth` knows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use auth::Verdict;
use protocol::ErrorCode;
use tokio::sync::oneshot;

use crate::limits::{PASSWORDS_WAITING_MAX, RETRY_SOON_SECONDS};
use crate::problem::{Answer, Refusal};

/// The queue before the threads that hash. Cheap to clone; the threads end with the last clone.
///
/// A hash needs 19 MiB, which the allocator keeps for each thread that ever made one. A pool that
/// others use too, such as tokio's, would keep them many times over.
#[derive(Clone)]
pub(crate) struct Passwords(SyncSender<Job>);

type Job = Box<dyn FnOnce() + Send>;

impl Passwords {
    /// Starts one thread for each core.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let (queue, jobs) = sync_channel(PASSWORDS_WAITING_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new()
                .name("passwords".to_owned())
                .spawn(move || work(&jobs))?;
        }
        Ok(Self(queue))
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// `overloaded` when too many wait.
    pub(crate) async fn hash(&self, password: String) -> Answer<String> {
        let hashed = self.run(move || auth::hash_password(&password)).await?;
        hashed.map_err(|error| Refusal::internal(&error.to_string()))
    }

    /// Compares a password with a stored hash; for an account that does not exist it takes as long
    /// and is wrong.
    ///
    /// # Errors
    /// `overloaded` when too many wait.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Answer<Verdict> {
        self.run(move || match hash {
            Some(hash) => auth::verify_password(&password, &hash),
            None => {
                auth::verify_nobody(&password);
                Verdict::Wrong
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
        let (done, outcome) = oneshot::channel();
        let job = move || {
            // Whoever has gone away meanwhile needs no hash.
            if !done.is_closed() {
                let _ = done.send(work());
            }
        };
        self.0
            .try_send(Box::new(job))
            .map_err(|error| match error {
                TrySendError::Full(_) => Refusal::later(
                    ErrorCode::Overloaded,
                    format!("{PASSWORDS_WAITING_MAX} others wait for their password to be checked"),
                    RETRY_SOON_SECONDS,
                ),
                TrySendError::Disconnected(_) => {
                    Refusal::internal("the threads that hash passwords are gone")
                }
            })?;
        outcome
            .await
            .map_err(|_| Refusal::internal("hashing a password panicked"))
    }
}

/// One thread: waits, works, and outlives a job that panics.
fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_hashed_and_compared() {
        let passwords = Passwords::start().unwrap();
        let hash = passwords.hash("right horse".into()).await.unwrap();
        let verdict = passwords
            .verify("right horse".into(), Some(hash))
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::Right);
        let nobody = passwords.verify("right horse".into(), None).await.unwrap();
        assert_eq!(nobody, Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_instead_of_growing() {
        let (queue, jobs) = sync_channel(1);
        let passwords = Passwords(queue);
        passwords.0.try_send(Box::new(|| {})).unwrap();
        let refusal = passwords.hash("right horse".into()).await.unwrap_err();
        assert_eq!(refusal.problem().code, ErrorCode::Overloaded);
        drop(jobs);
        let refusal = passwords.hash("right horse".into()).await.unwrap_err();
        assert_eq!(refusal.problem().code, ErrorCode::InternalError);
    }

    #[tokio::test]
    async fn a_job_that_panics_costs_its_caller_alone() {
        let passwords = Passwords::start().unwrap();
        for _ in 0..64 {
            assert!(passwords.run(|| panic!("on purpose")).await.is_err());
        }
        assert!(passwords.run(|| 7).await.is_ok_and(|seven| seven == 7));
    }
}
