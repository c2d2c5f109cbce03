//! PDFs (ISO 32000-2), read in one pass for what may act, hide or unfold; nothing of one is interpreted.
//!
//! A parser follows the table of a file to its objects, holds it whole, and trusts what it says; a hostile file says what it likes.
//! Here every name of the file counts wherever it stands, also written with `#` and also inside object streams, which are unfolded
//! as far as a bound allows. Whatever keeps names from being read is refused: encryption, filters of object streams other than
//! Flate, streams packed twice.

use flate2::{Decompress, FlushDecompress, Status};

use super::flaw::Flaw;

/// Names that are not taken, and why; long enough not to come about by chance in a picture's bytes.
const REFUSED: &[(&[u8], Flaw)] = &[
    (b"Encrypt", Flaw::Encrypted),
    (b"JavaScript", Flaw::Scripted),
    (b"Launch", Flaw::Launching),
    (b"ImportData", Flaw::Launching),
    (b"SubmitForm", Flaw::Launching),
    (b"GoToE", Flaw::Launching),
    (b"EmbeddedFile", Flaw::Carrying),
    (b"EmbeddedFiles", Flaw::Carrying),
    (b"RichMedia", Flaw::Carrying),
    (b"XFA", Flaw::Form),
];

/// Most bytes that all streams of a file may unfold into: some twenty pages as pictures.
const UNFOLDED: u64 = 256 * 1024 * 1024;
/// Unfolded at a time.
const PAGE: usize = 64 * 1024;
/// The longest name that is looked at.
const NAME: usize = 64;
/// Names of up to so many bytes come about by chance.
const SHORT: usize = 4;

type Sound = Result<(), Flaw>;

/// A PDF on its way in.
#[derive(Debug, Default)]
pub struct Pdf {
    names: Names,
    word: Vec<u8>,
    object: Object,
    /// The stream that is being unfolded.
    stream: Option<Stream>,
    /// Behind the word `stream` the data begins with the next line.
    awaits_line: bool,
    unfolded: u64,
}

/// What is known of the object whose dictionary is read.
#[derive(Debug, Default, Clone, Copy)]
struct Object {
    holds_objects: bool,
    flate: u32,
    other_filter: bool,
}

#[derive(Debug)]
struct Stream {
    inflate: Decompress,
    holds_objects: bool,
    names: Names,
}

