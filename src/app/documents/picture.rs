//! Pictures, known by their headers alone: how many pixels they unfold into, and whether they are pictures at all.

use super::flaw::Flaw;

/// Most pixels: what a sheet of A3 has at 600 dots an inch, and half as much again.
const PIXELS: u64 = 100_000_000;

type Sound = Result<(), Flaw>;

fn sized(width: u32, height: u32) -> Sound {
    match (width, height) {
        (0, _) | (_, 0) => Err(Flaw::Broken),
        (width, height) if u64::from(width) * u64::from(height) > PIXELS => Err(Flaw::Huge),
        _ => Ok(()),
    }
}

/// Bytes that are needed together, however they come.
#[derive(Debug, Default)]
struct Gather(Vec<u8>);

impl Gather {
    /// `N` bytes once they are there; takes them from `bytes`.
    fn take<const N: usize>(&mut self, bytes: &mut &[u8]) -> Option<[u8; N]> {
        let lacking = N.saturating_sub(self.0.len()).min(bytes.len());
        self.0.extend_from_slice(&bytes[..lacking]);
        *bytes = &bytes[lacking..];
        let whole = self.0.as_slice().try_into().ok()?;
        self.0.clear();
        Some(whole)
    }
}

/// Leaves out up to `left` bytes.
fn skip(left: &mut u64, bytes: &mut &[u8]) {
    let step = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    *bytes = &bytes[step..];
    *left -= step as u64;
}

/// A PNG (W3C, third edition): chunks of a length, a kind, the data and four bytes of a check sum.
#[derive(Debug)]
pub struct Png {
    gather: Gather,
    at: PngAt,
}

#[derive(Debug)]
enum PngAt {
    Signature,
    Header,
    Chunk,
    Skip(u64),
    End(u64),
}

impl Default for Png {
    fn default() -> Self {
        Self { gather: Gather::default(), at: PngAt::Signature }
    }
}

impl Png {
    pub fn feed(&mut self, mut bytes: &[u8]) -> Sound {
        while !bytes.is_empty() {
            match &mut self.at {
                PngAt::Signature => {
                    if self.gather.take::<8>(&mut bytes).is_some() {
                        self.at = PngAt::Header;
                    }
                }
                PngAt::Header => {
                    let Some(chunk) = self.gather.take::<25>(&mut bytes) else { continue };
                    if chunk[..8] != *b"\0\0\0\rIHDR" {
                        return Err(Flaw::Broken);
                    }
                    sized(number(&chunk[8..12]), number(&chunk[12..16]))?;
                    self.at = PngAt::Chunk;
                }
                PngAt::Chunk => {
                    let Some(chunk) = self.gather.take::<8>(&mut bytes) else { continue };
                    let length = u64::from(number(&chunk[..4])) + 4;
                    self.at = if chunk[4..] == *b"IEND" { PngAt::End(length) } else { PngAt::Skip(length) };
                }
                PngAt::Skip(left) => {
                    skip(left, &mut bytes);
                    if *left == 0 {
                        self.at = PngAt::Chunk;
                    }
                }
                PngAt::End(left) => {
                    skip(left, &mut bytes);
                    if *left == 0 && !bytes.is_empty() {
                        return Err(Flaw::Longer);
                    }
                }
            }
        }
        Ok(())
    }

    pub fn end(self) -> Sound {
        if matches!(self.at, PngAt::End(0)) { Ok(()) } else { Err(Flaw::Broken) }
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// A JPEG (ITU-T T.81): segments of a marker and a length, up to the frame's header, which tells the size.
#[derive(Debug)]
pub struct Jpeg {
    gather: Gather,
    at: JpegAt,
}

#[derive(Debug)]
enum JpegAt {
    Start,
    Marker,
    Length(u8),
    Frame,
    Skip(u64),
    Known,
}

impl Default for Jpeg {
    fn default() -> Self {
        Self { gather: Gather::default(), at: JpegAt::Start }
    }
}

impl Jpeg {
    pub fn feed(&mut self, mut bytes: &[u8]) -> Sound {
        while !bytes.is_empty() {
            match &mut self.at {
                JpegAt::Start => {
                    if self.gather.take::<2>(&mut bytes).is_some() {
                        self.at = JpegAt::Marker;
                    }
                }
                JpegAt::Marker => {
                    let Some(marker) = self.gather.take::<2>(&mut bytes) else { continue };
                    self.at = match marker {
                        // Any number of filling bytes may stand before a marker.
                        [0xff, 0xff] => {
                            self.gather.0.push(0xff);
                            JpegAt::Marker
                        }
                        [0xff, 0x01 | 0xd0..=0xd7] => JpegAt::Marker,
                        // The picture itself begins, or ends, before its size is told.
                        [0xff, 0xd8..=0xda] => return Err(Flaw::Broken),
                        [0xff, kind] => JpegAt::Length(kind),
                        _ => return Err(Flaw::Broken),
                    };
                }
                JpegAt::Length(kind) => {
                    let kind = *kind;
                    let Some(length) = self.gather.take::<2>(&mut bytes) else { continue };
                    let length = u64::from(number(&length));
                    let Some(rest) = length.checked_sub(2) else { return Err(Flaw::Broken) };
                    let is_frame = matches!(kind, 0xc0..=0xcf) && ![0xc4, 0xc8, 0xcc].contains(&kind);
                    self.at = match (is_frame, rest) {
                        (true, ..6) => return Err(Flaw::Broken),
                        (true, _) => JpegAt::Frame,
                        (false, 0) => JpegAt::Marker,
                        (false, rest) => JpegAt::Skip(rest),
                    };
                }
                JpegAt::Frame => {
                    let Some(frame) = self.gather.take::<5>(&mut bytes) else { continue };
                    sized(number(&frame[3..5]), number(&frame[1..3]))?;
                    self.at = JpegAt::Known;
                }
                JpegAt::Skip(left) => {
                    skip(left, &mut bytes);
                    if *left == 0 {
                        self.at = JpegAt::Marker;
                    }
                }
                JpegAt::Known => return Ok(()),
            }
        }
        Ok(())
    }

    pub fn end(self) -> Sound {
        if matches!(self.at, JpegAt::Known) { Ok(()) } else { Err(Flaw::Broken) }
    }
}
