//! The shadow of a page: under loom one checked cell per byte, in production nothing.
//!
//! A page is raw memory that loom cannot see. Each read and each write of page bytes also touches the shadow, so
//! that reading bytes nobody published, or rewriting bytes that somebody may still read, is a race that loom
//! reports. The production shadow has no size and its methods no code.

#[cfg(not(loom))]
pub(crate) use absent::Shadow;
#[cfg(loom)]
pub(crate) use checked::Shadow;

#[cfg(not(loom))]
mod absent {
    /// No shadow: the page is not watched.
    pub(crate) struct Shadow;

    impl Shadow {
        /// A shadow for a page of `_bytes` bytes.
        #[inline]
        pub(crate) const fn new(_bytes: usize) -> Self {
            Self
        }

        /// Bytes are read.
        #[inline]
        pub(crate) const fn read(&self, _offset: usize, _len: usize) {}

        /// Bytes are written.
        #[inline]
        pub(crate) const fn write(&self, _offset: usize, _len: usize) {}
    }
}

#[cfg(loom)]
mod checked {
    use crate::sync::UnsafeCell;

    /// One cell per byte of the page.
    pub(crate) struct Shadow(Vec<UnsafeCell<()>>);

    impl Shadow {
        /// A shadow for a page of `bytes` bytes.
        pub(crate) fn new(bytes: usize) -> Self {
            Self((0..bytes).map(|_| UnsafeCell::new(())).collect())
        }

        /// Bytes are read.
        pub(crate) fn read(&self, offset: usize, len: usize) {
            for cell in &self.0[offset..offset + len] {
                cell.with(|_| ());
            }
        }

        /// Bytes are written.
        pub(crate) fn write(&self, offset: usize, len: usize) {
            for cell in &self.0[offset..offset + len] {
                cell.with_mut(|_| ());
            }
        }
    }
}
