//! Failed logins: who waits, for how long, and who does not.

use super::*;

const MINUTE_MS: i64 = 60_000;
const NOW_MS: i64 = 1_700_000_000_000;

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn throttle() -> Throttle {
    Throttle::new(ThrottleLimits::default())
}

#[test]
fn the_eleventh_attempt_waits_and_the_pause_grows_to_a_quarter_of_an_hour() {
    let mut throttle = throttle();
    for _ in 0..10 {
        assert_eq!(throttle.begin("ana@test.com", address(1), NOW_MS), Ok(()));
    }
    let mut now_ms = NOW_MS;
    for seconds in [30, 60, 120, 240, 480, 900, 900, 900] {
        let refused = Err(RetryAfterSeconds(seconds));
        assert_eq!(throttle.begin("ana@test.com", address(1), now_ms), refused);
        assert_eq!(
            throttle.begin("ana@test.com", address(1), now_ms + 500),
            refused,
            "a part of a second is a second"
        );
        now_ms += i64::try_from(seconds).unwrap() * 1000;
        let almost = throttle.begin("ana@test.com", address(1), now_ms - 1);
        assert_eq!(almost, Err(RetryAfterSeconds(1)));
        assert_eq!(
            throttle.begin("ana@test.com", address(1), now_ms),
            Ok(()),
            "never locked"
        );
    }
}

#[test]
fn attempts_at_the_same_time_are_counted_before_any_has_an_answer() {
    let mut throttle = throttle();
    let begun = (0..200)
        .filter(|_| throttle.begin("ana@test.com", address(1), NOW_MS).is_ok())
        .count();
    assert_eq!(begun, 10);
}

#[test]
fn the_owner_logs_in_from_elsewhere_while_an_attacker_hammers_the_account() {
    let mut throttle = throttle();
    while throttle.begin("ana@test.com", address(1), NOW_MS).is_ok() {}
    assert_eq!(throttle.begin("ana@test.com", address(2), NOW_MS), Ok(()));
    throttle.succeeded("ana@test.com", address(2));
    assert!(throttle.begin("ana@test.com", address(1), NOW_MS).is_err());
    assert_eq!(throttle.begin("ben@test.com", address(1), NOW_MS), Ok(()));
}

#[test]
fn a_success_forgets_the_failures_of_that_account_and_address() {
    let mut throttle = throttle();
    for _ in 0..5 {
        for _ in 0..9 {
            assert_eq!(throttle.begin("ana@test.com", address(1), NOW_MS), Ok(()));
        }
        assert_eq!(throttle.begin(" ANA@Test.com", address(1), NOW_MS), Ok(()));
        throttle.succeeded("Ana@test.COM ", address(1));
    }
}

#[test]
fn an_address_that_fails_a_hundred_times_waits_whatever_the_account() {
    let mut throttle = throttle();
    for number in 0..100 {
        let account = format!("user{number}@test.com");
        assert_eq!(throttle.begin(&account, address(1), NOW_MS), Ok(()));
    }
    let refused = throttle.begin("other@test.com", address(1), NOW_MS);
    assert_eq!(refused, Err(RetryAfterSeconds(30)));
    assert_eq!(throttle.begin("other@test.com", address(2), NOW_MS), Ok(()));
}

#[test]
fn right_passwords_behind_one_address_never_make_it_wait() {
    let mut throttle = throttle();
    for number in 0..1000 {
        let account = format!("user{number}@test.com");
        assert_eq!(throttle.begin(&account, address(1), NOW_MS), Ok(()));
        throttle.succeeded(&account, address(1));
    }
    for number in 0..99 {
        throttle
            .begin(&format!("wrong{number}"), address(1), NOW_MS)
            .unwrap();
    }
    for number in 0..10 {
        let account = format!("user{number}@test.com");
        assert_eq!(
            throttle.begin(&account, address(1), NOW_MS + 1000),
            Ok(()),
            "{number}"
        );
        throttle.succeeded(&account, address(1));
    }
}

#[test]
fn an_attempt_without_a_verdict_is_taken_back() {
    let mut throttle = throttle();
    for _ in 0..500 {
        assert_eq!(throttle.begin("ana@test.com", address(1), NOW_MS), Ok(()));
        throttle.undo("ana@test.com", address(1));
    }
}

#[test]
fn failures_count_for_fifteen_minutes_and_a_quiet_quarter_hour_forgets_the_pauses() {
    let mut throttle = throttle();
    for minute in 0..60 {
        // One every two minutes is at most eight in any fifteen.
        let now_ms = NOW_MS + minute * MINUTE_MS * 2;
        assert_eq!(
            throttle.begin("ana@test.com", address(1), now_ms),
            Ok(()),
            "{minute}"
        );
    }
    let now_ms = NOW_MS + 1000 * MINUTE_MS;
    while throttle.begin("ana@test.com", address(1), now_ms).is_ok() {}
    let later_ms = now_ms + 30_000 + 15 * MINUTE_MS;
    for _ in 0..10 {
        assert_eq!(throttle.begin("ana@test.com", address(1), later_ms), Ok(()));
    }
    assert!(
        throttle
            .begin("ana@test.com", address(1), later_ms)
            .is_err()
    );
}

#[test]
fn a_clock_set_back_never_makes_a_pause_longer() {
    let mut throttle = throttle();
    while throttle.begin("ana@test.com", address(1), NOW_MS).is_ok() {}
    let earlier_ms = NOW_MS - 1000 * MINUTE_MS;
    let refused = throttle.begin("ana@test.com", address(1), earlier_ms);
    assert_eq!(refused, Err(RetryAfterSeconds(30)));
}

#[test]
fn the_addresses_of_one_ipv6_network_count_together() {
    let mut throttle = throttle();
    for number in 0..10 {
        let address = format!("2001:db8::{number:x}").parse().unwrap();
        assert_eq!(throttle.begin("ana@test.com", address, NOW_MS), Ok(()));
    }
    let same = "2001:db8:0:0:ffff::1".parse().unwrap();
    assert!(throttle.begin("ana@test.com", same, NOW_MS).is_err());
    let other = "2001:db8:0:1::1".parse().unwrap();
    assert_eq!(throttle.begin("ana@test.com", other, NOW_MS), Ok(()));
    assert_eq!(group("::ffff:192.0.2.7".parse().unwrap()), address(7));
}

#[test]
fn memory_is_bounded_and_the_oldest_entries_go_first() {
    let limits = ThrottleLimits {
        entries_max: 16,
        ..ThrottleLimits::default()
    };
    let mut throttle = Throttle::new(limits);
    while throttle.begin("victim", address(1), NOW_MS + 50).is_ok() {}
    for number in 0..100_u8 {
        let now_ms = NOW_MS + i64::from(number);
        throttle
            .begin(&format!("user{number}"), address(number + 2), now_ms)
            .unwrap();
        assert!(throttle.pairs.len() <= 16 && throttle.addresses.len() <= 16);
        if number == 40 {
            assert!(
                throttle.begin("victim", address(1), NOW_MS + 50).is_err(),
                "still known"
            );
        }
    }
    let newest = (account_key("user99"), address(101));
    assert!(throttle.pairs.contains_key(&newest));
    assert!(
        !throttle
            .pairs
            .contains_key(&(account_key("user1"), address(3)))
    );
}
