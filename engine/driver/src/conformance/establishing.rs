//! Listening, connecting, accepting.

use super::Subject;
use super::rig::{Peer, Rig, pattern};
use crate::{Address, Driver, SocketOptions, Wait};

/// Port 0 becomes a port that connects can reach; `peer_address` names it there, `local_address` here.
pub fn listening_on_port_zero_reports_the_real_address<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (_, real) = rig.listen(&address);
        let (client, server) = rig.pair_at(&real);
        assert_eq!(rig.driver.local_address(server.socket), Some(real.clone()));
        if let (Address::Tcp(asked), Address::Tcp(real)) = (&address, &real) {
            assert_eq!(asked.ip(), real.ip());
            assert_ne!(real.port(), 0);
            let peer = rig.driver.peer_address(client.socket);
            assert_eq!(peer, Some(Address::Tcp(*real)));
        } else {
            assert_eq!(address, real);
        }
    }
}

/// D1: a connect and its accept each complete in a poll, and once.
pub fn a_connect_and_its_accept_complete_once<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (listener, real) = rig.listen(&address);
        let (client, server) = rig.pair_at(&real);
        assert_ne!(client.socket, server.socket);
        assert_ne!(client.socket, listener.socket);
        // The rig fails on a second `Connected`; a second `Accepted` would have no connect of its own.
        for _ in 0..100 {
            rig.turn(Wait::Now);
        }
        assert!(rig.accepted.is_empty());
        rig.close_all(&[listener, client, server]);
    }
}

/// A refused connect is a result, after which the socket still waits for its close.
pub fn connecting_where_nobody_listens_fails<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (listener, real) = rig.listen(&address);
        rig.close_all(&[listener]);
        let client = rig.connect(&real);
        rig.until("a refusal", |rig| rig.record(client).connected.is_some());
        assert!(matches!(rig.record(client).connected, Some(Err(_))));
        rig.close_all(&[client]);
    }
}

/// A second listener at the same address fails, until the first one has closed.
pub fn an_address_in_use_is_refused_and_free_after_close<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (listener, real) = rig.listen(&address);
        let token = rig.token();
        let second = rig.driver.listen(token, &real, &SocketOptions::default());
        assert!(second.is_err(), "two listeners at {real}");
        // The refusal must not have disturbed the first, nor removed its path.
        let (client, server) = rig.pair_at(&real);
        rig.close_all(&[client, server, listener]);
        let (listener, again) = rig.listen(&real);
        assert_eq!(again, real);
        let (client, server) = rig.pair_at(&real);
        rig.close_all(&[client, server, listener]);
    }
}

/// More connections than one turn would take all arrive, and each reaches its own peer.
pub fn a_listener_accepts_a_burst_of_connections<S: Subject>(subject: &S) {
    const CONNECTIONS: usize = 100;
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (_, real) = rig.listen(&address);
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| rig.connect(&real)).collect();
        let servers: Vec<_> = (0..CONNECTIONS).map(|_| rig.accept()).collect();
        rig.until("all connects", |rig| {
            clients
                .iter()
                .all(|client| matches!(rig.record(*client).connected, Some(Ok(()))))
        });
        for (client, number) in clients.iter().zip(0_u64..) {
            rig.send(*client, &pattern(8, number), 1);
        }
        for server in &servers {
            rig.receive_stream(*server);
        }
        rig.until("each server's greeting", |rig| {
            clients
                .iter()
                .all(|client| !rig.record(*client).sent.is_empty())
                && servers
                    .iter()
                    .all(|server| !rig.record(*server).received.is_empty())
        });
    }
}

/// D10: an accept that fails stops the listener; the connection is taken after the restart.
pub fn a_failed_accept_stops_the_listener_until_it_is_restarted<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (listener, real) = rig.listen(&address);
        if !subject.fail_accepts(true) {
            return;
        }
        let client = rig.connect(&real);
        rig.until("a failed accept", |rig| !rig.accepted.is_empty());
        let (token, result) = rig.accepted.pop_front().expect("just seen");
        assert_eq!(token, listener.token);
        assert!(result.is_err());
        subject.fail_accepts(false);
        for _ in 0..100 {
            rig.turn(Wait::Now);
        }
        assert!(rig.accepted.is_empty(), "D10: a failed listener is stopped");
        rig.driver.accept(listener.socket);
        let server = rig.accept();
        rig.close_all(&[client, server, listener]);
    }
}

/// D10: a paused listener says so once, after what it accepted; who comes then waits, and is taken after the restart.
pub fn a_paused_listener_stops_until_it_is_restarted<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (listener, real) = rig.listen(&address);
        for round in 0..20 {
            // Some are under way when the pause comes.
            let mut clients: Vec<_> = (0..round).map(|_| rig.connect(&real)).collect();
            if round % 2 == 0 {
                rig.turn(Wait::Now);
            }
            rig.driver.pause(listener.socket);
            rig.driver.pause(listener.socket);
            rig.until("the listener stops", |rig| {
                rig.accepted.back().is_some_and(|(_, last)| last.is_err())
            });
            rig.accepted.pop_back();
            let before = rig.accepted.len();
            assert!(rig.accepted.iter().all(|(_, result)| result.is_ok()));

            clients.extend((0..5).map(|_| rig.connect(&real)));
            rig.until("the kernel takes them", |rig| {
                clients
                    .iter()
                    .all(|client| matches!(rig.record(*client).connected, Some(Ok(()))))
            });
            for _ in 0..100 {
                rig.turn(Wait::Now);
            }
            assert_eq!(rig.accepted.len(), before, "D10: it is stopped");
            // Pausing it once more says nothing.
            rig.driver.pause(listener.socket);
            rig.driver.accept(listener.socket);
            let servers: Vec<_> = clients.iter().map(|_| rig.accept()).collect();
            rig.close_all(&clients);
            rig.close_all(&servers);
        }
        // A stop that the close overtakes leaves nothing behind.
        rig.driver.pause(listener.socket);
        rig.close_all(&[listener]);
    }
}

/// D16: what had arrived at a connection that is handed over is there, and both directions go on.
pub fn an_accepted_connection_goes_on_at_another_driver<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut first = Rig::new(subject);
        let mut second = Rig::new(subject);
        let (listener, real) = first.listen(&address);
        let client = first.connect(&real);
        first.until("an accept", |rig| !rig.accepted.is_empty());
        let (_, accepted) = first.accepted.pop_front().expect("just seen");
        first.until("the connect", |rig| {
            matches!(rig.record(client).connected, Some(Ok(())))
        });
        let early = pattern(1_000, 1);
        first.send(client, &early, 1);
        first.until("the send", |rig| !rig.record(client).sent.is_empty());
        let accepted = accepted.expect("nothing fails here");
        let connection = first.driver.hand_over(accepted);
        let token = second.token();
        let socket = second.driver.take_over(token, connection);
        let server = Peer {
            socket: socket.expect("the driver has room"),
            token,
        };
        second.receive_stream(server);
        second.until("what came early", |rig| {
            rig.record(server).received.len() == early.len()
        });
        assert_eq!(second.record(server).received, early);
        let answer = pattern(1_000, 2);
        second.send(server, &answer, 1);
        first.receive_stream(client);
        let mut turns = 0;
        while first.record(client).received.len() < answer.len() {
            second.turn(Wait::Now);
            first.turn(Wait::Now);
            turns += 1;
            assert!(turns < 10_000_000, "waited in vain for the answer");
        }
        assert_eq!(first.record(client).received, answer);
        second.close_all(&[server]);
        first.close_all(&[client, listener]);
    }
}
