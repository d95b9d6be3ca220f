//! PING, PONG, silence, and the bound on what a flood of them makes us say.

use std::time::Duration;

use ringmq_wire::{Connection, Error, Heartbeat, SocketType};

use crate::script::{Kind, command, config, established, feed, partner};

const SECOND: u64 = 1_000_000_000;

fn beating(interval: u64, timeout: u64, ttl: u64) -> Connection {
    let mut config = config(SocketType::Dealer, b"");
    config.heartbeat = Some(Heartbeat {
        interval: Duration::from_nanos(interval),
        timeout: Duration::from_nanos(timeout),
        ttl: Duration::from_nanos(ttl),
    });
    established(&config)
}

fn taken(connection: &mut Connection) -> Vec<u8> {
    let mut output = Vec::new();
    connection.take_output(&mut output);
    output
}

fn ping(ttl: u16, context: &[u8]) -> Vec<u8> {
    command(b"PING", &[&ttl.to_be_bytes(), context].concat())
}

#[test]
fn a_ping_goes_out_at_each_interval_and_says_our_ttl() {
    let mut connection = beating(SECOND, 0, 3 * SECOND + 99_999_999);
    for beat in 1..5 {
        assert_eq!(connection.deadline(), Some(beat * SECOND));
        assert_eq!(connection.handle_deadline(beat * SECOND - 1), Ok(()));
        assert_eq!(taken(&mut connection), b"");
        assert_eq!(connection.handle_deadline(beat * SECOND), Ok(()));
        assert_eq!(taken(&mut connection), ping(30, b""));
    }
}

#[test]
fn a_ttl_beyond_what_ping_can_say_is_the_longest() {
    let mut connection = beating(SECOND, 0, 10_000 * SECOND);
    assert_eq!(connection.handle_deadline(SECOND), Ok(()));
    assert_eq!(taken(&mut connection), ping(u16::MAX, b""));
}

#[test]
fn silence_after_a_ping_ends_the_connection_in_time() {
    let mut connection = beating(10 * SECOND, SECOND, 0);
    assert_eq!(connection.handle_deadline(10 * SECOND), Ok(()));
    assert_eq!(connection.deadline(), Some(11 * SECOND));
    assert_eq!(connection.handle_deadline(11 * SECOND - 1), Ok(()));
    let error = connection
        .handle_deadline(11 * SECOND)
        .expect_err("the peer is silent");
    assert_eq!(error, Error::HeartbeatTimeout);
    assert!(error.is_retryable());
}

#[test]
fn a_timeout_longer_than_the_interval_counts_from_the_first_unanswered_ping() {
    let mut connection = beating(SECOND, 5 * SECOND, 0);
    for beat in 1..6 {
        assert_eq!(connection.handle_deadline(beat * SECOND), Ok(()));
    }
    assert_eq!(
        connection.handle_deadline(6 * SECOND),
        Err(Error::HeartbeatTimeout)
    );
}

#[test]
fn any_byte_is_life_even_inside_a_frame() {
    let mut connection = beating(SECOND, SECOND / 2, 0);
    for beat in 1..100 {
        assert_eq!(connection.handle_deadline(beat * SECOND), Ok(()));
        connection.bytes_arrived(beat * SECOND + SECOND / 4);
        assert_eq!(
            connection.handle_deadline(beat * SECOND + SECOND / 2),
            Ok(())
        );
    }
}

#[test]
fn the_peers_ttl_is_kept_even_without_a_heartbeat_of_ours() {
    let mut connection = established(&config(SocketType::Dealer, b""));
    assert_eq!(connection.deadline(), None);
    connection.bytes_arrived(SECOND);
    connection.scan(&ping(20, b"")).expect("a good PING");
    assert_eq!(connection.deadline(), Some(3 * SECOND));
    connection.bytes_arrived(2 * SECOND);
    assert_eq!(connection.deadline(), Some(4 * SECOND));
    assert_eq!(
        connection.handle_deadline(4 * SECOND),
        Err(Error::HeartbeatTimeout)
    );
}

#[test]
fn the_longest_ttl_is_6553_seconds_and_does_not_wrap() {
    let mut connection = established(&config(SocketType::Dealer, b""));
    connection.scan(&ping(u16::MAX, b"")).expect("a good PING");
    assert_eq!(connection.deadline(), Some(6_553_500_000_000));
    connection.scan(&ping(0, b"")).expect("a good PING");
    assert_eq!(connection.deadline(), None);
}

