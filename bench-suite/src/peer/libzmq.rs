//! libzmq through its C functions: `zmq_send` and `zmq_recv` with the caller's buffers, as a C program
//! calls them. Either the library built into this program, or one opened at run time.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::rc::Rc;

use libloading::Library;

use super::{Inlet, Outlet, PeerError, Sockets};

const PULL: c_int = 7;
const PUSH: c_int = 8;
const LINGER: c_int = 17;
const SNDHWM: c_int = 23;
const RCVHWM: c_int = 24;
const LAST_ENDPOINT: c_int = 32;

/// Writes each signature once, for both ways to come by the functions.
macro_rules! functions {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        mod built_in {
            use super::{c_char, c_int, c_void};
            unsafe extern "C" {
                $(pub(super) fn $name($($argument: $type),*) $(-> $result)?;)*
            }
        }

        /// The functions of one libzmq.
        #[derive(Clone, Copy)]
        struct Functions {
            $($name: unsafe extern "C" fn($($argument: $type),*) $(-> $result)?,)*
        }

        impl Functions {
            /// Those of the library built into this program.
            fn built_in() -> Self {
                Self { $($name: built_in::$name,)* }
            }

            /// Those of a library opened at run time, which stays open as long as the process lives.
            fn of(library: &'static Library) -> Result<Self, libloading::Error> {
                $(
                    let name = concat!(stringify!($name), "\0").as_bytes();
                    // SAFETY: libzmq has not changed these signatures since version 3, and the library
                    // outlives the pointer, since it is never closed.
                    let $name = unsafe { library.get(name) };
                    let $name = *$name?;
                )*
                Ok(Self { $($name,)* })
            }
        }
    };
}

