//! Reads that nobody waits for any more: a page was left, a socket ended.

use std::future::poll_fn;
use std::task::Poll;

use desk::Scope;
use protocol::Role;
use store::{ChatFilter, PageRequest};

use crate::harness::{Node, Place, actor};

contract! {
    reads_that_are_called_off_leave_no_reader_in_the_past,
}

/// More than there are readers, so that each of them is asked.
const READS: usize = 32;

/// After so many looks a read may have come to each of its questions, and not to its answer.
const LOOKS_MAX: usize = 4;

/// An answer may come so quickly that a look passes its question by, so each is tried again.
const TRIES: usize = 12;

async fn reads_that_are_called_off_leave_no_reader_in_the_past(place: Place) {
    let node = place.open().await;
    let staff = actor(&node.user("Ben", Role::Staff).await);
    let all = ChatFilter {
        scope: Scope::All,
        status: None,
        handler: None,
    };
    for index in 0..LOOKS_MAX * TRIES {
        // A transaction sees what there was at its first read; besides, each reader is connected now.
        assert_eq!(find(&node, "nobody@example.com").await, 0);
        let page = PageRequest {
            limit: 20,
            cursor: None,
        };
        let mut read = Box::pin(node.store.chats(&staff, all, page));
        let looks = index % LOOKS_MAX + 1;
        let mut left = looks;
        // It is looked at that often, and then dropped wherever it stands.
        poll_fn(|context| {
            left -= 1;
            match read.as_mut().poll(context) {
                Poll::Pending if left > 0 => Poll::Pending,
                Poll::Pending | Poll::Ready(_) => Poll::Ready(()),
            }
        })
        .await;
        drop(read);
        assert_eq!(find(&node, "nobody@example.com").await, 0);
        let newcomer = node.user(&format!("nora-{index}"), Role::Customer).await;
        let found = find(&node, &newcomer.email).await;
        assert_eq!(
            found, READS,
            "of {READS} reads, after one was dropped at look {looks}"
        );
    }
}

/// How many of many reads at once find an account.
async fn find(node: &Node, email: &str) -> usize {
    let reads = (0..READS).map(|_| {
        let (store, email) = (node.store.clone(), email.to_owned());
        tokio::spawn(async move { store.credentials(&email).await })
    });
    let mut found = 0;
    for read in reads.collect::<Vec<_>>() {
        found += usize::from(read.await.unwrap().unwrap().is_some());
    }
    found
}
