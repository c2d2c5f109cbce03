//! What a file is and whether it is fit, told by its bytes as they come: never by its name, never by decoding a picture.

use super::intake::Unfit;
use super::pdf::Pdf;
use super::picture::{Jpeg, Png};

/// Bytes by which a kind is known.
const HEAD: usize = 16;

/// Looks at a file piece by piece.
#[derive(Debug, Default)]
pub struct Inspector {
    head: Vec<u8>,
    kind: Option<Kind>,
}

#[derive(Debug)]
enum Kind {
    Pdf(Box<Pdf>),
    Png(Png),
    Jpeg(Jpeg),
}

impl Inspector {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Unfit`], as soon as it shows.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        match &mut self.kind {
            Some(kind) => kind.feed(bytes),
            None => {
                self.head.extend_from_slice(bytes);
                if self.head.len() < HEAD { Ok(()) } else { self.begin() }
            }
        }
    }

    /// Says what the whole is.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn end(&mut self) -> Result<&'static str, Unfit> {
        if self.kind.is_none() {
            self.begin()?;
        }
        self.kind.take().ok_or(Unfit::Kind)?.end()
    }

    fn begin(&mut self) -> Result<(), Unfit> {
        let head = std::mem::take(&mut self.head);
        // From the first byte on: what stands before another kind's mark is of a kind of its own.
        let mut kind = if head.starts_with(b"%PDF-") {
            Kind::Pdf(Box::default())
        } else if head.starts_with(b"\x89PNG\r\n\x1a\n") {
            Kind::Png(Png::default())
        } else if head.starts_with(b"\xff\xd8\xff") {
            Kind::Jpeg(Jpeg::default())
        } else {
            return Err(Unfit::Kind);
        };
        kind.feed(&head)?;
        self.kind = Some(kind);
        Ok(())
    }
}

impl Kind {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        match self {
            Self::Pdf(pdf) => pdf.feed(bytes),
            Self::Png(png) => png.feed(bytes),
            Self::Jpeg(jpeg) => jpeg.feed(bytes),
        }
        .map_err(Unfit::Content)
    }

    fn end(self) -> Result<&'static str, Unfit> {
        match self {
            Self::Pdf(_) => Ok("application/pdf"),
            Self::Png(png) => png.end().map(|()| "image/png").map_err(Unfit::Content),
            Self::Jpeg(jpeg) => jpeg.end().map(|()| "image/jpeg").map_err(Unfit::Content),
        }
    }
}