#[test]
fn a_ping_is_answered_with_its_context_cut_at_16_bytes() {
    let mut connection = established(&config(SocketType::Dealer, b""));
    taken(&mut connection);
    for bytes in [0, 1, 15, 16, 17, 200, 3000] {
        connection
            .scan(&ping(0, &vec![9; bytes]))
            .expect("a good PING");
        let expected = command(b"PONG", &vec![9; bytes.min(16)]);
        assert_eq!(taken(&mut connection), expected);
    }
}

#[test]
fn a_flood_of_pings_makes_few_pongs_and_the_last_answers_the_last() {
    let mut connection = established(&config(SocketType::Pub, b""));
    taken(&mut connection);
    let mut flood = Vec::new();
    for number in 0..10_000_u32 {
        flood.extend(ping(0, &[number.to_be_bytes(); 4].concat()));
    }
    let scan = connection.scan(&flood).expect("good PINGs");
    assert_eq!(
        (scan.frames, scan.messages, scan.subscriptions),
        (flood.len(), 0, 0)
    );
    assert!(connection.output().len() <= 100);
    let mut sent = 0;
    let mut last = Vec::new();
    while !connection.output().is_empty() {
        last.push(connection.output()[0]);
        connection.output_sent(1);
        sent += 1;
    }
    assert!(sent <= 150, "{sent} bytes");
    assert!(last.ends_with(&command(b"PONG", &[9_999_u32.to_be_bytes(); 4].concat())));
}

#[test]
fn pongs_and_commands_nobody_knows_are_passed_over() {
    let mut connection = established(&config(SocketType::Dealer, b""));
    taken(&mut connection);
    let stream = [
        command(b"PONG", b"ctx"),
        command(b"NEXT", b"?"),
        command(b"JOIN", b"g"),
    ]
    .concat();
    let scan = connection.scan(&stream).expect("harmless");
    assert_eq!(
        (scan.frames, scan.complete, scan.messages),
        (stream.len(), stream.len(), 0)
    );
    assert_eq!(taken(&mut connection), b"");
}

#[test]
fn pings_that_cannot_be_sent_do_not_pile_up() {
    let mut connection = beating(SECOND, 0, 0);
    taken(&mut connection);
    for beat in 1..1_000 {
        assert_eq!(connection.handle_deadline(beat * SECOND), Ok(()));
    }
    assert_eq!(connection.output(), ping(0, b""));
}

#[test]
fn peers_below_3_0_get_no_pings() {
    let mut config = config(SocketType::Dealer, b"");
    config.heartbeat = Some(Heartbeat {
        interval: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        ttl: Duration::ZERO,
    });
    let peer = partner(SocketType::Dealer).expect("DEALER has partners");
    for kind in [Kind::V2, Kind::Revision0, Kind::BareShort] {
        let (connection, _) = feed(&config, &kind.handshake(peer, b""), &[]);
        assert!(connection.is_established());
        assert_eq!(connection.deadline(), None);
    }
}

#[test]
fn a_peer_is_not_timed_out_while_we_do_not_read() {
    let mut connection = beating(SECOND, SECOND / 2, 0);
    assert_eq!(connection.handle_deadline(SECOND), Ok(()));
    connection.set_reading(false, SECOND + 1);
    for beat in 2..20 {
        assert_eq!(
            connection.handle_deadline(beat * SECOND + 1),
            Ok(()),
            "silence means nothing"
        );
    }
    connection.set_reading(true, 20 * SECOND);
    assert_eq!(connection.handle_deadline(21 * SECOND), Ok(()));
    assert_eq!(
        connection.handle_deadline(21 * SECOND + SECOND / 2),
        Err(Error::HeartbeatTimeout)
    );
}

#[test]
fn while_we_do_not_read_the_peer_gets_pings_at_once_and_then_at_its_own_rate() {
    let mut connection = established(&config(SocketType::Pull, b""));
    taken(&mut connection);
    connection.bytes_arrived(SECOND);
    connection.scan(&ping(0, b"")).expect("a good PING");
    assert_eq!(connection.deadline(), None);
    taken(&mut connection);
    connection.set_reading(false, SECOND);
    for beat in 1..5 {
        assert_eq!(connection.deadline(), Some(beat * SECOND));
        assert_eq!(connection.handle_deadline(beat * SECOND), Ok(()));
        assert_eq!(taken(&mut connection), ping(0, b""));
    }
    connection.set_reading(true, 5 * SECOND);
    assert_eq!(connection.deadline(), None);
}

