//! The list: each setter, and the test that sees its effect.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A setter, the file of its test among `tests/`, and the test.
const TESTED: &[(&str, &str, &str)] = &[
    (
        "set_conflate",
        "options/conflate.rs",
        "only_the_newest_message_waits_for_a_peer",
    ),
    (
        "set_affinity",
        "engines.rs",
        "a_socket_with_an_affinity_has_all_its_peers_at_the_engines_it_names",
    ),
    (
        "set_backlog",
        "options/system.rs",
        "a_listener_has_the_backlog_that_was_asked_for",
    ),
    (
        "set_connect_routing_id",
        "options/routing.rs",
        "the_next_peer_is_known_by_the_name_that_it_was_given",
    ),
    (
        "set_connect_timeout",
        "options/connections.rs",
        "a_connect_that_takes_too_long_is_tried_again",
    ),
    (
        "set_device",
        "options/system.rs",
        "sockets_keep_to_the_interface_that_was_named",
    ),
    (
        "set_handshake_timeout",
        "options/connections.rs",
        "a_peer_that_does_not_answer_is_let_go_after_the_handshake_timeout",
    ),
    (
        "set_heartbeat",
        "heartbeats.rs",
        "a_peer_that_falls_silent_is_disconnected",
    ),
    (
        "set_heartbeat_ttl",
        "options/connections.rs",
        "a_ping_asks_for_the_time_to_live_that_was_set",
    ),
    (
        "set_immediate",
        "options/queues.rs",
        "immediate_queues_for_nobody_whose_connection_is_not_ready",
    ),
    (
        "set_invert_matching",
        "options/publishing.rs",
        "inverted_what_matches_is_not_sent",
    ),
    (
        "set_ipv6",
        "options/connections.rs",
        "the_wildcard_is_both_families_or_ipv4_alone",
    ),
    (
        "set_kernel_buffers",
        "options/system.rs",
        "kernel_buffers_have_the_size_that_was_asked_for",
    ),
    (
        "set_linger",
        "options/queues.rs",
        "a_closed_socket_lingers_as_it_was_told",
    ),
    (
        "set_manual",
        "options/publishing.rs",
        "manual_gives_peers_what_the_application_grants",
    ),
    (
        "set_manual_last_value",
        "options/publishing.rs",
        "a_last_value_goes_to_the_newcomer_alone",
    ),
    (
        "set_message_bytes_max",
        "options/connections.rs",
        "a_peer_that_sends_too_long_a_message_is_disconnected",
    ),
    (
        "set_message_parts_max",
        "options/connections.rs",
        "a_peer_that_sends_too_many_parts_is_disconnected",
    ),
    (
        "set_no_drop",
        "options/publishing.rs",
        "without_drops_a_full_subscriber_refuses_the_message",
    ),
    (
        "set_only_first_subscribe",
        "options/publishing.rs",
        "only_a_first_frame_subscribes_where_that_was_asked_for",
    ),
    (
        "set_probe_router",
        "options/routing.rs",
        "a_probe_comes_first",
    ),
    (
        "set_receive_high_water_mark",
        "options/queues.rs",
        "no_more_is_read_from_a_peer_than_the_receive_mark_allows",
    ),
    (
        "set_receive_timeout",
        "options/queues.rs",
        "a_receive_waits_as_long_as_was_asked_for",
    ),
    (
        "set_reconnect_interval",
        "options/connections.rs",
        "a_lost_connection_is_made_again_after_the_pause_that_was_asked_for",
    ),
    (
        "set_request_correlate",
        "options/routing.rs",
        "a_request_carries_a_number_and_only_its_reply_is_taken",
    ),
    (
        "set_request_relaxed",
        "options/routing.rs",
        "a_relaxed_request_may_follow_another",
    ),
    (
        "set_router_handover",
        "options/routing.rs",
        "a_newcomer_takes_an_id_over_where_that_is_allowed",
    ),
    (
        "set_router_mandatory",
        "options/routing.rs",
        "a_mandatory_router_refuses_a_message_for_nobody",
    ),
    (
        "set_router_notify",
        "options/routing.rs",
        "a_router_tells_who_comes_and_who_goes",
    ),
    (
        "set_routing_id",
        "options/routing.rs",
        "peers_know_a_socket_by_its_routing_id",
    ),
    (
        "set_send_high_water_mark",
        "options/queues.rs",
        "so_many_messages_wait_for_a_peer_as_was_asked_for_and_the_mark_is_live",
    ),
    (
        "set_send_timeout",
        "options/queues.rs",
        "a_send_waits_as_long_as_was_asked_for",
    ),
    (
        "set_tcp_keepalive",
        "options/system.rs",
        "tcp_probes_silent_connections_as_it_was_told",
    ),
    (
        "set_tcp_user_timeout",
        "options/system.rs",
        "tcp_gives_unacknowledged_bytes_up_as_it_was_told",
    ),
    (
        "set_type_of_service",
        "options/system.rs",
        "packets_are_marked_as_was_asked_for",
    ),
    (
        "set_verbose",
        "options/publishing.rs",
        "verbose_tells_each_subscription_and_verboser_each_unsubscription",
    ),
    (
        "set_verboser",
        "options/publishing.rs",
        "verbose_tells_each_subscription_and_verboser_each_unsubscription",
    ),
    (
        "set_welcome_message",
        "options/publishing.rs",
        "a_welcome_comes_first",
    ),
    (
        "ContextBuilder::ipv6",
        "options/contexts.rs",
        "sockets_start_without_ipv6_where_the_context_says_so",
    ),
    (
        "ContextBuilder::libzmq_defaults",
        "options/contexts.rs",
        "libzmqs_defaults_are_those_of_libzmq",
    ),
    (
        "ContextBuilder::linger",
        "options/contexts.rs",
        "a_context_whose_sockets_do_not_linger_ends_at_once",
    ),
    (
        "ContextBuilder::message_bytes_max",
        "options/contexts.rs",
        "sockets_start_with_the_contexts_longest_message",
    ),
    (
        "ContextBuilder::sockets_max",
        "options/contexts.rs",
        "more_sockets_than_allowed_are_refused_until_one_is_closed",
    ),
];

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The public setters of the socket, from their source.
fn setters() -> BTreeSet<String> {
    let files = fs::read_dir(package().join("src/socket/settings")).unwrap();
    let mut found = BTreeSet::new();
    for file in files {
        let source = text(&file.unwrap().path());
        for line in source.lines().map(str::trim_start) {
            let rest = line.strip_prefix("pub fn ");
            let rest = rest.or_else(|| line.strip_prefix("pub const fn "));
            if let Some(name) = rest.and_then(|rest| rest.split(['(', '<']).next())
                && name.starts_with("set_")
            {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_setter_has_a_test_that_sees_its_effect() {
    let tested: BTreeMap<_, _> = TESTED
        .iter()
        .map(|(setter, file, test)| (*setter, (*file, *test)))
        .collect();
    let setters = setters();
    assert!(setters.len() > 30, "the source was read");
    for setter in &setters {
        assert!(
            tested.contains_key(&setter[..]),
            "{setter} has no test: write one that sees its effect, and enter it in TESTED"
        );
    }
    let mut table = String::from("\noptions tested (setter: test)\n");
    for (setter, (file, test)) in &tested {
        assert!(
            setters.contains(*setter) || setter.starts_with("ContextBuilder::"),
            "there is no {setter}"
        );
        let source = text(&package().join("tests").join(file));
        assert!(
            source.contains(&format!("#[test]\nfn {test}()")),
            "{file} has no test {test}"
        );
        table += &format!("  {setter:<36} {file}: {test}\n");
    }
    table += &format!("{} options\n", tested.len());
    // Not by `print!`, which the harness keeps to itself where a test succeeds.
    std::io::stderr().write_all(table.as_bytes()).unwrap();
}