functions! {
    fn zmq_version(major: *mut c_int, minor: *mut c_int, patch: *mut c_int);
    fn zmq_errno() -> c_int;
    fn zmq_ctx_new() -> *mut c_void;
    fn zmq_ctx_term(context: *mut c_void) -> c_int;
    fn zmq_socket(context: *mut c_void, kind: c_int) -> *mut c_void;
    fn zmq_close(socket: *mut c_void) -> c_int;
    fn zmq_setsockopt(socket: *mut c_void, option: c_int, value: *const c_void, bytes: usize)
        -> c_int;
    fn zmq_getsockopt(socket: *mut c_void, option: c_int, value: *mut c_void, bytes: *mut usize)
        -> c_int;
    fn zmq_bind(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    fn zmq_connect(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    fn zmq_send(socket: *mut c_void, bytes: *const c_void, length: usize, flags: c_int) -> c_int;
    fn zmq_recv(socket: *mut c_void, bytes: *mut c_void, length: usize, flags: c_int) -> c_int;
}

impl Functions {
    fn version(&self) -> String {
        let (mut major, mut minor, mut patch) = (0, 0, 0);
        // SAFETY: the three places are writable integers.
        unsafe { (self.zmq_version)(&raw mut major, &raw mut minor, &raw mut patch) };
        format!("{major}.{minor}.{patch}")
    }

    /// The failure of `call`, which has just returned in this thread.
    fn failed(&self, call: &'static str) -> PeerError {
        // SAFETY: zmq_errno only reads the calling thread's errno.
        let errno = unsafe { (self.zmq_errno)() };
        PeerError::Libzmq { call, errno }
    }

    /// What `call` returned, if it was not its failure.
    fn checked(&self, call: &'static str, result: c_int) -> Result<usize, PeerError> {
        usize::try_from(result).map_err(|_negative| self.failed(call))
    }
}

/// Opens a shared libzmq. It is never closed: its threads would be left without their code.
fn open(name: &str) -> Result<&'static Library, libloading::Error> {
    // SAFETY: the user asked for this library by name, or it is the system's libzmq; its initialisers run
    // as they would in any program linked to it.
    let library = unsafe { Library::new(name) }?;
    Ok(Box::leak(Box::new(library)))
}

/// The version of the shared libzmq of this name or path, where there is one.
pub(crate) fn shared_version(name: &str) -> Option<String> {
    let functions = Functions::of(open(name).ok()?).ok()?;
    Some(functions.version())
}

/// One libzmq context.
pub(super) struct Libzmq {
    context: Rc<Context>,
    high_water_mark: u32,
    name: &'static str,
}

impl Libzmq {
    /// The library built into this program.
    pub(super) fn built_in(high_water_mark: u32) -> Result<Self, PeerError> {
        let context = Rc::new(Context::new(Functions::built_in())?);
        Ok(Self {
            context,
            high_water_mark,
            name: "libzmq",
        })
    }

    /// The shared library of this name or path.
    pub(super) fn shared(name: &str, high_water_mark: u32) -> Result<Self, PeerError> {
        let functions = open(name)
            .and_then(Functions::of)
            .map_err(PeerError::Open)?;
        let context = Rc::new(Context::new(functions)?);
        Ok(Self {
            context,
            high_water_mark,
            name: "shared libzmq",
        })
    }
}

impl Sockets for Libzmq {
    type Outlet = Socket;
    type Inlet = Socket;

    fn ran(&self) -> String {
        format!("{} {}", self.name, self.context.functions.version())
    }

    fn bind(&mut self, endpoint: &str) -> Result<(Socket, String), PeerError> {
        let socket = Socket::new(&self.context, PULL, self.high_water_mark)?;
        let endpoint = CString::new(endpoint).map_err(|_nul| PeerError::UnknownEndpoint)?;
        // SAFETY: the socket is open until it is dropped, and `endpoint` ends in a nul.
        let result = unsafe { (self.context.functions.zmq_bind)(socket.raw, endpoint.as_ptr()) };
        self.context.functions.checked("zmq_bind", result)?;
        let bound = socket.last_endpoint()?;
        Ok((socket, bound))
    }

    fn connect(&mut self, endpoint: &str) -> Result<Socket, PeerError> {
        let socket = Socket::new(&self.context, PUSH, self.high_water_mark)?;
        let endpoint = CString::new(endpoint).map_err(|_nul| PeerError::UnknownEndpoint)?;
        // SAFETY: the socket is open until it is dropped, and `endpoint` ends in a nul.
        let result = unsafe { (self.context.functions.zmq_connect)(socket.raw, endpoint.as_ptr()) };
        self.context.functions.checked("zmq_connect", result)?;
        Ok(socket)
    }
}

/// A libzmq context, ended when its last socket is gone.
struct Context {
    functions: Functions,
    raw: *mut c_void,
}

impl Context {
    fn new(functions: Functions) -> Result<Self, PeerError> {
        // SAFETY: zmq_ctx_new has no precondition.
        let raw = unsafe { (functions.zmq_ctx_new)() };
        if raw.is_null() {
            return Err(functions.failed("zmq_ctx_new"));
        }
        Ok(Self { functions, raw })
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the context is open, and every socket, which holds a reference to it, is closed.
        unsafe { (self.functions.zmq_ctx_term)(self.raw) };
    }
}

/// A libzmq socket, used by the thread that made it.
pub(super) struct Socket {
    context: Rc<Context>,
    raw: *mut c_void,
}

impl Socket {
    fn new(context: &Rc<Context>, kind: c_int, high_water_mark: u32) -> Result<Self, PeerError> {
        // SAFETY: the context is open as long as a reference to it is held.
        let raw = unsafe { (context.functions.zmq_socket)(context.raw, kind) };
        if raw.is_null() {
            return Err(context.functions.failed("zmq_socket"));
        }
        let socket = Self {
            context: Rc::clone(context),
            raw,
        };
        let mark = c_int::try_from(high_water_mark).unwrap_or(c_int::MAX);
        for (option, value) in [(SNDHWM, mark), (RCVHWM, mark), (LINGER, 0)] {
            socket.set(option, value)?;
        }
        Ok(socket)
    }

    fn set(&self, option: c_int, value: c_int) -> Result<(), PeerError> {
        let functions = &self.context.functions;
        let place = ptr::from_ref(&value).cast();
        // SAFETY: the socket is open, and `place` is an integer of the length given.
        let result =
            unsafe { (functions.zmq_setsockopt)(self.raw, option, place, size_of::<c_int>()) };
        functions.checked("zmq_setsockopt", result).map(drop)
    }

    fn last_endpoint(&self) -> Result<String, PeerError> {
        let functions = &self.context.functions;
        let mut text = [0u8; 1024];
        let mut length = text.len();
        let place = text.as_mut_ptr().cast();
        // SAFETY: the socket is open, and `place` is writable for `length` bytes.
        let result =
            unsafe { (functions.zmq_getsockopt)(self.raw, LAST_ENDPOINT, place, &raw mut length) };
        functions.checked("zmq_getsockopt", result)?;
        let text = CStr::from_bytes_until_nul(&text).map_err(|_open| PeerError::UnknownEndpoint)?;
        Ok(text.to_string_lossy().into_owned())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: the socket is open, and nothing uses it after its drop.
        unsafe { (self.context.functions.zmq_close)(self.raw) };
    }
}

impl Outlet for Socket {
    #[inline]
    fn send(&mut self, message: &[u8]) -> Result<(), PeerError> {
        let functions = &self.context.functions;
        // SAFETY: the socket is open, and `message` is readable for its length; libzmq copies it.
        let result =
            unsafe { (functions.zmq_send)(self.raw, message.as_ptr().cast(), message.len(), 0) };
        functions.checked("zmq_send", result).map(drop)
    }
}

impl Inlet for Socket {
    #[inline]
    fn receive(&mut self, message: &mut [u8]) -> Result<usize, PeerError> {
        let functions = &self.context.functions;
        // SAFETY: the socket is open, and `message` is writable for its length.
        let result = unsafe {
            (functions.zmq_recv)(self.raw, message.as_mut_ptr().cast(), message.len(), 0)
        };
        functions.checked("zmq_recv", result)
    }
}