#[test]
fn several_pings_in_one_read_do_not_hide_the_peers_rate() {
    let mut connection = established(&config(SocketType::Pull, b""));
    connection.bytes_arrived(SECOND);
    connection.scan(&ping(0, b"")).expect("a good PING");
    connection.bytes_arrived(3 * SECOND);
    connection
        .scan(&ping(0, b"").repeat(3))
        .expect("good PINGs");
    assert_eq!(interval_of_pings(&mut connection, 3 * SECOND), 2 * SECOND);
}

#[test]
fn a_peer_that_pings_without_pause_makes_us_ping_once_a_millisecond_at_most() {
    let mut connection = established(&config(SocketType::Pull, b""));
    connection.bytes_arrived(7);
    connection.scan(&ping(0, b"")).expect("a good PING");
    assert_eq!(interval_of_pings(&mut connection, 7), 1_000_000);
}

/// Stops reading: a PING goes out at once. Returns when the next one does.
fn interval_of_pings(connection: &mut Connection, now: u64) -> u64 {
    taken(connection);
    connection.set_reading(false, now);
    assert_eq!(connection.deadline(), Some(now));
    assert_eq!(connection.handle_deadline(now), Ok(()));
    assert_eq!(taken(connection), ping(0, b""));
    connection.deadline().expect("another PING") - now
}

#[test]
fn a_peer_whose_rate_is_unknown_hears_of_us_often_while_we_do_not_read() {
    let mut connection = established(&config(SocketType::Pull, b""));
    assert_eq!(interval_of_pings(&mut connection, SECOND), SECOND / 4);
    for beat in 5..20 {
        assert_eq!(connection.handle_deadline(beat * SECOND / 4), Ok(()));
        assert_eq!(taken(&mut connection), ping(0, b""));
    }
    connection.set_reading(true, 5 * SECOND);
    assert_eq!(connection.deadline(), None);
}

#[test]
fn many_short_pauses_make_no_more_pings_than_a_long_one() {
    let mut connection = established(&config(SocketType::Pull, b""));
    taken(&mut connection);
    let mut pings = 0;
    for step in 0..1_000 {
        let now = step * SECOND / 1_000;
        connection.set_reading(false, now);
        assert_eq!(connection.handle_deadline(now), Ok(()));
        pings += usize::from(!taken(&mut connection).is_empty());
        connection.set_reading(true, now + SECOND / 2_000);
    }
    assert_eq!(pings, 4, "in one second");
}

#[test]
fn a_pause_of_ours_is_not_taken_for_the_peers_rate() {
    let mut connection = established(&config(SocketType::Pull, b""));
    connection.set_reading(false, 0);
    connection.set_reading(true, 60 * SECOND);
    connection.bytes_arrived(60 * SECOND);
    connection.scan(&ping(0, b"")).expect("it waited unread");
    assert_eq!(interval_of_pings(&mut connection, 60 * SECOND), SECOND / 4);
}

#[test]
fn a_peer_of_3_0_that_may_not_know_pings_gets_none_unasked() {
    let kind = Kind::V3 {
        revision: 3,
        minor: 0,
    };
    let config = config(SocketType::Pull, b"");
    let stream = kind.handshake(SocketType::Push, b"");
    let (mut connection, _) = feed(&config, &stream, &[]);
    connection.set_reading(false, SECOND);
    assert_eq!(connection.deadline(), None);
    connection.set_reading(true, SECOND);
    connection.bytes_arrived(2 * SECOND);
    connection.scan(&ping(0, b"")).expect("so it knows them");
    connection.bytes_arrived(4 * SECOND);
    connection.scan(&ping(0, b"")).expect("a good PING");
    assert_eq!(interval_of_pings(&mut connection, 4 * SECOND), 2 * SECOND);
}

#[test]
fn arrivals_told_out_of_order_do_not_bring_silence_closer() {
    let mut connection = established(&config(SocketType::Dealer, b""));
    connection.bytes_arrived(2 * SECOND);
    connection.scan(&ping(10, b"")).expect("a good PING");
    connection.bytes_arrived(SECOND);
    connection.scan(&ping(10, b"")).expect("a good PING");
    assert_eq!(connection.deadline(), Some(3 * SECOND));
}
