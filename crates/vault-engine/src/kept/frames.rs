//! The file as a row of frames, each with its length and a checksum over what it holds and where it stands.
//!
//! In: bytes of the file. Out: frames in order, or nothing.
//! Never: a frame that was cut short, changed, moved or repeated; a length believed beyond [`MAX_FRAME`].

use std::io::{self, Read, Write};

use crc32fast::Hasher;

/// Bytes of one frame.
pub(super) const MAX_FRAME: usize = 256 * 1024 * 1024;
/// What the file starts with.
const MAGIC: [u8; 8] = *b"loopkept";
/// Behind the last frame.
const END: u32 = u32::MAX;

/// Frames being written.
pub(super) struct FramesOut<W> {
    out: W,
    count: u32,
}

impl<W: Write> FramesOut<W> {
    pub(super) fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(&MAGIC)?;
        Ok(Self { out, count: 0 })
    }

    pub(super) fn put(&mut self, frame: &[u8]) -> io::Result<()> {
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        self.out.write_all(&length.to_le_bytes())?;
        let sum = sum(self.count, frame);
        self.out.write_all(&sum.to_le_bytes())?;
        self.count += 1;
        self.out.write_all(frame)
    }

    /// Says that this is all.
    pub(super) fn end(mut self) -> io::Result<W> {
        let count = self.count.to_le_bytes();
        self.out.write_all(&END.to_le_bytes())?;
        self.out.write_all(&sum(END, &count).to_le_bytes())?;
        self.out.write_all(&count)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Frames being read.
pub(super) struct FramesIn<R> {
    from: R,
    count: u32,
    ended: bool,
}

impl<R: Read> FramesIn<R> {
    /// `None` when this is no such file.
    pub(super) fn begin(mut from: R) -> Option<Self> {
        let mut magic = [0; MAGIC.len()];
        from.read_exact(&mut magic).ok()?;
        (magic == MAGIC).then_some(Self {
            from,
            count: 0,
            ended: false,
        })
    }

    /// Whether the whole file was read and was what it should be.
    pub(super) const fn is_whole(&self) -> bool {
        self.ended
    }

    /// The next frame into `frame`, and its number; `None` at the end, and where the file is not what it should be.
    pub(super) fn next(&mut self, frame: &mut Vec<u8>) -> Option<u32> {
        if self.ended {
            return None;
        }
        let (length, expected) = (self.word()?, self.word()?);
        if length == END {
            let count = self.word()?;
            let whole = expected == sum(END, &count.to_le_bytes()) && count == self.count;
            self.ended = whole && self.from.read(&mut [0]).is_ok_and(|more| more == 0);
            return None;
        }
        let length = usize::try_from(length).ok().filter(|&l| l <= MAX_FRAME)?;
        frame.clear();
        // No more is asked for than is there.
        let read = (&mut self.from)
            .take(length as u64)
            .read_to_end(frame)
            .ok()?;
        if read != length || sum(self.count, frame) != expected {
            return None;
        }
        self.count += 1;
        Some(self.count - 1)
    }

    fn word(&mut self) -> Option<u32> {
        let mut word = [0; 4];
        self.from.read_exact(&mut word).ok()?;
        Some(u32::from_le_bytes(word))
    }
}

fn sum(number: u32, frame: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(frame);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(frames: &[Vec<u8>]) -> Vec<u8> {
        let mut out = FramesOut::begin(Vec::new()).unwrap();
        for frame in frames {
            out.put(frame).unwrap();
        }
        out.end().unwrap()
    }

    fn read(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut frames = FramesIn::begin(bytes)?;
        let (mut frame, mut found) = (Vec::new(), Vec::new());
        while frames.next(&mut frame).is_some() {
            found.push(frame.clone());
        }
        frames.is_whole().then_some(found)
    }

    #[test]
    fn frames_that_change_places_are_refused() {
        let (one, two) = (file(&[vec![1], vec![2]]), file(&[vec![2], vec![1]]));
        let mut mixed = one.clone();
        mixed[8..26].rotate_left(9);
        assert_ne!(mixed, two);
        assert_eq!(mixed.len(), one.len());
        assert_eq!(read(&mixed), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_and_nothing_that_was_cut_or_changed(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..5),
            at: prop::sample::Index,
            flip in 1_u8..,
            more in prop::collection::vec(any::<u8>(), 1..9),
        ) {
            let whole = file(&frames);
            prop_assert_eq!(read(&whole), Some(frames));
            let at = at.index(whole.len());
            prop_assert_eq!(read(&whole[..at]), None, "cut at {}", at);
            let mut changed = whole.clone();
            changed[at] ^= flip;
            prop_assert_eq!(read(&changed), None, "changed at {}", at);
            let longer = [whole, more].concat();
            prop_assert_eq!(read(&longer), None);
        }
    }
}
