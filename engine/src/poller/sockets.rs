//! The collections that sockets live in while a poller waits for them.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use crate::socket::Socket;

/// Where a [`Poller`](crate::Poller) finds the sockets that it has to look at.
///
/// A program whose sockets are fields of a structure says which is which:
///
/// ```
/// use ringmq::{Socket, Sockets};
///
/// struct Broker {
///     frontend: Socket,
///     backend: Socket,
/// }
///
/// impl Sockets for Broker {
///     fn socket(&mut self, key: usize) -> Option<&mut Socket> {
///         match key {
///             0 => Some(&mut self.frontend),
///             1 => Some(&mut self.backend),
///             _ => None,
///         }
///     }
/// }
/// ```
pub trait Sockets {
    /// The socket that was added with this key; `None` if it is there no longer.
    fn socket(&mut self, key: usize) -> Option<&mut Socket>;
}

impl Sockets for [Socket] {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        self.get_mut(key)
    }
}

impl Sockets for [&mut Socket] {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        self.get_mut(key).map(|socket| &mut **socket)
    }
}

impl<const N: usize> Sockets for [Socket; N] {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        self.get_mut(key)
    }
}

impl<const N: usize> Sockets for [&mut Socket; N] {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        self.get_mut(key).map(|socket| &mut **socket)
    }
}

impl Sockets for Vec<Socket> {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        self.get_mut(key)
    }
}

impl Sockets for BTreeMap<usize, Socket> {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        self.get_mut(&key)
    }
}

impl<S: BuildHasher> Sockets for HashMap<usize, Socket, S> {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        self.get_mut(&key)
    }
}