impl Pdf {
    pub fn feed(&mut self, bytes: &[u8]) -> Sound {
        let mut from = 0;
        while from < bytes.len() {
            if let Some(stream) = &mut self.stream {
                let (used, ended) = stream.unfold(&bytes[from..], &mut self.unfolded)?;
                // Names in packed bytes count too: a reader may be sent into the middle of them.
                self.names.each(&bytes[from..from + used], |name| refuse(Some(name)))?;
                from += used;
                if ended {
                    self.stream = None;
                }
                continue;
            }
            self.step(bytes[from])?;
            from += 1;
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Sound {
        if std::mem::take(&mut self.awaits_line) {
            match byte {
                b'\r' => {
                    self.awaits_line = true;
                    return Ok(());
                }
                b'\n' => return self.begin(),
                // No line ends here: it was no stream.
                _ => {}
            }
        }
        if let Some(name) = self.names.take(byte) {
            refuse(Some(name))?;
            self.object.note(name);
        }
        if is_regular(byte) {
            if self.word.len() < 16 {
                self.word.push(byte);
            }
            return Ok(());
        }
        match self.word.as_slice() {
            b"obj" | b"endobj" => self.object = Object::default(),
            b"stream" if byte == b'\n' => {
                self.word.clear();
                return self.begin();
            }
            b"stream" if byte == b'\r' => self.awaits_line = true,
            _ => {}
        }
        self.word.clear();
        Ok(())
    }

    fn begin(&mut self) -> Sound {
        let object = std::mem::take(&mut self.object);
        if object.holds_objects && object.other_filter || object.flate > 1 {
            return Err(Flaw::Hidden);
        }
        if object.flate == 1 && !object.other_filter {
            let (inflate, names) = (Decompress::new(true), Names::default());
            self.stream = Some(Stream { inflate, holds_objects: object.holds_objects, names });
        }
        Ok(())
    }
}

impl Object {
    fn note(&mut self, name: &[u8]) {
        match name {
            b"ObjStm" => self.holds_objects = true,
            b"FlateDecode" | b"Fl" => self.flate += 1,
            b"LZWDecode" | b"LZW" | b"ASCIIHexDecode" | b"AHx" | b"ASCII85Decode" | b"A85"
            | b"RunLengthDecode" | b"RL" | b"DCTDecode" | b"DCT" | b"CCITTFaxDecode" | b"CCF"
            | b"JBIG2Decode" | b"JPXDecode" | b"Crypt" => self.other_filter = true,
            _ => {}
        }
    }
}

impl Stream {
    /// Unfolds what there is; says how many bytes were taken, and whether that was the end.
    fn unfold(&mut self, bytes: &[u8], unfolded: &mut u64) -> Result<(usize, bool), Flaw> {
        let mut page = vec![0; PAGE];
        let mut used = 0;
        loop {
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let told = self.inflate.decompress(&bytes[used..], &mut page, FlushDecompress::None);
            let Ok(status) = told else {
                // A picture that is damaged is its reader's to complain of; objects that cannot be read are hidden.
                return if self.holds_objects { Err(Flaw::Hidden) } else { Ok((used.max(1), true)) };
            };
            let step = usize::try_from(self.inflate.total_in() - read).unwrap_or(usize::MAX);
            let out = usize::try_from(self.inflate.total_out() - written).unwrap_or(usize::MAX);
            used += step;
            *unfolded += out as u64;
            if *unfolded > UNFOLDED {
                return Err(Flaw::Bomb);
            }
            let holds_objects = self.holds_objects;
            self.names.each(&page[..out], |name| {
                if name == b"ObjStm" {
                    return Err(Flaw::Hidden);
                }
                // Short names come about by chance in what is no text.
                refuse(Some(name).filter(|name| holds_objects || name.len() > SHORT))
            })?;
            match status {
                Status::StreamEnd => {
                    refuse(self.names.take(b' '))?;
                    return Ok((used.max(1).min(bytes.len()), true));
                }
                _ if used == bytes.len() && out < PAGE => return Ok((used, false)),
                _ if step == 0 && out == 0 => return Ok((used.max(1), true)),
                _ => {}
            }
        }
    }
}

fn refuse(name: Option<&[u8]>) -> Sound {
    let Some(name) = name else { return Ok(()) };
    let known = REFUSED.iter().find(|(refused, _)| *refused == name);
    known.map_or(Ok(()), |(_, why)| Err(*why))
}

/// Whether a byte is neither blank nor one that ends a name.
fn is_regular(byte: u8) -> bool {
    !matches!(
        byte,
        0 | b'\t'
            | b'\n'
            | 0x0c
            | b'\r'
            | b' '
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'/'
            | b'%'
    )
}

/// Finds names as bytes come.
#[derive(Debug, Default)]
struct Names {
    name: Vec<u8>,
    inside: bool,
    done: Vec<u8>,
}

impl Names {
    /// Finds the names in a piece; where there is none, as in a picture, fast.
    fn each(&mut self, mut bytes: &[u8], mut found: impl FnMut(&[u8]) -> Sound) -> Sound {
        loop {
            if !self.inside {
                let Some(at) = memchr::memchr(b'/', bytes) else { return Ok(()) };
                self.inside = true;
                bytes = &bytes[at + 1..];
            }
            let end = bytes.iter().position(|byte| !is_regular(*byte));
            let name = &bytes[..end.unwrap_or(bytes.len())];
            let room = (NAME + 1).saturating_sub(self.name.len());
            self.name.extend_from_slice(&name[..name.len().min(room)]);
            let Some(end) = end else { return Ok(()) };
            if let Some(name) = self.take(bytes[end]) {
                found(name)?;
            }
            bytes = &bytes[end + 1..];
        }
    }

    /// The name that this byte ended.
    fn take(&mut self, byte: u8) -> Option<&[u8]> {
        if self.inside && is_regular(byte) {
            if self.name.len() <= NAME {
                self.name.push(byte);
            }
            return None;
        }
        let ended = std::mem::replace(&mut self.inside, byte == b'/');
        if !ended {
            return None;
        }
        decode(&self.name, &mut self.done);
        self.name.clear();
        Some(&self.done)
    }
}

/// Puts letters in the place of `#6a`.
fn decode(name: &[u8], into: &mut Vec<u8>) {
    into.clear();
    let mut at = 0;
    while let Some(byte) = name.get(at) {
        let digits =
            name.get(at + 1..at + 3).filter(|_| *byte == b'#').and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(letter) => {
                into.push(letter);
                at += 3;
            }
            None => {
                into.push(*byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn object(dictionary: &str, data: &[u8]) -> Vec<u8> {
        let head = format!("%PDF-1.7\n1 0 obj\n<<{dictionary}/Length {}>>\nstream\r\n", data.len());
        [head.as_bytes(), data, b"\nendstream\nendobj\ntrailer<<>>\n%%EOF\n"].concat()
    }

    fn read(file: &[u8], step: usize) -> Sound {
        let mut pdf = Pdf::default();
        file.chunks(step).try_for_each(|piece| pdf.feed(piece))
    }

    #[test]
    fn what_acts_hides_or_unfolds_is_refused_however_it_comes() {
        let script = b"1 0 2 10 <</S /JavaScript /JS (app.alert(1))>> ";
        let bomb = packed(&vec![0; 300 << 20]);
        let twice = packed(&packed(script));
        let stored = {
            let inner = object("/Type/ObjStm/Filter/FlateDecode", &packed(script));
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::none());
            encoder.write_all(&inner).unwrap();
            encoder.finish().unwrap()
        };
        for (file, why) in [
            (object("/S/JavaScript", b""), Flaw::Scripted),
            (object("/S/J#61v#61Script", b""), Flaw::Scripted),
            (object("/S /Launch/F(cmd.exe)", b""), Flaw::Launching),
            (object("/Type/EmbeddedFile", b"MZ"), Flaw::Carrying),
            (object("/Encrypt 5 0 R", b""), Flaw::Encrypted),
            (object("/XFA 5 0 R", b""), Flaw::Form),
            (object("/Type/ObjStm/Filter/FlateDecode", &packed(script)), Flaw::Scripted),
            (object("/Type/Obj#53tm/Filter[/Fl#61teDecode]", &packed(script)), Flaw::Scripted),
            (object("/Type/ObjStm/Filter[/FlateDecode/FlateDecode]", &twice), Flaw::Hidden),
            (object("/Type/ObjStm/Filter/LZWDecode", script), Flaw::Hidden),
            (object("/Type/ObjStm/Filter/FlateDecode", b"no zlib"), Flaw::Hidden),
            (object("/Type/XObject/Filter/FlateDecode", &stored), Flaw::Hidden),
            (object("/Filter/FlateDecode", &bomb), Flaw::Bomb),
            (object("/Filter[/FlateDecode/FlateDecode]", &packed(&packed(b"x"))), Flaw::Hidden),
        ] {
            for step in [7, 4_096, usize::MAX] {
                assert_eq!(
                    read(&file, step),
                    Err(why),
                    "{:?}",
                    String::from_utf8_lossy(&file[..60.min(file.len())])
                );
            }
        }
    }

    #[test]
    fn what_only_shows_is_taken() {
        let text = packed(&b"BT /F1 12 Tf (JavaScript and Launch) Tj ET\n".repeat(10_000));
        let objects = packed(b"1 0 2 20 <</Type/Page>> <</Type/Font/BaseFont/Helvetica>>");
        for file in [
            object("/Filter/FlateDecode", &text),
            object("/Type/ObjStm/N 2/First 10/Filter/FlateDecode", &objects),
            object("/Filter/DCTDecode", &[0xff; 1000]),
            object("/Title(About JavaScript)/OpenAction[1 0 R/Fit]", b""),
            object("/Filter/FlateDecode", b"a damaged picture"),
            b"%PDF-1.7".to_vec(),
        ] {
            for step in [1, 13, usize::MAX] {
                assert_eq!(read(&file, step), Ok(()));
            }
        }
    }
}
