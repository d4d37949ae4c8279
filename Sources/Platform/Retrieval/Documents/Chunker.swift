/// Cuts a text into passages of about the same length that begin and end where a reader would pause, and overlap.
///
/// Lengths are in scalars, positions in bytes. A passage never crosses a heading.
struct Chunker: Sendable, Hashable {
    /// A passage of a document.
    struct Chunk: Sendable, Hashable {
        var heading: String
        var text: String
        /// Where it stands in the document's text, in bytes.
        var range: Range<Int>
    }

    /// Scalars of a passage, at most.
    var size = 800
    /// Scalars that a passage shares with the one before.
    var overlap = 100

    func chunks(of document: DocumentText) -> [Chunk] {
        let bytes = Array(document.text.utf8)
        var chunks: [Chunk] = []
        for section in document.sections { cut(bytes, section, into: &chunks) }
        return chunks
    }

    private func cut(_ bytes: [UInt8], _ section: DocumentText.Section, into chunks: inout [Chunk]) {
        let end = section.range.upperBound
        var start = skipSpace(bytes, from: section.range.lowerBound, to: end)
        while start < end {
            let limit = advance(bytes, from: start, by: size, to: end)
            let stop = limit == end ? end : pause(bytes, from: start, to: limit)
            let shown = trimmed(bytes, start, stop)
            if !shown.isEmpty {
                chunks.append(
                    Chunk(
                        heading: section.heading, text: String(decoding: bytes[shown], as: UTF8.self), range: shown))
            }
            guard stop < end else { return }
            let next = begin(bytes, before: stop, after: start)
            start = skipSpace(bytes, from: next, to: end)
        }
    }

    /// The best place to end in the second half: a paragraph, a sentence, a word, else the bound itself.
    private func pause(_ bytes: [UInt8], from start: Int, to limit: Int) -> Int {
        let half = start + (limit - start) / 2
        var (sentence, word): (Int?, Int?) = (nil, nil)
        var index = limit
        while index > half {
            let byte = bytes[index - 1]
            if isSpace(byte) {
                if byte == 0x0A, index >= 2, bytes[index - 2] == 0x0A { return index }
                if sentence == nil, byte == 0x0A || (index >= 2 && isStop(bytes[index - 2])) { sentence = index }
                if word == nil { word = index }
            }
            index -= 1
        }
        return sentence ?? word ?? limit
    }

    /// Where the next passage begins: some scalars before the end, at the beginning of a word, always further on.
    private func begin(_ bytes: [UInt8], before stop: Int, after start: Int) -> Int {
        guard overlap > 0 else { return stop }
        var (index, count) = (stop, 0)
        while index > start + 1, count < overlap {
            index -= 1
            if bytes[index] & 0xC0 != 0x80 { count += 1 }
        }
        let earliest = index
        while index < stop, !isSpace(bytes[index - 1]) { index += 1 }
        // A text without spaces overlaps within what others would call a word.
        if index == stop { index = earliest }
        while index < stop, bytes[index] & 0xC0 == 0x80 { index += 1 }
        return max(index, start + 1)
    }

    private func advance(_ bytes: [UInt8], from start: Int, by scalars: Int, to end: Int) -> Int {
        var (index, count) = (start, 0)
        while index < end {
            if bytes[index] & 0xC0 != 0x80 {
                if count == scalars { return index }
                count += 1
            }
            index += 1
        }
        return end
    }

    private func skipSpace(_ bytes: [UInt8], from start: Int, to end: Int) -> Int {
        var index = start
        while index < end, isSpace(bytes[index]) || bytes[index] & 0xC0 == 0x80 { index += 1 }
        return index
    }

    private func trimmed(_ bytes: [UInt8], _ start: Int, _ stop: Int) -> Range<Int> {
        var stop = stop
        while stop > start, isSpace(bytes[stop - 1]) { stop -= 1 }
        return start..<stop
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private func isStop(_ byte: UInt8) -> Bool {
        [UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: ";")].contains(byte)
    }
}
