//! Many seeds, each a world of faults. A seed that fails is printed with what happened last and with
//! the line that replays it up to that step.

use crate::world::World;

const STEPS_PER_SEED: u64 = 5_000;
const FIXED_SEEDS: u64 = 200;
const NEW_SEEDS: u64 = 50;

fn run(seed: u64, steps: u64) -> World {
    let mut world = World::new(seed);
    let story = world.story();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        for _ in 0..steps {
            world.step();
        }
        world.settle();
        world
    }));
    outcome.unwrap_or_else(|panic| {
        eprintln!("{}", story.told(seed));
        std::panic::resume_unwind(panic)
    })
}

#[test]
fn every_reader_gets_every_event_once_in_order_or_is_told_why_not() {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(
            text.parse()
                .unwrap_or_else(|_| panic!("{name} is {text:?}, not a number")),
        )
    };
    if let Some(seed) = number("FRONTDESK_SEED") {
        run(seed, number("FRONTDESK_STEPS").unwrap_or(STEPS_PER_SEED));
        return;
    }
    let fresh: u64 = rand::random();
    let seeds: Vec<u64> = (0..FIXED_SEEDS)
        .chain((0..NEW_SEEDS).map(|n| fresh.wrapping_add(n)))
        .collect();
    println!("new seeds from {fresh}");
    let (mut passed, mut grown, mut in_chat) = (0, 0, 0);
    let (mut delivered, mut gaps, mut resets, mut too_slow, mut revoked) = (0, 0, 0, 0, 0);
    for seed in &seeds {
        let world = run(*seed, STEPS_PER_SEED);
        passed += world.passed;
        grown += world.grown;
        in_chat += world.in_chat;
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
    assert!(grown > 10_000, "{grown} pieces of growing texts arrived");
    assert!(
        in_chat > 10_000,
        "{in_chat} messages arrived on chat sockets"
    );
    assert!(delivered > 100_000 && gaps > 100 && resets > 100 && too_slow > 100 && revoked > 100);
}

#[test]
fn two_hundred_who_come_back_at_once_read_the_log_together() {
    for seed in 0..20 {
        let mut world = World::with_per_user_max(seed, 200);
        let channel = world.write_quietly(500);
        let kept = world.keep_events();
        let each = world.resume_together(&channel, 200);
        assert_eq!(
            world.delivered, each,
            "seed {seed}: everyone gets everything"
        );
        // Two shards, pages of seven events, readers that begin at five different places.
        let pages = 2 * (2 * kept.div_ceil(7) + 5);
        assert!(
            world.pages <= pages,
            "seed {seed}: {} pages were read for 200 readers of {kept} events, {pages} are enough",
            world.pages
        );
    }
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
