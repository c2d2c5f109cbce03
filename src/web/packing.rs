//! How answers are packed for the line: gzip at once, and large pages more thoroughly for whoever unpacks Brotli.

use std::io::Write;

use axum::http::{HeaderMap, header};
use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Smaller than this, packing gains nothing.
const SMALL: usize = 512;
/// From this size on a page is packed more thoroughly, where it can be.
const LARGE: usize = 64 * 1024;
/// RFC 7932 leaves how much work goes into packing to the packer: of 0 to 11, the first that looks for more than the nearest repeat.
const QUALITY: u32 = 5;
/// The window of RFC 7932 as a power of two: a whole page.
const WINDOW: u32 = 20;
const BUFFER: usize = 32 * 1024;

/// What a browser unpacks (RFC 9110, 12.5.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpacks {
    gzip: bool,
    brotli: bool,
}

impl Unpacks {
    /// As the headers of a request say.
    pub fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let mut all = Self::default();
        for one in accepted.into_iter().flat_map(|accepted| accepted.split(',')) {
            let (kind, weight) = one.split_once(";q=").unwrap_or((one, "1"));
            if !weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0) {
                continue;
            }
            match kind.trim() {
                "gzip" => all.gzip = true,
                "br" => all.brotli = true,
                _ => {}
            }
        }
        all
    }

    /// Whether gzip is taken, and so much is worth it.
    pub const fn gzips(self, size: usize) -> bool {
        self.gzip && size >= SMALL
    }

    /// A page as it goes over the line, and what it is packed with; `None` where it goes as it is.
    pub fn pack(self, page: &[u8]) -> Option<(&'static str, Vec<u8>)> {
        if self.brotli && page.len() >= LARGE {
            return Some(("br", brotli(page)));
        }
        self.gzip.then(|| ("gzip", gzip(page, Compression::fast())))
    }
}

/// The same bytes for whoever unpacks gzip.
pub fn gzip(content: &[u8], how: Compression) -> Vec<u8> {
    let mut into = GzEncoder::new(Vec::with_capacity(content.len() / 3), how);
    // Writing into memory does not fail.
    into.write_all(content).and_then(|()| into.finish()).unwrap_or_default()
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut into = CompressorWriter::new(Vec::with_capacity(content.len() / 4), BUFFER, QUALITY, WINDOW);
    // Writing into memory does not fail.
    let _ = into.write_all(content);
    into.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(value: &'static str) -> Unpacks {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
        Unpacks::of(&headers)
    }

    #[test]
    fn only_who_asks_for_a_packed_answer_gets_it() {
        assert_eq!(asks("gzip, deflate, br"), Unpacks { gzip: true, brotli: true });
        assert_eq!(asks("br;q=1.0, gzip;q=0.8"), Unpacks { gzip: true, brotli: true });
        assert_eq!(asks("br;q=0, gzip"), Unpacks { gzip: true, brotli: false });
        assert_eq!(asks("gzip;q=0, identity"), Unpacks::default());
        assert_eq!(Unpacks::of(&HeaderMap::new()), Unpacks::default());
        assert!(Unpacks::default().pack(b"page").is_none());
    }

    #[test]
    fn a_large_page_is_packed_more_thoroughly_and_comes_out_as_it_was() {
        let page: Vec<u8> = (0..LARGE).map(|at| u8::try_from(at * at % 251).unwrap()).collect();
        let (how, packed) = asks("gzip, br").pack(&page).unwrap();
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut packed.as_slice(), &mut unpacked).unwrap();
        assert_eq!((how, unpacked), ("br", page.clone()));
        assert_eq!(asks("gzip, br").pack(&page[1..]).map(|(how, _)| how), Some("gzip"));
        assert_eq!(asks("gzip").pack(&page).map(|(how, _)| how), Some("gzip"));
    }
}
