use protocol::Role;
use crate::harness::{Place, new_order};
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speed() {
    for place in [Place::sqlite(), Place::postgres()] {
        let node = place.open().await;
        let ana = node.user("ana", Role::Customer).await;
        let soup = node.item("soup", 450).await;
        for writers in [1, 16, 128] {
            let each = 2000 / writers;
            let before = node.told.times();
            let begin = std::time::Instant::now();
            let tasks: Vec<_> = (0..writers).map(|_| { let (s, a, i) = (node.store.clone(), ana.clone(), soup.clone());
                tokio::spawn(async move { for _ in 0..each { s.write(new_order(&a, &i)).await.unwrap(); } }) }).collect();
            for t in tasks { t.await.unwrap(); }
            let n = writers * each;
            eprintln!("sqlite={} writers {writers}: {:.0}/s, {:?} each, {} commits", place.is_sqlite(), n as f64 / begin.elapsed().as_secs_f64(), begin.elapsed() / n as u32, node.told.times() - before);
        }
    }
}
