//! Many seeds, each a world of faults. A failing seed is printed; run it alone with
//! `FRONTDESK_SEED=<seed> cargo test -p engine --test it simulation`.

use crate::world::World;

const STEPS_PER_SEED: u64 = 10_000;
const FIXED_SEEDS: u64 = 100;
const NEW_SEEDS: u64 = 10;

fn run(seed: u64) -> World {
    let outcome = std::panic::catch_unwind(|| {
        let mut world = World::new(seed);
        for _ in 0..STEPS_PER_SEED {
            world.step();
        }
        world.settle();
        world
    });
    outcome.unwrap_or_else(|panic| {
        eprintln!("the seed that fails: FRONTDESK_SEED={seed}");
        std::panic::resume_unwind(panic)
    })
}

#[test]
fn every_reader_gets_every_event_once_in_order_or_is_told_why_not() {
    if let Ok(seed) = std::env::var("FRONTDESK_SEED") {
        run(seed.parse().expect("FRONTDESK_SEED is a number"));
        return;
    }
    let fresh: u64 = rand::random();
    let seeds: Vec<u64> = (0..FIXED_SEEDS)
        .chain((0..NEW_SEEDS).map(|n| fresh.wrapping_add(n)))
        .collect();
    println!("new seeds from {fresh}");
    let mut passed = 0;
    let (mut delivered, mut gaps, mut resets, mut too_slow, mut revoked) = (0, 0, 0, 0, 0);
    for seed in &seeds {
        let world = run(*seed);
        passed += world.passed;
        delivered += world.delivered;
        gaps += world.gaps;
        resets += world.resets;
        too_slow += world.too_slow;
        revoked += world.revoked;
    }
    println!(
        "{} steps: {delivered} events delivered, {gaps} gaps and {resets} resets named, \
         {too_slow} slow readers, {revoked} revocations",
        seeds.len() as u64 * STEPS_PER_SEED
    );
    // A simulation in which nothing happens proves nothing.
    assert!(passed > 1_000, "{passed} passing events arrived");
    assert!(delivered > 100_000 && gaps > 100 && resets > 100 && too_slow > 100 && revoked > 100);
}

#[test]
fn a_reader_that_catches_up_gets_pages_as_fast_as_it_takes_them_and_is_never_too_slow() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        let channel = world.write_quietly(500);
        world.resume_without_reading(&channel);
        assert!(
            world.is_open(),
            "seed {seed}: what it missed is more than its outbox may hold"
        );
        world.read_slowly();
        assert!(world.is_open(), "seed {seed}");
        assert_eq!(world.delivered, world.keep_events(), "seed {seed}");
    }
}
