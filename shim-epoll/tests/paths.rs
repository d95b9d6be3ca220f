//! The socket files of unix listeners: what a bind replaces, what a close removes, and what both leave alone.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use ringmq_driver::conformance::{TestIn, TestOut};
use ringmq_driver::{Address, Driver, SocketId, SocketOptions, Token, UnixName};
use ringmq_shim_epoll::Shim;

type TestShim = Shim<TestOut, TestIn>;

/// A directory of its own for each test, gone at its end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ringmq-{name}-{}", std::process::id()));
        fs::create_dir(&path).expect("the name is this process's own");
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("socket")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn shim() -> TestShim {
    Shim::new().expect("descriptors suffice")
}

fn listen(shim: &mut TestShim, path: &Path) -> std::io::Result<SocketId> {
    let address = Address::Unix(UnixName::Path(path.to_owned()));
    let (id, _) = shim.listen(Token(1), &address, &SocketOptions::default())?;
    Ok(id)
}

#[test]
fn a_file_that_a_dead_process_left_is_replaced() {
    let directory = Directory::new("stale");
    // The standard library's listener leaves its file behind.
    drop(UnixListener::bind(directory.file()).expect("the directory is new"));
    assert!(directory.file().exists());
    let mut shim = shim();
    listen(&mut shim, &directory.file()).expect("nobody listens there");
}

#[test]
fn a_file_that_somebody_listens_on_is_left_alone() {
    let directory = Directory::new("living");
    let living = UnixListener::bind(directory.file()).expect("the directory is new");
    let error = listen(&mut shim(), &directory.file()).expect_err("somebody listens there");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(directory.file().exists());
    drop(living);
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let directory = Directory::new("plain");
    fs::write(directory.file(), "somebody's data").expect("the directory is new");
    listen(&mut shim(), &directory.file()).expect_err("it is not ours to remove");
    let kept = fs::read(directory.file()).expect("it is still there");
    assert_eq!(kept, b"somebody's data");
}

#[test]
fn a_close_removes_the_file_it_made_and_so_does_dropping_the_driver() {
    let directory = Directory::new("own");
    let mut shim = shim();
    let id = listen(&mut shim, &directory.file()).expect("the path is free");
    assert!(directory.file().exists());
    shim.close(id);
    assert!(!directory.file().exists());
    listen(&mut shim, &directory.file()).expect("the path is free again");
    drop(shim);
    assert!(!directory.file().exists());
}

#[test]
fn a_file_that_took_the_place_of_ours_survives_our_close() {
    let directory = Directory::new("taken");
    let mut shim = shim();
    let id = listen(&mut shim, &directory.file()).expect("the path is free");
    // Kept under another name, so that its inode is not given to the newcomer.
    fs::rename(directory.file(), directory.0.join("ours")).expect("both are in the directory");
    let newcomer = UnixListener::bind(directory.file()).expect("the path is free");
    shim.close(id);
    assert!(directory.file().exists());
    drop(newcomer);
}

#[test]
fn a_path_that_is_too_long_is_an_error() {
    let path = PathBuf::from("x".repeat(200));
    let error = listen(&mut shim(), &path).expect_err("sun_path is shorter");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
