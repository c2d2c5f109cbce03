//! Data that unpacks to far more than it is: read up to a bound, and refused beyond it.

use std::io::{self, ErrorKind, Read};

/// The most that what a request brings may unpack to, in bytes.
pub const UNPACKED: u64 = 64 * 1024 * 1024;

/// Passes on so many bytes; the next is a fault of the kind [`ErrorKind::FileTooLarge`].
#[derive(Debug)]
pub struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R> Bounded<R> {
    /// At most so many bytes of what there is.
    pub const fn new(inner: R, most: u64) -> Self {
        Self { inner, left: most }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or(ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_the_bound_is_read_and_one_byte_more_is_a_fault() {
        let read = |most| Bounded::new(&b"12345"[..], most).read_to_end(&mut Vec::new());
        assert_eq!(read(5).ok(), Some(5));
        assert_eq!(read(4).map_err(|fault| fault.kind()), Err(ErrorKind::FileTooLarge));
    }
}
