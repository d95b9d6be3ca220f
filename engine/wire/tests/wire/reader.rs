//! A session's reading side: keeps the unfinished tail, scans, takes large frames out, fetches events.

use ringmq_wire::{Connection, Error, Scan};

use crate::slow::Told;

/// Reads `stream` in chunks of the given sizes, in turn and again from the first, and adds up what is told.
pub(crate) fn read(
    connection: &mut Connection,
    stream: &[u8],
    chunks: &[usize],
    large_body_bytes: usize,
) -> Told {
    let mut told = Told::default();
    let mut reader = Reader {
        connection,
        large_body_bytes,
        told: &mut told,
    };
    let mut have = 0_usize;
    for &chunk in chunks.iter().cycle() {
        have = have.saturating_add(chunk).min(stream.len());
        if let Err(error) = reader.take(&stream[..have]) {
            reader.told.error = Some(error);
            break;
        }
        if have == stream.len() {
            break;
        }
    }
    told
}

struct Reader<'a> {
    connection: &'a mut Connection,
    large_body_bytes: usize,
    told: &'a mut Told,
}

impl Reader<'_> {
    /// Takes all it can of what has come of the stream so far.
    fn take(&mut self, stream: &[u8]) -> Result<(), Error> {
        loop {
            let input = &stream[self.told.frames..];
            let scan = self.connection.scan(input)?;
            assert!(
                !scan.again || scan.frames > 0,
                "a scan that wants to go on has got on"
            );
            self.fetch_events(input);
            self.fetch_pong();
            self.add(&scan);
            let taken = self.take_large(stream, &scan)?;
            if !taken && !scan.again {
                return Ok(());
            }
        }
    }

    fn add(&mut self, scan: &Scan) {
        assert!(scan.complete <= scan.frames);
        if scan.complete > 0 {
            self.told.complete = self.told.frames + scan.complete;
        }
        self.told.frames += scan.frames;
        if scan.passed_over {
            assert_eq!((scan.complete, scan.messages), (0, 0), "alone in its scan");
            self.told.passed_over += scan.frames;
        }
        self.told.messages += scan.messages;
        self.told.subscriptions += scan.subscriptions;
    }

    /// Takes a large frame out of the stream, once it is all there.
    fn take_large(&mut self, stream: &[u8], scan: &Scan) -> Result<bool, Error> {
        let Some(next) = scan.next else {
            return Ok(false);
        };
        let body_start = self.told.frames + next.header_bytes;
        let there = (stream.len() - body_start) as u64;
        if next.header.body_bytes > there {
            return Ok(false);
        }
        assert!(
            next.header.body_bytes > self.large_body_bytes as u64,
            "only large frames are left"
        );
        let end = body_start + next.header.body_bytes as usize;
        let outside = self.told.complete == self.told.frames;
        let ended = if next.header.command {
            let wanted = self
                .connection
                .large_command_taken(&stream[body_start..end])?;
            self.told.subscriptions += u32::from(wanted.is_some());
            self.fetch_pong();
            outside
        } else {
            let ended = self.connection.large_frame_taken(next.header);
            self.told.messages += u32::from(ended);
            ended
        };
        self.told.frames = end;
        if ended {
            self.told.complete = end;
        }
        Ok(true)
    }

    fn fetch_events(&mut self, input: &[u8]) {
        while let Some(event) = self.connection.next_event() {
            self.told
                .events
                .push((event.kind, event.form, input[event.topic].to_vec()));
        }
    }

    /// Sends what the connection has to say; remembers the last PONG.
    fn fetch_pong(&mut self) {
        while !self.connection.output().is_empty() {
            let mut bytes = Vec::new();
            self.connection.take_output(&mut bytes);
            let mut rest = bytes.as_slice();
            while let [4, size, body @ ..] = rest {
                let (body, behind) = body.split_at(usize::from(*size));
                self.told.last_pong = body.strip_prefix(b"\x04PONG").map(<[u8]>::to_vec);
                rest = behind;
            }
            assert!(rest.is_empty(), "whole commands only");
        }
    }
}
